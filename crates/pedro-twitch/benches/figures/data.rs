//! The lines that are measured with: real chat where the file is there, generated otherwise.

use std::fs::File;
use std::io::{BufRead, BufReader};

use anyhow::{Context, Result};
use chrono::{DateTime, Duration, Utc};
use flate2::read::GzDecoder;
use pedro_core::chat::{Author, AuthorKind, ChannelKey, ChatMessage, Platform, Role};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;

/// Beside the repository, not in it.
const FILE: &str = "../shared/data/ubuntu-irc-large.jsonl.gz";

/// The channel that all lines are said in.
pub(crate) const CHANNEL: &str = "benchtown";

/// Standard deviation of the noise in each of the 384 numbers of a derived vector: together 0.2 of its length.
pub(crate) const NOISE: f32 = 0.01;

/// Lines, and where they come from.
pub(crate) struct Chat {
    /// In the order in which they were said.
    pub(crate) lines: Vec<ChatMessage>,
    /// In words.
    pub(crate) source: String,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    author: String,
    ts: DateTime<Utc>,
    text: String,
}

/// So many lines. A file with fewer begins again, later and with other ids.
pub(crate) fn read(count: usize) -> Result<Chat> {
    let path = crate::root().join(FILE);
    let Ok(file) = File::open(&path) else {
        let source = format!("{count} generated lines: {FILE} is not there");
        return Ok(Chat { lines: generated(count), source });
    };
    let mut records = Vec::new();
    for line in BufReader::new(GzDecoder::new(file)).lines().take(count) {
        let record: Record = serde_json::from_str(&line?).context("the file of chat lines is not as expected")?;
        records.push(record);
    }
    let (first, last) = (records.first().context("no chat lines")?.ts, records.last().context("no chat lines")?.ts);
    let round = last - first + Duration::days(1);
    let source = format!("{count} lines, of which {} different ones from {FILE}", records.len());
    let lines = (0..count).map(|n| {
        let (record, again) = (&records[n % records.len()], n / records.len());
        let sent_at = record.ts + round * i32::try_from(again).unwrap_or(i32::MAX);
        line(&format!("{}+{again}", record.id), &record.author, &record.text, sent_at)
    });
    Ok(Chat { lines: lines.collect(), source })
}

fn line(id: &str, author: &str, text: &str, sent_at: DateTime<Utc>) -> ChatMessage {
    ChatMessage {
        channel: channel(),
        platform_message_id: id.to_owned(),
        author: Author {
            platform_user_id: author.to_owned(),
            login: author.to_lowercase(),
            display_name: author.to_owned(),
            kind: AuthorKind::Person,
            role: Role::Viewer,
        },
        text: text.to_owned(),
        sent_at,
        reply_to: None,
    }
}

/// The channel's key, as the bot names it.
pub(crate) fn channel() -> ChannelKey {
    ChannelKey { platform: Platform::Twitch, platform_channel_id: CHANNEL.to_owned() }
}

/// Lines of made-up words, the common ones common as in speech (a word's frequency falls with its rank).
fn generated(count: usize) -> Vec<ChatMessage> {
    let mut random = StdRng::seed_from_u64(1);
    let start = DateTime::<Utc>::UNIX_EPOCH + Duration::days(365 * 50);
    let line_of = |n: usize, random: &mut StdRng| {
        let words: Vec<String> = (0..random.random_range(3..14)).map(|_| word(random)).collect();
        let end = if n.is_multiple_of(5) { "?" } else { "" };
        let author = format!("person{}", random.random_range(0..2_000));
        line(&format!("g{n}"), &author, &format!("{}{end}", words.join(" ")), start + Duration::seconds(n as i64 * 9))
    };
    (0..count).map(|n| line_of(n, &mut random)).collect()
}

fn word(random: &mut StdRng) -> String {
    let rank = (20_000_f64.powf(random.random::<f64>())) as usize;
    let syllables = ["ka", "lo", "mi", "ne", "ru", "sta", "ter", "bin", "go", "fex"];
    let mut rest = rank + 10;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(syllables[rest % 10]);
        rest /= 10;
    }
    word
}

impl Chat {
    /// So many real questions, spread over all lines: they end with `?` and have four words or more. Another `round`
    /// has others.
    pub(crate) fn questions(&self, count: usize, round: usize) -> Vec<&str> {
        let is_question = |text: &&str| text.trim_end().ends_with('?') && text.split_whitespace().count() >= 4;
        let all: Vec<&str> = self.lines.iter().map(|line| line.text.as_str()).filter(is_question).collect();
        let step = (all.len() / count).max(1);
        all.into_iter().skip(round % step).step_by(step).take(count).collect()
    }
}

/// As many vectors as wanted, one at a time: the real ones, then mixtures of two real ones each (the first at 0.5 to 1), with
/// [`NOISE`]. Copies of real ones with nothing but noise would lie in heaps with nothing between them, as no chat does.
pub(crate) fn derived(real: &[Vec<f32>], count: usize) -> impl Iterator<Item = Vec<f32>> {
    let mut random = StdRng::seed_from_u64(2);
    let mixed = (real.len()..count).map(move |n| {
        let (one, other) = (&real[n % real.len()], &real[random.random_range(0..real.len())]);
        let share = random.random_range(0.5..1.0);
        let mix = |(a, b): (&f32, &f32)| share * a + (1.0 - share) * b + NOISE * gaussian(&mut random);
        let mut vector: Vec<f32> = one.iter().zip(other).map(mix).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
        vector
    });
    real.iter().cloned().chain(mixed).take(count)
}

/// Twelve uniform numbers make a normal one, near enough.
fn gaussian(random: &mut StdRng) -> f32 {
    (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0
}

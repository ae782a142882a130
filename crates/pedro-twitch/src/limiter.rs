//! Twitch's send limits, kept by counting: 20 messages in 30 s, 100 where Pedro moderates, and a second between two
//! messages in a channel where it does not. <https://dev.twitch.tv/docs/chat/#rate-limits>. Pure: time is passed in.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use pedro_core::prompt::split;
use pedro_core::store::twitch_sent::Sent;
use sha2::{Digest, Sha256};

/// The window of the limits, with a margin for clocks and ways that differ.
const WINDOW: Duration = Duration::from_millis(31_000);

/// Messages in the window as anybody; two below Twitch's limit, for those of a former process that could not be noted while
/// the database was away.
const AS_ANYBODY: usize = 18;

/// Messages in the window as moderator or broadcaster; five below Twitch's limit.
const AS_MODERATOR: usize = 95;

/// Between two messages to one channel as anybody.
const SPACING: Duration = Duration::from_millis(1_100);

/// Within this time the same text is refused as a duplicate.
const DUPLICATE: Duration = Duration::from_secs(31);

/// So many variants further on the next try begins after a refusal.
const FURTHER: usize = 4;

/// What was sent lately, over all channels: the limits are the account's. Texts are known by their digest.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    sent: VecDeque<Instant>,
    texts: HashMap<String, VecDeque<(Instant, i32)>>,
}

/// What a text is known by.
pub(crate) fn digest(text: &str) -> i32 {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(text).into();
    i32::from_be_bytes([a, b, c, d])
}

impl Limiter {
    /// Goes on from what was sent before this process began, oldest first.
    pub(crate) fn resumed(sent: Vec<Sent>, now: Instant) -> Self {
        let mut limiter = Self::default();
        for Sent { channel, text_digest, age } in sent {
            // A clock that began later than that: it counts as new.
            limiter.note(&channel, text_digest, now.checked_sub(age).unwrap_or(now));
        }
        limiter
    }

    /// How long to wait before the next message to a channel; zero: send now.
    pub(crate) fn wait(&mut self, channel: &str, moderates: bool, now: Instant) -> Duration {
        while self.sent.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            self.sent.pop_front();
        }
        let limit = if moderates { AS_MODERATOR } else { AS_ANYBODY };
        let window = match self.sent.len().checked_sub(limit) {
            Some(over) => WINDOW.saturating_sub(now.duration_since(self.sent[over])),
            None => Duration::ZERO,
        };
        let last = self.texts.get(channel).and_then(VecDeque::back).map(|(at, _)| *at);
        let spacing = match last {
            Some(last) if !moderates => SPACING.saturating_sub(now.duration_since(last)),
            _ => Duration::ZERO,
        };
        window.max(spacing)
    }

    /// The text, made different from what was said in the channel within the last 30 s, at most `limit` characters. `refused`
    /// is how often Twitch took it for a duplicate all the same: a former process may have said it, and its variants.
    pub(crate) fn varied(&mut self, channel: &str, text: &str, limit: usize, refused: usize, now: Instant) -> String {
        let said = self.texts.entry(channel.to_owned()).or_default();
        while said.front().is_some_and(|(at, _)| now.duration_since(*at) >= DUPLICATE) {
            said.pop_front();
        }
        let mut dots = refused * FURTHER;
        loop {
            let varied = with_dots(text, dots, limit);
            if !said.iter().any(|(_, before)| *before == digest(&varied)) {
                return varied;
            }
            dots += 1;
        }
    }

    /// Notes that a text with this digest is sent.
    pub(crate) fn note(&mut self, channel: &str, digest: i32, now: Instant) {
        self.sent.push_back(now);
        self.texts.entry(channel.to_owned()).or_default().push_back((now, digest));
    }

    /// Notes that the text noted last goes out later than it was noted: it counts from now on as well.
    pub(crate) fn note_delay(&mut self, now: Instant) {
        self.sent.push_back(now);
    }
}

fn with_dots(text: &str, dots: usize, limit: usize) -> String {
    if dots == 0 {
        return text.to_owned();
    }
    let mark = format!(" {}", "·".repeat(dots));
    let room = limit.saturating_sub(mark.chars().count());
    split(text, room, 1).concat() + &mark
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends as fast as the limiter lets, and tells when each message went.
    fn send(count: usize, moderates: bool, channels: &[&str]) -> Vec<Duration> {
        let (mut limiter, start) = (Limiter::default(), Instant::now());
        let mut now = start;
        (0..count)
            .map(|n| {
                let channel = channels[n % channels.len()];
                loop {
                    let wait = limiter.wait(channel, moderates, now);
                    if wait.is_zero() {
                        break;
                    }
                    now += wait;
                }
                limiter.note(channel, digest(&n.to_string()), now);
                now - start
            })
            .collect()
    }

    fn most_in_30_seconds(sent: &[Duration]) -> usize {
        sent.iter()
            .map(|from| sent.iter().filter(|at| (*from..*from + Duration::from_secs(30)).contains(at)).count())
            .max()
            .unwrap()
    }

    #[test]
    fn as_anybody_never_more_than_20_in_30_seconds_over_all_channels() {
        for channels in [&["a"][..], &["a", "b", "c"]] {
            let sent = send(100, false, channels);
            assert!(most_in_30_seconds(&sent) <= 20, "{channels:?}");
            assert!(sent[99] < Duration::from_secs(190), "and not much slower than allowed: {:?}", sent[99]);
        }
    }

    #[test]
    fn what_a_former_process_sent_counts() {
        let now = Instant::now() + Duration::from_secs(3600);
        let sent = |ages: std::ops::Range<u64>| -> Vec<Sent> {
            let sent = ages.rev().map(|age| Sent {
                channel: "a".to_owned(),
                text_digest: digest("sorry"),
                age: Duration::from_secs(age),
            });
            sent.collect()
        };
        let mut full = Limiter::resumed(sent(1..AS_ANYBODY as u64 + 1), now);
        assert_eq!(full.wait("b", false, now), WINDOW - Duration::from_secs(AS_ANYBODY as u64));
        assert_eq!(full.wait("a", true, now), Duration::ZERO);
        assert_eq!(full.varied("a", "sorry", 500, 0, now), "sorry ·");
        assert_eq!(full.varied("b", "sorry", 500, 0, now), "sorry");
        let mut passed = Limiter::resumed(sent(31..55), now);
        assert_eq!(passed.wait("a", false, now), Duration::ZERO);
        assert_eq!(passed.varied("a", "sorry", 500, 0, now), "sorry");
        // Less than a second ago in the same channel.
        let mut just_now = Limiter::resumed(sent(0..1), now);
        assert_eq!(just_now.wait("a", false, now), SPACING);
    }

    #[test]
    fn what_goes_out_late_counts_from_then_on() {
        let (mut limiter, start) = (Limiter::default(), Instant::now());
        let late = start + Duration::from_secs(20);
        for n in 0..AS_ANYBODY / 2 {
            limiter.note("a", n as i32, start);
            limiter.note_delay(late);
        }
        assert_eq!(limiter.wait("b", false, late), WINDOW - Duration::from_secs(20));
        assert_eq!(limiter.wait("b", false, start + WINDOW), Duration::ZERO);
        for n in 0..AS_ANYBODY / 2 {
            limiter.note("b", n as i32, start + WINDOW);
        }
        assert_eq!(limiter.wait("c", false, start + WINDOW), Duration::from_secs(20));
    }

    #[test]
    fn as_moderator_never_more_than_100_in_30_seconds() {
        let sent = send(300, true, &["a"]);
        assert!(most_in_30_seconds(&sent) <= 100);
        assert!(sent[94].is_zero());
    }

    #[test]
    fn the_same_text_within_30_seconds_is_varied_and_stays_within_the_limit() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        let text = "x".repeat(500);
        let mut said = Vec::new();
        for _ in 0..5 {
            let varied = limiter.varied("a", &text, 500, 0, now);
            assert!(varied.chars().count() <= 500 && !said.contains(&varied));
            limiter.note("a", digest(&varied), now);
            said.push(varied);
        }
        assert_eq!(limiter.varied("b", &text, 500, 0, now), text, "another channel has not heard it");
        assert_eq!(limiter.varied("a", &text, 500, 0, now + DUPLICATE), text, "it may be said again later");
    }

    #[test]
    fn what_twitch_refuses_as_a_duplicate_is_varied_beyond_what_a_former_process_may_have_said() {
        let (mut limiter, now) = (Limiter::default(), Instant::now());
        let tried: Vec<String> = (0..4).map(|refused| limiter.varied("a", "sorry", 500, refused, now)).collect();
        assert_eq!(tried, ["sorry", "sorry ····", "sorry ········", "sorry ············"]);
    }
}

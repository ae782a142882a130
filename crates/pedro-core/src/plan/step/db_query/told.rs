//! What the queries found, in words for the model. Pure.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::memory::cue::TimeRange;
use crate::store::link::Link;
use crate::store::statistics::{Day, FirstLine, Totals, Writer};
use crate::store::stream_title::StreamTitle;
use crate::store::trained_prompt::TrainedPrompt;

/// Characters of a line that is quoted.
const LINE_CHARS: usize = 300;
/// A list of all links is no longer than this.
const LINKS_CHARS: usize = 2_000;

pub(super) fn links(links: &[Link], word: Option<&str>) -> String {
    let shown: Vec<String> = links
        .iter()
        .map(|link| match link.description.is_empty() {
            true => format!("{}: {}", link.name, link.url),
            false => format!("{} ({}): {}", link.name, link.description, link.url),
        })
        .collect();
    match (shown.is_empty(), word) {
        (true, Some(_)) => "There is no link for that.".to_owned(),
        (true, None) => "There are no links.".to_owned(),
        _ => super::text::cut(&shown.join("\n"), LINKS_CHARS),
    }
}

/// What was taught, with a word only what has it somewhere.
pub(super) fn trained_prompts(prompts: &[TrainedPrompt], word: Option<&str>) -> String {
    let word = word.map(str::to_lowercase);
    let has_it = |prompt: &&TrainedPrompt| {
        let texts = || prompt.examples.iter().chain([&prompt.name, &prompt.answer, &prompt.words]);
        word.as_ref().is_none_or(|word| texts().any(|text| text.to_lowercase().contains(word.as_str())))
    };
    let shown: Vec<String> = prompts
        .iter()
        .filter(has_it)
        .map(|prompt| format!("{}: {}", prompt.examples.first().unwrap_or(&prompt.name), prompt.answer))
        .collect();
    match shown.is_empty() {
        true => "I was taught nothing about that.".to_owned(),
        false => super::text::cut(&shown.join("\n"), LINKS_CHARS),
    }
}

pub(super) fn current_title(title: Option<&StreamTitle>, zone: Tz) -> String {
    let Some(title) = title else { return "The stream's title is not known.".to_owned() };
    let state = if title.live { "live" } else { "offline" };
    format!("{}, {state}, since {} ({})", named(title), moment(title.began_at, zone), title.channel)
}

pub(super) fn titles(titles: &[StreamTitle], when: Option<&TimeRange>, zone: Tz) -> String {
    let time = when.map_or(String::new(), |when| format!(" {}", between(when, zone)));
    if titles.is_empty() {
        return format!("No stream title is known{time}.");
    }
    let several = titles.iter().any(|title| title.channel != titles[0].channel);
    let lines = titles.iter().map(|title| {
        let until = title.ended_at.map_or("now".to_owned(), |ended| moment(ended, zone));
        let state = if title.live { "live" } else { "offline" };
        let channel = if several { format!(", {}", title.channel) } else { String::new() };
        format!("{} to {until}: {} ({state}{channel})", moment(title.began_at, zone), named(title))
    });
    format!("Stream titles{time}:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn named(title: &StreamTitle) -> String {
    match title.category.is_empty() {
        true => title.title.clone(),
        false => format!("{} [{}]", title.title, title.category),
    }
}

pub(super) fn statistics(
    totals: &Totals,
    writers: &[Writer],
    busiest: Option<Day>,
    when: Option<&TimeRange>,
    zone: Tz,
) -> String {
    let time = match (when, totals.first) {
        (Some(when), _) => between(when, zone),
        (None, Some(first)) => format!("since {}", moment(first, zone)),
        (None, None) => "so far".to_owned(),
    };
    if totals.lines == 0 {
        return format!("Nothing was said {time}, as far as is known.");
    }
    let count = |n: i64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let (lines, people) = (count(totals.lines, "line", "lines"), count(totals.people, "person", "people"));
    let mut told = format!("Chat {time}: {lines} by {people}.");
    if !writers.is_empty() {
        let most: Vec<String> = writers.iter().map(|writer| format!("{} {}", writer.name, writer.lines)).collect();
        told.push_str(&format!(" Most lines: {}.", most.join(", ")));
    }
    if let Some(Day { day, lines }) = busiest {
        told.push_str(&format!(" Busiest day: {}, {}.", day.format("%a %-d %b %Y"), count(lines, "line", "lines")));
    }
    told
}

pub(super) fn first_line(line: &FirstLine, zone: Tz) -> String {
    let text = super::text::cut(&super::text::one_line(&line.text), LINE_CHARS);
    format!("The first known line of {}, {}, in {}: \"{text}\"", line.name, moment(line.sent_at, zone), line.channel)
}

pub(super) fn unknown_person(name: &str) -> String {
    format!("No line of {name} is known here.")
}

/// As answers from memory name their sources.
pub(super) fn who_and_when(line: &FirstLine, zone: Tz) -> String {
    format!("{}, {}", line.name, moment(line.sent_at, zone))
}

fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b %Y %H:%M").to_string()
}

fn between(when: &TimeRange, zone: Tz) -> String {
    format!("from {} until {}", moment(when.from, zone), moment(when.until, zone))
}

//! What is said of recaps.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::recap::{Progress, Range};

/// A recap, with what it is of: how many lines the model read of those that there were.
pub fn told(text: &str, range: &Range, covered: usize, lines: usize, zone: Tz) -> String {
    let of = match lines {
        1 => "1 line".to_owned(),
        _ if covered == lines => format!("{lines} lines"),
        _ => format!("from {covered} of {lines} lines"),
    };
    format!("what happened {} ({of}): {}", time(range, zone), text.trim())
}

/// Nobody said anything.
pub fn nothing(range: &Range, zone: Tz) -> String {
    format!("nobody said anything {} that I could tell here.", time(range, zone))
}

/// The chat is being read.
pub fn reading(progress: Progress) -> String {
    match progress.of {
        0 | 1 => "on it, I am looking through the chat …".to_owned(),
        of if progress.done >= of => format!("on it, I have read all {of} parts of the chat and write it up …"),
        of => format!("on it, I am reading part {} of {of} of the chat …", progress.done + 1),
    }
}

/// "Tue 19:00 to 22:10".
pub fn time(range: &Range, zone: Tz) -> String {
    let local = |time: DateTime<Utc>| time.with_timezone(&zone);
    let (began, ended) = (local(range.began_at), local(range.ended_at));
    let until = if began.date_naive() == ended.date_naive() { "%H:%M" } else { "%a %H:%M" };
    format!("{} to {}", began.format("%a %H:%M"), ended.format(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recap_says_when_it_was_and_how_much_of_it_was_read() {
        let began_at = DateTime::UNIX_EPOCH + chrono::Duration::hours(42);
        let range = Range { began_at, ended_at: began_at + chrono::Duration::minutes(130), titles: Vec::new() };
        let told = told("Ann sang.", &range, 40, 500, Tz::America__Denver);
        assert_eq!(told, "what happened Fri 11:00 to 13:10 (from 40 of 500 lines): Ann sang.");
        let over_night = Range { ended_at: began_at + chrono::Duration::hours(20), ..range };
        assert_eq!(time(&over_night, Tz::America__Denver), "Fri 11:00 to Sat 07:00");
    }
}

//! Of which time a recap is. Pure.

use chrono::{DateTime, Duration, Utc};

use crate::store::stream_title::StreamTitle;
use crate::trigger::history::When;

/// How much of the chat is told where no stream is known.
const WITHOUT_A_STREAM: Duration = Duration::hours(12);

/// A time, and what was streamed in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Its first moment.
    pub began_at: DateTime<Utc>,
    /// The first moment after it.
    pub ended_at: DateTime<Utc>,
    /// Titles of the stream, oldest first, each once.
    pub titles: Vec<String>,
}

/// The time that is meant at a moment. `titles`: the latest of the community. `last_line`: when the last line was said that
/// everybody can read where the recap goes. `pause`: a stream that came back within it was not over, an encoder crashed.
pub(super) fn range(
    when: When,
    titles: &[StreamTitle],
    last_line: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    pause: std::time::Duration,
) -> Range {
    match when {
        When::Hours(hours) => spanning(titles, now - Duration::hours(hours.into()), now),
        When::Stream => match stream(titles, now, Duration::from_std(pause).unwrap_or_default()) {
            Some((began_at, ended_at)) => spanning(titles, began_at, ended_at),
            None => {
                let ended_at = last_line.map_or(now, |last| last + Duration::seconds(1)).min(now);
                spanning(titles, ended_at - WITHOUT_A_STREAM, ended_at)
            }
        },
    }
}

/// The stream that is on, or the last one: its titles follow one another with hardly a pause.
fn stream(titles: &[StreamTitle], now: DateTime<Utc>, pause: Duration) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let mut live: Vec<_> = titles
        .iter()
        .filter(|title| title.live && title.began_at < now)
        .map(|title| (title.began_at, title.ended_at.map_or(now, |ended| ended.min(now))))
        .collect();
    live.sort_by_key(|(began, ended)| (*ended, *began));
    let (mut began_at, ended_at) = live.pop()?;
    while let Some((began, ended)) = live.pop()
        && ended + pause >= began_at
    {
        began_at = began_at.min(began);
    }
    Some((began_at, ended_at))
}

fn spanning(titles: &[StreamTitle], began_at: DateTime<Utc>, ended_at: DateTime<Utc>) -> Range {
    let mut streamed: Vec<&StreamTitle> = titles
        .iter()
        .filter(|title| title.live && title.began_at < ended_at && title.ended_at.is_none_or(|ended| ended > began_at))
        .collect();
    streamed.sort_by_key(|title| title.began_at);
    let mut names: Vec<String> = Vec::new();
    for title in streamed {
        if !names.contains(&title.title) {
            names.push(title.title.clone());
        }
    }
    Range { began_at, ended_at, titles: names }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(20_000) + Duration::minutes(minutes)
    }

    fn title(title: &str, live: bool, began: i64, ended: Option<i64>) -> StreamTitle {
        StreamTitle {
            channel: "room".into(),
            title: title.into(),
            category: String::new(),
            live,
            began_at: at(began),
            ended_at: ended.map(at),
        }
    }

    fn told(when: When, titles: &[StreamTitle], last_line: Option<i64>) -> (i64, i64, Vec<String>) {
        let range = range(when, titles, last_line.map(at), at(1_000), std::time::Duration::from_secs(600));
        ((range.began_at - at(0)).num_minutes(), (range.ended_at - at(0)).num_minutes(), range.titles)
    }

    #[test]
    fn a_stream_that_is_on_is_told_from_its_beginning_with_all_its_titles() {
        let titles = [
            title("bye", false, 100, Some(700)),
            title("parser", true, 700, Some(800)),
            title("lexer", true, 805, None),
            title("older", true, 0, Some(100)),
        ];
        assert_eq!(told(When::Stream, &titles, None), (700, 1_000, vec!["parser".into(), "lexer".into()]));
    }

    #[test]
    fn without_one_the_last_stream_is_told_to_its_end() {
        let titles = [title("a", true, 100, Some(300)), title("b", true, 500, Some(600)), title("b", false, 600, None)];
        assert_eq!(told(When::Stream, &titles, Some(990)), (500, 600, vec!["b".into()]));
    }

    #[test]
    fn a_stream_that_came_back_is_one_and_one_that_came_late_is_another() {
        let titles =
            [title("a", true, 100, Some(300)), title("b", true, 310, Some(400)), title("c", true, 405, Some(500))];
        assert_eq!(told(When::Stream, &titles, None), (100, 500, vec!["a".into(), "b".into(), "c".into()]));
        let titles = [title("a", true, 100, Some(300)), title("b", true, 311, Some(400))];
        assert_eq!(told(When::Stream, &titles, None), (311, 400, vec!["b".into()]));
    }

    #[test]
    fn where_no_stream_is_known_the_last_twelve_hours_of_chat_are_told() {
        assert_eq!(told(When::Stream, &[], Some(900)), (180, 900, vec![]));
        assert_eq!(told(When::Stream, &[title("x", false, 0, None)], None), (280, 1_000, vec![]));
    }

    #[test]
    fn hours_are_counted_back_from_now() {
        let titles = [title("a", true, 100, Some(939)), title("b", true, 950, Some(960))];
        assert_eq!(told(When::Hours(1), &titles, None), (940, 1_000, vec!["b".into()]));
    }
}

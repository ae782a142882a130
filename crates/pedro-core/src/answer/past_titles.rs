//! Earlier titles of the stream, for questions about them.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use sqlx::PgPool;

use crate::chat::CommunityId;
use crate::memory::cue::{stream_cue, time_range};
use crate::prompt::PastTitle;
use crate::store::StoreError;
use crate::store::stream_title::{self, StreamTitle};

/// Titles that are shown.
const SHOWN: usize = 5;

/// Rows that are read to find them: a row ends whenever the stream begins or ends, too.
const READ: i64 = 200;

/// A title that comes back within this time was never gone.
const SAME_STREAM: Duration = Duration::hours(6);

/// The titles that a question asks about, the newest first: those of the time that it names, of these the ones that have
/// its words, if any has; without a time those that have its words; else the latest, if it looks back. None if it is not
/// about earlier streams.
pub(super) async fn past_titles(
    pool: &PgPool,
    community: CommunityId,
    question: &str,
    now: DateTime<Utc>,
    zone: Tz,
) -> Result<Vec<PastTitle>, StoreError> {
    let range = time_range(question, now, zone);
    let rest = range.as_ref().map_or_else(|| question.to_owned(), |range| range.cut_from(question));
    let Some(cue) = stream_cue(&rest, range.is_some()) else { return Ok(Vec::new()) };
    let matching = async {
        if cue.words.is_empty() {
            return Ok(Vec::new());
        }
        stream_title::matching(pool, community, &cue.words, READ).await
    };
    let Some(range) = range else {
        let found = matching.await?;
        if found.is_empty() && cue.back {
            return Ok(told(stream_title::latest(pool, community, READ).await?));
        }
        return Ok(told(found));
    };
    let all = stream_title::during(pool, community, range.from, range.until, READ);
    let (found, all) = tokio::try_join!(matching, all)?;
    let within =
        |title: &StreamTitle| title.began_at < range.until && title.ended_at.is_none_or(|end| end > range.from);
    let fitting: Vec<StreamTitle> = found.into_iter().filter(within).collect();
    Ok(told(if fitting.is_empty() { all } else { fitting }))
}

/// What was on the air counts, if anything was; each title once for as long as it held; the newest first.
fn told(mut titles: Vec<StreamTitle>) -> Vec<PastTitle> {
    if titles.iter().any(|title| title.live) {
        titles.retain(|title| title.live);
    }
    titles.sort_by_key(|title| std::cmp::Reverse(title.began_at));
    let mut all: Vec<PastTitle> = Vec::new();
    for title in titles {
        let same = |newer: &&mut PastTitle| {
            let held = title.ended_at.is_none_or(|ended| newer.from - ended < SAME_STREAM);
            (newer.live, &newer.title, &newer.category) == (title.live, &title.title, &title.category) && held
        };
        if let Some(newer) = all.iter_mut().find(same) {
            newer.from = title.began_at;
        } else {
            let StreamTitle { title, category, live, began_at, ended_at, .. } = title;
            all.push(PastTitle { title, category, live, from: began_at, until: ended_at });
        }
    }
    all.truncate(SHOWN);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(title: &str, live: bool, from: i64, until: Option<i64>) -> StreamTitle {
        let at = |hour: i64| DateTime::UNIX_EPOCH + Duration::hours(hour);
        let (began_at, ended_at) = (at(from), until.map(at));
        StreamTitle { channel: "c".into(), title: title.into(), category: String::new(), live, began_at, ended_at }
    }

    fn titles(rows: Vec<StreamTitle>) -> Vec<(String, i64)> {
        let hours = |title: PastTitle| (title.title, (title.from - DateTime::UNIX_EPOCH).num_hours());
        told(rows).into_iter().map(hours).collect()
    }

    #[test]
    fn what_was_on_the_air_counts_and_what_was_interrupted_is_one() {
        let rows = vec![
            row("soon", false, 0, Some(10)),
            row("Rust", true, 10, Some(11)),
            row("Rust", false, 11, Some(12)),
            row("Rust", true, 12, Some(14)),
            row("Go", true, 14, Some(15)),
            row("next time", false, 15, None),
        ];
        assert_eq!(titles(rows), [("Go".to_owned(), 14), ("Rust".to_owned(), 10)]);
        let offline = vec![row("soon", false, 0, Some(10)), row("later", false, 10, None)];
        assert_eq!(titles(offline), [("later".to_owned(), 10), ("soon".to_owned(), 0)]);
        let days = vec![row("Rust", true, 0, Some(2)), row("Rust", true, 48, Some(50))];
        assert_eq!(titles(days).len(), 2, "two streams");
    }
}

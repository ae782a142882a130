//! Whether what Pedro knows bears out an answer to a question that nobody put to it.

use chrono::Utc;

use crate::chat::{AuthorId, AuthorKind, MessageId};
use crate::memory::{Hit, Recall, Retriever};
use crate::places::Place;
use crate::store::message::MessageRow;
use crate::store::{StoreError, link, stream_title};
use crate::trigger::overhear;

/// Lines that are looked at.
const HITS: usize = 8;

/// A line bears a question out if its own words and meaning, and those of the lines around it, are worth so much together.
const BEARS_OUT: f64 = 0.5;

/// What the lines around it may add at most: an answer stands below its question.
const NEIGHBOURS: f64 = 0.25;

/// Links that are looked at.
const LINKS: i64 = 3;

/// Whether memory, a link or the stream's title tells something to a question. `asked`: its line, by `asker`; what
/// they said themselves is no answer, and neither is what somebody else only asked.
///
/// # Errors
/// When a statement fails.
pub async fn bears_out(
    retriever: &Retriever,
    place: &Place,
    question: &str,
    asked: MessageId,
    asker: AuthorId,
) -> Result<bool, StoreError> {
    let (home, pool) = (&place.home, retriever.pool());
    if overhear::asks_about_the_stream(question) {
        let title = stream_title::current(pool, home.id, place.id).await?;
        if title.is_some_and(|title| title.live && !title.title.is_empty()) {
            return Ok(true);
        }
    }
    let links = link::search(pool, home.id, question, LINKS).await?;
    if links.iter().any(|link| overhear::asks_for(question, &link.name)) {
        return Ok(true);
    }
    let recall = Recall {
        community: home.id,
        place: Some(place.id),
        question,
        now: Utc::now(),
        zone: home.settings.time_zone,
        exclude: Some(asked),
        count: HITS,
        weights: Default::default(),
    };
    let recalled = retriever.recall(&recall).await?;
    let windows = retriever.windows(&recalled.hits, 0).await?;
    let lines = windows.iter().flat_map(|window| &window.lines);
    let tells = |line: &MessageRow| {
        line.author_kind == AuthorKind::Person && line.author_id != asker && !overhear::is_asking(&line.text)
    };
    let told: Vec<MessageId> = lines.filter(|line| tells(line)).map(|line| line.id).collect();
    Ok(recalled.hits.iter().any(|hit| told.contains(&hit.id) && worth(hit, &recall) >= BEARS_OUT))
}

fn worth(hit: &Hit, recall: &Recall<'_>) -> f64 {
    (hit.why.own(&recall.weights) + hit.why.neighbours.min(NEIGHBOURS)) * hit.why.telling.min(1.0)
}

//! A step that searches memory: what was said, and what was asked and answered before.

use chrono::Utc;
use sqlx::PgPool;

use crate::memory::{Recall, Retriever};
use crate::places::Place;
use crate::plan::{Citation, StepError, StepOutput};
use crate::reply::step as say;
use crate::store::StoreError;
use crate::store::message::{self, MessageRow};
use crate::store::plan::Example;
use crate::store::question::Question;

/// Lines that are looked for.
const HITS: usize = 8;

/// Lines shown before and after a hit.
const AROUND: i64 = 1;

/// Earlier questions that are shown with their answers.
const EARLIER: i64 = 2;

/// Sources that are named to people.
const CITATIONS: usize = 3;

/// Searches for `query`. What is found can be read by everybody who can read the place of the answer.
///
/// # Errors
/// [`StepError::Failed`] if nothing was found, or the database did not answer.
pub async fn run(
    pool: &PgPool,
    retriever: &Retriever,
    question: &Question,
    place: &Place,
    query: &str,
) -> Result<StepOutput, StepError> {
    let found = find(pool, retriever, question, place, query).await.map_err(|error| {
        tracing::warn!(%error, "memory could not be searched");
        StepError::Failed(say::memory_unavailable())
    })?;
    if found.lines.is_empty() && found.earlier.is_empty() {
        return Err(StepError::Failed(say::nothing_remembered()));
    }
    Ok(found.into_output(place))
}

struct Found {
    /// Windows of neighbouring lines, the best first.
    lines: Vec<MessageRow>,
    hits: Vec<MessageRow>,
    earlier: Vec<Example>,
}

async fn find(
    pool: &PgPool,
    retriever: &Retriever,
    question: &Question,
    place: &Place,
    query: &str,
) -> Result<Found, StoreError> {
    let asked = message::find(pool, place.key.platform, &question.platform_message_id).await?;
    let recall = Recall {
        community: place.home.id,
        place: Some(place.id),
        question: query,
        now: Utc::now(),
        zone: place.home.settings.time_zone,
        exclude: asked,
        count: HITS,
        weights: Default::default(),
    };
    let recalled = retriever.recall(&recall).await?;
    let windows = retriever.windows(&recalled.hits, AROUND).await?;
    let lines: Vec<MessageRow> =
        windows.into_iter().flat_map(|window| window.lines).filter(|line| Some(line.id) != asked).collect();
    let hit = |id| lines.iter().find(|line| line.id == id).cloned();
    let hits = recalled.hits.iter().filter_map(|found| hit(found.id)).take(CITATIONS).collect();
    let earlier = retriever.earlier(question, place, false, EARLIER).await?;
    Ok(Found { hits, lines, earlier })
}

impl Found {
    fn into_output(self, place: &Place) -> StepOutput {
        let zone = place.home.settings.time_zone;
        let day = |at: chrono::DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
        let said = self.lines.iter().map(|line| format!("[{}] {}: {}", day(line.sent_at), line.author, line.text));
        let asked = self.earlier.iter().map(|example| {
            let Example { asker, text, answer, .. } = example;
            format!("[{}] {asker} asked: {text} Pedro answered: {answer}", day(example.asked_at))
        });
        let text = said.chain(asked).collect::<Vec<_>>().join("\n");
        let sources = self.lines.iter().map(|line| line.id);
        let earlier =
            self.earlier.iter().flat_map(|example| example.made_from.iter().copied().chain([example.asked_by]));
        let sources = sources.chain(earlier).collect();
        let citations =
            self.hits.iter().map(|line| Citation { title: say::said_by(&line.author, &day(line.sent_at)), url: None });
        StepOutput { text, sources, citations: citations.collect(), note: None }
    }
}

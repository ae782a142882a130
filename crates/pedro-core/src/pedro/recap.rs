//! Questions that want a time told again: a recap, or a text that is made from one.

use std::time::Duration;

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Pedro;
use super::ask::Asked;
use crate::answer::Found;
use crate::places::Place;
use crate::prompt::ResultNote;
use crate::question::Failure;
use crate::recap::{Material, Progress, Wanted};
use crate::reply;
use crate::service::config::Community;
use crate::speech::{Controls, ReplyTarget, can_edit, is_spoken_to};
use crate::store::StoreError;
use crate::store::question::{self as questions, Accepted, NewQuestion};
use crate::store::recap::{self as recaps, EndedStream};
use crate::trigger::history::{History, Retold, recap_question};

/// How often people see how far a recap is: Discord takes five edits in five seconds, and other messages want to pass.
const SHOW_EVERY: Duration = Duration::from_millis(1_100);

/// How often people see Pedro type: Discord shows it for ten seconds.
const TYPE_EVERY: Duration = Duration::from_secs(8);

/// Characters of notes that are quoted in one piece to whoever writes a text from them.
const NOTES_IN_A_PIECE: usize = 1_000;

/// How long after the end of a stream its recap is still posted: a bot that was away for longer lets it be.
const POST_WITHIN: Duration = Duration::from_secs(6 * 60 * 60);

impl Pedro {
    /// Answers a question that wants a time told again.
    pub(super) async fn retell(
        &self,
        asked: Asked<'_>,
        history: History,
        stop: &CancellationToken,
    ) -> Result<String, Failure> {
        let (progress, seen) = watch::channel(Progress::default());
        let Asked { question, place, .. } = asked;
        let posted = recaps::posted_for(&self.pool, question.id).await?.is_some();
        let work = async move {
            let wanted = Wanted { question, place, when: history.when, stop, progress: &progress };
            match history.what {
                Retold::Recap => self.recaps.make(wanted).await.map(Told::Text),
                Retold::Text => self.recaps.material(wanted).await.map(Told::Material),
            }
            // The progress is dropped here: what shows it ends.
        };
        let told = match can_edit(self.platform) && !posted && question.round == 0 {
            true => tokio::join!(work, self.show_progress(asked, seen)).0?,
            false => work.await?,
        };
        match told {
            Told::Text(text) => Ok(text),
            // Without notes it is a question like any other; the model says that it does not know.
            Told::Material(None) => self.answering.make(question, place, None, stop, None).await,
            Told::Material(Some(material)) => {
                let found = found(material, place);
                self.answering.make(question, place, Some(&found), stop, None).await
            }
        }
    }

    async fn show_progress(&self, asked: Asked<'_>, mut seen: watch::Receiver<Progress>) {
        let Asked { question, place, target } = asked;
        loop {
            tokio::select! {
                changed = seen.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(TYPE_EVERY) => {}
            }
            self.voice.type_in(place);
            let progress = *seen.borrow_and_update();
            let text = reply::recap::reading(progress);
            if let Err(error) = self.voice.show(question.id, place, target, &text, Controls::default()).await {
                tracing::debug!(%error, question.id = %question.id, "how far a recap is was not shown");
            }
            tokio::select! {
                () = tokio::time::sleep(SHOW_EVERY) => {}
                // No pause once it is there.
                () = ended(seen.clone()) => return,
            }
        }
    }

    /// A stream of a community whose recap is to be posted: it is over for good, and nobody has taken it yet.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn stream_to_recap(&self, community: &Community) -> Result<Option<EndedStream>, StoreError> {
        let quiet = community.recap_after.as_secs_f64();
        recaps::ended_stream(&self.pool, &community.name, quiet, POST_WITHIN.as_secs_f64()).await
    }

    /// Puts the question that has a stream's recap posted in a place: once, whoever tries. True if this call did.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn post_recap(&self, stream: &EndedStream, place: &Place) -> Result<bool, StoreError> {
        if !is_spoken_to(place.key.platform) {
            return Ok(false);
        }
        // By this the platform knows the recap, too, should it be sent twice.
        let id = format!("recap:{}", stream.stream_title_id);
        let target = ReplyTarget::nobody(id.clone());
        let nobody = self.hasher.hash(place.key.platform, "");
        let new = NewQuestion {
            community: place.home.id,
            channel: place.id,
            platform: place.key.platform,
            platform_message_id: &id,
            ephemeral: false,
            asker_hash: &nobody,
            asker_name: "Pedro",
            text: &recap_question(None),
            reply_target: serde_json::to_value(&target).unwrap_or_default(),
            asked_at: Utc::now(),
            hold: Duration::ZERO,
            wants_plan: false,
        };
        let mut transaction = self.pool.begin().await?;
        let accepted = questions::accept(&mut transaction, &new, &self.terms.limits).await?;
        let Accepted::Queued { id: question, .. } = accepted else { return Ok(false) };
        // Nobody waits for it: nobody is told that it takes long.
        questions::note_acknowledged(&mut *transaction, question).await?;
        if !recaps::take_stream(&mut transaction, stream.stream_title_id, Some(question)).await? {
            return Ok(false);
        }
        transaction.commit().await?;
        self.question_wake.notify_one();
        Ok(true)
    }
}

/// What came of a question.
enum Told {
    Text(String),
    Material(Option<Material>),
}

/// Notes of a time as what was found for the text that is to be made.
fn found(material: Material, place: &Place) -> Found {
    let about = reply::recap::time(&material.range, place.home.settings.time_zone);
    let note =
        |what: &str, text: String| ResultNote { what: what.to_owned(), about: about.clone(), result: Some(text) };
    let mut results = Vec::new();
    if !material.range.titles.is_empty() {
        results.push(note("the stream's title", material.range.titles.join("; ")));
    }
    let mut piece = String::new();
    for line in material.notes {
        if !piece.is_empty() && piece.chars().count() + line.chars().count() > NOTES_IN_A_PIECE {
            results.push(note("what was said", std::mem::take(&mut piece)));
        }
        if !piece.is_empty() {
            piece.push_str(" / ");
        }
        piece.push_str(&line);
    }
    if !piece.is_empty() {
        results.push(note("what was said", piece));
    }
    Found { plan: None, results, sources: material.sources, citations: Vec::new(), unsearched: false }
}

/// Ends when nothing more will be shown.
async fn ended(mut seen: watch::Receiver<Progress>) {
    while seen.changed().await.is_ok() {}
}

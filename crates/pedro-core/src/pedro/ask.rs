//! A question is answered, or put back, or given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Pedro, wish};
use crate::places::Place;
use crate::question::{ATTEMPTS, Failure, Settled, Unsettled};
use crate::reply;
use crate::service::metrics::catalog::{ReplyKind, Stage};
use crate::service::metrics::record;
use crate::speech::{Controls, NotSpoken, ReplyTarget, can_edit, is_spoken_to};
use crate::store::StoreError;
use crate::store::question::{self as questions, Ending, Question};
use crate::voice::{Answers, Utterance};

/// How often a growing answer is shown: Discord takes five edits in five seconds, and other messages want to pass.
const SHOW_EVERY: Duration = Duration::from_millis(1_100);

/// The slash command that puts questions: it has its final answer when the question has.
const ASK_COMMAND: &str = "askpedro";

impl Pedro {
    /// Answers a question that a worker holds.
    pub(super) async fn ask(&self, question: Question, stop: CancellationToken) -> Result<Settled, Unsettled> {
        let put_back = |wait: u64, counts: bool| Err(Unsettled { wait: Duration::from_secs(wait), counts });
        let place = match self.places.find(question.channel_id).await {
            Ok(Some(place)) => place,
            // Another process has this channel; it will find the question.
            Ok(None) | Err(_) => return put_back(5, false),
        };
        let target: Option<ReplyTarget> = serde_json::from_value(question.reply_target.clone()).ok();
        let asked = Asked { question: &question, place: &place, target: target.as_ref() };
        let failure = match self.answer(asked, &stop).await {
            Ok(()) => return Ok(Settled),
            Err(failure) => failure,
        };
        tracing::warn!(question.id = %question.id, "question {} was not answered: {failure}", question.id);
        match failure {
            Failure::Stopped | Failure::SourceForgotten | Failure::Unsent(NotSpoken::Unwanted) => put_back(0, false),
            // What waiting does not mend is not tried for ever.
            Failure::Store(error) => put_back(2, !error.is_transient()),
            Failure::Unsent(NotSpoken::Unavailable) => put_back(5, false),
            Failure::ModelAway => {
                if questions::first_trouble(&self.pool, question.id).await.unwrap_or(false) {
                    self.tell_trouble(asked).await;
                }
                put_back(3, false)
            }
            Failure::Unsent(NotSpoken::Refused(_)) => {
                // The words may be to blame, not the place.
                self.last_word(asked, &reply::declined()).await;
                self.finish(&question, Ending::Failed).await
            }
            Failure::Model(_) if question.attempts < ATTEMPTS => put_back(2, true),
            Failure::PlanStopped => {
                self.last_word(asked, &reply::plan::broken(self.platform, &place.home.ear.prefix)).await;
                self.finish(&question, Ending::Failed).await
            }
            Failure::Model(_) | Failure::TooOften => {
                self.last_word(asked, &reply::plan::gave_up(self.platform, &place.home.ear.prefix)).await;
                self.finish(&question, Ending::Failed).await
            }
        }
    }

    async fn answer(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<(), Failure> {
        let Asked { question, place, target } = asked;
        let text = match &question.answer {
            Some(answer) => answer.clone(),
            None if question.attempts > ATTEMPTS => return Err(Failure::TooOften),
            None => {
                record::overhead(Stage::Queue, waited(question));
                self.make(asked, stop).await?
            }
        };
        let generation = self.answering.generation_of(question).await?;
        let said = usize::try_from(question.pieces_sent).unwrap_or(0);
        let answers = Some(Answers { said, ..self.answers(question).await? });
        let stored = !question.ephemeral;
        let utterance = Utterance { stored, generation, answers, ..Utterance::unstored(place, target, &text) };
        let began = Instant::now();
        self.voice.say(&utterance).await.map_err(Failure::Unsent)?;
        record::overhead(Stage::Send, began.elapsed());
        if answers.is_some_and(|answers| answers.below) {
            self.show_ended_plan(question.id, place).await;
        }
        self.answering.finish(question, Ending::Answered).await?;
        record::replied(place.key.platform.as_str(), ReplyKind::Answer, waited(question));
        if target.is_some_and(|target| !target.is_line) {
            record::discord_command_took(ASK_COMMAND, waited(question));
        }
        Ok(())
    }

    /// How a question is answered: in the place of what shows how it fares, or below its plan.
    async fn answers(&self, question: &Question) -> Result<Answers, StoreError> {
        let below = !self.plans_of(question.id).await?.is_empty() || question.round > 0;
        Ok(Answers { question: question.id, lease: Some(question.lease_owner), said: 0, round: question.round, below })
    }

    /// Makes the answer, by a plan or at once; where messages can be edited, people see it grow.
    async fn make(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<String, Failure> {
        if self.is_planned(asked, stop).await? {
            return self.answer_by_plan(asked, stop).await;
        }
        if !can_edit(self.platform) || asked.question.round > 0 {
            return self.answering.make(asked.question, asked.place, None, stop, None).await;
        }
        let (drafts, shown) = watch::channel(String::new());
        let making = async move { self.answering.make(asked.question, asked.place, None, stop, Some(&drafts)).await };
        // It ends with the making, when the last draft is out: the answer is not overtaken by it.
        tokio::join!(making, self.show_drafts(asked, shown)).0
    }

    async fn show_drafts(&self, asked: Asked<'_>, mut drafts: watch::Receiver<String>) {
        while drafts.changed().await.is_ok() {
            let text = format!("{} …", drafts.borrow_and_update().clone());
            let began = Instant::now();
            let Asked { question, place, target } = asked;
            if let Err(error) = self.voice.show(question.id, place, target, &text, Controls::default()).await {
                tracing::debug!(%error, question.id = %question.id, "a draft was not shown");
            }
            let rest = SHOW_EVERY.saturating_sub(began.elapsed());
            // No pause once the answer is there.
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = closed(drafts.clone()) => {}
            }
        }
    }

    async fn finish(&self, question: &Question, ending: Ending) -> Result<Settled, Unsettled> {
        self.answering.finish(question, ending).await.map(|()| Settled).map_err(|error| {
            tracing::warn!(%error, "the end of a question could not be written");
            Unsettled { wait: Duration::from_secs(2), counts: false }
        })
    }

    async fn tell_trouble(&self, asked: Asked<'_>) {
        let Asked { question, place, target } = asked;
        if can_edit(self.platform) {
            let text = reply::model_away();
            if let Err(error) = self.voice.show(question.id, place, target, &text, Controls::default()).await {
                tracing::warn!(%error, "the asker was not told that the model is away");
            }
        } else {
            self.tell(asked, &reply::model_away(), None).await;
        }
    }

    /// An apology instead of the answer, with a way to try again.
    async fn last_word(&self, asked: Asked<'_>, text: &str) {
        let answers = match self.answers(asked.question).await {
            Ok(answers) => answers,
            Err(error) => return tracing::warn!(%error, "an apology was not said"),
        };
        self.tell(asked, text, Some(answers)).await;
        if answers.below {
            self.show_ended_plan(asked.question.id, asked.place).await;
        }
    }

    pub(super) async fn tell(&self, asked: Asked<'_>, text: &str, answers: Option<Answers>) {
        let Asked { question, place, target } = asked;
        if !is_spoken_to(place.key.platform) {
            return;
        }
        // What a plan can be retried by stands under the plan.
        let controls = match answers {
            Some(answers) if !answers.below => wish::when_given_up(question.id),
            _ => Controls::default(),
        };
        let stored = !question.ephemeral;
        let utterance = Utterance { stored, answers, controls, ..Utterance::unstored(place, target, text) };
        self.say(&utterance).await;
        record::replied(self.platform.as_str(), ReplyKind::Apology, waited(question));
    }
}

/// A question, where it was put and by whom.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    pub(super) place: &'a Arc<Place>,
    pub(super) target: Option<&'a ReplyTarget>,
}

/// Ends when nothing more will be sent.
async fn closed(mut drafts: watch::Receiver<String>) {
    while drafts.changed().await.is_ok() {}
}

/// How long its asker has waited for a question.
fn waited(question: &Question) -> Duration {
    (Utc::now() - question.asked_at).to_std().unwrap_or_default()
}

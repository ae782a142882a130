//! A question is answered, or put back, or given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::attend::RETELL_EVERY;
use super::{Pedro, wish};
use crate::places::Place;
use crate::prompt::{DISCORD_LIMIT, split_markdown};
use crate::question::{ATTEMPTS, Failure, Settled, Unsettled};
use crate::reply;
use crate::service::metrics::catalog::{ReplyKind, Stage};
use crate::service::metrics::record;
use crate::speech::{Controls, NotSpoken, ReplyTarget, can_edit, is_spoken_to};
use crate::store::question::{self as questions, Ending, Planning, Question};
use crate::trigger::history;
use crate::voice::{Answers, Utterance};

/// How often a growing answer is shown: Discord takes five edits in five seconds, and other messages want to pass.
const SHOW_EVERY: Duration = Duration::from_millis(1_100);

/// How often people see Pedro type: Discord shows it for ten seconds.
const TYPE_EVERY: Duration = Duration::from_secs(8);

/// Characters of a message that are kept for the word that there is more.
const ROOM_FOR_MORE: usize = 60;

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
        if question.origin.is_unasked() {
            return self.answer_unasked(asked, &stop).await;
        }
        let failure = match self.answer(asked, &stop).await {
            Ok(()) => return Ok(Settled),
            Err(failure) => failure,
        };
        tracing::warn!(question.id = %question.id, "question {} was not answered: {failure}", question.id);
        match failure {
            Failure::Stopped | Failure::SourceForgotten | Failure::Unsent(NotSpoken::Unwanted) => put_back(0, false),
            // It waits for the others, and they cost it nothing.
            Failure::Busy => put_back(2, false),
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
                self.give_up(asked, &reply::declined()).await
            }
            Failure::Model(_) if question.attempts < ATTEMPTS => put_back(2, true),
            Failure::PlanStopped => {
                self.give_up(asked, &reply::plan::broken(self.platform, &place.home.ear.prefix)).await
            }
            Failure::Model(_) | Failure::TooOften | Failure::NothingToSay => {
                self.give_up(asked, &reply::plan::gave_up(self.platform, &place.home.ear.prefix)).await
            }
        }
    }

    pub(super) async fn answer(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<(), Failure> {
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
        let planning = questions::planning(&self.pool, question.id).await?;
        let text = match question.wants_plan && !planning.is_planned {
            true => format!("{text} {}", reply::plan::switched_off(&place.home.ear.prefix)),
            false => text,
        };
        let answers = Some(Answers { said, ..answers(question, planning) });
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

    /// Makes the answer, by a plan or at once; where messages can be edited, people see it grow.
    async fn make(&self, asked: Asked<'_>, stop: &CancellationToken) -> Result<String, Failure> {
        if !asked.question.wants_plan
            && let Some(history) = history::read(&asked.question.text)
        {
            return self.retell(asked, history, stop).await;
        }
        if self.is_planned(asked, stop).await? {
            return self.answer_by_plan(asked, stop).await;
        }
        // Nobody is shown how a question fares that nobody put.
        if !can_edit(self.platform) || asked.question.round > 0 || asked.question.origin.is_unasked() {
            return self.answering.make(asked.question, asked.place, None, stop, None).await;
        }
        let (drafts, shown) = watch::channel(String::new());
        let making = async move { self.answering.make(asked.question, asked.place, None, stop, Some(&drafts)).await };
        // It ends with the making, when the last draft is out: the answer is not overtaken by it.
        tokio::join!(making, self.show_drafts(asked, shown)).0
    }

    async fn show_drafts(&self, asked: Asked<'_>, mut drafts: watch::Receiver<String>) {
        let Asked { question, place, target } = asked;
        self.show_life(asked, &mut drafts).await;
        while drafts.changed().await.is_ok() {
            let text = draft(&drafts.borrow_and_update());
            let began = Instant::now();
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

    /// Until there are words to show, people see that Pedro is at it, or how many are before them. Leaves the first words
    /// unseen.
    async fn show_life(&self, asked: Asked<'_>, drafts: &mut watch::Receiver<String>) {
        let Asked { question, place, target } = asked;
        let mut has_slot = false;
        loop {
            let every = if has_slot { TYPE_EVERY } else { RETELL_EVERY };
            tokio::select! {
                changed = drafts.changed() => match changed {
                    Err(_) => return,
                    Ok(()) if !drafts.borrow_and_update().is_empty() => return drafts.mark_changed(),
                    Ok(()) => has_slot = true,
                },
                () = tokio::time::sleep(every) => {}
            }
            let shown = if has_slot {
                self.voice.type_in(place);
                self.voice.show_working(question.id, place, target, waited(question).as_secs() / 60).await
            } else if let Ok(ahead) = questions::ahead(&self.pool, question.id).await {
                self.voice.show_waiting(question.id, place, target, ahead).await
            } else {
                Ok(())
            };
            if let Err(error) = shown {
                tracing::debug!(%error, question.id = %question.id, "that Pedro is at it was not shown");
            }
        }
    }

    pub(super) async fn finish(&self, question: &Question, ending: Ending) -> Result<Settled, Unsettled> {
        self.answering.finish(question, ending).await.map(|()| Settled).map_err(|error| {
            tracing::warn!(%error, "the end of a question could not be written");
            Unsettled { wait: Duration::from_secs(2), counts: false }
        })
    }

    async fn tell_trouble(&self, asked: Asked<'_>) {
        let Asked { question, place, target } = asked;
        if target.is_some_and(|target| !target.is_somebody()) {
            return;
        }
        if can_edit(self.platform) {
            let text = reply::model_away();
            if let Err(error) = self.voice.show(question.id, place, target, &text, Controls::default()).await {
                tracing::warn!(%error, "the asker was not told that the model is away");
            }
        } else {
            // It is no last word: the answer follows.
            let _logged = self.tell(asked, &reply::model_away(), None).await;
        }
    }

    /// Ends a question with an apology, once the asker was told: a platform that is away for a while is waited for.
    async fn give_up(&self, asked: Asked<'_>, text: &str) -> Result<Settled, Unsettled> {
        match self.last_word(asked, text).await {
            Err(NotSpoken::Unavailable) => Err(Unsettled { wait: Duration::from_secs(5), counts: false }),
            Err(NotSpoken::Unwanted) => Err(Unsettled { wait: Duration::ZERO, counts: false }),
            Ok(()) | Err(NotSpoken::Refused(_)) => self.finish(asked.question, Ending::Failed).await,
        }
    }

    /// An apology instead of the answer, with a way to try again.
    async fn last_word(&self, asked: Asked<'_>, text: &str) -> Result<(), NotSpoken> {
        let planning = questions::planning(&self.pool, asked.question.id).await.map_err(|error| {
            tracing::warn!(%error, "an apology was not said");
            NotSpoken::Unavailable
        })?;
        let answers = answers(asked.question, planning);
        self.tell(asked, text, Some(answers)).await?;
        if answers.below {
            self.show_ended_plan(asked.question.id, asked.place).await;
        }
        Ok(())
    }

    /// Tells the asker something; what goes wrong is logged here.
    pub(super) async fn tell(&self, asked: Asked<'_>, text: &str, answers: Option<Answers>) -> Result<(), NotSpoken> {
        let Asked { question, place, target } = asked;
        if !is_spoken_to(place.key.platform) || target.is_some_and(|target| !target.is_somebody()) {
            return Ok(());
        }
        // What a plan can be retried by stands under the plan.
        let controls = match answers {
            Some(answers) if !answers.below => wish::when_given_up(question.id),
            _ => Controls::default(),
        };
        let stored = !question.ephemeral;
        let utterance = Utterance { stored, answers, controls, ..Utterance::unstored(place, target, text) };
        self.voice.say(&utterance).await.inspect_err(|error| tracing::warn!(%error, "an asker was not told"))?;
        record::replied(self.platform.as_str(), ReplyKind::Apology, waited(question));
        Ok(())
    }
}

/// A question, where it was put and by whom.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) question: &'a Question,
    pub(super) place: &'a Arc<Place>,
    pub(super) target: Option<&'a ReplyTarget>,
}

/// How a question is answered: in the place of what shows how it fares, or below its plan.
fn answers(question: &Question, planning: Planning) -> Answers {
    let below = planning.is_planned || question.round > 0;
    Answers { question: question.id, lease: Some(question.lease_owner), said: 0, round: question.round, below }
}

/// An answer that grows, as far as one message shows it: a longer one must not seem to stand still.
fn draft(text: &str) -> String {
    let mut pieces = split_markdown(text, DISCORD_LIMIT - ROOM_FOR_MORE).into_iter();
    let shown = pieces.next().unwrap_or_default();
    reply::draft(&shown, pieces.map(|piece| piece.chars().count()).sum())
}

/// Ends when nothing more will be sent.
async fn closed(mut drafts: watch::Receiver<String>) {
    while drafts.changed().await.is_ok() {}
}

/// How long its asker has waited for a question.
pub(super) fn waited(question: &Question) -> Duration {
    (Utc::now() - question.asked_at).to_std().unwrap_or_default()
}

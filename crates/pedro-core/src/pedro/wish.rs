//! What people can do about a plan: the buttons and the list under it, the commands for it, and what becomes of them.

use std::sync::Arc;

use super::Pedro;
use crate::chat::{Author, QuestionId, Role};
use crate::places::Place;
use crate::plan::{Action, StepEvent, StepStatus, words};
use crate::reply;
use crate::reply::plan::label;
use crate::speech::{Button, Choice, Controls, can_edit};
use crate::store::plan::{self as plans, Changed, PlanRow};
use crate::store::{StoreError, question as questions};

/// Characters of a step's description in a list.
const ABOUT: usize = 40;

/// What somebody wants done about a question that was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// All of it again.
    Retry,
    /// What failed again.
    RetryFailed,
    /// No more of it.
    Stop,
    /// The answer again without a step's result.
    Mark {
        /// The step's name.
        step: String,
        /// [`StepEvent::MarkFailed`] or [`StepEvent::MarkRedundant`].
        event: StepEvent,
    },
}

impl Wish {
    /// What a button or a chosen value of ours says, and of which question.
    pub fn read(id: &str, chosen: Option<&str>) -> Option<(QuestionId, Self)> {
        let (kind, question) = id.strip_prefix("plan:")?.split_once(':')?;
        let question = QuestionId(question.parse().ok()?);
        let wish = match (kind, chosen) {
            ("retry", None) => Self::Retry,
            ("failed", None) => Self::RetryFailed,
            ("stop", None) => Self::Stop,
            ("mark", Some(value)) => {
                let (what, step) = value.split_once(':')?;
                let event = match what {
                    "failed" => StepEvent::MarkFailed,
                    "redundant" => StepEvent::MarkRedundant,
                    _ => return None,
                };
                Self::Mark { step: step.to_owned(), event }
            }
            _ => return None,
        };
        Some((question, wish))
    }
}

fn button(kind: &str, question: QuestionId, label: &str) -> Button {
    Button { id: format!("plan:{kind}:{question}"), label: label.to_owned() }
}

/// What can be done while a plan is carried out.
pub(super) fn while_running(question: QuestionId) -> Controls {
    vec![button("stop", question, label::STOP)].into()
}

/// What can be done about a question that was given up without a plan.
pub(super) fn when_given_up(question: QuestionId) -> Controls {
    vec![button("retry", question, label::RETRY)].into()
}

/// What can be done when a plan is over.
pub(super) fn when_over(question: QuestionId, plan: &PlanRow) -> Controls {
    let mut buttons = vec![button("retry", question, label::RETRY)];
    let steps = || plan.steps.iter().filter(|row| row.step.action != Action::ReturnResponse);
    if steps().any(|row| matches!(row.status, StepStatus::Failed | StepStatus::Skipped)) {
        buttons.push(button("failed", question, label::RETRY_FAILED));
    }
    let ways = [("redundant", StepEvent::MarkRedundant, "not needed"), ("failed", StepEvent::MarkFailed, "wrong")];
    let options: Vec<(String, String)> = steps()
        .flat_map(|row| {
            let what = words::shortened(
                &format!("{} {}", words::action(row.step.action), words::about(row.step.action, &row.step.params)),
                ABOUT,
            );
            let can = ways.iter().filter(|(_, event, _)| row.status.next(*event).is_ok());
            can.map(move |(value, _, as_what)| {
                (format!("{value}:{}", row.step.id), label::mark(&row.step.id, what.trim(), as_what))
            })
            .collect::<Vec<_>>()
        })
        .collect();
    let choice = (!options.is_empty()).then(|| Choice {
        id: format!("plan:mark:{question}"),
        placeholder: label::MARK.to_owned(),
        options,
    });
    Controls { buttons, choice }
}

impl Pedro {
    /// Carries out a wish about a question that was put in `place`, or is answered there. Returns what its author is told.
    pub async fn grant(self: &Arc<Self>, question: QuestionId, wish: &Wish, by: &Author, place: &Arc<Place>) -> String {
        self.try_grant(question, wish, by, place).await.unwrap_or_else(|error| {
            tracing::warn!(%error, question.id = %question, "a wish about a plan was not granted");
            reply::command_failed()
        })
    }

    async fn try_grant(
        self: &Arc<Self>,
        question: QuestionId,
        wish: &Wish,
        by: &Author,
        place: &Arc<Place>,
    ) -> Result<String, StoreError> {
        let Some(standing) = questions::standing(&self.pool, question, place.id).await? else {
            return Ok(reply::plan::nothing_to_change());
        };
        let asked = self.hasher.hash(self.platform, &by.platform_user_id) == standing.asker_hash;
        if !asked && by.role < Role::Moderator {
            return Ok(reply::plan::not_yours());
        }
        if *wish == Wish::Stop {
            let Some(stopped) = questions::cancel(&self.pool, question).await? else {
                return Ok(reply::plan::nothing_to_change());
            };
            self.tell_end(stopped, reply::cancelled());
            return Ok(reply::cancelled());
        }
        let mut transaction = self.pool.begin().await?;
        let changed = match wish {
            Wish::Retry => plans::retry_whole(&mut transaction, question).await?,
            Wish::RetryFailed => plans::retry_failed(&mut transaction, question).await?,
            Wish::Mark { step, event } => plans::mark(&mut transaction, question, step, *event).await?,
            Wish::Stop => Changed::Nothing,
        };
        transaction.commit().await?;
        Ok(match changed {
            Changed::Nothing => reply::plan::nothing_to_change(),
            Changed::StillOpen => reply::plan::still_at_it(),
            Changed::Queued => {
                self.voice.reopen(question);
                self.question_wake.notify_one();
                if can_edit(self.platform) {
                    self.show_begun_again(question, place).await;
                }
                match wish {
                    Wish::Mark { step, .. } => reply::plan::marked(step),
                    _ => reply::plan::trying_again(),
                }
            }
        })
    }

    /// The buttons that were pressed are taken away at once: a second press would do nothing.
    async fn show_begun_again(&self, question: QuestionId, place: &Place) {
        let Ok(rows) = self.plans_of(question).await else { return };
        let (text, controls) = match rows.last() {
            Some(row) => (reply::plan::shown(row, None), while_running(question)),
            None => (reply::plan::trying_again(), Controls::default()),
        };
        if let Err(error) = self.voice.show(question, place, None, &text, controls).await {
            tracing::debug!(%error, "that a question begins again was not shown");
        }
    }

    /// `!retry` and `!mark`: about the last question of whoever writes, or for moderators of anybody, that came to its end
    /// in a channel.
    pub(super) async fn grant_last(
        self: &Arc<Self>,
        wish: impl FnOnce(Option<&PlanRow>) -> Option<Wish>,
        by: &Author,
        place: &Arc<Place>,
    ) -> String {
        let hash = self.hasher.hash(self.platform, &by.platform_user_id);
        let of_anybody = by.role >= Role::Moderator;
        let found = async {
            let Some(last) = questions::last_ended(&self.pool, place.id, &hash, of_anybody).await? else {
                return Ok(None);
            };
            let rows = self.plans_of(last).await?;
            Ok::<_, StoreError>(wish(rows.last()).map(|wish| (last, wish)))
        };
        match found.await {
            Ok(Some((question, wish))) => self.grant(question, &wish, by, place).await,
            Ok(None) => reply::plan::nothing_to_change(),
            Err(error) => {
                tracing::warn!(%error, "the last question of a channel is not known");
                reply::command_failed()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_button_says_is_read_back() {
        let id = QuestionId(i64::MAX);
        for (kind, wish) in [("retry", Wish::Retry), ("failed", Wish::RetryFailed), ("stop", Wish::Stop)] {
            let button = button(kind, id, "x");
            assert!(button.id.len() <= 100);
            assert_eq!(Wish::read(&button.id, None), Some((id, wish)));
        }
        let marked = Wish::Mark { step: "s2".into(), event: StepEvent::MarkRedundant };
        assert_eq!(Wish::read("plan:mark:7", Some("redundant:s2")), Some((QuestionId(7), marked)));
        for (other, chosen) in [("game:1:2:yes", None), ("plan:mark:7", None), ("plan:retry:x", None)] {
            assert_eq!(Wish::read(other, chosen), None, "{other}");
        }
    }
}

//! Carries out a plan: what can begin begins, side by side; each change is stored before it is told. A process that takes
//! over goes on where the rows stand.

use std::collections::HashSet;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::steps::{Steps, Task};
use super::{Action, Course, End, Move, Step, StepError, StepStatus, fill, next_moves};
use crate::chat::{MessageId, PlanId};
use crate::places::Place;
use crate::question::Failure;
use crate::service::metrics::record;
use crate::store::plan::{self as plans, Ended, PlanRow};
use crate::store::question::Question;
use crate::store::{StoreError, message};

/// What a plan came to before its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is to be made.
    Answer,
    /// A step failed in a way that wants a new plan.
    Replan,
    /// A step failed without which nothing more is done.
    Stopped,
}

/// Carries out plans.
pub struct Executor {
    /// The database.
    pub pool: PgPool,
    /// What carries out the steps.
    pub steps: Steps,
}

/// A plan on its way.
struct Work<'a> {
    question: &'a Question,
    place: &'a Place,
    plan: PlanId,
    stop: &'a CancellationToken,
}

impl Executor {
    /// Carries out a plan up to its answer, which begins with that. `replans`: how many plans were made because of failed
    /// steps. `changed` is told after each change.
    ///
    /// # Errors
    /// [`Failure::Stopped`], [`Failure::SourceForgotten`] or the database's. What has come to an end by then is kept.
    pub async fn run(
        &self,
        question: &Question,
        place: &Place,
        plan: PlanId,
        replans: usize,
        stop: &CancellationToken,
        changed: &watch::Sender<u64>,
    ) -> Result<Outcome, Failure> {
        let work = Work { question, place, plan, stop };
        let again = plans::reset_running(&self.pool, plan).await?;
        if again > 0 {
            tracing::info!(question.id = %question.id, "{again} steps that were under way begin again");
        }
        let mut running = FuturesUnordered::new();
        loop {
            let (row, earlier) = self.load(question, plan).await?;
            changed.send_modify(|count| *count += 1);
            let course = row.plan();
            let moves = match next_moves(&course, &row.statuses(), replans) {
                Course::Go(moves) => moves,
                Course::Wait => {
                    // Nothing is under way but what this loop began.
                    let ended: Option<(String, _)> = running.next().await;
                    let Some((name, ended)) = ended else { return Err(Failure::Stopped) };
                    self.end(&work, &name, ended).await?;
                    continue;
                }
                Course::Replan { .. } => return Ok(Outcome::Replan),
                Course::Ended(End::Stopped(_)) => return Ok(Outcome::Stopped),
                // An answer that was made is not made again here.
                Course::Ended(End::Answered | End::Unanswered) => return Ok(Outcome::Answer),
            };
            for next in moves {
                match next {
                    Move::Skip(step) => plans::skip_step(&self.pool, plan, &step.id, question.lease_owner).await?,
                    Move::Start(step) => {
                        plans::start_step(&self.pool, plan, &step.id, question.lease_owner).await?;
                        if step.action == Action::ReturnResponse {
                            changed.send_modify(|count| *count += 1);
                            return Ok(Outcome::Answer);
                        }
                        let task = self.carry_out(&work, step.clone(), &row, &earlier).await?;
                        running.push(task);
                    }
                }
            }
        }
    }

    async fn load(&self, question: &Question, plan: PlanId) -> Result<(PlanRow, Vec<MessageId>), StoreError> {
        let rows = plans::of_question(&mut *self.pool.acquire().await?, question.id).await?;
        let row = rows.into_iter().find(|row| row.id == plan).ok_or(StoreError::LeaseLost)?;
        let sources = plans::sources(&self.pool, &[plan]).await?;
        Ok((row, sources))
    }

    /// The work of one step, ready to be polled beside that of others.
    async fn carry_out<'a>(
        &'a self,
        work: &Work<'a>,
        step: Step,
        row: &PlanRow,
        earlier: &[MessageId],
    ) -> Result<impl Future<Output = (String, Result<super::StepOutput, StepError>)> + use<'a>, Failure> {
        let (question, place, stop) = (work.question, work.place, work.stop);
        let result_of = |name: &str| {
            let row = row.steps.iter().find(|row| row.step.id == name)?;
            Some(row.result.clone().filter(|_| row.status == StepStatus::Succeeded).unwrap_or_default())
        };
        let params = fill(&step.params, &result_of);
        let asked = message::find(&self.pool, place.key.platform, &question.platform_message_id).await?;
        // What was filled in may hold what any earlier step was made from.
        let quoted = if params == step.params { &[] } else { earlier };
        let sources: HashSet<MessageId> = quoted.iter().copied().chain(asked).collect();
        let task = Task { action: step.action, params, sources: sources.into_iter().collect(), question, place };
        tracing::info!(question.id = %question.id, step = step.id, action = step.action.as_str(), "a step begins");
        Ok(async move {
            let began = Instant::now();
            let ended = self.steps.run(&task, stop).await;
            record::plan_step(task.action, ended.is_ok(), began.elapsed());
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (question, worked) = (task.question.id, ended.is_ok());
            tracing::info!(question.id = %question, step = step.id, worked, duration_ms, "a step ends");
            (step.id, ended)
        })
    }

    async fn end(
        &self,
        work: &Work<'_>,
        name: &str,
        ended: Result<super::StepOutput, StepError>,
    ) -> Result<(), Failure> {
        let ended = match ended {
            Ok(output) => Ended::Succeeded(output),
            Err(StepError::Stopped) => return Err(Failure::Stopped),
            Err(error) => {
                // Its words are for people, and may quote them.
                tracing::debug!(question.id = %work.question.id, step = name, %error, "a step brought nothing");
                Ended::Failed(error.to_string())
            }
        };
        let mut transaction = self.pool.begin().await?;
        plans::end_step(&mut transaction, work.plan, name, work.question.lease_owner, &ended).await?;
        transaction.commit().await?;
        Ok(())
    }
}

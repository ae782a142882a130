//! Takes questions from the queue, one at a time, and sees to it that each ends: answered, put back, or given up.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::chat::QuestionId;
use crate::service::telemetry;
use crate::store::StoreError;
use crate::store::question::{self, Question, Reach};

/// How often a worker says that it is still at its question.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// How long a worker sleeps when nothing waits and nobody wakes it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A question that has come to its end: everything about it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled;

/// A question that goes back into the queue.
#[derive(Debug)]
pub struct Unsettled {
    /// Not to be taken again before.
    pub wait: Duration,
    /// Whether this was one of the attempts.
    pub counts: bool,
}

/// The questions that the workers of a process hold.
#[derive(Debug, Clone, Default)]
pub struct Held(Arc<Mutex<HashSet<i64>>>);

impl Held {
    fn ids(&self) -> Vec<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    fn hold(&self, id: QuestionId) -> Holding {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.0);
        Holding(self.clone(), id)
    }
}

/// Holds a question until it is dropped.
struct Holding(Held, QuestionId);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1.0);
    }
}

/// One of the workers of a process.
pub struct Worker {
    /// The database.
    pub pool: PgPool,
    /// Whose questions: a process sees to those whom it can speak to.
    pub reach: Arc<dyn Fn() -> Reach + Send + Sync>,
    /// Older questions without an answer are not begun any more.
    pub expiry: Duration,
    /// Told when a question was accepted.
    pub wake: Arc<Notify>,
    /// What the workers of this process hold.
    pub held: Held,
    /// Told to take nothing more; the question at hand is finished.
    pub stop: CancellationToken,
    /// Told to give up: the question at hand goes back and costs no attempt.
    pub give_up: CancellationToken,
}

impl Worker {
    /// Works until told to stop.
    pub async fn run<F, A>(self, answer: F)
    where
        F: Fn(Question, CancellationToken) -> A,
        A: Future<Output = Result<Settled, Unsettled>>,
    {
        while !self.stop.is_cancelled() {
            match question::claim(&self.pool, &(self.reach)(), &self.held.ids(), self.expiry).await {
                Ok(Some(question)) => {
                    let message_id = question.platform_message_id.clone();
                    let span = telemetry::of_question(question.id, &message_id);
                    self.see_to(question, &answer).instrument(span).await;
                }
                Ok(None) => self.sleep().await,
                Err(error) => {
                    tracing::warn!(%error, "no questions can be taken while the database is away");
                    self.sleep().await;
                }
            }
        }
    }

    async fn sleep(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.wake.notified() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }

    async fn see_to<F, A>(&self, question: Question, answer: &F)
    where
        F: Fn(Question, CancellationToken) -> A,
        A: Future<Output = Result<Settled, Unsettled>>,
    {
        let (id, owner, began) = (question.id, question.lease_owner, Instant::now());
        tracing::info!(question.id = %id, "question {id} is taken up");
        let _held = self.held.hold(id);
        let stop = self.give_up.child_token();
        let mut work = std::pin::pin!(answer(question, stop.clone()));
        let outcome = tokio::select! {
            outcome = &mut work => outcome,
            () = self.until_lost(id, owner) => {
                tracing::info!(question.id = %id, "question {id} was cancelled or taken over");
                stop.cancel();
                // It gives back its slot before it ends.
                work.await
            }
        };
        let Err(unsettled) = outcome else {
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            return tracing::info!(question.id = %id, duration_ms, "question {id} is seen to");
        };
        tracing::info!(question.id = %id, counts = unsettled.counts, "question {id} goes back into the queue");
        match question::release(&self.pool, id, owner, unsettled.wait, unsettled.counts).await {
            Ok(()) | Err(StoreError::LeaseLost) => {}
            Err(error) => tracing::warn!(%error, question.id = %id, "question {id} goes back when its lease ends"),
        }
    }

    /// Keeps the lease; ends when it is lost. A database that is away for a moment has not given it to anybody.
    async fn until_lost(&self, id: QuestionId, owner: uuid::Uuid) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match question::renew(&self.pool, id, owner).await {
                Err(StoreError::LeaseLost) => return,
                Err(error) => tracing::warn!(%error, "a question's lease could not be renewed"),
                Ok(()) => {}
            }
        }
    }
}

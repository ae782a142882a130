//! What is kept of an answer: its generation, what that was made from, and how its question ended.

use std::time::{Duration, Instant};

use super::{Answering, Found, Gathered};
use crate::chat::GenerationId;
use crate::llm::{Generation, LlmError, Purpose, keep};
use crate::plan::PlanStatus;
use crate::question::Failure;
use crate::service::metrics::record;
use crate::store::question::{self as questions, Ending, Question};
use crate::store::{StoreError, generation, plan as plans};

/// How often it is tried to keep an answer while the database is away.
const KEEP_AGAIN: Duration = Duration::from_millis(500);

/// Why a generation led to no answer though it did not fail.
const NOTHING_TO_SAY: &str = "nothing_to_say";

impl Answering {
    /// Keeps an answer, however long the database is away: it may have taken minutes to write. Ends with the lease on the
    /// question, for then the work is dropped. If only the word on its commit was lost, the lease is told to be lost, and
    /// whoever takes the question finds the answer.
    pub(super) async fn keep_patiently(
        &self,
        question: &Question,
        gathered: &Gathered,
        found: Option<&Found>,
        generation: &Generation,
        answer: &str,
    ) -> Result<(), Failure> {
        loop {
            match self.keep(question, gathered, found, generation, answer).await {
                Err(Failure::Store(error)) if error.is_transient() => {
                    tracing::warn!(%error, question.id = %question.id, "an answer waits for the database to be kept");
                    tokio::time::sleep(KEEP_AGAIN).await;
                }
                done => return done,
            }
        }
    }

    /// Keeps generation, provenance and answer, all or nothing.
    async fn keep(
        &self,
        question: &Question,
        gathered: &Gathered,
        found: Option<&Found>,
        generation: &Generation,
        answer: &str,
    ) -> Result<(), Failure> {
        let mut transaction = self.pool.begin().await?;
        // As the row says now: the asker may have opted out while the model wrote.
        let ephemeral = questions::is_ephemeral(&mut transaction, question.id).await?;
        let (asked, sources) = (&gathered.prompt.messages, &gathered.sources);
        let new = keep::row(question, Purpose::Answer, generation, asked, sources, ephemeral);
        generation::insert(&mut transaction, &new).await?;
        if let Some(plan) = found.and_then(|found| found.plan) {
            plans::close(&mut transaction, plan, PlanStatus::Succeeded).await?;
        }
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, answer).await?;
        transaction.commit().await?;
        if found.is_some_and(|found| found.plan.is_some()) {
            record::plans(PlanStatus::Succeeded, 1);
        }
        Ok(())
    }

    /// A generation failed.
    pub(super) async fn note_failure(
        &self,
        question: &Question,
        gathered: &Gathered,
        error: &LlmError,
        began: Instant,
    ) -> Result<(), Failure> {
        self.note(question, gathered, error.reason(), began).await
    }

    /// Nobody put the question, and the model has nothing to say to it.
    pub(super) async fn say_nothing(
        &self,
        question: &Question,
        gathered: &Gathered,
        began: Instant,
    ) -> Result<String, Failure> {
        self.note(question, gathered, NOTHING_TO_SAY, began).await?;
        Err(Failure::NothingToSay)
    }

    async fn note(
        &self,
        question: &Question,
        gathered: &Gathered,
        reason: &str,
        began: Instant,
    ) -> Result<(), Failure> {
        let sources = &gathered.sources;
        let new = keep::failed_row(question, Purpose::Answer, reason, began.elapsed(), sources);
        let mut transaction = self.pool.begin().await?;
        generation::insert(&mut transaction, &new).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps an answer that the model did not make.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn keep_text(&self, question: &Question, answer: &str) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        questions::keep_answer(&mut transaction, question.id, question.lease_owner, answer).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The generation that a question's answer says, if there is one.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn generation_of(&self, question: &Question) -> Result<Option<GenerationId>, StoreError> {
        generation::of_question(&self.pool, question.id).await
    }

    /// Ends a question.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn finish(&self, question: &Question, ending: Ending) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        questions::finish(&mut transaction, question.id, question.lease_owner, ending).await?;
        transaction.commit().await?;
        Ok(())
    }
}

//! Earlier questions like one at hand, with the plans that answered them.

use chrono::{DateTime, Utc};
use pgvector::HalfVector;
use sqlx::PgExecutor;

use crate::chat::{ChannelId, MessageId, QuestionId};
use crate::store::StoreError;
use crate::store::embedding::EmbeddingSpace;

/// An earlier question with its answer.
#[derive(Debug, Clone)]
pub struct Example {
    /// The question.
    pub question: QuestionId,
    /// The line that asked it.
    pub asked_by: MessageId,
    /// Who asked.
    pub asker: String,
    /// What was asked.
    pub text: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// What Pedro answered.
    pub answer: String,
    /// The messages that the answer was made from.
    pub made_from: Vec<MessageId>,
    /// Its plan as a list of actions; empty if it had none.
    pub actions: Vec<String>,
    /// Cosine similarity with the question at hand (-1 to 1).
    pub similarity: f64,
}

/// The answered questions of some channels that are most like a vector, the nearest first; with `planned` only those that
/// had a plan which led to an answer. Answers that were taken back, or whose plan somebody marked as wrong, are left out.
///
/// # Errors
/// When the statement fails.
pub async fn similar(
    db: impl PgExecutor<'_>,
    channels: &[ChannelId],
    space: EmbeddingSpace,
    vector: &HalfVector,
    but: QuestionId,
    planned: bool,
    count: i64,
) -> Result<Vec<Example>, StoreError> {
    let channels: Vec<i64> = channels.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Example,
        r#"select question.id as "question: QuestionId", message.id as "asked_by: MessageId", asker_name as asker,
               question.text, asked_at, answer as "answer!",
               coalesce((
                   select array_agg(action order by position) from pedro.plan_step
                   where plan_id = (select id from pedro.plan where question_id = question.id order by number desc limit 1)
               ), '{}') as "actions!",
               coalesce((
                   select array_agg(distinct source.message_id) from pedro.generation
                   join pedro.generation_source as source on generation_id = generation.id
                   where question_id = question.id
               ), '{}') as "made_from!: Vec<MessageId>",
               1 - (embedding <=> $3::halfvec) as "similarity!"
           from pedro.question
           join pedro.message on message.platform = question.platform
               and message.platform_message_id = question.platform_message_id
           join pedro.message_embedding on message_id = message.id and model_id = $2
           where question.channel_id = any($1) and question.status = 'answered' and answer is not null
               and question.id <> $4
               and (not $5 or exists (select from pedro.plan where question_id = question.id and status = 'succeeded'))
               and not exists (
                   select from pedro.generation where question_id = question.id and withdrawn_at is not null)
               and not exists (
                   select from pedro.plan join pedro.plan_step on plan_id = plan.id
                   where question_id = question.id and marked and plan_step.status = 'failed')
           order by embedding <=> $3::halfvec limit $6"#,
        &channels,
        space.model_id,
        vector as &HalfVector,
        but.0,
        planned,
        count
    );
    Ok(rows.fetch_all(db).await?)
}

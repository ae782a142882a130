//! Questions as the workflow page and the overlay show them: across `pedro.question`, `pedro.channel`, `pedro.community`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::StoreError;
use crate::chat::{ChannelId, Platform, QuestionId};

/// A question with where it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Row id.
    pub id: QuestionId,
    /// Names its workflow page.
    pub workflow_id: Uuid,
    /// What is asked.
    pub text: String,
    /// Who asks.
    pub asker_name: String,
    /// The asker opted out of storage.
    pub ephemeral: bool,
    /// A plan was asked for.
    pub wants_plan: bool,
    /// Whose memory answers.
    pub community: String,
    /// The channel's name.
    pub channel: String,
    /// The channel's platform.
    pub platform: Platform,
    /// As in the table.
    pub status: String,
    /// The answer, if it is made.
    pub answer: Option<String>,
    /// When it was asked, or put again.
    pub asked_at: DateTime<Utc>,
    /// When it came to its end.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A question by the name of its workflow page.
///
/// # Errors
/// When the statement fails.
pub async fn by_workflow(db: impl PgExecutor<'_>, id: Uuid) -> Result<Option<Asked>, StoreError> {
    let asked = sqlx::query_as!(
        Asked,
        r#"select id as "id!: QuestionId", workflow_id as "workflow_id!", text as "text!", asker_name as "asker_name!",
               ephemeral as "ephemeral!", wants_plan as "wants_plan!", community as "community!", channel as "channel!",
               platform as "platform!: Platform", status as "status!", answer, asked_at as "asked_at!", finished_at
           from pedro.question_view where workflow_id = $1"#,
        id
    );
    Ok(asked.fetch_optional(db).await?)
}

/// A question by its row.
///
/// # Errors
/// When the statement fails.
pub async fn by_question(db: impl PgExecutor<'_>, id: QuestionId) -> Result<Option<Asked>, StoreError> {
    let asked = sqlx::query_as!(
        Asked,
        r#"select id as "id!: QuestionId", workflow_id as "workflow_id!", text as "text!", asker_name as "asker_name!",
               ephemeral as "ephemeral!", wants_plan as "wants_plan!", community as "community!", channel as "channel!",
               platform as "platform!: Platform", status as "status!", answer, asked_at as "asked_at!", finished_at
           from pedro.question_view where id = $1"#,
        id.0
    );
    Ok(asked.fetch_optional(db).await?)
}

/// The question that a line asked.
///
/// # Errors
/// When the statement fails.
pub async fn asked_by(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
) -> Result<Option<QuestionId>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: QuestionId" from pedro.question where platform = $1 and platform_message_id = $2"#,
        platform as Platform,
        platform_message_id
    );
    Ok(id.fetch_optional(db).await?)
}

/// A channel with a name for people.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Row id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
}

/// A channel by its name or the platform's id.
///
/// # Errors
/// When the statement fails.
pub async fn channel(db: impl PgExecutor<'_>, platform: Platform, name: &str) -> Result<Option<Channel>, StoreError> {
    let channel = sqlx::query_as!(
        Channel,
        r#"select id as "id: ChannelId", name from pedro.channel
           where platform = $1 and (platform_channel_id = $2 or lower(name) = $2)
           order by platform_channel_id = $2 desc limit 1"#,
        platform as Platform,
        name
    );
    Ok(channel.fetch_optional(db).await?)
}

/// The questions of a channel that somebody works on, and those that ended less than `linger` ago; the oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn on_screen(
    db: impl PgExecutor<'_>,
    channel: ChannelId,
    linger: Duration,
    count: i64,
) -> Result<Vec<Asked>, StoreError> {
    let asked = sqlx::query_as!(
        Asked,
        r#"select id as "id!: QuestionId", workflow_id as "workflow_id!", text as "text!", asker_name as "asker_name!",
               ephemeral as "ephemeral!", wants_plan as "wants_plan!", community as "community!", channel as "channel!",
               platform as "platform!: Platform", status as "status!", answer, asked_at as "asked_at!", finished_at
           from pedro.question_view
           where channel_id = $1
               -- nobody is to see that Pedro is at something that nobody put to it: it may come to nothing
               and not exists (select from pedro.question where question.id = question_view.id
                   and origin <> 'addressed' and question.answer is null)
               and (status in ('working', 'sending')
               or status in ('answered', 'failed') and finished_at > now() - make_interval(secs => $2))
           order by id limit $3"#,
        channel.0,
        linger.as_secs_f64(),
        count
    );
    Ok(asked.fetch_all(db).await?)
}

/// How many questions of a channel nobody has begun.
///
/// # Errors
/// When the statement fails.
pub async fn waiting(db: impl PgExecutor<'_>, channel: ChannelId) -> Result<i64, StoreError> {
    let waiting = sqlx::query_scalar!(
        r#"select count(*) as "count!" from pedro.question where channel_id = $1 and status = 'queued' and origin = 'addressed'"#,
        channel.0
    );
    Ok(waiting.fetch_one(db).await?)
}

//! Forgetting: what was said goes, and everything that was made from it.
//!
//! Used for lines that a platform took back and for people who ask to be forgotten. All functions belong in a
//! transaction: what a stranger finds afterwards is either all or nothing.

mod expired;
mod pointed;
mod seen;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

pub use self::expired::{Expired, expired};
pub use self::pointed::pointed_at;
use super::StoreError;
use super::question::Waiting;
use crate::chat::{ChannelId, MessageId, Platform, QuestionId};

/// What was erased.
#[derive(Debug, Default)]
pub struct Erased {
    /// Rows of chat that went.
    pub lines: u64,
    /// What people still see of it.
    pub seen: Seen,
}

/// What people still see of what is no more: on the platform nothing goes by itself.
#[derive(Debug, Default)]
pub struct Seen {
    /// Open questions: a word stands where their answers would.
    pub open: Vec<Waiting>,
    /// Messages of Pedro's with their channels, the latest first.
    pub said: Vec<(ChannelId, String)>,
    /// Threads that are named by what somebody wrote.
    pub threads: Vec<ChannelId>,
}

/// Removes lines with their embeddings, the generations that quote them (prompt, output, provenance), the answers
/// made by these, what Pedro said in reply to the lines, what was made from those answers in turn, and what was found on
/// the web by queries made from any of them.
///
/// # Errors
/// When a statement fails.
pub async fn messages(connection: &mut PgConnection, ids: &[MessageId]) -> Result<Erased, StoreError> {
    let mut gone: Vec<i64> = ids.iter().map(|id| id.0).collect();
    // Whoever writes embeddings locks these rows first and then touches the messages: the same order here, or the two
    // would wait for each other.
    sqlx::query!(
        "select from pedro.message_unembedded where message_id = any($1) order by message_id for update",
        &gone
    )
    .execute(&mut *connection)
    .await?;
    loop {
        await_writers(connection, &gone).await?;
        let answers = answers_made_from(connection, &gone).await?;
        if answers.is_empty() {
            break;
        }
        gone.extend(answers);
    }
    forget_generations(connection, &gone).await?;
    forget_recaps(connection, &gone).await?;
    forget_searches(connection, &gone).await?;
    forget_steps(connection, &gone).await?;
    let said = seen::said(connection, &gone).await?;
    // The question that a line put goes with the line, and its generations with the question.
    let asked = sqlx::query_scalar!(
        "select question.id from pedro.question join pedro.message using (platform, platform_message_id)
         where message.id = any($1)",
        &gone
    )
    .fetch_all(&mut *connection)
    .await?;
    let open = questions(connection, &asked).await?;
    let done = sqlx::query!("delete from pedro.message where id = any($1)", &gone).execute(connection).await?;
    Ok(Erased { lines: done.rows_affected(), seen: Seen { open, said, threads: Vec::new() } })
}

/// Removes questions with their generations. Those that were still to be answered are returned.
async fn questions(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query!(
        r#"delete from pedro.question where id = any($1)
           returning id, channel_id, reply_target, ephemeral, shown_message_id, round,
               status in ('queued', 'working', 'sending') as "is_open!""#,
        ids
    )
    .fetch_all(connection)
    .await?;
    let open = rows.into_iter().filter(|row| row.is_open).map(|row| Waiting {
        id: QuestionId(row.id),
        channel_id: ChannelId(row.channel_id),
        reply_target: row.reply_target,
        ephemeral: row.ephemeral,
        shown_message_id: row.shown_message_id,
        round: row.round,
    });
    Ok(open.collect())
}

/// Waits for whoever is writing something that was made from these lines, so that what follows sees it; who comes later
/// finds the lines gone.
async fn await_writers(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!("select from pedro.message where id = any($1) order by id for update", ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Pedro's lines that say a generation made from one of the lines, or that reply to one of them; those in the list
/// already are left out.
async fn answers_made_from(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<i64>, StoreError> {
    let answers = sqlx::query_scalar!(
        r#"select answer.id as "id!" from pedro.message as answer
           join pedro.generation_source as source on source.generation_id = answer.generation_id
           where source.message_id = any($1) and answer.id <> all($1)
           union
           select answer.id from pedro.message as answer
           join pedro.message as line on line.platform = answer.platform and line.platform_message_id = answer.reply_to
           where line.id = any($1) and answer.author_kind = 'pedro' and answer.id <> all($1)"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(answers)
}

/// Empties what the model read and wrote wherever one of the lines was quoted, and the answers made from it.
/// The rows stay, as figures: model, tokens, times.
async fn forget_generations(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "with touched as (
             select distinct generation_id from pedro.generation_source where message_id = any($1)
         ), emptied as (
             update pedro.generation set prompt = null, output = null where id in (select generation_id from touched)
             returning question_id
         )
         -- an answer that is not sent yet is made again, without the line
         update pedro.question set answer = null, pieces_sent = 0,
             status = case when status = 'sending' then 'queued' else status end,
             lease_owner = case when status = 'sending' then null else lease_owner end
         where id in (select question_id from emptied)",
        ids
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes the recaps that were made from one of the lines, and the answers of all questions that were given them.
async fn forget_recaps(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "with touched as (
             select distinct recap_id from pedro.recap_source where message_id = any($1)
         )
         update pedro.question set answer = null, pieces_sent = 0,
             status = case when status = 'sending' then 'queued' else status end,
             lease_owner = case when status = 'sending' then null else lease_owner end
         where recap_id in (select recap_id from touched)",
        ids
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from pedro.recap
         where id in (select recap_id from pedro.recap_source where message_id = any($1))",
        ids
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes what was found on the web by a query that was made from one of the lines.
async fn forget_searches(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from pedro.web_search
         where id in (select web_search_id from pedro.web_search_source where message_id = any($1))",
        ids
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Empties the results of steps that were made from one of the lines, and plans that were.
async fn forget_steps(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.plan_step as step set result = null, note = null, citations = '[]'
         from pedro.plan_step_source as source
         where source.message_id = any($1) and source.plan_id = step.plan_id and source.position = step.position",
        ids
    )
    .execute(&mut *connection)
    .await?;
    // What was planned was written by a call of the model that had read one of the lines.
    sqlx::query!(
        "update pedro.plan_step set params = '{}', result = null, note = null, citations = '[]'
         where plan_id in (
             select plan.id from pedro.plan join pedro.generation_source as source using (generation_id)
             where source.message_id = any($1))",
        ids
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes one line by the platform's id, and the question that it put: that of somebody who opted out of storage is
/// kept without its line.
///
/// # Errors
/// When a statement fails.
pub async fn line(connection: &mut PgConnection, platform: Platform, id: &str) -> Result<Erased, StoreError> {
    if let Some(found) = super::message::find(&mut *connection, platform, id).await? {
        return messages(connection, &[found]).await;
    }
    let asked = sqlx::query_scalar!(
        "select id from pedro.question where platform = $1 and platform_message_id = $2",
        platform as Platform,
        id
    )
    .fetch_all(&mut *connection)
    .await?;
    let open = questions(connection, &asked).await?;
    Ok(Erased { lines: 0, seen: Seen { open, ..Seen::default() } })
}

/// Removes the lines of a channel since a moment; of one person, if a user id is given.
///
/// # Errors
/// When a statement fails.
pub async fn channel_lines(
    connection: &mut PgConnection,
    channel: ChannelId,
    platform_user_id: Option<&str>,
    since: Option<DateTime<Utc>>,
) -> Result<Erased, StoreError> {
    let ids = sqlx::query_scalar!(
        "select message.id from pedro.message join pedro.author on author.id = author_id
         where channel_id = $1 and ($2::text is null or author.platform_user_id = $2)
             and ($3::timestamptz is null or sent_at >= $3)",
        channel.0,
        platform_user_id,
        since
    )
    .fetch_all(&mut *connection)
    .await?;
    messages(connection, &ids.into_iter().map(MessageId).collect::<Vec<_>>()).await
}

/// Removes a person: their lines on the platform wherever they were written, what was made from them, their
/// questions, their games, and their row as an author.
///
/// # Errors
/// When a statement fails.
pub async fn person(
    connection: &mut PgConnection,
    platform: Platform,
    platform_user_id: &str,
    person_hash: &[u8],
) -> Result<Erased, StoreError> {
    let (questions_of, named) = seen::of_person(connection, platform, person_hash).await?;
    let ids = sqlx::query_scalar!(
        "select message.id from pedro.message join pedro.author on author.id = author_id
         where author.platform = $1 and author.platform_user_id = $2",
        platform as Platform,
        platform_user_id
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut gone = messages(connection, &ids.into_iter().map(MessageId).collect::<Vec<_>>()).await?;
    let answers = sqlx::query_scalar!(
        "select message.id from pedro.message join pedro.generation on generation.id = generation_id
         join pedro.question on question.id = question_id where question.asker_hash = $1",
        person_hash
    )
    .fetch_all(&mut *connection)
    .await?;
    gone.seen.said.extend(seen::said(connection, &answers).await?);
    sqlx::query!("delete from pedro.message where id = any($1)", &answers).execute(&mut *connection).await?;
    gone.seen.open.extend(questions(connection, &questions_of).await?);
    gone.seen.said.extend(named.said);
    gone.seen.threads = named.threads;
    seen::latest_first(&mut gone.seen.said);
    super::game::forget(&mut *connection, person_hash).await?;
    sqlx::query!(
        "delete from pedro.author where platform = $1 and platform_user_id = $2",
        platform as Platform,
        platform_user_id
    )
    .execute(connection)
    .await?;
    Ok(gone)
}

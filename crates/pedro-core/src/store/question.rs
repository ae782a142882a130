//! `pedro.question`: what Pedro accepted to answer. The table is the queue: a question is accepted (`accept`), taken and
//! ended under a lease (`lease`), and told about while it waits (`waiting`). Here is what concerns all that are open.

mod accept;
mod again;
mod lease;
mod own;
mod shown;
mod unasked;
mod waiting;

use sqlx::{PgConnection, PgExecutor};

pub use accept::{Accepted, Limits, NewQuestion, accept, ahead, settle, withdraw};
pub use again::{Planning, Standing, cancel, last_ended, note_acknowledged, planning, standing};
pub use lease::{Ending, LEASE, Question, claim, finish, first_trouble, keep_answer, note_pieces, release, renew};
pub use own::{OwnQuestion, of_person};
pub use shown::{Shown, note_shown, shown};
pub use unasked::{Origin, drop_unbegun, is_unasked, may_overhear, note_unasked};
pub use waiting::{Waiting, cancel_channel, cancel_person, queued_of, take_expired, take_unacknowledged};

use super::StoreError;
use crate::chat::{Platform, QuestionId};

/// Whose askers a process can speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The platform in whose every channel it can speak.
    pub everywhere: Option<Platform>,
    /// Rows of the channels that it is in besides.
    pub channels: Vec<i64>,
}

/// Whether the question that a line asked is still to be answered. False if the line asked none.
///
/// # Errors
/// When the statement fails.
pub async fn is_open(
    db: impl PgExecutor<'_>,
    platform: Platform,
    platform_message_id: &str,
) -> Result<bool, StoreError> {
    let open = sqlx::query_scalar!(
        r#"select exists (
               select from pedro.question
               where platform = $1 and platform_message_id = $2 and status in ('queued', 'working', 'sending')
           ) as "open!""#,
        platform as Platform,
        platform_message_id
    )
    .fetch_one(db)
    .await?;
    Ok(open)
}

/// The questions that are accepted and not yet answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open {
    /// How many.
    pub count: i64,
    /// Seconds since the oldest of them was asked, or put again; 0 if there is none.
    pub oldest: f64,
}

/// What is open within reach.
///
/// # Errors
/// When the statement fails.
pub async fn open(db: impl PgExecutor<'_>, reach: &Reach) -> Result<Open, StoreError> {
    let open = sqlx::query_as!(
        Open,
        r#"select count(*) as "count!",
                  coalesce(extract(epoch from now() - min(asked_at)), 0)::float8 as "oldest!"
           from pedro.question
           where (platform = $1 or channel_id = any($2))
               and status in ('queued', 'working', 'sending')"#,
        reach.everywhere as Option<Platform>,
        &reach.channels
    )
    .fetch_one(db)
    .await?;
    Ok(open)
}

/// Lets nothing of a person's open questions be kept: they opted out of storage meanwhile.
///
/// # Errors
/// When the statement fails.
pub async fn keep_nothing(db: impl PgExecutor<'_>, asker_hash: &[u8]) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set ephemeral = true
         where asker_hash = $1 and status in ('queued', 'working', 'sending')",
        asker_hash
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether nothing of a question may be kept, as its row says now. Locks the row against a change until the
/// transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn is_ephemeral(connection: &mut PgConnection, id: QuestionId) -> Result<bool, StoreError> {
    let row = sqlx::query_scalar!("select ephemeral from pedro.question where id = $1 for share", id.0)
        .fetch_optional(connection)
        .await?;
    // A row that is gone was forgotten.
    Ok(row.unwrap_or(true))
}

/// Clears away what nobody else does: ended questions of people who opted out, and questions of channels that no process
/// has been in for a day, which would stand before all others in the queue for ever.
///
/// # Errors
/// When a statement fails.
pub async fn sweep(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.question set status = 'expired', finished_at = now(), lease_owner = null, lease_until = null
         where status in ('queued', 'working', 'sending') and asked_at < now() - interval '1 day'
             and (lease_until is null or lease_until < now())"
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("delete from pedro.question where ephemeral and status not in ('queued', 'working', 'sending')")
        .execute(connection)
        .await?;
    Ok(())
}

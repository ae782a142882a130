//! A game whose turn is Pedro's, in a worker's hands: held by a lease that a crash lets go, fenced by the lease's owner
//! when something is written.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{Answer, Outcome};
use crate::chat::{ChannelId, CommunityId, GameId, Platform};
use crate::store::StoreError;
use crate::store::question::{LEASE, Reach};

/// A game that a worker holds.
#[derive(Debug, Clone)]
pub struct Game {
    /// Row id.
    pub id: GameId,
    /// Whose score it counts for.
    pub community_id: CommunityId,
    /// Where it is played.
    pub channel_id: ChannelId,
    /// Who plays.
    pub player_hash: Vec<u8>,
    /// What the player thinks of: never put it into a prompt.
    pub thing: String,
    /// What the questions reply to.
    pub reply_target: Option<serde_json::Value>,
    /// How it ends; the last word about it is to be said then.
    pub outcome: Option<Outcome>,
    /// Questions that were made.
    pub asked: i32,
    /// Tries of this turn that failed.
    pub attempts: i32,
    /// The fence: what is written for this game is written under this owner.
    pub lease_owner: Uuid,
}

/// Takes a game within reach whose turn is Pedro's, but for those that this process holds already. Games that had trouble
/// come last.
///
/// # Errors
/// When the statement fails.
pub async fn claim(db: impl PgExecutor<'_>, reach: &Reach, held: &[i64]) -> Result<Option<Game>, StoreError> {
    let game = sqlx::query_as!(
        Game,
        r#"update pedro.game set lease_owner = $3, lease_until = now() + make_interval(secs => $4)
           where id = (
               select id from pedro.game
               where (platform = $1 or channel_id = any($2))
                   and status in ('thinking', 'telling') and (lease_until is null or lease_until < now())
                   and (not_before is null or not_before < now()) and id <> all($5)
               order by not_before nulls first, id
               limit 1 for update skip locked
           )
           returning id, community_id, channel_id, player_hash, thing, reply_target, outcome as "outcome: Outcome", asked,
               attempts, lease_owner as "lease_owner!""#,
        reach.everywhere as Option<Platform>,
        &reach.channels,
        Uuid::new_v4(),
        LEASE.as_secs_f64(),
        held
    );
    Ok(game.fetch_optional(db).await?)
}

/// Says that a worker is still at it.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has it, it was stopped, or forgotten.
pub async fn renew(db: impl PgExecutor<'_>, id: GameId, owner: Uuid) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.game set lease_until = now() + make_interval(secs => $3) where id = $1 and lease_owner = $2",
        id.0,
        owner,
        LEASE.as_secs_f64()
    )
    .execute(db)
    .await?;
    fenced(done.rows_affected())
}

/// Gives a game back whose turn failed. `counts` says whether that was one of the tries.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has it, it was stopped, or forgotten.
pub async fn release(
    db: impl PgExecutor<'_>,
    id: GameId,
    owner: Uuid,
    wait: Duration,
    counts: bool,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.game set lease_owner = null, lease_until = null, not_before = now() + make_interval(secs => $3),
             attempts = attempts + case when $4 then 1 else 0 end
         where id = $1 and lease_owner = $2",
        id.0,
        owner,
        wait.as_secs_f64(),
        counts
    )
    .execute(db)
    .await?;
    fenced(done.rows_affected())
}

/// A question and what was said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// From 1 on.
    pub number: i32,
    /// What is asked.
    pub question: String,
    /// A yes to it is the end.
    pub is_guess: bool,
    /// What the player said.
    pub answer: Option<Answer>,
    /// The platform's id of the message that shows it.
    pub shown_message_id: Option<String>,
    /// Whether that message's buttons were taken away.
    pub closed: bool,
}

/// The questions of a game, in order.
///
/// # Errors
/// When the statement fails.
pub async fn turns(db: impl PgExecutor<'_>, id: GameId) -> Result<Vec<Turn>, StoreError> {
    let turns = sqlx::query_as!(
        Turn,
        r#"select number, question, is_guess, answer as "answer: Answer", shown_message_id, closed
           from pedro.game_turn where game_id = $1 order by number"#,
        id.0
    );
    Ok(turns.fetch_all(db).await?)
}

/// A question before it has a row.
#[derive(Debug, Clone, Copy)]
pub struct NewTurn<'a> {
    /// From 1 on.
    pub number: i32,
    /// What is asked.
    pub question: &'a str,
    /// A yes to it is the end.
    pub is_guess: bool,
    /// It names the thing: there is nothing left to ask.
    pub is_right: bool,
}

/// Keeps a question before it is said: after a crash it is said, not made again. One that names the thing ends the game.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the game, it was stopped, or forgotten.
pub async fn keep_turn(
    connection: &mut PgConnection,
    id: GameId,
    owner: Uuid,
    turn: &NewTurn<'_>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.game set asked = $3, answered = case when $4 then $3 else answered end, attempts = 0,
             status = case when $4 then 'telling' else status end, outcome = case when $4 then 'won' end
         where id = $1 and lease_owner = $2 and status = 'thinking' and asked = $3 - 1 and answered = asked",
        id.0,
        owner,
        turn.number,
        turn.is_right
    )
    .execute(&mut *connection)
    .await?;
    fenced(done.rows_affected())?;
    sqlx::query!(
        "insert into pedro.game_turn (game_id, number, question, is_guess, closed) values ($1, $2, $3, $4, $5)",
        id.0,
        turn.number,
        turn.question,
        turn.is_guess,
        turn.is_right
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that a question was said: it is the player's turn, unless a button was pressed already, and the game is let go.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the game, it was stopped, or forgotten.
pub async fn note_shown(
    connection: &mut PgConnection,
    id: GameId,
    owner: Uuid,
    number: i32,
    shown_message_id: &str,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.game set lease_owner = null, lease_until = null, not_before = null,
             status = case when answered < asked then 'asking' else status end,
             waiting_since = case when answered < asked then now() end
         where id = $1 and lease_owner = $2",
        id.0,
        owner
    )
    .execute(&mut *connection)
    .await?;
    fenced(done.rows_affected())?;
    // The game's row first, as whoever takes an answer does it: the two would wait for each other.
    sqlx::query!(
        "update pedro.game_turn set shown_message_id = $3 where game_id = $1 and number = $2",
        id.0,
        number,
        shown_message_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the message in which a player saw a question, if none is noted yet.
///
/// # Errors
/// When the statement fails.
pub async fn note_seen(
    db: impl PgExecutor<'_>,
    id: GameId,
    number: i32,
    shown_message_id: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update pedro.game_turn set shown_message_id = $3
         where game_id = $1 and number = $2 and shown_message_id is null",
        id.0,
        number,
        shown_message_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a question's buttons were taken away.
///
/// # Errors
/// When the statement fails.
pub async fn close_turn(db: impl PgExecutor<'_>, id: GameId, number: i32) -> Result<(), StoreError> {
    sqlx::query!("update pedro.game_turn set closed = true where game_id = $1 and number = $2", id.0, number)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends a game whose last word is out.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the game, or it was forgotten.
pub async fn finish(db: impl PgExecutor<'_>, id: GameId, owner: Uuid) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update pedro.game set status = outcome, finished_at = now(), lease_owner = null, lease_until = null
         where id = $1 and lease_owner = $2 and status = 'telling'",
        id.0,
        owner
    )
    .execute(db)
    .await?;
    fenced(done.rows_affected())
}

/// Ends a game in which nothing more can be said.
///
/// # Errors
/// [`StoreError::LeaseLost`] if somebody else has the game, it was stopped, or forgotten.
pub async fn give_up(db: impl PgExecutor<'_>, id: GameId, owner: Uuid) -> Result<Outcome, StoreError> {
    let outcome = sqlx::query_scalar!(
        r#"update pedro.game set status = coalesce(outcome, 'abandoned'), outcome = coalesce(outcome, 'abandoned'),
               finished_at = now(), lease_owner = null, lease_until = null
           where id = $1 and lease_owner = $2
           returning outcome as "outcome!: Outcome""#,
        id.0,
        owner
    );
    outcome.fetch_optional(db).await?.ok_or(StoreError::LeaseLost)
}

fn fenced(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}

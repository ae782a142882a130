//! `pedro.game` and `pedro.game_turn`: games of twenty questions. A game is begun and answered here; what Pedro does in its
//! turn is done under a lease (`lease`); games whose player is silent or gone are looked after (`upkeep`).

mod lease;
mod own;
mod upkeep;

use sqlx::{PgConnection, PgExecutor};

pub use lease::{
    Game, NewTurn, Turn, claim, close_turn, finish, give_up, keep_turn, note_seen, note_shown, release, renew, turns,
};
pub use own::{OwnGame, of_person};
pub use upkeep::{Notice, abandon_paused, forget, stop_channel, sweep, take_silent};

use super::StoreError;
use crate::chat::{ChannelId, CommunityId, GameId, Platform};

/// How many questions Pedro has.
pub const QUESTIONS: i32 = 20;

/// What a player says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// It may be so or not.
    Sometimes,
    /// The player does not know.
    Unknown,
}

/// How a game ends, as Pedro sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Outcome {
    /// The thing was guessed.
    Won,
    /// It was not.
    Lost,
    /// Nobody knows.
    Abandoned,
}

/// A game before it has a row.
#[derive(Debug, Clone)]
pub struct NewGame<'a> {
    /// Whose score it counts for.
    pub community: CommunityId,
    /// Where it is played.
    pub channel: ChannelId,
    /// Where it was begun.
    pub begun_in: ChannelId,
    /// Platform of both.
    pub platform: Platform,
    /// Keyed hash of the player's user id.
    pub player_hash: &'a [u8],
    /// What the player thinks of.
    pub thing: &'a str,
    /// What the questions reply to.
    pub reply_target: Option<serde_json::Value>,
}

/// Begins a game. `None` if the player has an open one that was begun in the same channel.
///
/// # Errors
/// When the statement fails.
pub async fn insert(db: impl PgExecutor<'_>, new: &NewGame<'_>) -> Result<Option<GameId>, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into pedro.game (community_id, channel_id, begun_in, platform, player_hash, thing, reply_target)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (begun_in, player_hash) where status in ('thinking', 'asking') do nothing
         returning id",
        new.community.0,
        new.channel.0,
        new.begun_in.0,
        new.platform as Platform,
        new.player_hash,
        new.thing,
        new.reply_target
    )
    .fetch_optional(db)
    .await?;
    Ok(id.map(GameId))
}

/// Where the open game is played that a player began in a channel: the row, and the platform's id.
///
/// # Errors
/// When the statement fails.
pub async fn open_game(
    db: impl PgExecutor<'_>,
    begun_in: ChannelId,
    player_hash: &[u8],
) -> Result<Option<(ChannelId, String)>, StoreError> {
    let played_in = sqlx::query!(
        "select channel.id, platform_channel_id from pedro.game join pedro.channel on channel.id = game.channel_id
         where begun_in = $1 and player_hash = $2 and game.status in ('thinking', 'asking')",
        begun_in.0,
        player_hash
    );
    Ok(played_in.fetch_optional(db).await?.map(|row| (ChannelId(row.id), row.platform_channel_id)))
}

/// Games that came to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Pedro guessed it, in the whole community.
    pub won: i64,
    /// It did not.
    pub lost: i64,
    /// Pedro guessed it, playing with this person.
    pub won_with_player: i64,
    /// It did not.
    pub lost_with_player: i64,
}

/// The score of a community, and of one of its players.
///
/// # Errors
/// When the statement fails.
pub async fn score(db: impl PgExecutor<'_>, community: CommunityId, player_hash: &[u8]) -> Result<Score, StoreError> {
    let score = sqlx::query_as!(
        Score,
        r#"select count(*) filter (where outcome = 'won') as "won!",
               count(*) filter (where outcome = 'lost') as "lost!",
               count(*) filter (where outcome = 'won' and player_hash = $2) as "won_with_player!",
               count(*) filter (where outcome = 'lost' and player_hash = $2) as "lost_with_player!"
           from pedro.game where community_id = $1 and outcome in ('won', 'lost')"#,
        community.0,
        player_hash
    );
    Ok(score.fetch_one(db).await?)
}

/// A game as it stands for its player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Row id.
    pub id: GameId,
    /// Where it is played.
    pub channel_id: ChannelId,
    /// Who may answer.
    pub player_hash: Vec<u8>,
    /// The number of the last question.
    pub asked: i32,
    /// Whether that question was said and is to be answered.
    pub is_players_turn: bool,
    /// Whether the game goes on.
    pub is_open: bool,
}

/// How a game stands; `None` if it is gone.
///
/// # Errors
/// When the statement fails.
pub async fn standing(db: impl PgExecutor<'_>, id: GameId) -> Result<Option<Standing>, StoreError> {
    let standing = sqlx::query_as!(
        Standing,
        r#"select id, channel_id, player_hash, asked, status = 'asking' as "is_players_turn!",
               status in ('thinking', 'asking') as "is_open!"
           from pedro.game where id = $1"#,
        id.0
    );
    Ok(standing.fetch_optional(db).await?)
}

/// How a player's game in a channel stands; `None` if there is no open one.
///
/// # Errors
/// When the statement fails.
pub async fn standing_in(
    db: impl PgExecutor<'_>,
    channel: ChannelId,
    player_hash: &[u8],
) -> Result<Option<Standing>, StoreError> {
    let standing = sqlx::query_as!(
        Standing,
        r#"select id, channel_id, player_hash, asked, status = 'asking' as "is_players_turn!", true as "is_open!"
           from pedro.game
           where channel_id = $1 and player_hash = $2 and status in ('thinking', 'asking')
           order by id desc limit 1"#,
        channel.0,
        player_hash
    );
    Ok(standing.fetch_optional(db).await?)
}

/// Takes the answer to a question: it is Pedro's turn then, or the game is decided. False if the question is not the last
/// one, or is answered already. A question that is out but not yet noted as said can be answered.
///
/// # Errors
/// When a statement fails.
pub async fn take_answer(
    connection: &mut PgConnection,
    id: GameId,
    number: i32,
    answer: Answer,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update pedro.game set answered = asked, attempts = 0, not_before = null, waiting_since = null, paused_at = null,
             status = case when turn.outcome is null then 'thinking' else 'telling' end, outcome = turn.outcome
         from (
             select game_id, number, case when is_guess and $3 = 'yes' then 'won' when number = $4 then 'lost' end as outcome
             from pedro.game_turn
         ) as turn
         where id = $1 and asked = $2 and answered < asked and status in ('thinking', 'asking')
             and turn.game_id = id and turn.number = $2",
        id.0,
        number,
        answer as Answer,
        QUESTIONS
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "update pedro.game_turn set answer = $3 where game_id = $1 and number = $2",
        id.0,
        number,
        answer as Answer
    )
    .execute(connection)
    .await?;
    Ok(true)
}

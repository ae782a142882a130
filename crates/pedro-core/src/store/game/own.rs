//! A person's games as they are given them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;

use crate::store::StoreError;

/// One game of a person.
#[derive(Debug, Clone, serde::Serialize)]
pub struct OwnGame {
    /// When it was begun.
    pub begun_at: DateTime<Utc>,
    /// What they thought of.
    pub thing: String,
    /// How it ended, as Pedro sees it; nothing while it goes on.
    pub outcome: Option<String>,
    /// What Pedro asked and they said.
    pub turns: Value,
}

/// The games of a person, oldest first.
///
/// # Errors
/// When the statement fails.
pub async fn of_person(db: impl PgExecutor<'_>, player_hash: &[u8]) -> Result<Vec<OwnGame>, StoreError> {
    let games = sqlx::query_as!(
        OwnGame,
        r#"select begun_at, thing, outcome,
               coalesce(
                   (select json_agg(json_build_object('question', question, 'answer', answer) order by number)
                    from pedro.game_turn where game_id = game.id),
                   '[]'
               ) as "turns!"
           from pedro.game where player_hash = $1 order by id"#,
        player_hash
    );
    Ok(games.fetch_all(db).await?)
}

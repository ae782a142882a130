//! `pedro.twitch_token`: what lets Pedro into Twitch, as it was sealed by [`Seal`](crate::service::Seal).

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::StoreError;

/// A token of the bot's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwitchToken {
    /// Sealed.
    pub access_token: Vec<u8>,
    /// Sealed; `None`: it cannot be refreshed.
    pub refresh_token: Option<Vec<u8>>,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub obtained_at: DateTime<Utc>,
    /// `None`: Twitch names no end.
    pub expires_at: Option<DateTime<Utc>>,
    /// Hash of the tokens that were configured when it was obtained; `None`: there were none.
    pub given_hash: Option<Vec<u8>>,
}

/// The token of the account with this login.
///
/// # Errors
/// When the statement fails.
pub async fn load(db: impl PgExecutor<'_>, login: &str) -> Result<Option<TwitchToken>, StoreError> {
    let token = sqlx::query_as!(
        TwitchToken,
        "select access_token, refresh_token, scopes, obtained_at, expires_at, given_hash
         from pedro.twitch_token where login = $1",
        login
    )
    .fetch_optional(db)
    .await?;
    Ok(token)
}

/// Keeps a token; the account's former one is gone.
///
/// # Errors
/// When the statement fails.
pub async fn keep(db: impl PgExecutor<'_>, login: &str, token: &TwitchToken) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into pedro.twitch_token (login, access_token, refresh_token, scopes, obtained_at, expires_at, given_hash)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (login) do update set access_token = excluded.access_token, refresh_token = excluded.refresh_token,
             scopes = excluded.scopes, obtained_at = excluded.obtained_at, expires_at = excluded.expires_at,
             given_hash = excluded.given_hash",
        login,
        token.access_token,
        token.refresh_token,
        &token.scopes,
        token.obtained_at,
        token.expires_at,
        token.given_hash
    )
    .execute(db)
    .await?;
    Ok(())
}

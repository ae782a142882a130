//! A token of the bot's account: how long it is good, and how it is kept between two runs.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pedro_core::service::{Seal, SealError, Secret};
use pedro_core::store::{StoreError, twitch_token};
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use crate::oauth::{Issued, Validated};

/// A token is exchanged so long before its end, or when a third of its life is left if that is shorter.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// What lets Pedro into Twitch.
#[derive(Debug, Clone)]
pub struct Token {
    /// What is shown to Twitch, without `oauth:`.
    pub access: Secret,
    /// What it is exchanged for a new one with.
    pub refresh: Option<Secret>,
    /// What it allows; empty if that is not known.
    pub scopes: Vec<String>,
    /// Since when Pedro has it.
    pub obtained_at: DateTime<Utc>,
    /// `None`: not known, or never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Token {
    /// A token given by hand, of which nothing is known.
    pub fn given(access: Secret, refresh: Option<Secret>) -> Self {
        Self { access, refresh, scopes: Vec::new(), obtained_at: Utc::now(), expires_at: None }
    }

    /// A token that Twitch has just issued. It may leave the refresh token as it is.
    pub fn issued(issued: Issued, former: Option<&Self>) -> Self {
        let now = Utc::now();
        let refresh = issued.refresh_token.or_else(|| former.and_then(|former| former.refresh.clone()));
        Self {
            access: issued.access_token,
            refresh,
            scopes: issued.scope,
            obtained_at: now,
            expires_at: end_of(issued.expires_in, now),
        }
    }

    /// With what Twitch says of it.
    pub fn known(mut self, validated: &Validated) -> Self {
        self.scopes.clone_from(&validated.scopes);
        self.expires_at = end_of(validated.expires_in, Utc::now());
        self
    }

    /// When it should be exchanged for a new one; `None`: never, or it cannot be.
    pub fn refresh_due(&self) -> Option<DateTime<Utc>> {
        let (end, _) = (self.expires_at?, self.refresh.as_ref()?);
        Some(end - AHEAD.min((end - self.obtained_at) / 3))
    }
}

fn end_of(seconds: u64, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let lifetime = (seconds > 0).then(|| Duration::from_secs(seconds))?;
    Some(now + TimeDelta::from_std(lifetime).ok()?)
}

/// Tells tokens in the configuration from those that stood there before, without keeping them. `None`: there are none.
pub fn hash_of_given(access: Option<&Secret>, refresh: Option<&Secret>) -> Option<Vec<u8>> {
    let mut hash = Sha256::new();
    for given in [access, refresh] {
        hash.update(given.map_or("", Secret::expose));
        hash.update([0]);
    }
    (access.is_some() || refresh.is_some()).then(|| hash.finalize().to_vec())
}

/// Why a token cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key.
    #[error("the stored Twitch token cannot be used: {0}")]
    Seal(#[from] SealError),
}

/// Where the account's token lies between two runs.
#[derive(Clone)]
pub struct Shelf {
    /// The database.
    pub pool: PgPool,
    /// The operator's key.
    pub seal: Seal,
    /// The account, lower case.
    pub login: String,
}

impl Shelf {
    /// The token that lies there, and the hash of what was configured when it was obtained.
    ///
    /// # Errors
    /// When the database is away, or the key is another one.
    pub async fn load(&self) -> Result<Option<(Token, Option<Vec<u8>>)>, ShelfError> {
        let Some(row) = twitch_token::load(&self.pool, &self.login).await? else { return Ok(None) };
        let refresh = row.refresh_token.as_deref().map(|sealed| self.seal.open(sealed, &self.place("refresh")));
        let token = Token {
            access: self.seal.open(&row.access_token, &self.place("access"))?,
            refresh: refresh.transpose()?,
            scopes: row.scopes,
            obtained_at: row.obtained_at,
            expires_at: row.expires_at,
        };
        Ok(Some((token, row.given_hash)))
    }

    /// Puts a token there; the former one is gone.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn keep(&self, token: &Token, given_hash: Option<Vec<u8>>) -> Result<(), ShelfError> {
        let refresh = token.refresh.as_ref().map(|secret| self.seal.close(secret, &self.place("refresh")));
        let row = twitch_token::TwitchToken {
            access_token: self.seal.close(&token.access, &self.place("access"))?,
            refresh_token: refresh.transpose()?,
            scopes: token.scopes.clone(),
            obtained_at: token.obtained_at,
            expires_at: token.expires_at,
            given_hash,
        };
        Ok(twitch_token::keep(&self.pool, &self.login, &row).await?)
    }

    /// A sealed token of one account, or of one kind, does not open as another.
    fn place(&self, kind: &str) -> String {
        format!("twitch_token.{kind}.{}", self.login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(lifetime: i64, refresh: bool) -> Token {
        let now = Utc::now();
        let refresh = refresh.then(|| Secret::new("r"));
        let expires_at = Some(now + TimeDelta::seconds(lifetime));
        Token { access: Secret::new("a"), refresh, scopes: Vec::new(), obtained_at: now, expires_at }
    }

    #[test]
    fn a_token_is_refreshed_ahead_of_its_end() {
        let due = |token: &Token| token.refresh_due().map(|due| (due - token.obtained_at).num_seconds());
        assert_eq!(due(&token(4 * 3_600, true)), Some(4 * 3_600 - 600));
        assert_eq!(due(&token(6, true)), Some(4), "one that lives seconds too");
        assert_eq!(due(&token(6, false)), None);
        assert_eq!(due(&Token::given(Secret::new("a"), Some(Secret::new("r")))), None, "its end is not known");
    }

    #[test]
    fn tokens_in_the_configuration_are_told_from_others() {
        let secret = |text: &str| Some(Secret::new(text));
        let hash = |access: &Option<Secret>, refresh: &Option<Secret>| hash_of_given(access.as_ref(), refresh.as_ref());
        assert_eq!(hash(&None, &None), None);
        assert_eq!(hash(&secret("ab"), &None), hash(&secret("ab"), &None));
        assert_ne!(hash(&secret("ab"), &None), hash(&secret("a"), &secret("b")));
        assert_ne!(hash(&secret("ab"), &None), hash(&None, &secret("ab")));
    }
}

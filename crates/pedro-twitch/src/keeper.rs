//! Keeps Pedro signed in: takes the token that was kept or given by hand, exchanges it ahead of its end, asks Twitch
//! every hour whether it is still good, and has somebody sign in again when nothing else helps.

mod dates;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use pedro_core::service::metrics::record;
use pedro_core::service::{Secret, Shutdown};
use pedro_twitch::oauth::{OAuth, OAuthError, Validated};
use pedro_twitch::sign_in::{CHAT_SCOPES, good_for};
use pedro_twitch::token::{Shelf, ShelfError, Token};
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::dates::{Dates, until};
use crate::pause::Pause;
use crate::tokens::{Refuser, Tokens};

/// Twitch wants a token to be validated so often. <https://dev.twitch.tv/docs/authentication/validate-tokens/>
const VALIDATE_EVERY: TimeDelta = TimeDelta::hours(1);

/// When Twitch could not be asked, it is asked again after this.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// How often the time that is left is written to the metrics.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// A database that is away does not hold up who waits for the token for longer than so many attempts.
const STORE_TRIES: u32 = 3;

/// Keeps the token of one account.
pub(crate) struct Keeper {
    pub(crate) oauth: OAuth,
    pub(crate) shelf: Shelf,
    pub(crate) tokens: Arc<Tokens>,
    /// `TWITCH_TOKEN` and `TWITCH_REFRESH_TOKEN`.
    pub(crate) given: (Option<Secret>, Option<Secret>),
    pub(crate) given_hash: Option<Vec<u8>>,
    pub(crate) webhook: Option<Secret>,
    /// Between two attempts at what Twitch refuses.
    pub(crate) pause: Pause,
    pub(crate) shutdown: Shutdown,
}

impl Keeper {
    /// Keeps Pedro signed in until told to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let tokens = Arc::clone(&self.tokens);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tell_time_left(&tokens) => {}
            () = self.keep() => {}
        }
    }

    async fn keep(&mut self) {
        let mut token = self.first().await;
        loop {
            self.tokens.set(Some(token.clone()));
            token = self.look_after(token).await;
        }
    }

    /// The first token that Twitch takes: what was given by hand if it is new, what was kept, and the other way round.
    async fn first(&mut self) -> Token {
        for token in self.candidates().await {
            if let Some(token) = self.usable(token).await {
                return token;
            }
        }
        self.sign_in().await
    }

    async fn candidates(&self) -> Vec<Token> {
        let (access, refresh) = &self.given;
        let given = access.clone().or_else(|| refresh.as_ref().map(|_| Secret::new("")));
        let given = given.map(|access| Token::given(access, refresh.clone()));
        match self.shelf.load().await {
            Ok(Some((kept, hash))) if given.is_none() || hash == self.given_hash => {
                [Some(kept), given].into_iter().flatten().collect()
            }
            Ok(kept) => given.into_iter().chain(kept.map(|(token, _)| token)).collect(),
            Err(error) => {
                tracing::warn!(%error, "the stored token is not used: {error}");
                given.into_iter().collect()
            }
        }
    }

    /// The token, or the one it is exchanged for; `None` if it is worthless. While Twitch does not answer, it is taken
    /// as it is: chat will say what it thinks of it.
    async fn usable(&self, token: Token) -> Option<Token> {
        if !token.access.is_empty() {
            match self.oauth.validate(&token.access).await {
                Ok(validated) => {
                    if !self.is_ours(&validated) {
                        return None;
                    }
                    let token = token.known(&validated);
                    store(&self.shelf, &token, self.given_hash.clone()).await;
                    return Some(token);
                }
                Err(OAuthError::Refused) => {}
                Err(error) => {
                    tracing::warn!(%error, "the token could not be checked: {error}");
                    return Some(token);
                }
            }
        }
        let new = self.exchange(&token).await?;
        match self.oauth.validate(&new.access).await {
            Ok(validated) if !self.is_ours(&validated) => None,
            Ok(validated) => Some(new.known(&validated)),
            Err(_) => Some(new),
        }
    }

    fn is_ours(&self, validated: &Validated) -> bool {
        let (login, wanted) = (validated.login.as_deref().unwrap_or_default(), &self.shelf.login);
        let is_ours = login.eq_ignore_ascii_case(wanted);
        if !is_ours {
            tracing::error!("the token is {login:?}'s, and TWITCH_BOT_LOGIN is {wanted:?}: it is not used");
        }
        is_ours
    }

    /// A new token for the refresh token, however long Twitch takes to answer; `None` if there is none, or it is worthless.
    async fn exchange(&self, token: &Token) -> Option<Token> {
        token.refresh.as_ref()?;
        let mut pause = Pause::for_trouble();
        loop {
            match self.exchange_once(token.clone()).await {
                Ok(new) => {
                    tracing::info!("Twitch's token was exchanged: the new one is good {}", good_for(&new));
                    return Some(new);
                }
                Err(error @ (OAuthError::Refused | OAuthError::Application | OAuthError::NoApplication)) => {
                    tracing::warn!(%error, "Twitch's token cannot be exchanged: {error}");
                    return None;
                }
                Err(error) => {
                    tracing::warn!(%error, "Twitch's token could not be exchanged, trying again: {error}");
                    pause.wait().await;
                }
            }
        }
    }

    /// A refresh token may be good for once only: a stop that comes while Twitch answers must not lose the next one.
    async fn exchange_once(&self, token: Token) -> Result<Token, OAuthError> {
        let (answer, answered) = oneshot::channel();
        let (oauth, shelf, given_hash) = (self.oauth.clone(), self.shelf.clone(), self.given_hash.clone());
        self.shutdown.spawn("token exchange", async move {
            let refresh = token.refresh.clone().unwrap_or_else(|| Secret::new(""));
            let new = oauth.refresh(&refresh).await.map(|issued| Token::issued(issued, Some(&token)));
            if let Ok(new) = &new {
                store(&shelf, new, given_hash).await;
            }
            // Nobody waits for it any more when Pedro stops.
            let _gone = answer.send(new);
        });
        answered.await.unwrap_or_else(|_| Err(OAuthError::Unreachable("Pedro stops".to_owned())))
    }

    /// Watches over a token until there is another one.
    async fn look_after(&mut self, mut token: Token) -> Token {
        // What is not known is asked soon: Twitch did not answer at the start.
        let known = !token.scopes.is_empty() || token.expires_at.is_some();
        let first = if known { VALIDATE_EVERY } else { ASK_AGAIN };
        let mut dates = Dates::of(&token, first);
        loop {
            let tokens = Arc::clone(&self.tokens);
            tokio::select! {
                by = tokens.until_refused() => return self.renew(token, by).await,
                // Who refuses it meanwhile is helped by the new one.
                () = until(dates.refresh) => match self.exchange(&token).await {
                    Some(new) => return new,
                    // Good until its end; then somebody has to sign in.
                    None => token.refresh = None,
                },
                () = until(Some(dates.validate)) => match self.oauth.validate(&token.access).await {
                    Ok(validated) => {
                        token = token.known(&validated);
                        dates = Dates::of(&token, VALIDATE_EVERY);
                        continue;
                    }
                    Err(OAuthError::Refused) => {
                        tokens.refused(&token.access, Refuser::Check);
                        return self.renew(token, Refuser::Check).await;
                    }
                    Err(error) => tracing::warn!(%error, "the token could not be checked: {error}"),
                },
            }
            dates = Dates::of(&token, ASK_AGAIN);
        }
    }

    /// Twitch refused the token: another one, as quickly as helps.
    async fn renew(&mut self, token: Token, by: Refuser) -> Token {
        tracing::warn!(?by, "Twitch refused the token");
        self.pause.wait().await;
        if let Some(kept) = self.kept_since(&token).await {
            return kept;
        }
        if let Some(new) = self.exchange(&token).await {
            return new;
        }
        match self.oauth.validate(&token.access).await {
            // It is not the token: chat is in trouble, or the application is another one.
            Ok(validated) if CHAT_SCOPES.iter().all(|scope| validated.scopes.iter().any(|has| has == scope)) => {
                self.tokens.accepted(&token.access, Refuser::Check);
                Token { refresh: None, ..token.known(&validated) }
            }
            Ok(_) => {
                tracing::error!("the token lacks the scopes {}", CHAT_SCOPES.join(" and "));
                self.sign_in().await
            }
            Err(OAuthError::Refused) => self.sign_in().await,
            Err(error) => {
                tracing::warn!(%error, "the refused token could not be checked: {error}");
                token
            }
        }
    }

    async fn kept_since(&self, refused: &Token) -> Option<Token> {
        let (kept, _) = self.shelf.load().await.ok().flatten()?;
        if !is_another(&kept, refused) {
            return None;
        }
        self.usable(kept).await
    }
}

/// A token that cannot be kept still holds in this run.
async fn store(shelf: &Shelf, token: &Token, given_hash: Option<Vec<u8>>) {
    let mut pause = Pause::for_trouble();
    for _ in 0..STORE_TRIES {
        match shelf.keep(token, given_hash.clone()).await {
            Ok(()) => return,
            Err(error @ ShelfError::Seal(_)) => return tracing::error!(%error, "the token is not kept: {error}"),
            Err(error) => tracing::warn!(%error, "the token could not be kept: {error}"),
        }
        pause.wait().await;
    }
}

fn is_another(token: &Token, other: &Token) -> bool {
    token.access.expose() != other.access.expose()
}

/// Nobody being signed in shows as 0, but not while Pedro starts.
async fn tell_time_left(tokens: &Tokens) {
    loop {
        sleep(TELL_EVERY).await;
        match tokens.current().map(|token| token.expires_at) {
            Some(Some(end)) => record::token_expires_in((end - Utc::now()).to_std().unwrap_or_default()),
            Some(None) => {}
            None => record::token_expires_in(Duration::ZERO),
        }
    }
}

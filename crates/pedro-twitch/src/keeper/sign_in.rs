//! Nobody is signed in: somebody is asked to let Pedro in.

use std::time::Duration;

use pedro_twitch::sign_in::{self, SCOPES};
use pedro_twitch::token::Token;
use tokio::time::sleep;

use super::{Keeper, is_another};

/// Whether somebody signed in with the operator's command is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Keeper {
    /// Has somebody let Pedro in, however long that takes.
    pub(super) async fn sign_in(&mut self) -> Token {
        self.tokens.set(None);
        let mut before = self.shelf.load().await.ok().flatten().map(|(token, _)| token);
        loop {
            let kept = tokio::select! {
                token = self.ask_somebody() => token,
                token = self.until_kept(before.as_ref()) => Some(token),
            };
            if let Some(token) = kept {
                if let Some(token) = self.usable(token.clone()).await {
                    tracing::info!("Pedro is signed in to Twitch; its token is good {}", sign_in::good_for(&token));
                    return token;
                }
                before = Some(token);
            }
            self.pause.wait().await;
        }
    }

    /// One code, until somebody uses it or it is worthless.
    async fn ask_somebody(&self) -> Option<Token> {
        if !self.oauth.has_application() {
            tracing::error!(
                "Pedro is not signed in to Twitch, and without TWITCH_ID nobody can let it in: set it, or give a valid TWITCH_TOKEN"
            );
            return std::future::pending().await;
        }
        let device = match self.oauth.begin_device(&SCOPES).await {
            Ok(device) => device,
            Err(error) => {
                tracing::warn!(%error, "there is no code to sign in with, trying again: {error}");
                return None;
            }
        };
        let words = sign_in::words(&device, &self.shelf.login);
        tracing::warn!("{words}");
        if let Some(webhook) = &self.webhook
            && let Err(error) = sign_in::tell_discord(webhook, &words).await
        {
            tracing::warn!(error, "TWITCH_SIGN_IN_WEBHOOK could not be told: {error}");
        }
        match sign_in::wait_for(&self.oauth, &device, &self.shelf.login).await {
            Ok(token) => Some(token),
            Err(error) => {
                tracing::warn!(%error, "not signed in to Twitch: {error}");
                None
            }
        }
    }

    /// Waits until another token lies on the shelf: `pedro login twitch` puts it there.
    async fn until_kept(&self, before: Option<&Token>) -> Token {
        loop {
            sleep(LOOK_EVERY).await;
            match self.shelf.load().await {
                Ok(Some((token, _))) if before.is_none_or(|before| is_another(&token, before)) => return token,
                _ => {}
            }
        }
    }
}

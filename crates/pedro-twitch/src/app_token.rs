//! The application's own token: it reads what everybody may read, also while nobody is signed in, and lets Pedro speak with
//! the bot badge.

use chrono::{DateTime, TimeDelta, Utc};
use pedro_core::service::Secret;
use pedro_twitch::oauth::{OAuth, OAuthError};
use tokio::sync::Mutex;

/// A token is no longer used when it has so little left.
const TOO_OLD: TimeDelta = TimeDelta::minutes(1);

/// Gets one when it is needed, and keeps it for as long as it is good.
pub(crate) struct AppToken {
    oauth: OAuth,
    /// With its end.
    kept: Mutex<Option<(Secret, DateTime<Utc>)>>,
}

impl AppToken {
    /// Of the application that this client asks for; it must have a secret.
    pub(crate) fn new(oauth: OAuth) -> Self {
        Self { oauth, kept: Mutex::default() }
    }

    /// The token, a new one if need be.
    pub(crate) async fn get(&self) -> Result<Secret, OAuthError> {
        // Held while it is asked for: those who wait want the same one.
        let mut kept = self.kept.lock().await;
        if let Some((token, end)) = &*kept
            && *end - TOO_OLD > Utc::now()
        {
            return Ok(token.clone());
        }
        let issued = self.oauth.app_token().await?;
        let lifetime = TimeDelta::seconds(i64::try_from(issued.expires_in).unwrap_or(i64::MAX / 1_000));
        *kept = Some((issued.access_token.clone(), Utc::now() + lifetime));
        Ok(issued.access_token)
    }

    /// Twitch refused this one: another is asked for next time.
    pub(crate) async fn refused(&self, token: &Secret) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|(now, _)| now.expose() == token.expose()) {
            *kept = None;
        }
    }
}

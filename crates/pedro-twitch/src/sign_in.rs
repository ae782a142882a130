//! Signing in by the device code flow: a code for people goes to the log and to a Discord channel, and whoever opens
//! the address as the bot's account lets Pedro in.

use std::time::Duration;

use chrono::Utc;
use pedro_core::service::Secret;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::oauth::{Device, OAuth, OAuthError};
use crate::token::Token;

/// Reading and writing chat, over IRC and over the API.
pub const SCOPES: [&str; 5] = ["chat:read", "chat:edit", "user:read:chat", "user:write:chat", "user:bot"];

/// What IRC needs at least.
pub const CHAT_SCOPES: [&str; 2] = ["chat:read", "chat:edit"];

/// Discord may take so long.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Twitch is not asked more often, whatever it allows.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No code could be had, or it could not be redeemed.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// Nobody came in time.
    #[error("nobody used the code in time")]
    Expired,
    /// Somebody came, but as another account.
    #[error(
        "somebody signed in as {came:?}, and the bot is {wanted:?}: open the address while signed in as the bot's account"
    )]
    WrongAccount {
        /// Who came.
        came: String,
        /// Who should have come: `TWITCH_BOT_LOGIN`.
        wanted: String,
    },
}

/// Waits until somebody has let Pedro in with this code.
///
/// # Errors
/// When nobody does in time, or the wrong account does.
pub async fn wait_for(oauth: &OAuth, device: &Device, login: &str) -> Result<Token, SignInError> {
    let until = Instant::now() + Duration::from_secs(device.expires_in);
    let interval = Duration::from_secs(device.interval).max(SHORTEST_INTERVAL);
    while Instant::now() < until {
        sleep(interval).await;
        match oauth.redeem(device, &SCOPES).await {
            Ok(issued) => return belongs_to(oauth, Token::issued(issued, None), login).await,
            Err(OAuthError::Refused) => return Err(SignInError::Expired),
            Err(error @ (OAuthError::Application | OAuthError::NoApplication)) => return Err(error.into()),
            // Twitch hiccups; the code is still good.
            Err(_) => {}
        }
    }
    Err(SignInError::Expired)
}

/// A code is redeemed once: what it brought is not thrown away because Twitch hiccups now.
async fn belongs_to(oauth: &OAuth, token: Token, login: &str) -> Result<Token, SignInError> {
    let validated = match oauth.validate(&token.access).await {
        Ok(validated) => validated,
        Err(OAuthError::Refused) => return Err(OAuthError::Refused.into()),
        Err(_) => return Ok(token),
    };
    let came = validated.login.unwrap_or_default();
    if came.eq_ignore_ascii_case(login) {
        return Ok(token);
    }
    Err(SignInError::WrongAccount { came, wanted: login.to_owned() })
}

/// What people are told to do.
pub fn words(device: &Device, login: &str) -> String {
    let minutes = device.expires_in.div_ceil(60);
    let Device { user_code, verification_uri, .. } = device;
    format!(
        "Pedro must be let into Twitch: open {verification_uri} signed in as {login} and confirm the code {user_code} (good for {minutes} minutes)"
    )
}

/// Tells a Discord channel. The webhook's address is a secret: who has it can write there.
///
/// # Errors
/// In words, without the address.
pub async fn tell_discord(webhook: &Secret, words: &str) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(WEBHOOK_TIMEOUT).build();
    let client = client.map_err(|error| error.without_url().to_string())?;
    let body = json!({ "content": words, "allowed_mentions": { "parse": [] } });
    let answer = client.post(webhook.expose()).json(&body).send().await;
    match answer.map_err(|error| error.without_url().to_string())?.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("Discord answered with status {}", status.as_u16())),
    }
}

/// How long a token is still good, in words for people.
pub fn good_for(token: &Token) -> String {
    match token.expires_at.map(|end| (end - Utc::now()).num_minutes()) {
        None => "without an end".to_owned(),
        Some(minutes) if minutes < 120 => format!("for {} minutes", minutes.max(0)),
        Some(minutes) => format!("for {} hours", (minutes + 30) / 60),
    }
}

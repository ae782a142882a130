//! Sending through Twitch's API with the application's own token: Pedro then wears the bot badge.
//! <https://dev.twitch.tv/docs/chat/send-receive-messages/>

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pedro_twitch::oauth::OAuthError;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use crate::app_token::AppToken;
use crate::state::Echo;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a message that came too fast is called, as on IRC.
const TOO_FAST: &str = "msg_ratelimit";

/// Sends as the bot's account.
pub(crate) struct HelixSender {
    base: Url,
    client_id: String,
    app: Arc<AppToken>,
    bot_login: String,
    http: reqwest::Client,
    /// Ids of accounts by login: they never change.
    ids: Mutex<HashMap<String, String>>,
}

/// Why nothing is known of what became of a message.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// The status, and Twitch's words.
    #[error("Twitch's API answered with status {0}: {1}")]
    Status(u16, String),
    #[error("Twitch's API does not answer: {0}")]
    Unreachable(String),
    #[error("Twitch knows no account {0:?}")]
    NoSuchAccount(String),
}

#[derive(Deserialize)]
struct Rows<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Sent {
    message_id: String,
    is_sent: bool,
    drop_reason: Option<DropReason>,
}

#[derive(Deserialize)]
struct DropReason {
    code: String,
    #[serde(default)]
    message: String,
}

impl HelixSender {
    /// Sends with this base URL, such as `https://api.twitch.tv/helix`.
    pub(crate) fn new(base: Url, client_id: String, app: Arc<AppToken>, bot_login: String) -> Result<Self, OAuthError> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build();
        let http = http.map_err(|error| OAuthError::Unreachable(error.without_url().to_string()))?;
        Ok(Self { base, client_id, app, bot_login, http, ids: Mutex::default() })
    }

    /// Sends a message. What cannot be known for certain is `Lost`: it may be sent again.
    pub(crate) async fn send(&self, channel: &str, text: &str, reply_to: Option<&str>) -> Echo {
        match self.try_send(channel, text, reply_to).await {
            Ok(sent) => echo(sent),
            Err(SendError::Status(429, words)) => Echo::Rejected(TOO_FAST.to_owned(), words),
            Err(SendError::Status(status @ (400 | 403 | 404 | 422), words)) => {
                Echo::Rejected(format!("status_{status}"), words)
            }
            Err(error @ (SendError::NoSuchAccount(_) | SendError::OAuth(OAuthError::Application))) => {
                tracing::error!(channel, %error, "nothing can be sent through Twitch's API: {error}");
                Echo::Rejected("not_possible".to_owned(), error.to_string())
            }
            Err(error) => {
                tracing::warn!(channel, %error, "a message could not be sent through Twitch's API: {error}");
                Echo::Lost
            }
        }
    }

    async fn try_send(&self, channel: &str, text: &str, reply_to: Option<&str>) -> Result<Option<Sent>, SendError> {
        let mut body = json!({
            "broadcaster_id": self.id(channel).await?, "sender_id": self.id(&self.bot_login).await?, "message": text,
        });
        if let Some(id) = reply_to {
            body["reply_parent_message_id"] = json!(id);
        }
        let request = || self.http.post(self.url("chat/messages")).json(&body);
        let rows: Rows<Sent> = self.ask(request).await?;
        Ok(rows.data.into_iter().next())
    }

    async fn id(&self, login: &str) -> Result<String, SendError> {
        #[derive(Deserialize)]
        struct User {
            id: String,
        }
        let known = self.ids.lock().await.get(login).cloned();
        if let Some(id) = known {
            return Ok(id);
        }
        let found: Rows<User> = self.ask(|| self.http.get(self.url("users")).query(&[("login", login)])).await?;
        let user = found.data.into_iter().next().ok_or_else(|| SendError::NoSuchAccount(login.to_owned()))?;
        self.ids.lock().await.insert(login.to_owned(), user.id.clone());
        Ok(user.id)
    }

    /// A token that is refused is replaced once.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<T, SendError> {
        let unreachable = |error: reqwest::Error| SendError::Unreachable(error.without_url().to_string());
        let mut is_second = false;
        loop {
            let token = self.app.get().await?;
            let request = request().header("Client-Id", &self.client_id).bearer_auth(token.expose());
            let response = request.send().await.map_err(unreachable)?;
            match response.status().as_u16() {
                200..=299 => return response.json().await.map_err(unreachable),
                401 if !is_second => {
                    self.app.refused(&token).await;
                    is_second = true;
                }
                status => {
                    let body: Value = response.json().await.unwrap_or_default();
                    let words = body["message"].as_str().unwrap_or_default().to_owned();
                    return Err(SendError::Status(status, words));
                }
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// What Twitch says of a message it was given.
fn echo(sent: Option<Sent>) -> Echo {
    match sent {
        Some(Sent { is_sent: true, message_id, .. }) => Echo::Taken(Some(message_id).filter(|id| !id.is_empty())),
        Some(Sent { drop_reason: Some(DropReason { code, message }), .. }) => Echo::Rejected(code, message),
        _ => Echo::Rejected("dropped".to_owned(), "no reason was given".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twitchs_word_on_a_message_is_understood() {
        let read = |json: Value| echo(serde_json::from_value::<Rows<Sent>>(json).unwrap().data.into_iter().next());
        let taken = json!({ "data": [{ "message_id": "m1", "is_sent": true, "drop_reason": null }] });
        assert_eq!(read(taken), Echo::Taken(Some("m1".to_owned())));
        let reason = json!({ "code": "msg_duplicate", "message": "the same" });
        let dropped = json!({ "data": [{ "message_id": "", "is_sent": false, "drop_reason": reason }] });
        assert_eq!(read(dropped), Echo::Rejected("msg_duplicate".to_owned(), "the same".to_owned()));
        let silent = json!({ "data": [{ "message_id": "", "is_sent": false, "drop_reason": null }] });
        assert!(matches!(read(silent), Echo::Rejected(code, _) if code == "dropped"));
        assert!(matches!(read(json!({ "data": [] })), Echo::Rejected(..)));
    }
}

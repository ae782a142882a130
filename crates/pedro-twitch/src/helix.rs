//! Twitch's API, as far as Pedro needs it: what a stream is called, whether it is on, and being told of both.

use std::sync::Arc;
use std::time::Duration;

use pedro_core::service::Secret;
use pedro_core::store::stream_title::StreamState;
use pedro_twitch::oauth::OAuthError;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use crate::app_token::AppToken;
use crate::tokens::{Refuser, Tokens};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelixError {
    /// The token or the client id is not accepted.
    #[error("Twitch's API refuses the token with TWITCH_ID (status {0}): the token must be of this application")]
    Refused(u16),
    /// Nobody is signed in.
    #[error("nobody has signed Pedro in to Twitch")]
    NotSignedIn,
    /// Nobody is signed in, and the application has no token either.
    #[error("nobody has signed Pedro in to Twitch, and the application's own token is not to be had: {0}")]
    NoAppToken(OAuthError),
    /// Another status.
    #[error("Twitch's API answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("Twitch's API does not answer: {0}")]
    Unreachable(String),
    /// An answer that makes no sense.
    #[error("Twitch's API gave an answer that cannot be read: {0}")]
    Unreadable(String),
    /// There is no such channel.
    #[error("Twitch knows no channel {0:?}")]
    NoSuchChannel(String),
}

/// A client of the API.
#[derive(Clone)]
pub(crate) struct Helix {
    base: Url,
    client_id: String,
    tokens: Arc<Tokens>,
    /// `None` without `TWITCH_SECRET`.
    app: Option<Arc<AppToken>>,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
}

impl Helix {
    /// A client with this base URL, such as `https://api.twitch.tv/helix`.
    /// `app`: the application's own token, for what everybody may read.
    pub(crate) fn new(
        base: Url,
        client_id: String,
        tokens: Arc<Tokens>,
        app: Option<Arc<AppToken>>,
    ) -> Result<Self, HelixError> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| HelixError::Unreachable(error.without_url().to_string()))?;
        Ok(Self { base, client_id, tokens, app, http })
    }

    /// The id of the account with this login.
    pub(crate) async fn user_id(&self, login: &str) -> Result<String, HelixError> {
        #[derive(Deserialize)]
        struct User {
            id: String,
        }
        let users: Page<User> = self.get("users", &[("login", login)]).await?;
        let user = users.data.into_iter().next();
        user.map(|user| user.id).ok_or_else(|| HelixError::NoSuchChannel(login.to_owned()))
    }

    /// What a channel's stream is called, and whether it is on.
    pub(crate) async fn stream(&self, user_id: &str) -> Result<StreamState, HelixError> {
        #[derive(Deserialize)]
        struct Channel {
            title: String,
            game_name: String,
        }
        #[derive(Deserialize)]
        struct Stream {}
        let channels: Page<Channel> = self.get("channels", &[("broadcaster_id", user_id)]).await?;
        let streams: Page<Stream> = self.get("streams", &[("user_id", user_id)]).await?;
        let channel = channels.data.into_iter().next().ok_or_else(|| HelixError::NoSuchChannel(user_id.to_owned()))?;
        Ok(StreamState { title: channel.title, category: channel.game_name, live: !streams.data.is_empty() })
    }

    /// Has an event of a channel told to an `EventSub` session; one that is told already is no failure.
    pub(crate) async fn subscribe(
        &self,
        session: &str,
        (kind, version): (&str, &str),
        user_id: &str,
    ) -> Result<(), HelixError> {
        let body = json!({
            "type": kind, "version": version, "condition": { "broadcaster_user_id": user_id },
            "transport": { "method": "websocket", "session_id": session },
        });
        match self.send(self.http.post(self.url("eventsub/subscriptions")).json(&body)).await {
            Ok(_) | Err(HelixError::Status(409)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, HelixError> {
        let request = || self.http.get(self.url(path)).query(query);
        let response = match (self.send(request()).await, &self.app) {
            // What everybody may read the application may read too.
            (Err(HelixError::NotSignedIn | HelixError::Refused(_)), Some(app)) => self.send_as_app(app, request).await,
            (answer, _) => answer,
        }?;
        response.json().await.map_err(|error| HelixError::Unreadable(error.without_url().to_string()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }

    /// Sends a request with the token that holds now. Whoever keeps the token hears when it is refused.
    async fn send(&self, request: RequestBuilder) -> Result<Response, HelixError> {
        let token = self.tokens.current().ok_or(HelixError::NotSignedIn)?.access;
        let answer = self.send_with(&token, request).await;
        match &answer {
            Ok(_) => self.tokens.accepted(&token, Refuser::Api),
            Err(HelixError::Refused(401)) => self.tokens.refused(&token, Refuser::Api),
            Err(_) => {}
        }
        answer
    }

    /// Sends a request with the application's own token; one that is refused is replaced once.
    async fn send_as_app(&self, app: &AppToken, request: impl Fn() -> RequestBuilder) -> Result<Response, HelixError> {
        let token = app.get().await.map_err(HelixError::NoAppToken)?;
        match self.send_with(&token, request()).await {
            Err(HelixError::Refused(401)) => app.refused(&token).await,
            answer => return answer,
        }
        let token = app.get().await.map_err(HelixError::NoAppToken)?;
        self.send_with(&token, request()).await
    }

    async fn send_with(&self, token: &Secret, request: RequestBuilder) -> Result<Response, HelixError> {
        let request = request.header("Client-Id", &self.client_id).bearer_auth(token.expose());
        let unreachable = |error: reqwest::Error| HelixError::Unreachable(error.without_url().to_string());
        let response = request.send().await.map_err(unreachable)?;
        match response.status().as_u16() {
            200..=299 => Ok(response),
            status @ (401 | 403) => Err(HelixError::Refused(status)),
            status => Err(HelixError::Status(status)),
        }
    }
}

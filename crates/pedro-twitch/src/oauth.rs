//! Twitch's OAuth: what a token is good for, new tokens for old ones, and the device code flow.
//! <https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/>
//!
//! The crate `twitch_oauth2` does the same, but its addresses are statics that only the environment of a mock can move,
//! and it writes device codes into URLs, which end in logs of proxies. Here everything secret travels in bodies and headers.

use std::time::Duration;

use pedro_core::service::Secret;
use serde::Deserialize;
use url::Url;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Why there is no token. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The token, the refresh token or the code is not good, or no longer.
    #[error("Twitch refuses it")]
    Refused,
    /// Nobody has let the program in yet.
    #[error("nobody has signed in yet")]
    Pending,
    /// The application is not known, or its secret is wrong.
    #[error("Twitch does not accept the application: TWITCH_ID or TWITCH_SECRET is wrong, or its secret is missing")]
    Application,
    /// There is no application.
    #[error("TWITCH_ID is not set")]
    NoApplication,
    /// Another status.
    #[error("Twitch's sign-in answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("Twitch's sign-in does not answer: {0}")]
    Unreachable(String),
    /// An answer that makes no sense.
    #[error("Twitch's sign-in gave an answer that cannot be read")]
    Unreadable,
}

/// The application that asks.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its id, which is public.
    pub client_id: String,
    /// `None` for an application that Twitch calls public.
    pub client_secret: Option<Secret>,
}

/// A client of Twitch's OAuth.
#[derive(Debug, Clone)]
pub struct OAuth {
    base: Url,
    application: Option<Application>,
    http: reqwest::Client,
}

/// What Twitch says of a token that is good.
#[derive(Debug, Clone, Deserialize)]
pub struct Validated {
    /// Of which application it is.
    pub client_id: String,
    /// Whose it is; `None` for an application's own.
    pub login: Option<String>,
    /// Id of the account.
    pub user_id: Option<String>,
    /// What it allows.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub scopes: Vec<String>,
    /// Seconds; 0 for a token without an end.
    #[serde(default)]
    pub expires_in: u64,
}

/// A token as it is issued.
#[derive(Debug, Clone, Deserialize)]
pub struct Issued {
    /// What lets in.
    #[serde(deserialize_with = "secret")]
    pub access_token: Secret,
    /// What it is exchanged for a new one with. An application's own token has none.
    #[serde(default, deserialize_with = "optional_secret")]
    pub refresh_token: Option<Secret>,
    /// Seconds.
    #[serde(default)]
    pub expires_in: u64,
    /// What it allows.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub scope: Vec<String>,
}

/// A code that waits for somebody.
#[derive(Debug, Clone, Deserialize)]
pub struct Device {
    /// What this program redeems.
    #[serde(deserialize_with = "secret")]
    pub device_code: Secret,
    /// What people type.
    pub user_code: String,
    /// Where they type it.
    pub verification_uri: String,
    /// Seconds until it is worthless.
    pub expires_in: u64,
    /// Seconds between two questions whether somebody came.
    pub interval: u64,
}

impl OAuth {
    /// A client with this base URL, such as `https://id.twitch.tv/oauth2`. Without an application it can only look at
    /// tokens.
    ///
    /// # Errors
    /// When the system has no TLS.
    pub fn new(base: Url, application: Option<Application>) -> Result<Self, OAuthError> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(unreachable)?;
        Ok(Self { base, application, http })
    }

    /// Whether new tokens can be had at all.
    pub fn has_application(&self) -> bool {
        self.application.is_some()
    }

    /// What a token is good for. Twitch wants this to be asked every hour.
    ///
    /// # Errors
    /// [`OAuthError::Refused`] when the token is not good.
    pub async fn validate(&self, token: &Secret) -> Result<Validated, OAuthError> {
        let request = self.http.get(self.url("validate")).header("Authorization", format!("OAuth {}", token.expose()));
        let response = request.send().await.map_err(unreachable)?;
        match response.status().as_u16() {
            200 => response.json().await.map_err(|_| OAuthError::Unreadable),
            401 => Err(OAuthError::Refused),
            status => Err(OAuthError::Status(status)),
        }
    }

    /// A new token for a refresh token, which may be worthless afterwards.
    ///
    /// # Errors
    /// [`OAuthError::Refused`] when the refresh token is not good.
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Issued, OAuthError> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())]).await
    }

    /// A token of the application's own.
    ///
    /// # Errors
    /// [`OAuthError::Application`] when it has no secret, or a wrong one.
    pub async fn app_token(&self) -> Result<Issued, OAuthError> {
        self.token(&[("grant_type", "client_credentials")]).await
    }

    /// Begins the device code flow.
    ///
    /// # Errors
    /// When Twitch gives no code.
    pub async fn begin_device(&self, scopes: &[&str]) -> Result<Device, OAuthError> {
        let application = self.application.as_ref().ok_or(OAuthError::NoApplication)?;
        let form = [("client_id", application.client_id.as_str()), ("scopes", &scopes.join(" "))];
        self.post("device", &form).await
    }

    /// The token behind a code, once somebody has let Pedro in.
    ///
    /// # Errors
    /// [`OAuthError::Pending`] until then; [`OAuthError::Refused`] when the code is worthless.
    pub async fn redeem(&self, device: &Device, scopes: &[&str]) -> Result<Issued, OAuthError> {
        let scopes = scopes.join(" ");
        let code = device.device_code.expose();
        self.token(&[("grant_type", DEVICE_CODE), ("device_code", code), ("scopes", &scopes)]).await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Result<Issued, OAuthError> {
        let application = self.application.as_ref().ok_or(OAuthError::NoApplication)?;
        let mut form = vec![("client_id", application.client_id.as_str())];
        if let Some(secret) = &application.client_secret {
            form.push(("client_secret", secret.expose()));
        }
        form.extend_from_slice(fields);
        self.post("token", &form).await
    }

    async fn post<T: serde::de::DeserializeOwned>(&self, path: &str, form: &[(&str, &str)]) -> Result<T, OAuthError> {
        // What is secret stands in the body: addresses end in logs.
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.url(path)).header("Content-Type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(unreachable)?;
        match status {
            200 => serde_json::from_str(&text).map_err(|_| OAuthError::Unreadable),
            400 | 401 | 403 => Err(refusal(&text)),
            status => Err(OAuthError::Status(status)),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// What Twitch means by a refusal: it says so in words only.
fn refusal(text: &str) -> OAuthError {
    #[derive(Deserialize)]
    struct Told {
        message: String,
    }
    let message = serde_json::from_str(text).map(|told: Told| told.message.to_lowercase()).unwrap_or_default();
    match message.as_str() {
        "authorization_pending" | "slow_down" => OAuthError::Pending,
        message if message.contains("client") => OAuthError::Application,
        _ => OAuthError::Refused,
    }
}

fn unreachable(error: reqwest::Error) -> OAuthError {
    OAuthError::Unreachable(error.without_url().to_string())
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn optional_secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|token| !token.is_empty()).map(Secret::new))
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twitchs_words_tell_who_has_to_do_something() {
        let meant = |message: &str| refusal(&format!(r#"{{"status":400,"message":"{message}"}}"#));
        assert_eq!(meant("authorization_pending"), OAuthError::Pending);
        assert_eq!(meant("invalid device code"), OAuthError::Refused);
        assert_eq!(meant("Invalid refresh token"), OAuthError::Refused);
        assert_eq!(meant("missing client secret"), OAuthError::Application);
        assert_eq!(meant("invalid client"), OAuthError::Application);
        assert_eq!(refusal("<html>"), OAuthError::Refused);
    }

    #[test]
    fn tokens_do_not_show() {
        let issued: Issued =
            serde_json::from_str(r#"{"access_token":"hunter2","refresh_token":"hunter3","expires_in":5,"scope":null}"#)
                .unwrap();
        assert_eq!(issued.access_token.expose(), "hunter2");
        assert!(!format!("{issued:?}").contains("hunter"), "{issued:?}");
    }
}

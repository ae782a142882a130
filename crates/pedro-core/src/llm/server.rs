//! llama.cpp's own routes: how many slots a server has, and whether it is ready.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// These routes answer from memory; a server that needs longer is not one to send work to.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The part of it in which a connection must stand: less, so that the two can be told apart.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);

/// A model server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelServer {
    /// Its base, with or without `/v1` at the end.
    pub url: Url,
}

impl ModelServer {
    /// The server at a base URL.
    pub fn new(url: Url) -> Self {
        Self { url }
    }

    /// The address of a path such as `/props`.
    fn route(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let base = self.url.path().trim_end_matches('/');
        url.set_path(&format!("{}{path}", base.strip_suffix("/v1").unwrap_or(base)));
        url
    }

    /// What an OpenAI client takes as its base.
    pub(super) fn openai_base(&self) -> String {
        self.route("/v1").into()
    }
}

/// Whether a server can take work now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerHealth {
    /// It answers and has its model.
    Ready,
    /// It answers and is still reading its model.
    Loading,
    /// It does not answer, or not as a model server.
    Unreachable,
}

/// Asks servers about themselves.
#[derive(Debug, Clone)]
pub struct ServerClient {
    client: Client,
    key: Option<SecretString>,
}

#[derive(Deserialize)]
struct Props {
    total_slots: u32,
}

impl ServerClient {
    /// A client that shows `key` to servers started with one.
    ///
    /// # Errors
    /// If TLS cannot be set up on this machine.
    pub fn new(key: Option<SecretString>) -> Result<Self, reqwest::Error> {
        Ok(Self { client: Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build()?, key })
    }

    /// How many generations the server runs side by side; 1 for a server that does not say. `None` if it does not answer
    /// at all: what was known before still holds.
    pub async fn slots(&self, server: &ModelServer) -> Option<u32> {
        let response = self.get(server.route("/props")).await?;
        // A server that is loading has no slots yet, but will.
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        Some(response.json::<Props>().await.map_or(1, |props| props.total_slots.max(1)))
    }

    /// Whether the server can take work. One without `/health` is asked for its list of models.
    pub async fn health(&self, server: &ModelServer) -> ServerHealth {
        match self.status(server.route("/health")).await {
            Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => {
                judge(self.status(server.route("/v1/models")).await)
            }
            status => judge(status),
        }
    }

    async fn status(&self, url: Url) -> Option<StatusCode> {
        self.get(url).await.map(|response| response.status())
    }

    async fn get(&self, url: Url) -> Option<Response> {
        let mut request = self.client.get(url);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let answer = request.send().await;
        answer.inspect_err(|err| tracing::debug!(error = %err, "a model server does not answer")).ok()
    }
}

fn judge(status: Option<StatusCode>) -> ServerHealth {
    match status {
        Some(status) if status.is_success() => ServerHealth::Ready,
        Some(StatusCode::SERVICE_UNAVAILABLE) => ServerHealth::Loading,
        _ => ServerHealth::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::ScriptedModelServer;

    fn client() -> ServerClient {
        ServerClient::new(Some("key".into())).unwrap()
    }

    #[test]
    fn the_base_may_name_the_version_or_not() {
        for (base, expected) in [
            ("http://host:8080", "http://host:8080/v1"),
            ("http://host:8080/v1/", "http://host:8080/v1"),
            ("https://host/llm", "https://host/llm/v1"),
        ] {
            assert_eq!(ModelServer::new(Url::parse(base).unwrap()).openai_base(), expected);
        }
    }

    #[tokio::test]
    async fn a_server_tells_its_slots_and_its_health() {
        let mut scripted = ScriptedModelServer::start().unwrap();
        let server = scripted.server();
        scripted.set_slots(3);
        assert_eq!(client().slots(&server).await, Some(3));
        assert_eq!(client().health(&server).await, ServerHealth::Ready);
        scripted.set_loading(true);
        assert_eq!(client().slots(&server).await, None);
        assert_eq!(client().health(&server).await, ServerHealth::Loading);
        scripted.stop();
        assert_eq!(client().slots(&server).await, None);
        assert_eq!(client().health(&server).await, ServerHealth::Unreachable);
        scripted.restart().unwrap();
        scripted.set_loading(false);
        assert_eq!(client().health(&server).await, ServerHealth::Ready);
    }

    #[tokio::test]
    async fn a_server_that_is_not_llama_cpp_has_one_slot() {
        let scripted = ScriptedModelServer::start().unwrap();
        scripted.hide_llama_routes();
        assert_eq!(client().slots(&scripted.server()).await, Some(1));
        assert_eq!(client().health(&scripted.server()).await, ServerHealth::Ready);
    }
}

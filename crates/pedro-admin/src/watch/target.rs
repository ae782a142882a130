//! What is looked at, and how it is.

use std::collections::BTreeMap;
use std::time::Duration;

use pedro_core::llm::{ModelServer, ServerClient, ServerHealth};
use pedro_core::service::config::ModelSettings;
use pedro_core::service::secret::shown_url;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use url::Url;

/// Words of a check that are shown; longer ones are cut.
const DETAIL_CHARS: usize = 200;

/// Something that should be up.
pub(super) struct Target {
    /// What it is called, unique.
    pub(super) name: String,
    kind: Kind,
}

enum Kind {
    /// Its base URL.
    Bot(Url),
    Model(ModelServer),
}

/// `/readyz`, as the bots serve it.
#[derive(Deserialize)]
struct Readyz {
    checks: BTreeMap<String, Check>,
}

#[derive(Deserialize)]
struct Check {
    ok: bool,
    #[serde(default)]
    detail: String,
}

/// Asks all of them.
pub(super) struct Looker {
    bots: Client,
    models: ServerClient,
    patience: Duration,
}

impl Target {
    /// `name=URL`, or an URL alone. The error says what is wrong.
    pub(super) fn bot(written: &str) -> Result<Self, String> {
        let (name, url) = match written.split_once('=') {
            Some((name, url)) if !name.contains(['/', ':']) => (Some(name.trim()), url.trim()),
            _ => (None, written.trim()),
        };
        let url: Url = url.parse().map_err(|_| format!("{url:?} is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(format!("{:?} is no http URL", shown_url(&url)));
        }
        let name = name.filter(|name| !name.is_empty()).map_or_else(|| shown_url(&url), str::to_owned);
        Ok(Self { name, kind: Kind::Bot(url) })
    }

    /// The model servers; one is called just that.
    pub(super) fn models(settings: &ModelSettings) -> Vec<Self> {
        let name = |url: &Url| match settings.servers.len() {
            1 => "model server".to_owned(),
            _ => format!("model server {}", shown_url(url)),
        };
        let target = |url: &Url| Self { name: name(url), kind: Kind::Model(ModelServer::new(url.clone())) };
        settings.servers.iter().map(target).collect()
    }
}

impl Looker {
    pub(super) fn new(settings: &ModelSettings, patience: Duration) -> anyhow::Result<Self> {
        // Without a proxy: the bots are on this machine or in its network, whatever HTTP_PROXY says.
        let bots = Client::builder().no_proxy().timeout(patience).build()?;
        Ok(Self { bots, models: ServerClient::new(settings.api_key.clone().map(Into::into))?, patience })
    }

    /// `Err`: what is red, in words.
    pub(super) async fn look(&self, target: &Target) -> Result<(), String> {
        match &target.kind {
            Kind::Bot(url) => self.bot(url).await,
            Kind::Model(server) => match tokio::time::timeout(self.patience, self.models.health(server)).await {
                Ok(ServerHealth::Ready) => Ok(()),
                Ok(ServerHealth::Loading) => Err("it is loading its model".to_owned()),
                Ok(ServerHealth::Unreachable) | Err(_) => Err("it does not answer".to_owned()),
            },
        }
    }

    async fn bot(&self, base: &Url) -> Result<(), String> {
        let url = format!("{}/readyz", base.as_str().trim_end_matches('/').trim_end_matches("/readyz"));
        let response = match self.bots.get(url).send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Err("it does not answer in time".to_owned()),
            Err(_) => return Err("it does not answer".to_owned()),
        };
        let status = response.status();
        let readyz = response.json::<Readyz>().await;
        match (status, readyz) {
            (StatusCode::OK, Ok(_)) => Ok(()),
            (StatusCode::SERVICE_UNAVAILABLE, Ok(readyz)) => Err(readyz.red()),
            (StatusCode::OK, Err(_)) => Err("what answers is no bot of Pedro's".to_owned()),
            (status, _) => Err(format!("it answers {status}")),
        }
    }
}

impl Readyz {
    /// Which checks are red, with their words.
    fn red(&self) -> String {
        let red = self.checks.iter().filter(|(_, check)| !check.ok);
        let red: Vec<String> = red.map(|(name, check)| format!("{} ({})", cut(name), cut(&check.detail))).collect();
        if red.is_empty() { "it says that it is not ready".to_owned() } else { red.join(", ") }
    }
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(DETAIL_CHARS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_has_the_name_it_is_given_or_its_address() {
        for (written, name) in [
            ("twitch=http://127.0.0.1:6061", "twitch"),
            ("http://127.0.0.1:6061", "http://127.0.0.1:6061/"),
            ("http://127.0.0.1:6061/?a=b", "http://127.0.0.1:6061/"),
        ] {
            assert_eq!(Target::bot(written).unwrap().name, name);
        }
        for wrong in ["127.0.0.1:6061", "twitch=localhost", "", "twitch=ftp://host"] {
            assert!(Target::bot(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_red_checks_are_named_and_their_words_stay_on_a_line() {
        let page = r#"{"ready":false,"checks":{"a":{"ok":true,"detail":"x"},"database":{"ok":false,"detail":"does\nnot answer"},"model":{"ok":false}}}"#;
        let readyz: Readyz = serde_json::from_str(page).unwrap();
        assert_eq!(readyz.red(), "database (does not answer), model ()");
    }
}

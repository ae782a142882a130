//! The model servers: do they answer, how much do they do at once, what do they hold.

use std::time::Duration;

use anyhow::Context;
use pedro_core::llm::{ModelServer, ServerClient, ServerHealth};
use pedro_core::service::config::ModelSettings;
use pedro_core::service::secret::shown_url;
use reqwest::Client;
use serde::Deserialize;
use url::Url;

use super::report::Report;

/// How long a server may take to name its models.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

pub(super) async fn check(settings: &ModelSettings, report: &mut Report) -> anyhow::Result<()> {
    let servers = ServerClient::new(settings.api_key.clone().map(Into::into))?;
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client can be made")?;
    for url in &settings.servers {
        let (server, shown) = (ModelServer::new(url.clone()), shown_url(url));
        match servers.health(&server).await {
            ServerHealth::Unreachable => {
                report.fail(
                    "model server",
                    format!("{shown} does not answer as a model server"),
                    "start llama-server there, or correct LLAMA_CPP_PATH",
                )?;
                continue;
            }
            ServerHealth::Loading => {
                report.warn(
                    "model server",
                    format!("{shown} is loading its model"),
                    "wait: questions are kept until it is ready",
                )?;
                continue;
            }
            ServerHealth::Ready => {}
        }
        let slots = servers.slots(&server).await.unwrap_or(1);
        let models = models(&client, url, settings).await;
        let names = models.as_ref().map_or("a model without a name".to_owned(), |models| models.join(", "));
        report.ok("model server", format!("{shown} has {names}, {slots} at once"))?;
        if let (Some(wanted), Some(models)) = (&settings.model, &models)
            && !models.contains(wanted)
        {
            let told = format!("{shown} does not list the model {wanted:?}");
            report.warn("model", told, "correct MODEL, or unset it where the server holds one model only")?;
        }
    }
    Ok(())
}

/// The names of the models of a server; `None` if it does not tell.
async fn models(client: &Client, url: &Url, settings: &ModelSettings) -> Option<Vec<String>> {
    // Not joined: that would lose a path of the server's.
    let base = url.as_str().trim_end_matches('/').trim_end_matches("/v1");
    let mut request = client.get(format!("{base}/v1/models"));
    if let Some(key) = &settings.api_key {
        request = request.bearer_auth(key.expose());
    }
    let models: Models = request.send().await.ok()?.error_for_status().ok()?.json().await.ok()?;
    Some(models.data.into_iter().map(|model| model.id).collect()).filter(|models: &Vec<String>| !models.is_empty())
}

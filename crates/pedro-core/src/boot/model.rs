//! The model, and whether a server with it is there.

use std::sync::Arc;
use std::time::Duration;

use super::BootError;
use crate::llm::{LangchainModel, LanguageModel, ModelLimits, ModelServer, ServerClient, ServerHealth};
use crate::service::config::ModelSettings;
use crate::service::secret::shown_url;
use crate::service::{Readiness, Verdict};

/// How long a generation looks for a model server that does not answer, before people are told.
const MODEL_GIVE_UP: Duration = Duration::from_secs(5);

/// What talks to the model servers. They need not be there yet.
pub(super) fn open_model(settings: &ModelSettings) -> Result<Arc<dyn LanguageModel>, BootError> {
    let limits = ModelLimits { deadline: settings.timeout, stall: settings.stall_timeout, give_up: MODEL_GIVE_UP };
    let name = settings.model.clone().unwrap_or_else(|| "default".to_owned());
    Ok(Arc::new(LangchainModel::new(name, settings.api_key.clone().map(Into::into), limits)?))
}

/// `/readyz` asks the model servers: one that is ready is enough.
pub(super) fn watch_model(readiness: &Readiness, client: &ServerClient, settings: &ModelSettings) {
    let (client, servers) = (client.clone(), settings.servers.clone());
    readiness.check("model", move || {
        let (client, servers) = (client.clone(), servers.clone());
        async move {
            let asked = servers.iter().map(|url| {
                let (client, server) = (&client, ModelServer::new(url.clone()));
                async move { client.health(&server).await }
            });
            let health = futures_util::future::join_all(asked).await;
            let names: Vec<String> = servers.iter().map(shown_url).collect();
            let names = names.join(", ");
            if health.contains(&ServerHealth::Ready) {
                Verdict::ok("answers")
            } else if health.contains(&ServerHealth::Loading) {
                Verdict::red(format!("the model is loading at {names}"))
            } else {
                Verdict::red(format!("no model server answers at {names} (LLAMA_CPP_PATH)"))
            }
        }
    });
}

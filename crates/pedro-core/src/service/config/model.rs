//! The language model's servers, and what makes embeddings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use url::Url;

use super::problems::ConfigProblems;
use super::values::{BASE_URL, DURATION, parse_count, parse_duration, parse_model_url, shown, text};
use crate::service::secret::Secret;

const SERVER: &str = "http://127.0.0.1:8080";
/// Local models on small machines have needed many minutes for one answer.
const TIMEOUT: Duration = Duration::from_secs(20 * 60);
const STALL_TIMEOUT: Duration = Duration::from_secs(5 * 60);
const CONTEXT: u32 = 4096;
const MAX_TOKENS: u32 = 300;

/// The language model, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Language model")]
pub struct ModelArgs {
    /// Base URL of the llama.cpp server; several, comma-separated, share the work. Default: http://127.0.0.1:8080
    #[arg(long, env = "LLAMA_CPP_PATH", hide_env_values = true)]
    pub llama_cpp_path: Option<String>,
    /// Name of the model, for servers that hold several
    #[arg(long, env = "MODEL")]
    pub model: Option<String>,
    /// Key of the model server
    #[arg(long, env = "LLAMA_CPP_API_KEY", hide_env_values = true)]
    pub llama_cpp_api_key: Option<Secret>,
    /// File that holds LLAMA_CPP_API_KEY
    #[arg(long, env = "LLAMA_CPP_API_KEY_FILE")]
    pub llama_cpp_api_key_file: Option<String>,
    /// Longest time for one generation, from the moment a slot is held. Default: 20m
    #[arg(long, env = "MODEL_TIMEOUT")]
    pub model_timeout: Option<String>,
    /// Longest silence of a generation that has begun to write. Default: 5m
    #[arg(long, env = "MODEL_STALL_TIMEOUT")]
    pub model_stall_timeout: Option<String>,
    /// Tokens that fit into the model, prompt and answer together. Default: 4096
    #[arg(long, env = "MODEL_CONTEXT")]
    pub model_context: Option<String>,
    /// Most tokens of an answer. Default: 300
    #[arg(long, env = "MODEL_MAX_TOKENS")]
    pub model_max_tokens: Option<String>,
    /// Whether the model judges which questions need a plan, besides those that ask for one: on or off. Too much for very
    /// small models. Default: off
    #[arg(long, env = "PLAN_JUDGE")]
    pub plan_judge: Option<String>,
}

/// The language model, checked.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// Base URLs, each ending in a slash and without `v1`. At least one, none twice.
    pub servers: Vec<Url>,
    /// Name of the model; `None`: whatever the server holds.
    pub model: Option<String>,
    /// Key of the servers.
    pub api_key: Option<Secret>,
    /// Longest time for one generation.
    pub timeout: Duration,
    /// Longest silence of a stream that has begun.
    pub stall_timeout: Duration,
    /// Tokens of prompt and answer together.
    pub context: u32,
    /// Most tokens of an answer; less than `context`.
    pub max_tokens: u32,
    /// Whether the model judges which questions need a plan.
    pub judges: bool,
}

impl ModelArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> ModelSettings {
        let api_key = problems.secret(
            "LLAMA_CPP_API_KEY",
            self.llama_cpp_api_key.as_ref(),
            text(self.llama_cpp_api_key_file.as_ref()),
        );
        let mut duration = |name, value: &Option<String>, default| {
            let parsed = text(value.as_ref()).map_or(Ok(default), parse_duration);
            problems.take(name, parsed, DURATION, default)
        };
        let timeout = duration("MODEL_TIMEOUT", &self.model_timeout, TIMEOUT);
        let stall_timeout = duration("MODEL_STALL_TIMEOUT", &self.model_stall_timeout, STALL_TIMEOUT);

        let context =
            text(self.model_context.as_ref()).map_or(Ok(CONTEXT), |value| parse_count(value, 512..=10_000_000));
        let context = problems.take("MODEL_CONTEXT", context, ("a number of tokens, 512 or more", "4096"), CONTEXT);
        // A prompt must fit as well: half of the context is for it.
        let most = (context / 2).max(1);
        let max_tokens =
            text(self.model_max_tokens.as_ref()).map_or(Ok(MAX_TOKENS.min(most)), |value| parse_count(value, 1..=most));
        let shape = ("a number of tokens, at most half of MODEL_CONTEXT", "300");
        let max_tokens = problems.take("MODEL_MAX_TOKENS", max_tokens, shape, MAX_TOKENS.min(most));

        let judges = match text(self.plan_judge.as_ref()).map(str::to_lowercase).as_deref() {
            None | Some("off") => Ok(false),
            Some("on") => Ok(true),
            Some(other) => Err(format!("{} is neither on nor off", shown(other))),
        };
        let judges = problems.take("PLAN_JUDGE", judges, ("on or off", "on"), false);

        let servers = servers(text(self.llama_cpp_path.as_ref()).unwrap_or(SERVER), problems);
        let model = text(self.model.as_ref()).map(str::to_owned);
        ModelSettings { servers, model, api_key, timeout, stall_timeout, context, max_tokens, judges }
    }
}

fn servers(list: &str, problems: &mut ConfigProblems) -> Vec<Url> {
    let mut servers = Vec::new();
    let mut wrong = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match parse_model_url(entry) {
            Ok(url) if servers.contains(&url) => {}
            Ok(url) => servers.push(url),
            Err(reason) => wrong.push(reason),
        }
    }
    if servers.is_empty() && wrong.is_empty() {
        wrong.push("names no server".to_owned());
    }
    if !wrong.is_empty() {
        problems.add("LLAMA_CPP_PATH", wrong.join(", "), "base URLs separated by commas", BASE_URL.1);
    }
    servers
}

/// What makes embeddings, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Embeddings")]
pub struct EmbeddingArgs {
    /// Directory of the embedding model that runs inside Pedro
    #[arg(long, env = "EMBEDDINGS_MODEL_DIR")]
    pub embeddings_model_dir: Option<String>,
    /// Base URL of an OpenAI-compatible embeddings server, used instead of the model inside Pedro
    #[arg(long, env = "EMBEDDINGS_URL", hide_env_values = true)]
    pub embeddings_url: Option<String>,
    /// Name of the model on that server; required with EMBEDDINGS_URL
    #[arg(long, env = "EMBEDDINGS_MODEL")]
    pub embeddings_model: Option<String>,
    /// Key of that server
    #[arg(long, env = "EMBEDDINGS_API_KEY", hide_env_values = true)]
    pub embeddings_api_key: Option<Secret>,
    /// File that holds EMBEDDINGS_API_KEY
    #[arg(long, env = "EMBEDDINGS_API_KEY_FILE")]
    pub embeddings_api_key_file: Option<String>,
}

/// What makes embeddings, checked. A server wins over a directory: the images bring a directory of their own.
#[derive(Debug, Clone)]
pub enum EmbeddingSettings {
    /// A model that runs inside Pedro.
    InProcess {
        /// Holds the model's files.
        model_dir: PathBuf,
    },
    /// An OpenAI-compatible server.
    Server {
        /// Base URL, ending in a slash and without `v1`.
        url: Url,
        /// Name of the model there.
        model: String,
        /// Its key.
        api_key: Option<Secret>,
    },
    /// Nothing was named: whoever starts decides whether that will do.
    Unset,
}

impl EmbeddingArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> EmbeddingSettings {
        let key_file = text(self.embeddings_api_key_file.as_ref());
        let api_key = problems.secret("EMBEDDINGS_API_KEY", self.embeddings_api_key.as_ref(), key_file);
        if let Some(url) = text(self.embeddings_url.as_ref()) {
            let model = text(self.embeddings_model.as_ref()).unwrap_or_default().to_owned();
            if model.is_empty() {
                let shape = "the model's name on the server that EMBEDDINGS_URL names";
                problems.add("EMBEDDINGS_MODEL", "is not set", shape, "nomic-embed-text-v1.5");
            }
            return match parse_model_url(url) {
                Ok(url) => EmbeddingSettings::Server { url, model, api_key },
                Err(wrong) => {
                    problems.add("EMBEDDINGS_URL", wrong, BASE_URL.0, BASE_URL.1);
                    EmbeddingSettings::Unset
                }
            };
        }
        match text(self.embeddings_model_dir.as_ref()) {
            Some(dir) if Path::new(dir).is_dir() => EmbeddingSettings::InProcess { model_dir: dir.into() },
            Some(dir) => {
                let shape = "the directory that `pedro model fetch` filled";
                problems.add("EMBEDDINGS_MODEL_DIR", format!("{dir:?} is no directory"), shape, "/opt/pedro/model");
                EmbeddingSettings::Unset
            }
            None => EmbeddingSettings::Unset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: ModelArgs) -> Result<ModelSettings, String> {
        let mut problems = ConfigProblems::default();
        let settings = args.resolve(&mut problems);
        problems.into_result(settings).map_err(|problems| problems.to_string())
    }

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn nothing_given_is_the_local_server_with_patience() {
        let settings = resolve(ModelArgs::default()).unwrap();
        assert_eq!(settings.servers, ["http://127.0.0.1:8080/".parse().unwrap()]);
        assert_eq!((settings.timeout.as_secs(), settings.stall_timeout.as_secs()), (1200, 300));
        assert_eq!((settings.context, settings.max_tokens), (4096, 300));
        assert!(settings.model.is_none() && settings.api_key.is_none());
    }

    #[test]
    fn several_servers_share_the_work_and_none_counts_twice() {
        let path = some(" http://a:8080/v1 , http://b:8080,, http://a:8080/ ");
        let settings = resolve(ModelArgs { llama_cpp_path: path, ..Default::default() }).unwrap();
        assert_eq!(settings.servers.iter().map(Url::as_str).collect::<Vec<_>>(), ["http://a:8080/", "http://b:8080/"]);
        assert!(resolve(ModelArgs { llama_cpp_path: some(","), ..Default::default() }).is_err());
    }

    #[test]
    fn an_answer_must_leave_room_for_the_prompt() {
        let small = ModelArgs { model_context: some("512"), ..Default::default() };
        assert_eq!(resolve(small.clone()).unwrap().max_tokens, 256);
        let told = resolve(ModelArgs { model_max_tokens: some("400"), ..small }).unwrap_err();
        assert!(told.contains("MODEL_MAX_TOKENS: \"400\" is no number from 1 to 256"), "{told}");
    }

    #[test]
    fn an_embeddings_server_wins_over_a_directory_and_needs_a_model() {
        let resolve = |args: EmbeddingArgs| {
            let mut problems = ConfigProblems::default();
            let settings = args.resolve(&mut problems);
            problems.into_result(settings).map_err(|problems| problems.to_string())
        };
        let dir = std::env::temp_dir().to_str().map(str::to_owned);
        let args = EmbeddingArgs { embeddings_model_dir: dir, ..Default::default() };
        assert!(matches!(resolve(args.clone()), Ok(EmbeddingSettings::InProcess { .. })));
        let args = EmbeddingArgs { embeddings_url: some("http://localhost:8081/v1"), ..args };
        assert!(resolve(args.clone()).unwrap_err().contains("EMBEDDINGS_MODEL: is not set"));
        let args = EmbeddingArgs { embeddings_model: some("nomic"), ..args };
        let Ok(EmbeddingSettings::Server { url, model, .. }) = resolve(args) else { panic!("no server") };
        assert_eq!((url.as_str(), model.as_str()), ("http://localhost:8081/", "nomic"));
        assert!(matches!(resolve(EmbeddingArgs::default()), Ok(EmbeddingSettings::Unset)));
        let missing = EmbeddingArgs { embeddings_model_dir: some("/no/such/dir"), ..Default::default() };
        assert!(resolve(missing).unwrap_err().contains("\"/no/such/dir\" is no directory"));
    }
}

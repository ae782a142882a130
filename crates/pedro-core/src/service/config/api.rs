//! The APIs that plans can ask without being listed.

use clap::Args;
use url::Url;

use super::problems::ConfigProblems;
use super::values::{BASE_URL, parse_base_url, shown, text};
use crate::service::secret::Secret;

const OPENAI: &str = "https://api.openai.com/v1";
const OPENAI_MODEL: &str = "gpt-4o-mini";
const OPENAI_DAILY_TOKENS: u32 = 100_000;
/// One question and its answer may cost so much.
const FEWEST_DAILY_TOKENS: u32 = 10_000;
const DUCKDUCKGO: &str = "https://api.duckduckgo.com";
const WIKIPEDIA: &str = "https://en.wikipedia.org";

/// Written in place of an address: it is not asked.
const NONE: &str = "none";
const SHAPE: &str = "a http:// or https:// URL without user, query or fragment; or none";

/// The built-in APIs, as the operator names them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "APIs in plans")]
pub struct ApiArgs {
    /// Key of an OpenAI-compatible model that plans may ask; without it they may not
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    pub openai_api_key: Option<Secret>,
    /// File that holds OPENAI_API_KEY
    #[arg(long, env = "OPENAI_API_KEY_FILE")]
    pub openai_api_key_file: Option<String>,
    /// Base URL of that model's server. Default: OpenAI's own
    #[arg(long, env = "OPENAI_BASE_URL", hide_env_values = true)]
    pub openai_base_url: Option<String>,
    /// Name of that model. Default: gpt-4o-mini
    #[arg(long, env = "OPENAI_MODEL")]
    pub openai_model: Option<String>,
    /// Tokens that this model may cost a community in a day, or none for no limit. Default: 100000
    #[arg(long, env = "OPENAI_DAILY_TOKENS")]
    pub openai_daily_tokens: Option<String>,
    /// Base URL of DuckDuckGo's instant answers; or none. Default: api.duckduckgo.com
    #[arg(long, env = "DUCKDUCKGO_API_URL", hide_env_values = true)]
    pub duckduckgo_api_url: Option<String>,
    /// Base URL of the Wikipedia that plans may ask; or none. Default: en.wikipedia.org
    #[arg(long, env = "WIKIPEDIA_URL", hide_env_values = true)]
    pub wikipedia_url: Option<String>,
}

/// Where a built-in API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiServer {
    /// Base URL, ending in a slash.
    pub url: Url,
    /// Whether the operator named it: then it may be in their own network.
    pub own: bool,
}

/// An OpenAI-compatible model.
#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// Where it is. The path is the version's: `/v1/`.
    pub server: ApiServer,
    /// Its key.
    pub key: Secret,
    /// Its name.
    pub model: String,
    /// Tokens that it may cost a community in a day, question and answer together; `None`: as many as it likes.
    pub daily_tokens: Option<u32>,
}

/// The built-in APIs, checked. `None`: plans cannot ask it.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// A model that answers for money; `None` without a key.
    pub openai: Option<OpenAiSettings>,
    /// Instant answers.
    pub duckduckgo: Option<ApiServer>,
    /// An encyclopedia.
    pub wikipedia: Option<ApiServer>,
}

impl ApiArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> ApiSettings {
        let key_file = text(self.openai_api_key_file.as_ref());
        let key = problems.secret("OPENAI_API_KEY", self.openai_api_key.as_ref(), key_file);
        let openai = server("OPENAI_BASE_URL", text(self.openai_base_url.as_ref()), OPENAI, problems);
        let daily_tokens = daily_tokens(text(self.openai_daily_tokens.as_ref()), problems);
        let model = text(self.openai_model.as_ref()).unwrap_or(OPENAI_MODEL).to_owned();
        let openai = openai.zip(key).map(|(mut server, key)| {
            if server.url.path() == "/" {
                server.url.set_path("/v1/");
            }
            OpenAiSettings { server, key, model, daily_tokens }
        });
        let duckduckgo = server("DUCKDUCKGO_API_URL", text(self.duckduckgo_api_url.as_ref()), DUCKDUCKGO, problems);
        let wikipedia = server("WIKIPEDIA_URL", text(self.wikipedia_url.as_ref()), WIKIPEDIA, problems);
        ApiSettings { openai, duckduckgo, wikipedia }
    }
}

fn daily_tokens(value: Option<&str>, problems: &mut ConfigProblems) -> Option<u32> {
    let tokens = match value {
        None => Ok(Some(OPENAI_DAILY_TOKENS)),
        Some(NONE) => Ok(None),
        Some(value) => match value.parse::<u32>() {
            Ok(tokens) if tokens >= FEWEST_DAILY_TOKENS => Ok(Some(tokens)),
            _ => Err(format!("{} is no such number", shown(value))),
        },
    };
    let shape = ("a number of tokens, 10000 or more; or none", "100000");
    problems.take("OPENAI_DAILY_TOKENS", tokens, shape, Some(OPENAI_DAILY_TOKENS))
}

fn server(name: &str, value: Option<&str>, default: &str, problems: &mut ConfigProblems) -> Option<ApiServer> {
    if value == Some(NONE) {
        return None;
    }
    let parsed = parse_base_url(value.unwrap_or(default)).map(|url| Some(ApiServer { url, own: value.is_some() }));
    problems.take(name, parsed, (SHAPE, BASE_URL.1), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: ApiArgs) -> Result<ApiSettings, String> {
        let mut problems = ConfigProblems::default();
        let settings = args.resolve(&mut problems);
        problems.into_result(settings).map_err(|problems| problems.to_string())
    }

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn without_a_key_the_model_cannot_be_asked_and_the_others_can() {
        let settings =
            resolve(ApiArgs { openai_base_url: some("http://127.0.0.1:1/v1"), ..Default::default() }).unwrap();
        assert!(settings.openai.is_none());
        let duckduckgo = settings.duckduckgo.unwrap();
        assert_eq!((duckduckgo.url.as_str(), duckduckgo.own), ("https://api.duckduckgo.com/", false));
        assert_eq!(settings.wikipedia.unwrap().url.as_str(), "https://en.wikipedia.org/");
    }

    #[test]
    fn the_models_address_is_that_of_its_version() {
        for (base, expected, own) in [
            (None, "https://api.openai.com/v1/", false),
            (some("http://127.0.0.1:8080"), "http://127.0.0.1:8080/v1/", true),
            (some("http://127.0.0.1:8080/v1/"), "http://127.0.0.1:8080/v1/", true),
            (some("https://example.org/v1beta/openai"), "https://example.org/v1beta/openai/", true),
        ] {
            let args = ApiArgs { openai_api_key: Some(Secret::new("k")), openai_base_url: base, ..Default::default() };
            let openai = resolve(args).unwrap().openai.unwrap();
            assert_eq!((openai.server.url.as_str(), openai.server.own), (expected, own));
            assert_eq!(openai.model, "gpt-4o-mini");
        }
    }

    #[test]
    fn the_model_has_a_daily_budget_unless_the_operator_wants_none() {
        let budget = |value: Option<&str>| {
            let openai_daily_tokens = value.map(str::to_owned);
            let args = ApiArgs { openai_api_key: Some(Secret::new("k")), openai_daily_tokens, ..Default::default() };
            resolve(args).map(|settings| settings.openai.unwrap().daily_tokens)
        };
        assert_eq!(budget(None), Ok(Some(100_000)));
        assert_eq!(budget(Some("20000")), Ok(Some(20_000)));
        assert_eq!(budget(Some("none")), Ok(None));
        for wrong in ["0", "9999", "-1", "many"] {
            assert!(budget(Some(wrong)).unwrap_err().contains("OPENAI_DAILY_TOKENS"), "{wrong}");
        }
    }

    #[test]
    fn the_operator_can_do_without_and_a_wrong_address_is_told() {
        let args = ApiArgs { duckduckgo_api_url: some("none"), wikipedia_url: some("wikipedia"), ..Default::default() };
        let told = resolve(args.clone()).unwrap_err();
        assert!(told.contains("WIKIPEDIA_URL: \"wikipedia\" is no URL"), "{told}");
        assert!(resolve(ApiArgs { wikipedia_url: None, ..args }).unwrap().duckduckgo.is_none());
    }
}

//! Where the web is searched.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::problems::ConfigProblems;
use super::values::{BASE_URL, DURATION, parse_base_url, parse_count, parse_duration, shown, text};
use crate::service::secret::Secret;

const DUCKDUCKGO: &str = "https://html.duckduckgo.com/html/";
const BRAVE: &str = "https://api.search.brave.com";
const TIMEOUT: Duration = Duration::from_secs(10);
const CACHE_HOURS: u32 = 6;
const HOUR: u64 = 60 * 60;

/// Searching the web, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Web search")]
pub struct SearchArgs {
    /// Who is asked, in this order, comma-separated: searxng, brave, duckduckgo; or none. Default: those that are set up, duckduckgo last
    #[arg(long, env = "SEARCH_PROVIDERS")]
    pub search_providers: Option<String>,
    /// Base URL of a SearXNG server that answers in JSON
    #[arg(long, env = "SEARCH_SEARXNG_URL", hide_env_values = true)]
    pub search_searxng_url: Option<String>,
    /// DuckDuckGo's page for browsers without scripts. Default: html.duckduckgo.com/html/
    #[arg(long, env = "SEARCH_DUCKDUCKGO_URL", hide_env_values = true)]
    pub search_duckduckgo_url: Option<String>,
    /// Base URL of Brave's search API. Default: api.search.brave.com
    #[arg(long, env = "SEARCH_BRAVE_URL", hide_env_values = true)]
    pub search_brave_url: Option<String>,
    /// Key of Brave's search API
    #[arg(long, env = "SEARCH_BRAVE_API_KEY", hide_env_values = true)]
    pub search_brave_api_key: Option<Secret>,
    /// File that holds SEARCH_BRAVE_API_KEY
    #[arg(long, env = "SEARCH_BRAVE_API_KEY_FILE")]
    pub search_brave_api_key_file: Option<String>,
    /// Longest time for one search. Default: 10s
    #[arg(long, env = "SEARCH_TIMEOUT")]
    pub search_timeout: Option<String>,
    /// Hours for which the same search is not made again; 0: it always is. Default: 6
    #[arg(long, env = "SEARCH_CACHE_HOURS")]
    pub search_cache_hours: Option<String>,
}

/// Somebody who searches the web.
#[derive(Debug, Clone)]
pub enum SearchProvider {
    /// A SearXNG server of the operator's.
    Searxng {
        /// Base URL, ending in a slash.
        url: Url,
    },
    /// Brave's API.
    Brave {
        /// Base URL, ending in a slash.
        url: Url,
        /// The key.
        key: Secret,
    },
    /// DuckDuckGo's page for browsers without scripts.
    DuckDuckGo {
        /// The page.
        url: Url,
    },
}

/// Searching the web, checked.
#[derive(Debug, Clone)]
pub struct SearchSettings {
    /// Who is asked, in this order; may be empty.
    pub providers: Vec<SearchProvider>,
    /// Longest time for one search.
    pub timeout: Duration,
    /// For how long what was found is good.
    pub cache_for: Duration,
}

impl SearchArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> SearchSettings {
        let key_file = text(self.search_brave_api_key_file.as_ref());
        let key = problems.secret("SEARCH_BRAVE_API_KEY", self.search_brave_api_key.as_ref(), key_file);
        let mut url = |name, value: Option<&str>| {
            let parsed = value.map(parse_base_url).transpose();
            problems.take(name, parsed, BASE_URL, None)
        };
        let searxng = url("SEARCH_SEARXNG_URL", text(self.search_searxng_url.as_ref()));
        let brave = url("SEARCH_BRAVE_URL", text(self.search_brave_url.as_ref()).or(Some(BRAVE)));
        let duckduckgo = url("SEARCH_DUCKDUCKGO_URL", text(self.search_duckduckgo_url.as_ref()).or(Some(DUCKDUCKGO)));

        let set_up = [
            ("searxng", searxng.map(|url| SearchProvider::Searxng { url })),
            ("brave", brave.zip(key).map(|(url, key)| SearchProvider::Brave { url, key })),
            ("duckduckgo", duckduckgo.map(|url| SearchProvider::DuckDuckGo { url })),
        ];
        let providers = match text(self.search_providers.as_ref()) {
            None => set_up.into_iter().filter_map(|(_, provider)| provider).collect(),
            Some("none") => Vec::new(),
            Some(list) => in_order(list, &set_up, problems),
        };
        let timeout = text(self.search_timeout.as_ref()).map_or(Ok(TIMEOUT), parse_duration);
        let timeout = problems.take("SEARCH_TIMEOUT", timeout, DURATION, TIMEOUT);
        let hours = text(self.search_cache_hours.as_ref()).map_or(Ok(CACHE_HOURS), |value| parse_count(value, 0..=720));
        let hours = problems.take("SEARCH_CACHE_HOURS", hours, ("hours from 0 to 720", "6"), CACHE_HOURS);
        SearchSettings { providers, timeout, cache_for: Duration::from_secs(u64::from(hours) * HOUR) }
    }
}

/// The providers that a list names.
fn in_order(
    list: &str,
    set_up: &[(&str, Option<SearchProvider>)],
    problems: &mut ConfigProblems,
) -> Vec<SearchProvider> {
    let mut named: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match set_up.iter().find(|(known, _)| *known == name) {
            Some(_) if named.contains(&name) => {}
            Some((_, Some(provider))) => found.push(provider.clone()),
            Some(("searxng", None)) => wrong.push("searxng needs SEARCH_SEARXNG_URL".to_owned()),
            Some(("brave", None)) => wrong.push("brave needs SEARCH_BRAVE_API_KEY".to_owned()),
            // Its URL is wrong, which is told already.
            Some(_) => {}
            None => wrong.push(format!("{} is no provider", shown(name))),
        }
        named.push(name);
    }
    if named.is_empty() {
        wrong.push("names no provider".to_owned());
    }
    if !wrong.is_empty() {
        let shape = "searxng, brave and duckduckgo separated by commas, each set up; or none";
        problems.add("SEARCH_PROVIDERS", wrong.join(", "), shape, "searxng,duckduckgo");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: SearchArgs) -> Result<SearchSettings, String> {
        let mut problems = ConfigProblems::default();
        let settings = args.resolve(&mut problems);
        problems.into_result(settings).map_err(|problems| problems.to_string())
    }

    fn names(settings: &SearchSettings) -> Vec<&'static str> {
        let name = |provider: &SearchProvider| match provider {
            SearchProvider::Searxng { .. } => "searxng",
            SearchProvider::Brave { .. } => "brave",
            SearchProvider::DuckDuckGo { .. } => "duckduckgo",
        };
        settings.providers.iter().map(name).collect()
    }

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn all() -> SearchArgs {
        SearchArgs {
            search_searxng_url: some("http://127.0.0.1:8888"),
            search_brave_api_key: Some(Secret::new("k")),
            ..Default::default()
        }
    }

    #[test]
    fn whoever_is_set_up_is_asked_and_duckduckgo_is_the_last() {
        let settings = resolve(SearchArgs::default()).unwrap();
        assert_eq!(names(&settings), ["duckduckgo"]);
        assert_eq!((settings.timeout.as_secs(), settings.cache_for.as_secs()), (10, 6 * 3600));
        assert_eq!(names(&resolve(all()).unwrap()), ["searxng", "brave", "duckduckgo"]);
    }

    #[test]
    fn the_operator_has_the_last_word_on_who_is_asked() {
        for (list, expected) in
            [("duckduckgo, searxng,", &["duckduckgo", "searxng"][..]), ("brave,brave", &["brave"]), ("none", &[])]
        {
            let settings = resolve(SearchArgs { search_providers: some(list), ..all() }).unwrap();
            assert_eq!(names(&settings), expected, "{list}");
        }
    }

    #[test]
    fn a_provider_that_is_named_and_not_set_up_is_refused_with_what_it_needs() {
        let args = SearchArgs {
            search_providers: some("searxng,brave,bing"),
            search_cache_hours: some("1000"),
            search_timeout: some("soon"),
            ..Default::default()
        };
        let told = resolve(args).unwrap_err();
        let wrong = "SEARCH_PROVIDERS: searxng needs SEARCH_SEARXNG_URL, brave needs SEARCH_BRAVE_API_KEY, \"bing\" is no provider";
        for line in [wrong, "SEARCH_CACHE_HOURS: \"1000\"", "SEARCH_TIMEOUT: \"soon\""] {
            assert!(told.contains(line), "{told}");
        }
        assert_eq!(told.lines().count(), 4, "{told}");
    }

    #[test]
    fn a_wrong_url_is_told_once() {
        let wrong = SearchArgs { search_searxng_url: some("localhost"), search_providers: some("searxng"), ..all() };
        assert!(resolve(wrong).unwrap_err().contains("SEARCH_SEARXNG_URL"));
        let wrong = SearchArgs { search_duckduckgo_url: some("x"), search_providers: some("duckduckgo"), ..all() };
        assert_eq!(resolve(wrong).unwrap_err().lines().count(), 2);
    }
}

//! The web search: does each provider find something.

use pedro_core::plan::step::web_search::Provider;
use pedro_core::service::config::SearchSettings;

use super::report::Report;

/// Something that every provider finds.
const QUERY: &str = "weather";

pub(super) async fn check(settings: &SearchSettings, report: &mut Report) -> anyhow::Result<()> {
    if settings.providers.is_empty() {
        return report.ok("web search", "switched off: plans go without it");
    }
    for provider in &settings.providers {
        let provider = Provider::new(provider, settings.timeout)?;
        let name = provider.name();
        match provider.search(QUERY).await {
            Ok(pages) if !pages.is_empty() => report.ok("web search", format!("{name} finds something"))?,
            Ok(_) => report.warn("web search", format!("{name} finds nothing"), mend(name))?,
            Err(error) => report.warn("web search", format!("{name}: {error}"), mend(name))?,
        }
    }
    Ok(())
}

fn mend(provider: &str) -> &'static str {
    match provider {
        "searxng" => "correct SEARCH_SEARXNG_URL, and add json to search.formats in that server's settings",
        "brave" => "check SEARCH_BRAVE_API_KEY and SEARCH_BRAVE_URL",
        _ => "plans go on without it; a SearXNG server of your own (SEARCH_SEARXNG_URL) is the surest",
    }
}

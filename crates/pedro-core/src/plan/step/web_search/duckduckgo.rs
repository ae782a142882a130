//! DuckDuckGo's page for browsers without scripts: it needs no key, and may ask at any time whether we are human.

use std::time::Duration;

use reqwest::Client;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::provider::{Answer, SearchError, client, found};
use crate::store::web_search::FoundPage;

/// A client of the page `/html/`.
pub struct DuckDuckGo {
    client: Client,
    page: Url,
}

impl DuckDuckGo {
    /// `page` is the whole address, up to the question mark.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(page: Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self { client: client(timeout)?, page })
    }

    pub(super) async fn search(&self, query: &str) -> Result<Vec<FoundPage>, SearchError> {
        let request = self.client.get(self.page.clone()).query(&[("q", query)]).header("accept", "text/html");
        let answer = Answer::to(request).await?.ensure_success()?;
        read(&String::from_utf8_lossy(&answer.body), &self.page)
    }
}

/// What the page says, if it is a page of results.
fn read(html: &str, address: &Url) -> Result<Vec<FoundPage>, SearchError> {
    let page = Html::parse_document(html);
    if first(&page, "#challenge-form, .anomaly-modal__modal, form[action*='anomaly.js']").is_some() {
        return Err(SearchError::Unusable(
            "it wants to know whether we are human, and lets no search through".to_owned(),
        ));
    }
    let pages = found(all(page.root_element(), ".result").into_iter().filter_map(|result| one(result, address)));
    if pages.is_empty() && first(&page, ".no-results, .result--no-result").is_none() {
        return Err(SearchError::Unusable("its page has no results, nor does it say that there are none".to_owned()));
    }
    Ok(pages)
}

/// Title, address and snippet of a result that is no advertisement.
fn one(result: ElementRef<'_>, page: &Url) -> Option<(String, String, String)> {
    if result.value().classes().any(|class| class == "result--ad") {
        return None;
    }
    let link = all(result, "a.result__a").into_iter().next()?;
    let address = page.join(link.attr("href")?).ok()?;
    let leads_to = behind(&address)?;
    let snippet = all(result, ".result__snippet").into_iter().next().map(text_of).unwrap_or_default();
    Some((text_of(link), leads_to, snippet))
}

/// Where a link leads: most go by way of `duckduckgo.com/l/?uddg=`, and advertisements by way of its `y.js`.
fn behind(address: &Url) -> Option<String> {
    let own = address.host_str().is_some_and(|host| host == "duckduckgo.com" || host.ends_with(".duckduckgo.com"));
    let target = address.query_pairs().find(|(name, _)| name == "uddg").map(|(_, target)| target.into_owned());
    match (address.path(), target) {
        ("/l/" | "/l", Some(target)) => Some(target),
        ("/y.js", _) if own => None,
        _ => Some(address.as_str().to_owned()),
    }
}

fn text_of(element: ElementRef<'_>) -> String {
    // The text has no entities any more: what looks like one in it was written so.
    element.text().collect::<String>().replace('&', "&amp;").replace('<', "&lt;")
}

fn first<'a>(page: &'a Html, selector: &str) -> Option<ElementRef<'a>> {
    all(page.root_element(), selector).into_iter().next()
}

/// Nothing for a selector that cannot be read, which a test would show.
fn all<'a>(within: ElementRef<'a>, selector: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(selector).map(|selector| within.select(&selector).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(html: &str) -> Result<Vec<FoundPage>, SearchError> {
        read(html, &Url::parse("https://html.duckduckgo.com/html/").unwrap())
    }

    const RESULTS: &str = r#"<html><body><div id="links" class="results">
        <div class="result results_links results_links_deep result--ad"><h2 class="result__title">
            <a class="result__a" href="https://duckduckgo.com/y.js?ad_domain=shop.example&amp;u3=x">Buy Go</a></h2></div>
        <div class="result results_links results_links_deep web-result"><div class="links_main result__body">
            <h2 class="result__title"><a rel="nofollow" class="result__a"
                href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fgo.dev%2Fdoc%2F%3Fa%3D1%26b%3D2&amp;rut=abc">Go &amp; <b>docs</b></a></h2>
            <a class="result__snippet" href="//duckduckgo.com/l/?uddg=x">The <b>Go</b> language &lt;T&gt; &amp;amp; more</a></div></div>
        <div class="result web-result"><a class="result__a" href="https://example.org/direct">Direct</a></div>
        <div class="result web-result"><a class="result__a" href="//duckduckgo.com/l/?uddg=javascript%3Aalert(1)">Bad</a></div>
        <div class="result web-result"><span>no link</span></div>
        </div></body></html>"#;

    #[test]
    fn results_are_read_with_where_they_really_lead_and_without_advertisements() {
        let pages = pages(RESULTS).unwrap();
        let urls: Vec<&str> = pages.iter().map(|page| page.url.as_str()).collect();
        assert_eq!(urls, ["https://go.dev/doc/?a=1&b=2", "https://example.org/direct"]);
        assert_eq!(pages[0].title, "Go & docs");
        assert_eq!(pages[0].snippet, "The Go language <T> &amp; more");
        assert_eq!(pages[1].snippet, "");
    }

    #[test]
    fn the_page_that_says_nothing_was_found_is_no_failure() {
        for html in [
            r#"<div class="no-results">No results found for <b>xyzzy</b></div>"#,
            r#"<div class="result result--no-result"><div class="no-results">No results.</div></div>"#,
        ] {
            assert!(pages(html).unwrap().is_empty());
        }
    }

    #[test]
    fn a_challenge_is_a_failure_that_says_so() {
        let html = r#"<form id="challenge-form" action="//duckduckgo.com/anomaly.js?sv=html" method="POST">
            <div class="anomaly-modal__modal">Select all squares containing a duck</div></form>"#;
        assert!(pages(html).unwrap_err().to_string().contains("human"));
    }

    #[test]
    fn another_page_is_a_failure() {
        for html in ["", "<html><body>Service Unavailable</body></html>", "{}"] {
            assert!(pages(html).is_err(), "{html}");
        }
    }
}

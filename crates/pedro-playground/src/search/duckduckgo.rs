//! DuckDuckGo's page without JavaScript, at `/ddg/html/`, as it is written there.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::ask::Ask;
use super::page::Page;
use super::provider::Provider;
use super::serve::{Desk, Found};
use super::text::{escape, marked, snippet};
use crate::hash::fnv1a;
use crate::web::percent;

const RESULTS: usize = 10;
const MARK: (&str, &str) = ("<b>", "</b>");

pub(super) fn router() -> Router<Desk> {
    Router::new().route("/ddg/html/", get(search).post(search)).route("/ddg/html", get(search).post(search))
}

async fn search(State(desk): State<Desk>, ask: Ask) -> Response {
    let query = ask.text("q").trim().to_owned();
    desk.serve(Provider::DuckDuckGo, &query, ask, |ask, found| answer(ask, &found)).await
}

fn answer(ask: &Ask, found: &Found) -> Response {
    if found.blocked {
        return challenge(&found.query);
    }
    let results = found.part(ask.number("s").unwrap_or(0), RESULTS);
    let inside =
        if results.is_empty() { nothing() } else { results.iter().map(|page| result(page, &found.query)).collect() };
    document(&found.query, &inside, "").into_response()
}

/// One result. Its links lead through DuckDuckGo, which is told where to.
fn result(page: &Page, query: &str) -> String {
    let rut = format!("{:016x}", fnv1a(&page.url)).repeat(4);
    let link = format!("//duckduckgo.com/l/?uddg={}&amp;rut={rut}", percent(&page.url));
    let title = escape(&page.title);
    let text = marked(&snippet(&page.text), query, MARK);
    let shown = escape(page.url.split_once("://").map_or(page.url.as_str(), |(_, rest)| rest).trim_end_matches('/'));
    format!(
        "
    <div class=\"result results_links results_links_deep web-result \">
      <div class=\"links_main links_deep result__body\"> <!-- This is the visible part -->
        <h2 class=\"result__title\">
          <a rel=\"nofollow\" class=\"result__a\" href=\"{link}\">{title}</a>
        </h2>
        <div class=\"result__extras\">
          <div class=\"result__extras__url\">
            <span class=\"result__icon\">
              <a rel=\"nofollow\" href=\"{link}\">
                <img class=\"result__icon__img\" width=\"16\" height=\"16\" alt=\"\" src=\"//duckduckgo.com/i.ico\" />
              </a>
            </span>
            <a class=\"result__url\" href=\"{link}\">
              {shown}
            </a>
          </div>
        </div>
        <a class=\"result__snippet\" href=\"{link}\">{text}</a>
        <div class=\"clear\"></div>
      </div>
    </div>
"
    )
}

fn nothing() -> String {
    "
    <div class=\"result results_links results_links_deep result--no-result\">
      <div class=\"links_main links_deep result__body\">
        <div class=\"no-results\">No results.</div>
      </div>
    </div>
"
    .to_owned()
}

fn document(query: &str, results: &str, after: &str) -> Html<String> {
    let query = escape(query);
    Html(format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"
  \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">
<html xmlns=\"http://www.w3.org/1999/xhtml\">
<head>
  <meta http-equiv=\"content-type\" content=\"text/html; charset=UTF-8\" />
  <meta name=\"robots\" content=\"noindex, nofollow\" />
  <title>{query} at DuckDuckGo</title>
</head>
<body class=\"body--html\">
  <form id=\"search_form_homepage_top\" class=\"search__form\" name=\"x\" method=\"post\" action=\"/html/\">
    <input name=\"q\" class=\"search__input\" id=\"search_form_input_homepage\" type=\"text\" value=\"{query}\" />
  </form>
  <div class=\"serp__results\">
  <div id=\"links\" class=\"results\">{results}  </div>
  </div>
{after}</body>
</html>
"
    ))
}

/// The page for those who are taken for a bot. Its status is 202, which is no failure: whoever looks only at that finds
/// nothing in it, and believes that there is nothing to be found.
fn challenge(query: &str) -> Response {
    let form = "
  <form id=\"challenge-form\" action=\"//duckduckgo.com/anomaly.js?sv=html&amp;cc=botnet\" method=\"POST\">
    <div class=\"anomaly-modal__mask\">
      <div class=\"anomaly-modal__modal\" data-testid=\"anomaly-modal\">
        <div class=\"anomaly-modal__title\">Unfortunately, bots use DuckDuckGo too.</div>
        <div class=\"anomaly-modal__description\">
          Please complete the following challenge to confirm this search was made by a human.
        </div>
        <div class=\"anomaly-modal__instructions\">Select all squares containing a duck:</div>
      </div>
    </div>
  </form>
";
    (StatusCode::ACCEPTED, document(query, "", form)).into_response()
}

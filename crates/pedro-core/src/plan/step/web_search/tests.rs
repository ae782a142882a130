use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::chat::MessageId;
use crate::plan::step::test_server::{Page, TestServer};
use crate::service::config::SearchProvider;
use crate::service::metrics;
use crate::service::secret::Secret;
use crate::store::MIGRATOR;
use url::Url;

const NO_SOURCES: Provenance<'static> = Provenance { question: None, messages: &[] };
const SHORT: Duration = Duration::from_millis(300);

/// A provider at an address.
type At = fn(&Url) -> SearchProvider;

fn searxng(url: &Url) -> SearchProvider {
    SearchProvider::Searxng { url: url.clone() }
}

fn brave(url: &Url) -> SearchProvider {
    SearchProvider::Brave { url: url.clone(), key: Secret::new("k-e-y") }
}

fn duckduckgo(url: &Url) -> SearchProvider {
    SearchProvider::DuckDuckGo { url: url.join("html/").unwrap() }
}

fn web_search(pool: &PgPool, providers: Vec<SearchProvider>, hours: u64) -> WebSearch {
    let settings = SearchSettings { providers, timeout: SHORT, cache_for: Duration::from_secs(hours * 3600) };
    WebSearch::new(pool.clone(), &settings).unwrap()
}

/// A database that is not there: searching goes on without it.
fn nowhere() -> PgPool {
    let options = sqlx::postgres::PgPoolOptions::new().acquire_timeout(Duration::from_millis(50));
    options.connect_lazy("postgres://nobody@127.0.0.1:1/nothing").unwrap()
}

fn without_cache(providers: Vec<SearchProvider>) -> WebSearch {
    web_search(&nowhere(), providers, 0)
}

/// What SearXNG says that it found.
fn found(title: &str) -> Page {
    Page::json(format!(
        r#"{{"results": [{{"title": "{title}", "url": "https://example.org/{title}", "content": "c"}}]}}"#
    ))
}

fn nothing() -> Page {
    Page::json(r#"{"results": []}"#)
}

const NO_BETTER: Rewrite<'static> = &|_, _| Box::pin(async { None });

/// As many queries as are asked for: `query number 2`, `query number 3`...
const NUMBERED: Rewrite<'static> =
    &|_, tried| Box::pin(async move { Some(format!("query number {}", tried.len() + 1)) });

async fn search(client: &Provider, query: &str) -> Result<Vec<FoundPage>, SearchError> {
    client.search(query).await
}

#[tokio::test]
async fn searxng_is_asked_for_json() {
    let server = TestServer::start([found("go")]).await;
    let client = Provider::new(&searxng(&server.url.join("sub/").unwrap()), SHORT).unwrap();
    assert_eq!(search(&client, "go & rust?").await.unwrap()[0].title, "go");
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str(), asked.body.as_str()), ("GET", "/sub/search", ""));
    assert_eq!((asked.query["q"].as_str(), asked.query["format"].as_str()), ("go & rust?", "json"));
    assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("pedro/"));
}

#[tokio::test]
async fn brave_is_shown_the_key_and_asked_for_what_it_takes() {
    let server =
        TestServer::start([Page::json(r#"{"web": {"results": [{"title": "t", "url": "https://example.org/"}]}}"#)])
            .await;
    let client = Provider::new(&brave(&server.url), SHORT).unwrap();
    assert_eq!(search(&client, &"word ".repeat(60)).await.unwrap().len(), 1);
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.path.as_str(), asked.headers["x-subscription-token"].to_str().unwrap()),
        ("/res/v1/web/search", "k-e-y")
    );
    assert_eq!(asked.query["q"].split(' ').count(), 50);
    assert_eq!(asked.query["count"], "8");
}

#[tokio::test]
async fn duckduckgo_is_asked_for_the_page_that_the_operator_names() {
    let server = TestServer::start([Page::html(
        r#"<div class="result"><a class="result__a" href="https://go.dev/">Go</a></div>"#,
    )])
    .await;
    let client = Provider::new(&duckduckgo(&server.url), SHORT).unwrap();
    assert_eq!(search(&client, "go").await.unwrap()[0].url, "https://go.dev/");
    assert_eq!((server.asked()[0].path.as_str(), server.asked()[0].query["q"].as_str()), ("/html/", "go"));
}

#[tokio::test]
async fn whatever_is_no_answer_is_a_failure_with_a_word_for_the_operator() {
    let slow = found("late").after(Duration::from_secs(2));
    let cases: [(At, Page, &str); 14] = [
        (searxng, Page::status(500), "500"),
        (searxng, Page::html("<html>results</html>"), "search.formats"),
        (searxng, Page::status(403), "search.formats"),
        (searxng, Page::json("{"), "no JSON"),
        (searxng, Page::json(" ".repeat(2_000_000)), "larger than"),
        (searxng, slow, "too long"),
        (searxng, Page::status(302).header("location", "https://example.org/"), "302"),
        (searxng, Page::status(429), "429"),
        (brave, Page::status(401), "SEARCH_BRAVE_API_KEY"),
        (brave, Page::status(500), "500"),
        (brave, Page::json("[]"), "no results"),
        (duckduckgo, Page::new(202, "text/html", r#"<form id="challenge-form"></form>"#), "human"),
        (duckduckgo, Page::status(500), "500"),
        (duckduckgo, Page::html("<html></html>"), "no results"),
    ];
    for (provider, page, expected) in cases {
        let server = TestServer::start([page]).await;
        let client = Provider::new(&provider(&server.url), SHORT).unwrap();
        let error = search(&client, "secret question").await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
    let client = Provider::new(&searxng(&"http://127.0.0.1:1/".parse().unwrap()), SHORT).unwrap();
    assert!(matches!(search(&client, "secret").await, Err(SearchError::Unusable(text)) if !text.contains("secret")));
}

#[tokio::test]
async fn a_search_that_goes_at_once_is_numbered_and_cited_and_needs_no_note() {
    let server = TestServer::start([Page::json(
        r#"{"results": [{"title": "One", "url": "https://example.org/1", "content": "first"},
                        {"title": "Two", "url": "https://example.org/2"}]}"#,
    )])
    .await;
    let search = without_cache(vec![searxng(&server.url)]);
    let output =
        search.run("  go\n", Provenance { question: None, messages: &[MessageId(7)] }, NO_BETTER).await.unwrap();
    assert_eq!(output.text, "1. One\n   first\n   https://example.org/1\n2. Two\n   https://example.org/2");
    assert_eq!(output.citations[1], Citation { title: "Two".into(), url: Some("https://example.org/2".into()) });
    assert_eq!((output.sources, output.note), (vec![MessageId(7)], None));
    assert_eq!(server.queries("q"), ["go"]);
}

#[tokio::test]
async fn what_fails_is_searched_again_with_better_words_then_by_the_next() {
    let first = TestServer::start([Page::status(500), nothing()]).await;
    let second = TestServer::start([found("go")]).await;
    let asked_model = AtomicUsize::new(0);
    let rewrite = |query: String, tried: Vec<String>| -> BoxFuture<'_, _> {
        asked_model.fetch_add(1, Ordering::SeqCst);
        assert_eq!((query.as_str(), tried.len()), ("when is the go release", 1));
        Box::pin(async { Some("\"go release date\"".to_owned()) })
    };
    let search = without_cache(vec![searxng(&first.url), searxng(&second.url)]);
    let output = search.run("when is the go release", NO_SOURCES, &rewrite).await.unwrap();
    assert_eq!(first.queries("q"), ["when is the go release", "go release date"]);
    assert_eq!(second.queries("q"), ["go release date"]);
    assert_eq!(output.note.as_deref(), Some("1 search failed, 1 found nothing; found with another query"));
    assert_eq!(asked_model.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_a_better_query_of_the_models_a_plain_rule_makes_one() {
    let server = TestServer::start([nothing(), nothing(), found("x")]).await;
    let search = without_cache(vec![searxng(&server.url)]);
    let query = "where can I read about the tokio runtime scheduler and its blocking threads";
    // One that was tried is no better than none.
    let shouted: Rewrite<'_> = &|query, _| Box::pin(async move { Some(query.to_uppercase()) });
    let output = search.run(query, NO_SOURCES, shouted).await.unwrap();
    assert_eq!(server.queries("q")[1..], ["read tokio runtime scheduler blocking threads", "tokio runtime scheduler"]);
    assert_eq!(output.note.as_deref(), Some("2 searches found nothing; found with another query"));
}

#[tokio::test]
async fn five_attempts_are_the_most_and_then_it_is_said_plainly() {
    let servers = [TestServer::start([]).await, TestServer::start([]).await, TestServer::start([]).await];
    let search = without_cache(servers.iter().map(|server| searxng(&server.url)).collect());
    let error = search.run("query number 1", NO_SOURCES, NUMBERED).await.unwrap_err();
    assert_eq!(error, StepError::Failed("the web search did not work".to_owned()));
    let asked: Vec<Vec<String>> = servers.iter().map(|server| server.queries("q")).collect();
    assert_eq!(asked[0], ["query number 1", "query number 2"]);
    assert_eq!(asked[1], ["query number 2", "query number 3"]);
    assert_eq!(asked[2], ["query number 3"]);
}

#[tokio::test]
async fn a_word_that_cannot_be_put_better_is_tried_twice_if_it_failed_and_once_if_nothing_was_found() {
    for (page, times) in [(Page::status(500), 2), (nothing(), 1)] {
        let server = TestServer::start(vec![page; 5]).await;
        let search = without_cache(vec![searxng(&server.url)]);
        assert!(search.run("gopls", NO_SOURCES, NO_BETTER).await.is_err());
        assert_eq!(server.queries("q"), vec!["gopls"; times]);
    }
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is_and_a_short_wait_is_waited() {
    let busy = Page::status(429).header("retry-after", "30");
    let first = TestServer::start([busy]).await;
    let second = TestServer::start([found("a"), found("b")]).await;
    let search = without_cache(vec![searxng(&first.url), duckduckgo(&second.url)]);
    assert!(search.run("go", NO_SOURCES, NO_BETTER).await.is_err(), "the second speaks another language");
    assert_eq!((first.asked().len(), second.asked().len()), (1, 2));
    assert!(search.run("go", NO_SOURCES, NO_BETTER).await.is_err());
    assert_eq!(first.asked().len(), 1, "still left alone");

    let server = TestServer::start([Page::status(429).header("retry-after", "1"), found("go")]).await;
    let output = without_cache(vec![searxng(&server.url)]).run("go", NO_SOURCES, NO_BETTER).await.unwrap();
    assert_eq!((server.asked().len(), output.note), (2, None));
}

#[tokio::test]
async fn when_all_want_to_be_left_alone_nobody_is_asked() {
    let server = TestServer::start([Page::status(429).header("retry-after", "999999999")]).await;
    let search = without_cache(vec![searxng(&server.url)]);
    for _ in 0..2 {
        assert!(search.run("go", NO_SOURCES, NO_BETTER).await.is_err());
    }
    let error = search.run("go", NO_SOURCES, NO_BETTER).await.unwrap_err();
    assert_eq!(error.to_string(), "the web search wants a rest, it can be asked again later");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn nobody_to_ask_or_nothing_to_ask_is_refused() {
    assert!(matches!(without_cache(vec![]).run("go", NO_SOURCES, NO_BETTER).await, Err(StepError::Refused(_))));
    let server = TestServer::start([]).await;
    let search = without_cache(vec![searxng(&server.url)]);
    assert!(matches!(search.run(" \"?\" ", NO_SOURCES, NO_BETTER).await, Err(StepError::Refused(_))));
    assert!(server.asked().is_empty());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn the_same_search_is_not_made_twice_within_its_age(pool: PgPool) {
    let server = TestServer::start([found("old"), found("new")]).await;
    let search = web_search(&pool, vec![searxng(&server.url)], 6);
    let first = search.run("Go release", NO_SOURCES, NO_BETTER).await.unwrap();
    let again = search.run(" go  RELEASE", NO_SOURCES, NO_BETTER).await.unwrap();
    assert_eq!((first.text, first.citations), (again.text, again.citations));
    assert_eq!(server.asked().len(), 1);
    sqlx::query("update pedro.web_search set fetched_at = now() - interval '7 hours'").execute(&pool).await.unwrap();
    let later = search.run("go release", NO_SOURCES, NO_BETTER).await.unwrap();
    assert!(later.text.contains("new"), "{}", later.text);
    let rows: i64 = sqlx::query_scalar("select count(*) from pedro.web_search").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 1, "what is too old was swept");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_one_provider_found_is_good_while_the_other_is_away(pool: PgPool) {
    let second = TestServer::start([found("go")]).await;
    let alone = web_search(&pool, vec![searxng(&second.url)], 6);
    alone.run("go", NO_SOURCES, NO_BETTER).await.unwrap();
    let first = TestServer::start([]).await;
    let both = web_search(&pool, vec![duckduckgo(&first.url), searxng(&second.url)], 6);
    assert!(both.run("go", NO_SOURCES, NO_BETTER).await.is_ok());
    assert!(first.asked().is_empty());
}

#[tokio::test]
async fn without_the_database_searching_goes_on() {
    let server = TestServer::start([found("go")]).await;
    assert!(web_search(&nowhere(), vec![searxng(&server.url)], 6).run("go", NO_SOURCES, NO_BETTER).await.is_ok());
}

#[test]
fn each_attempt_is_counted_and_nothing_found_is_no_success() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    ::metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = TestServer::start([Page::status(500), nothing(), found("go")]).await;
            let search = without_cache(vec![searxng(&server.url)]);
            search.run("go", NO_SOURCES, NUMBERED).await.unwrap();
        });
    });
    let page = handle.render();
    let counted = [(metrics::catalog::WEB_SEARCH_FAIL, 2), (metrics::catalog::WEB_SEARCH_SUCCESS, 1)];
    for (name, count) in counted {
        assert!(page.contains(&format!("{name} {count}")), "{page}");
    }
}

#[tokio::test]
async fn a_step_can_be_run_by_any_thread() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let (search, model) = (without_cache(vec![]), String::from("a model"));
    let rewrite = |query: String, _: Vec<String>| -> BoxFuture<'_, _> {
        let model = &model;
        Box::pin(async move { Some(format!("{model} {query}")) })
    };
    assert!(sendable(search.run("go", NO_SOURCES, &rewrite)).await.is_err());
}

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::*;
use crate::plan::step::test_server::{Page, TestServer};
use crate::service::config::{ApiMethod, ApiSecret, ApiServer, BodyTemplate, OpenAiSettings, UrlTemplate};
use crate::service::secret::Secret;

const NOTHING_BUILT_IN: ApiSettings = ApiSettings { openai: None, duckduckgo: None, wikipedia: None };

/// An API in the operator's own network.
fn tool(url: &str) -> ApiToolSettings {
    ApiToolSettings {
        name: "weather".to_owned(),
        description: "the weather of a city".to_owned(),
        method: ApiMethod::Get,
        url: UrlTemplate::parse(url).unwrap(),
        body: None,
        secret: None,
        allow_private: true,
        timeout: Duration::from_secs(2),
        max_bytes: 2_000,
        result: None,
    }
}

fn secret(value: &str) -> Option<ApiSecret> {
    let header = HeaderName::from_static("authorization");
    let value_of_header = HeaderValue::try_from(format!("Bearer {value}")).unwrap();
    Some(ApiSecret { header, value: value_of_header, secret: Secret::new(value) })
}

/// No test here gets as far as asking it.
fn no_database() -> PgPool {
    PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/none").unwrap()
}

fn payer() -> Payer {
    Payer { community: 1.into(), day: Default::default() }
}

async fn ask(tool: ApiToolSettings, params: Value) -> Result<StepOutput, StepError> {
    let tools = ApiTools::new(NOTHING_BUILT_IN, vec![tool], no_database()).unwrap();
    let mut given = params.as_object().unwrap().clone();
    given.insert("tool".to_owned(), "weather".into());
    tools.run(&given, payer()).await
}

async fn ask_built_in(built_in: ApiSettings, params: Value) -> Result<StepOutput, StepError> {
    ApiTools::new(built_in, Vec::new(), no_database()).unwrap().run(params.as_object().unwrap(), payer()).await
}

fn own(server: &TestServer) -> ApiServer {
    ApiServer { url: server.url.clone(), own: true }
}

#[tokio::test]
async fn a_listed_api_is_asked_as_its_template_says() {
    let server = TestServer::start([Page::json(r#"{"now": {"text": "cold"}}"#)]).await;
    let url = format!("{}v1/{{city}}?units={{units}}", server.url);
    let tool = ApiToolSettings { secret: secret("hunter2"), result: Some("/now/text".to_owned()), ..tool(&url) };
    let output = ask(tool, json!({"city": "Salt Lake/City", "units": "c&f"})).await.unwrap();
    assert_eq!((output.text.as_str(), output.citations[0].title.as_str()), ("cold", "weather"));
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/v1/Salt%20Lake%2FCity"));
    assert_eq!(
        (asked.query["units"].as_str(), asked.headers["authorization"].to_str().unwrap()),
        ("c&f", "Bearer hunter2")
    );
}

#[tokio::test]
async fn a_body_is_posted_as_json_whatever_is_in_the_words() {
    let server = TestServer::start([Page::html("<h1>Answer</h1><p>42 &amp; more<script>x()</script>")]).await;
    let tool = ApiToolSettings {
        method: ApiMethod::Post,
        body: Some(BodyTemplate::new(json!({"question": "{query}", "n": 1}))),
        ..tool(server.url.as_str())
    };
    let output = ask(tool, json!({"query": "say \"hi\"}, {\"n\": 2"})).await.unwrap();
    assert_eq!(output.text, "Answer\n42 & more");
    let asked = &server.asked()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(
        serde_json::from_str::<Value>(&asked.body).unwrap(),
        json!({"question": "say \"hi\"}, {\"n\": 2", "n": 1})
    );
}

#[tokio::test]
async fn what_is_not_listed_or_lacks_something_is_refused_without_asking_anybody() {
    let server = TestServer::start([]).await;
    let with_city = tool(&format!("{}{{city}}", server.url));
    for params in [json!({}), json!({"city": ""}), json!({"city": ["x"]}), json!({"city": ".."})] {
        let error = ask(with_city.clone(), params).await.unwrap_err();
        assert_eq!(error, StepError::Refused("weather was not told what it needs".to_owned()));
    }
    for name in ["openai", "duckduckgo", "wikipedia", "http://example.org/", "", "Weather"] {
        let error = ask_built_in(NOTHING_BUILT_IN, json!({"tool": name, "query": "x"})).await.unwrap_err();
        assert!(matches!(error, StepError::Refused(_)), "{name}");
    }
    assert!(matches!(ask_built_in(NOTHING_BUILT_IN, json!({"query": "x"})).await, Err(StepError::Refused(_))));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn an_api_in_a_private_network_is_asked_only_if_the_operator_said_so() {
    let server = TestServer::start([Page::json("{}")]).await;
    let port = server.url.port().unwrap();
    let elsewhere = ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fd00:ec2::254]/"];
    let here = ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "0", "localhost"];
    let here = here.map(|host| format!("http://{host}:{port}/"));
    for url in here.iter().map(String::as_str).chain(elsewhere) {
        let tool = ApiToolSettings { allow_private: false, secret: secret("hunter2"), ..tool(url) };
        let error = ask(tool, json!({})).await.unwrap_err();
        assert_eq!(error, StepError::Refused("weather leads where I must not go".to_owned()), "{url}");
    }
    assert!(server.asked().is_empty());
    assert!(ask(tool(server.url.as_str()), json!({})).await.is_ok());
}

#[tokio::test]
async fn a_redirect_to_another_server_is_not_followed_and_one_within_the_server_is() {
    let other = TestServer::start([]).await;
    let targets = [
        other.url.as_str(),
        "http://169.254.169.254/",
        "http://localhost:1/",
        "file:///etc/passwd",
        "https://example.org/",
        "gopher://127.0.0.1/",
    ];
    for target in targets {
        let server = TestServer::start([Page::status(302).header("location", target)]).await;
        let tool = ApiToolSettings { secret: secret("hunter2"), ..tool(server.url.as_str()) };
        let error = ask(tool, json!({})).await.unwrap_err();
        assert!(matches!(error, StepError::Refused(_) | StepError::Failed(_)), "{target}: {error}");
        assert_eq!(server.asked().len(), 1);
    }
    assert!(other.asked().is_empty());

    let server = TestServer::start([Page::status(301).header("location", "/there"), Page::json("7")]).await;
    assert_eq!(ask(tool(server.url.as_str()), json!({})).await.unwrap().text, "7");
    assert_eq!(server.asked()[1].path, "/there");

    let around = vec![Page::status(302).header("location", "/again"); 20];
    let server = TestServer::start(around).await;
    assert!(ask(tool(server.url.as_str()), json!({})).await.is_err());
    assert!(server.asked().len() <= 4, "{}", server.asked().len());
}

#[tokio::test]
async fn whatever_goes_wrong_is_told_without_address_or_secret() {
    let cases = [
        (Page::status(500), StepError::Failed("weather did not answer as it should".to_owned())),
        (Page::status(404), StepError::Failed("weather did not answer as it should".to_owned())),
        (Page::status(401), StepError::Refused("weather does not let me in".to_owned())),
        (Page::json("x".repeat(3_000)), StepError::Failed("weather did not answer as it should".to_owned())),
        (Page::json("{"), StepError::Failed("weather did not answer as it should".to_owned())),
        (Page::new(200, "image/png", "x"), StepError::Failed("weather did not answer as it should".to_owned())),
        (Page::html("<script>x</script>"), StepError::Failed("weather knows nothing about that".to_owned())),
        (Page::json("1").after(Duration::from_secs(5)), StepError::TooSlow),
    ];
    for (page, expected) in cases {
        let server = TestServer::start([page]).await;
        let tool = ApiToolSettings { timeout: Duration::from_millis(300), ..tool(server.url.as_str()) };
        assert_eq!(ask(tool, json!({})).await.unwrap_err(), expected);
    }
    let nobody = ask(tool("http://127.0.0.1:1/"), json!({})).await.unwrap_err();
    assert_eq!(nobody, StepError::Failed("weather did not answer as it should".to_owned()));
}

/// A server that sends the head of an answer at once and then a piece each `pause`, without end.
async fn endless(piece: &'static str, pause: Duration) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let asked = socket.read(&mut [0; 4_096]).await.unwrap();
            assert!(asked > 0);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
            let mut sent = socket.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                tokio::time::sleep(pause).await;
                sent = socket.write_all(piece.as_bytes()).await;
            }
        }
    });
    url.parse().unwrap()
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_by_its_size_or_by_the_time() {
    let fast = endless("many words ", Duration::ZERO).await;
    let began = Instant::now();
    assert!(matches!(ask(tool(fast.as_str()), json!({})).await, Err(StepError::Failed(_))));
    assert!(began.elapsed() < Duration::from_millis(1_500));
    let slow = endless("x", Duration::from_millis(50)).await;
    let tool = ApiToolSettings { timeout: Duration::from_millis(400), ..tool(slow.as_str()) };
    assert_eq!(ask(tool, json!({})).await.unwrap_err(), StepError::TooSlow);
}

#[tokio::test]
async fn a_secret_that_the_server_sends_back_goes_no_further() {
    let echo = json!({"you sent": {"authorization": "Bearer a\"hunter2"}, "query": "a%22hunter2"}).to_string();
    let server = TestServer::start([Page::json(echo), Page::html("<p>a&quot;hun<b>ter2</b>")]).await;
    for _ in 0..2 {
        let tool = ApiToolSettings { secret: secret("a\"hunter2"), ..tool(server.url.as_str()) };
        let output = ask(tool, json!({})).await.unwrap();
        assert!(output.text.contains("[secret]") && !output.text.contains("hunter2"), "{}", output.text);
    }
}

#[tokio::test]
async fn a_long_answer_is_cut_to_what_fits_into_a_prompt() {
    let server = TestServer::start([Page::new(200, "text/plain", "word ".repeat(2_000))]).await;
    let tool = ApiToolSettings { max_bytes: 65_536, ..tool(server.url.as_str()) };
    let text = ask(tool, json!({})).await.unwrap().text;
    assert_eq!(text.chars().count(), 4_000, "{text}");
}

#[tokio::test]
async fn the_catalog_names_what_can_be_asked_here() {
    let url = "http://127.0.0.1:1/".parse::<Url>().unwrap();
    let server = ApiServer { url, own: true };
    let openai = OpenAiSettings {
        server: server.clone(),
        key: Secret::new("hunter2"),
        model: "m".to_owned(),
        daily_tokens: None,
    };
    let built_in = ApiSettings { openai: Some(openai), duckduckgo: Some(server.clone()), wikipedia: Some(server) };
    let tools = ApiTools::new(built_in, vec![tool("https://example.org/{city}?q={query}")], no_database()).unwrap();
    let catalog = tools.catalog();
    let names: Vec<&str> = catalog.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["weather", "duckduckgo", "wikipedia", "openai"]);
    assert_eq!(
        (catalog[0].params.clone(), catalog[3].params.clone()),
        (vec!["city".into(), "query".into()], vec!["query".into()])
    );
    assert!(!format!("{catalog:?}").contains("hunter2"));
    assert!(ApiTools::new(NOTHING_BUILT_IN, vec![], no_database()).unwrap().catalog().is_empty());
}

fn openai(server: &TestServer) -> ApiSettings {
    let server = ApiServer { url: server.url.join("v1/").unwrap(), own: true };
    let openai = OpenAiSettings { server, key: Secret::new("hunter2"), model: "large".to_owned(), daily_tokens: None };
    ApiSettings { openai: Some(openai), ..NOTHING_BUILT_IN }
}

fn completion(said: &str) -> Page {
    Page::json(json!({"choices": [{"message": {"role": "assistant", "content": said}}]}).to_string())
}

#[tokio::test]
async fn the_larger_model_is_asked_by_the_protocol_of_most() {
    let server = TestServer::start([completion("  Paris.\u{200b}\n\n\nIn France. hunter2 ")]).await;
    let params = json!({"tool": "openai", "query": "the capital of France?"});
    let output = ask_built_in(openai(&server), params).await.unwrap();
    assert_eq!(output.text, "Paris.\nIn France. [secret]");
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(asked.headers["authorization"], "Bearer hunter2");
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!((&body["model"], &body["messages"][1]["content"]), (&json!("large"), &json!("the capital of France?")));
    assert!(!body["messages"][0]["content"].as_str().unwrap().contains("France"));
    assert_eq!(body["max_tokens"], 1_000);
}

#[tokio::test]
async fn a_model_that_wants_its_limit_by_another_name_gets_it() {
    let refusal = "{\"error\": {\"message\": \"Unsupported parameter: use 'max_completion_tokens' instead.\"}}";
    let server = TestServer::start([Page::new(400, "application/json", refusal), completion("yes")]).await;
    let output = ask_built_in(openai(&server), json!({"tool": "openai", "query": "q"})).await.unwrap();
    assert_eq!(output.text, "yes");
    let body: Value = serde_json::from_str(&server.asked()[1].body).unwrap();
    assert!(body["max_tokens"].is_null() && body["max_completion_tokens"] == 1_000);
}

#[tokio::test]
async fn a_model_that_does_not_answer_is_told_in_words() {
    for (page, expected) in [
        (Page::status(401), "openai does not let me in"),
        (Page::status(429), "openai did not answer as it should"),
        (Page::status(500), "openai did not answer as it should"),
        (Page::json("{\"choices\": []}"), "openai did not answer as it should"),
        (Page::json("nonsense"), "openai did not answer as it should"),
        (completion(" \n"), "openai knows nothing about that"),
    ] {
        let server = TestServer::start([page]).await;
        let error = ask_built_in(openai(&server), json!({"tool": "openai", "query": "q"})).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let server = TestServer::start([]).await;
    let mut settings = openai(&server);
    settings.openai.as_mut().unwrap().server.own = false;
    let error = ask_built_in(settings, json!({"tool": "openai", "query": "q"})).await.unwrap_err();
    assert!(matches!(error, StepError::Refused(_)) && server.asked().is_empty());
    let unset = ask_built_in(NOTHING_BUILT_IN, json!({"tool": "openai", "query": "q"})).await.unwrap_err();
    assert_eq!(unset, StepError::Refused("no larger model is set up here".to_owned()));
}

#[tokio::test]
async fn an_instant_answer_is_asked_for_as_json() {
    let page =
        Page::new(200, "application/x-javascript", json!({"Heading": "Go", "AbstractText": "A language."}).to_string());
    let server = TestServer::start([page, Page::json("{}")]).await;
    let settings = || ApiSettings { duckduckgo: Some(own(&server)), ..NOTHING_BUILT_IN };
    let params = json!({"tool": "duckduckgo", "query": "go & rust"});
    assert_eq!(ask_built_in(settings(), params.clone()).await.unwrap().text, "A language.");
    let asked = &server.asked()[0];
    assert_eq!((asked.query["q"].as_str(), asked.query["format"].as_str()), ("go & rust", "json"));
    let nothing = ask_built_in(settings(), params).await.unwrap_err();
    assert_eq!(nothing, StepError::Failed("duckduckgo knows nothing about that".to_owned()));
}

#[tokio::test]
async fn the_encyclopedia_is_searched_and_the_first_article_that_says_something_is_told() {
    let found =
        json!({"query": {"search": [{"title": "Gone"}, {"title": "Go"}, {"title": "AC/DC? (band)"}, {"no": 1}]}});
    let many = json!({"type": "disambiguation", "title": "Go", "extract": "Go may refer to:"});
    let article = json!({
        "type": "standard", "title": "AC/DC? (band)", "extract": "A band.",
        "content_urls": {"desktop": {"page": "https://en.wikipedia.org/wiki/AC/DC"}}
    });
    let pages = [
        Page::json(found.to_string()),
        Page::status(404),
        Page::json(many.to_string()),
        Page::json(article.to_string()),
        Page::json(json!({"query": {"search": []}}).to_string()),
    ];
    let server = TestServer::start(pages).await;
    let settings = || ApiSettings { wikipedia: Some(own(&server)), ..NOTHING_BUILT_IN };
    let params = json!({"tool": "wikipedia", "query": "acdc"});
    let output = ask_built_in(settings(), params.clone()).await.unwrap();
    assert_eq!(output.text, "AC/DC? (band): A band.\nSee also: Gone, Go");
    assert_eq!(output.citations[0].url.as_deref(), Some("https://en.wikipedia.org/wiki/AC/DC"));
    let asked = server.asked();
    assert_eq!((asked[0].path.as_str(), asked[0].query["srsearch"].as_str()), ("/w/api.php", "acdc"));
    assert_eq!(asked[3].path, "/api/rest_v1/page/summary/AC%2FDC%3F_(band)");
    assert!(ask_built_in(settings(), params).await.is_err());
}

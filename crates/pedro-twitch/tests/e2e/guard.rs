//! What the running bot does with requests of strangers and of fools. The same on every platform.

use anyhow::{Context, Result, ensure};
use pedro_core::testing::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::tester::{Setup, Tester};

const API_TOKEN: &str = "apitokenthatnobodymaysee9876543210";

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];

fn setup() -> Setup {
    let environment = [
        ("PEDRO_API_TOKEN", API_TOKEN),
        ("SEARCH_PROVIDERS", "none"),
        ("DUCKDUCKGO_API_URL", "none"),
        ("WIKIPEDIA_URL", "none"),
    ];
    Setup { environment: environment.map(|(name, value)| (name, value.to_owned())).into(), ..Setup::default() }
}

/// Each request has a connection of its own: one that was cut off takes no other with it.
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()
}

/// Nothing was done: the connection ended before the request did.
const CUT_OFF: u16 = 401;

/// One request.
#[derive(Debug, Clone)]
struct Asked {
    method: &'static str,
    path: String,
    token: Option<String>,
    kind: &'static str,
    body: Vec<u8>,
}

async fn ask(t: &Tester, http: &reqwest::Client, asked: &Asked) -> Result<u16> {
    let url = format!("http://{}{}", t.listen()?, asked.path);
    let mut request = http
        .request(Method::from_bytes(asked.method.as_bytes())?, url)
        .header("Content-Type", asked.kind)
        .body(asked.body.clone());
    if let Some(token) = &asked.token {
        request = request.header("Authorization", token);
    }
    // An overlay's stream never ends: its head is enough. Who sends a large body where nobody reads it may be cut off.
    let sent = request.send().await;
    if sent.is_err() && asked.body.len() > 16 * 1024 {
        return Ok(CUT_OFF);
    }
    Ok(sent.with_context(|| format!("{asked:?}"))?.status().as_u16())
}

#[sqlx::test(migrations = false)]
async fn no_route_of_the_running_bot_does_anything_for_a_stranger(pool: PgPool) -> Result<()> {
    setup()
        .run(pool, async |t| {
            let http = client()?;
            let (status, described) = t.page("/v1/openapi.json").await?;
            let described: Value = serde_json::from_str(&described)?;
            let paths = described["paths"].as_object().context("no paths")?;
            ensure!(status == 200 && paths.len() >= 3, "{described}");
            let mut asked = 0;
            for path in paths
                .keys()
                .cloned()
                .chain(["/v1/", "/v1/admin", "/v1/tokens", "/v1/plans/", "/v1//steps"].map(str::to_owned))
            {
                let path = path.replace("{id}", "6f9619ff-8b86-d011-b42d-00c04fc964ff");
                for method in METHODS {
                    for token in [None, Some("Bearer wrong"), Some("Bearer "), Some(API_TOKEN), Some("Basic YXBp")] {
                        let (token, body) = (token.map(str::to_owned), b"{\"question\":\"x\"}".to_vec());
                        let request = Asked { method, path: path.clone(), token, kind: "application/json", body };
                        let status = ask(t, &http, &request).await?;
                        let is_nothing = status == 404 && matches!(path.as_str(), "/v1/" | "/v1//steps");
                        ensure!(status == 401 || is_nothing, "{request:?}: {status}");
                        asked += 1;
                    }
                }
            }
            for path in [
                "/admin",
                "/debug",
                "/debug/pprof",
                "/.env",
                "/config",
                "/shutdown",
                "/api",
                "/v2/plans",
                "/workflows",
                "/overlay/",
                "/page/../healthz/x",
            ] {
                let request =
                    Asked { method: "GET", path: path.to_owned(), token: None, kind: "text/plain", body: Vec::new() };
                let status = ask(t, &http, &request).await?;
                ensure!(status == 404, "{path}: {status}");
            }
            ensure!(asked > 300, "{asked}");
            Ok(())
        })
        .await
}

#[sqlx::test(migrations = false)]
async fn any_request_to_the_running_bot_is_answered_in_good_order(pool: PgPool) -> Result<()> {
    setup()
        .run(pool, async |t| {
            t.model.reply_with(|_| "As you wish.".to_owned());
            let http = client()?;
            let mut runner = TestRunner::default();
            let requests = any_request();
            let mut granted = 0;
            for _ in 0..cases(250) {
                let asked = requests.new_tree(&mut runner).map_err(|reason| anyhow::anyhow!("{reason}"))?.current();
                let status = ask(t, &http, &asked).await?;
                // All that may be away is there: nothing is Pedro's fault.
                ensure!(status < 500, "{asked:?}: {status}");
                let path = asked.path.split('?').next().unwrap_or_default();
                let is_api = path.starts_with("/v1/p") || path.starts_with("/v1/s");
                let shows_token =
                    asked.token.as_deref().is_some_and(|token| token.trim_end() == format!("Bearer {API_TOKEN}"));
                ensure!(!is_api || shows_token || status == 401, "{asked:?}: {status}");
                granted += usize::from(shows_token && matches!(status, 200 | 202));
            }
            ensure!(granted > 0, "nothing was ever granted: the requests try nothing");
            ensure!(t.page("/healthz").await?.0 == 200);
            t.until_all_answered().await
        })
        .await
}

/// Requests as nobody sends them by mistake.
fn any_request() -> impl Strategy<Value = Asked> {
    let path = prop_oneof![
        3 => select(&["/v1/plans", "/v1/steps", "/v1/plans/6f9619ff-8b86-d011-b42d-00c04fc964ff", "/v1/plans/%00", "/v1/plans/%ff%fe", "/v1/openapi.json"][..]).prop_map(str::to_owned),
        2 => select(&["/overlay", "/overlay/events", "/overlay/events?channel=%00", "/overlay/events?channel=pedrotown&channel=x", "/overlay/events?channel=%ff", "/workflows/x",
            "/workflows/6f9619ff-8b86-d011-b42d-00c04fc964ff.json", "/workflows/%00", "/metrics", "/readyz", "/healthz", "/page/overlay.js"][..]).prop_map(str::to_owned),
        1 => "[a-z0-9%/?=&.]{0,30}".prop_filter_map("no path", |path| reqwest::Url::parse(&format!("http://127.0.0.1/{path}")).is_ok().then(|| format!("/{path}"))),
    ];
    let token = prop_oneof![
        4 => Just(Some(format!("Bearer {API_TOKEN}"))),
        1 => Just(None),
        1 => "[ -~]{0,60}".prop_map(Some),
    ];
    let kind = select(
        &[
            "application/json",
            "application/json",
            "application/json",
            "application/json; charset=utf-16",
            "text/plain",
            "multipart/form-data",
            "x",
        ][..],
    );
    (select(&METHODS[..]), path, token, kind, body()).prop_map(|(method, path, token, kind, body)| {
        // Most reach what they are about.
        let method = if path == "/v1/plans" || path == "/v1/steps" { "POST" } else { method };
        Asked { method, path, token, kind, body }
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let odd = || {
        select(vec![
            json!(null),
            json!(0),
            json!(""),
            json!([]),
            json!({}),
            json!("\u{0}"),
            json!("x".repeat(3_000)),
            json!(1e300),
            json!([[[[]]]]),
            json!("${s1}"),
            json!("web_search"),
            json!("return_response"),
            json!("reference_check"),
            json!("db_query"),
            json!("api_call"),
            json!({"query": "when is the meetup?"}),
            json!({"query": "links", "word": "x"}),
            json!({"query": "'; drop table pedro.message; --"}),
            json!({"question": "a", "results": ["b"]}),
            json!({"tool": "openai", "query": "x"}),
            json!(true),
            json!([{"action": "return_response"}]),
            json!("yesterday \u{202e}\u{301}\u{301} 999 years ago"),
        ])
    };
    let field = select(&["question", "community", "steps", "action", "params", "id", "depends_on", "x"][..]);
    let object = vec((field, odd()), 0..5).prop_map(|fields| {
        let mut body = json!({"question": "what now?", "action": "reference_check", "params": {"query": "x"}});
        // One of the two shapes, and something else in it.
        let plan = fields.len() % 2 == 0;
        let map = body.as_object_mut();
        if let Some(map) = map {
            if plan {
                map.remove("action");
                map.remove("params");
            } else {
                map.remove("question");
            }
            map.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        body.to_string().into_bytes()
    });
    prop_oneof![
        8 => object,
        1 => vec(any::<u8>(), 0..100),
        1 => (1..3_000usize).prop_map(|depth| "[".repeat(depth).into_bytes()),
        1 => (1..400_000usize).prop_map(|length| vec![b' '; length]),
    ]
}

//! Nobody gets anywhere without the token but where everybody may.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use regex::Regex;
use tower::ServiceExt;

use super::*;
use crate::service::config::{CommunityArgs, ConfigProblems};
use crate::service::metrics;
use crate::testing::cases;

const TOKEN: &str = "a token of this test";

/// What is for everybody, by reading only.
const OPEN: [&str; 12] = [
    "/metrics",
    "/healthz",
    "/readyz",
    "/workflows/{id}",
    "/overlay",
    "/overlay/events",
    "/page/workflow.css",
    "/page/workflow.js",
    "/page/overlay.css",
    "/page/overlay.js",
    "/v1/openapi.json",
    "/v1/{*rest}",
];

/// What is served, of a Pedro that is not there yet.
fn router() -> Router {
    let communities = CommunityArgs::default().resolve(&mut ConfigProblems::default()).communities;
    let (metrics, shutdown) = (metrics::install().unwrap(), Shutdown::new());
    let served = Served { metrics, readiness: Readiness::new(), booted: Booted::default(), shutdown: &shutdown };
    served.router(Some(&Secret::new(TOKEN)), &communities)
}

/// Every path that the router itself knows. The two of its fallback are none.
fn routes(router: &Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let path = Regex::new(r#""(/[^"]*)""#).unwrap();
    let paths = path.captures_iter(&shown).map(|found| found[1].to_owned());
    paths.filter(|path| path != "/" && !path.contains("__private__")).collect()
}

fn methods() -> Vec<Method> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::HEAD];
    let others = ["TRACE", "BREW", "get", "PROPFIND"].map(|name| Method::from_bytes(name.as_bytes()).unwrap());
    known.into_iter().chain(others).collect()
}

async fn ask(router: &Router, method: &Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
}

/// A path with something in the place of its parameters.
fn filled(route: &str) -> String {
    route.replace("{id}", "6f9619ff-8b86-d011-b42d-00c04fc964ff").replace("{*rest}", "what/ever")
}

#[tokio::test]
async fn no_route_but_the_open_ones_does_anything_without_the_token_whatever_the_method() {
    let router = router();
    let routes = routes(&router);
    let described = crate::api::description();
    let of_description: Vec<String> = described.paths.paths.keys().cloned().collect();
    assert!(routes.len() > OPEN.len() && of_description.len() >= 3, "{routes:?} {of_description:?}");
    for open in OPEN {
        assert!(routes.contains(open), "{open} is not served any more: {routes:?}");
    }
    for route in routes.iter().chain(&of_description) {
        if OPEN.contains(&route.as_str()) && !route.contains("rest") {
            continue;
        }
        for method in methods() {
            for wrong in [
                None,
                Some("Bearer wrong"),
                Some("Bearer "),
                Some("Basic YTpi"),
                Some(TOKEN),
                Some("Bearer a token of this tes"),
            ] {
                let headers: Vec<(&str, &str)> = wrong.map(|wrong| ("authorization", wrong)).into_iter().collect();
                let answer = ask(&router, &method, &filled(route), &headers, "{}").await;
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {route} with {wrong:?}");
            }
            let right = [("authorization", "Bearer a token of this test")];
            let answer = ask(&router, &method, &filled(route), &right, "{}").await;
            assert_ne!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {route}");
        }
    }
}

#[tokio::test]
async fn what_is_nobodys_is_not_found_and_asks_for_no_token() {
    let router = router();
    for path in ["/", "/nowhere", "/admin", "/favicon.ico", "/v1", "/v2/plans", "/workflows"] {
        assert_eq!(ask(&router, &Method::GET, path, &[], "").await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_is_open_can_only_be_read() {
    let router = router();
    for route in OPEN.iter().filter(|route| !route.contains("rest")) {
        for method in methods().into_iter().filter(|method| ![Method::GET, Method::HEAD].contains(method)) {
            let answer = ask(&router, &method, &filled(route), &[], "").await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {route}");
        }
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_keep_run_and_guess_nothing() {
    let router = router();
    for path in OPEN.iter().map(|route| filled(route)).chain(["/nowhere".to_owned(), "/v1/plans".to_owned()]) {
        let answer = ask(&router, &Method::GET, &path, &[], "").await;
        let told = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        assert_eq!(told("x-content-type-options"), "nosniff", "{path}");
        assert!(
            told("content-security-policy").starts_with("default-src 'none'"),
            "{path}: {}",
            told("content-security-policy")
        );
        assert!(told("cache-control").contains("no-store") || told("cache-control").contains("no-cache"), "{path}");
        assert_eq!(told("referrer-policy"), "no-referrer", "{path}");
        // OBS and a preview may frame the overlay, nobody anything else.
        let framed = told("content-security-policy").contains("frame-ancestors 'none'");
        assert_eq!(framed, path != "/overlay", "{path}");
        assert!(!told("content-security-policy").contains("unsafe"), "{path}");
    }
}

#[tokio::test]
async fn what_somebody_asks_for_is_never_given_back_to_a_browser() {
    let router = router();
    let attack = "%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for path in ["/", "/workflows/", "/overlay/events?channel=", "/overlay?channel=", "/v1/", "/page/", "/metrics?x="] {
        let answer =
            ask(&router, &Method::GET, &format!("{path}{attack}"), &[("x-attack", "<script>alert(1)</script>")], "")
                .await;
        let is_stream = answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        if is_stream {
            continue;
        }
        let body = axum::body::to_bytes(answer.into_body(), 1 << 22).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains("alert(1)") && !body.contains(attack), "{path}: {body}");
    }
}

/// Requests of any form.
fn request() -> impl Strategy<Value = (Method, String, Vec<(String, String)>, Vec<u8>)> {
    const PIECES: &[&str] = &[
        "/",
        "//",
        "v1",
        "plans",
        "steps",
        "openapi.json",
        "workflows",
        "overlay",
        "events",
        "metrics",
        "healthz",
        "readyz",
        "page",
        "..",
        ".",
        "%2e%2e",
        "%2f",
        "%00",
        "%ff",
        "%",
        "?channel=",
        "?",
        "&",
        "=",
        "%0d%0a",
        "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        ".json",
        "workflow.css",
        "{id}",
        "é",
        "~",
        ";",
        "@",
        ":",
    ];
    const BODIES: &[&str] = &[
        "",
        "{}",
        "[]",
        "null",
        "{\"question\":\"x\"}",
        "{\"question\":1}",
        "{\"question\":\"\\u0000\"}",
        "{\"action\":\"web_search\",\"params\":{\"query\":\"x\"}}",
        "{\"question\":\"x\",\"steps\":[{\"action\":\"return_response\"}]}",
        "\u{feff}{}",
        "{\"question\":\"\\ud800\"}",
        "{\"question\":",
    ];
    let path = vec(select(PIECES), 0..8).prop_map(|pieces| format!("/{}", pieces.concat()));
    let header = (
        select(
            &[
                "authorization",
                "content-type",
                "content-length",
                "if-none-match",
                "x-forwarded-for",
                "host",
                "expect",
                "range",
                "transfer-encoding",
            ][..],
        ),
        prop_oneof![
            select(
                &[
                    "Bearer a token of this test",
                    "Bearer x",
                    "Bearer",
                    "application/json",
                    "text/html",
                    "0",
                    "99999999999999999999",
                    "-1",
                    "*",
                    "chunked"
                ][..]
            )
            .prop_map(str::to_owned),
            "[ -~]{0,40}",
        ],
    );
    let headers = vec(header.prop_map(|(name, value)| (name.to_owned(), value)), 0..5);
    let body = prop_oneof![
        3 => select(BODIES).prop_map(|body| body.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..200),
        1 => (1..2_000usize).prop_map(|depth| "[".repeat(depth).into_bytes()),
    ];
    (select(methods()), path, headers, body)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(200)) })]

    #[test]
    fn any_request_is_answered_in_good_order(asked in vec(request(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let router = router();
            for (method, path, headers, body) in asked {
                let Ok(uri) = path.parse::<axum::http::Uri>() else { continue };
                let mut request = Request::builder().method(&method).uri(uri.clone());
                for (name, value) in &headers {
                    request = request.header(name, value);
                }
                let Ok(request) = request.body(Body::from(body)) else { continue };
                let shows_token = request.headers().get("authorization").is_some_and(|value| value == "Bearer a token of this test");
                let answer = router.clone().oneshot(request).await.unwrap();
                let status = answer.status();
                // Pedro is not there yet, which is the one trouble of the server's that is documented.
                prop_assert!(!status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE, "{method} {uri}: {status}");
                let is_api = uri.path().starts_with("/v1/") && uri.path() != "/v1/openapi.json";
                prop_assert!(!is_api || shows_token || status == StatusCode::UNAUTHORIZED, "{method} {uri}: {status}");
                prop_assert!(answer.headers().contains_key("content-security-policy"), "{method} {uri}");
            }
            Ok(())
        })?;
    }
}

use std::net::SocketAddr;

use reqwest::{Method, StatusCode};

use super::*;
use crate::service::config::{CommunityArgs, ConfigProblems};
use crate::service::{Shutdown, http};

const TOKEN: &str = "a token of the test";

/// Every route that wants the token.
const ROUTES: [(Method, &str); 4] = [
    (Method::POST, "/v1/plans"),
    (Method::GET, "/v1/plans/6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    (Method::POST, "/v1/steps"),
    (Method::GET, "/v1/nothing"),
];

/// The API of a Pedro that is not there yet.
async fn started(token: Option<&str>) -> (SocketAddr, Shutdown) {
    let communities = CommunityArgs::default().resolve(&mut ConfigProblems::default()).communities;
    let router = routes(Booted::default(), token.map(Secret::new).as_ref(), &communities);
    let listener = http::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
    shutdown.spawn_essential("pages", http::serve(listener, router, shutdown.clone()));
    (address, shutdown)
}

async fn asked(
    address: SocketAddr,
    (method, path): &(Method, &str),
    authorization: Option<&str>,
    body: &str,
) -> (StatusCode, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method.clone(), format!("http://{address}{path}"));
    request = request.header("Content-Type", "application/json").body(body.to_owned());
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

fn message(body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {body}"));
    body["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_route_lets_anybody_in_without_the_token() {
    let (address, _running) = started(Some(TOKEN)).await;
    let bearer = format!("Bearer {TOKEN}");
    let longer = format!("{bearer}s");
    let wrong = ["Bearer wrong", "Bearer ", "Bearer", TOKEN, &bearer[..bearer.len() - 1], &longer, "Basic YTpi"];
    for route in &ROUTES {
        let (status, body) = asked(address, route, None, "").await;
        assert_eq!((status, message(&body)), (StatusCode::UNAUTHORIZED, say::no_token()), "{route:?}");
        for wrong in wrong {
            let (status, body) = asked(address, route, Some(wrong), "").await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{route:?} {wrong}");
            assert!(!body.contains(TOKEN), "{body}");
        }
        for right in [bearer.as_str(), &format!("bearer  {TOKEN} ")] {
            let (status, _) = asked(address, route, Some(right), "").await;
            assert!(status != StatusCode::UNAUTHORIZED, "{route:?} {right}");
        }
    }
}

#[tokio::test]
async fn without_a_token_there_is_no_api_and_it_says_so() {
    let (address, _running) = started(None).await;
    for route in &ROUTES {
        for authorization in [None, Some("Bearer "), Some("Bearer x")] {
            let (status, body) = asked(address, route, authorization, "").await;
            assert_eq!((status, message(&body)), (StatusCode::NOT_FOUND, say::switched_off()), "{route:?}");
        }
    }
    // What belongs to no API is not answered by it.
    assert_eq!(asked(address, &(Method::GET, "/nowhere"), None, "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn until_pedro_is_there_it_says_so_and_what_is_not_served_is_told() {
    let (address, _running) = started(Some(TOKEN)).await;
    let bearer = format!("Bearer {TOKEN}");
    let expected = [
        (StatusCode::SERVICE_UNAVAILABLE, say::starting()),
        (StatusCode::SERVICE_UNAVAILABLE, say::starting()),
        (StatusCode::SERVICE_UNAVAILABLE, say::starting()),
        (StatusCode::NOT_FOUND, say::no_such_route()),
    ];
    for (route, expected) in ROUTES.iter().zip(expected) {
        let (status, body) = asked(address, route, Some(&bearer), r#"{"question": "x"}"#).await;
        assert_eq!((status, message(&body)), expected, "{route:?}");
    }
    let (status, body) = asked(address, &(Method::DELETE, "/v1/plans"), Some(&bearer), "").await;
    assert_eq!((status, message(&body)), (StatusCode::METHOD_NOT_ALLOWED, say::wrong_method()));
}

#[tokio::test]
async fn the_description_is_for_everybody_and_names_every_route() {
    let (address, _running) = started(None).await;
    let (status, body) = asked(address, &(Method::GET, "/v1/openapi.json"), None, "").await;
    assert_eq!(status, StatusCode::OK);
    let document: serde_json::Value = serde_json::from_str(&body).unwrap();
    for (path, method) in [("/v1/plans", "post"), ("/v1/plans/{id}", "get"), ("/v1/steps", "post")] {
        let operation = &document["paths"][path][method];
        assert!(operation["security"].is_array() && operation["responses"]["401"].is_object(), "{path}: {operation}");
    }
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    assert_eq!(document["openapi"], "3.1.0");
    // Whatever is referred to is there.
    for reference in body.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
    }
}

#[test]
fn texts_are_cleaned_and_bounded() {
    assert_eq!(text("question", " a\u{0}b\nc ", 5).unwrap(), "ab\nc");
    assert!(text("question", " \u{0} ", 5).is_err());
    assert!(text("question", "ääääää", 5).is_err());
    assert!(text("question", "äääää", 5).is_ok());
}

//! Addresses that a client has to be wary of, at `/trap/...`, and one that says what it was asked.
//!
//! | request | answers |
//! | --- | --- |
//! | `redirect?to=&status=` | a redirect (302) there; without `to`, to itself for ever |
//! | `big?bytes=&chunked=` | so many bytes; with `chunked=1`, without telling before how many |
//! | `slow?ms=` | after so long |
//! | `echo` | the request as JSON: `method`, `path`, `query`, `params`, `headers`, `body` |

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get};
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::provider::Provider;
use super::serve::Desk;

const MOST_BYTES: usize = 1024 * 1024 * 1024;
const CHUNK: usize = 64 * 1024;

pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/trap/redirect", any(redirect))
        .route("/trap/big", get(big))
        .route("/trap/slow", any(slow))
        .route("/trap/echo", any(echo))
}

async fn redirect(State(desk): State<Desk>, ask: Ask) -> Response {
    serve(&desk, ask, Duration::ZERO, |ask| {
        let status = ask.number("status").and_then(|status| StatusCode::from_u16(status.try_into().ok()?).ok());
        let status = status.filter(StatusCode::is_redirection).unwrap_or(StatusCode::FOUND);
        match HeaderValue::try_from(ask.param("to").unwrap_or("/trap/redirect")) {
            Ok(to) => (status, [(header::LOCATION, to)]).into_response(),
            Err(_) => (StatusCode::BAD_REQUEST, "that is no address\n").into_response(),
        }
    })
    .await
}

async fn big(State(desk): State<Desk>, ask: Ask) -> Response {
    serve(&desk, ask, Duration::ZERO, |ask| {
        let bytes = ask.number("bytes").unwrap_or(0).min(MOST_BYTES);
        let chunk = Bytes::from_static(&[b'x'; CHUNK]);
        let chunks = (0..bytes).step_by(CHUNK).map(move |at| {
            let length = CHUNK.min(bytes - at);
            Ok::<_, std::convert::Infallible>(chunk.slice(..length))
        });
        let mut response = Body::from_stream(stream::iter(chunks)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        if ask.text("chunked").is_empty() {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
        }
        response
    })
    .await
}

async fn slow(State(desk): State<Desk>, ask: Ask) -> Response {
    let time = Duration::from_millis(ask.param("ms").and_then(|ms| ms.parse().ok()).unwrap_or(0));
    serve(&desk, ask, time, |_| "at last\n".into_response()).await
}

async fn echo(State(desk): State<Desk>, ask: Ask) -> Response {
    serve(&desk, ask, Duration::ZERO, |ask| {
        let mut headers = Map::new();
        for name in ask.headers.keys() {
            let values = ask.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            headers.insert(name.as_str().to_owned(), json!(values.collect::<Vec<_>>().join(", ")));
        }
        let params: Map<String, Value> = ask.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        Json(json!({
            "method": ask.method.as_str(), "path": ask.uri.path(), "query": ask.uri.query().unwrap_or_default(),
            "params": params, "headers": headers, "body": String::from_utf8_lossy(&ask.body),
        }))
        .into_response()
    })
    .await
}

/// Traps are asked by their address, and find nothing.
async fn serve(desk: &Desk, ask: Ask, time: Duration, answer: impl FnOnce(&Ask) -> Response) -> Response {
    let address = ask.uri.path_and_query().map(|address| address.as_str().to_owned()).unwrap_or_default();
    desk.serve_after(time, Provider::Trap, &address, ask, |ask, _| answer(ask)).await
}

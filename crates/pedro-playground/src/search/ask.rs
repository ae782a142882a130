//! A request as all providers read it: parameters from the address or from a form.

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, FromRequest, Query, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use crate::socket::Breaker;

/// The largest body that anybody reads.
const BODY_BYTES: usize = 1024 * 1024;

/// What somebody asked.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) params: Vec<(String, String)>,
    pub(super) breaker: Option<Breaker>,
}

impl<S: Sync> FromRequest<S> for Ask {
    type Rejection = StatusCode;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY_BYTES).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let mut params = read(parts.uri.query().unwrap_or_default());
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            params.extend(read(&String::from_utf8_lossy(&body)));
        }
        let breaker = parts.extensions.get::<ConnectInfo<Breaker>>().map(|ConnectInfo(breaker)| breaker.clone());
        Ok(Self { method: parts.method, uri: parts.uri, headers: parts.headers, body, params, breaker })
    }
}

/// The parameters in a query, or in a form, which is written alike.
fn read(text: &str) -> Vec<(String, String)> {
    let uri = Uri::builder().path_and_query(format!("/?{text}")).build();
    let read = uri.ok().and_then(|uri| Query::try_from_uri(&uri).ok());
    read.map(|Query(params)| params).unwrap_or_default()
}

impl Ask {
    /// A parameter's value; the first, where it is given twice.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter's value, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.param(name).unwrap_or_default()
    }

    /// A parameter as a number, if it is one.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.param(name)?.trim().parse().ok()
    }

    /// A header's value, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

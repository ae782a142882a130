//! Nobody comes in without the token.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Api, LARGEST_BODY, Refusal};
use crate::reply::api as say;
use crate::service::secret::Secret;

/// How long a caller may take for the body of a request.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// The token, as what it is compared by: of the same length whatever it is, and of no use to whoever reads the memory.
pub(super) struct Token([u8; 32]);

impl Token {
    pub(super) fn new(token: &Secret) -> Self {
        Self(digest(token.expose()))
    }

    fn is(&self, given: &str) -> bool {
        self.0.ct_eq(&digest(given)).into()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim().as_bytes()).into()
}

/// Lets a request pass that shows the token.
pub(super) async fn check(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let Some(token) = &api.token else { return Err(Refusal::not_found(say::switched_off())) };
    match bearer(&headers) {
        None => Err(Refusal::stranger(say::no_token())),
        Some(given) if !token.is(given) => Err(Refusal::stranger(say::wrong_token())),
        Some(_) => Ok(next.run(whole(request).await?).await),
    }
}

/// The request with its body, which is not read before the token was seen, and not waited for any longer than it is worth.
async fn whole(request: Request) -> Result<Request, Refusal> {
    let (head, body) = request.into_parts();
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => Ok(Request::from_parts(head, Body::from(body))),
        Ok(Err(_)) => Err(Refusal::too_large(LARGEST_BODY)),
        Err(_) => Err(Refusal::too_slow()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

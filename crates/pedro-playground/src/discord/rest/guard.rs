//! What every request passes: trouble it is to get into, the token, the rate limits; and what is noted of it.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde_json::json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::discord::failure::Failure;
use crate::discord::limits::{Bucket, Verdict};
use crate::discord::world::Request as Noted;
use crate::discord::{Discord, Trouble};
use crate::socket::Breaker;

/// What the guard needs.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) discord: Discord,
    /// What hangs must not keep the playground from ending.
    pub(super) shutdown: CancellationToken,
}

pub(super) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let whole = request.uri().path_and_query().map_or("", |path| path.as_str());
    let path = whole.strip_prefix("/api/v10").unwrap_or(whole).to_owned();
    let bucket = Bucket::of(&method, &path);
    let breaker = request.extensions().get::<ConnectInfo<Breaker>>().map(|ConnectInfo(breaker)| breaker.clone());
    let trouble = guard.discord.update(|world| world.misbehaviour.trouble(&method, &path));
    let note = |status: StatusCode| guard.discord.note(&method, &path, status.as_u16());
    match trouble {
        Some(Trouble::RateLimited { retry_after_ms, global }) => {
            let response = guard.discord.told_to_wait(&bucket, Duration::from_millis(retry_after_ms), global);
            note(response.status());
            return response;
        }
        Some(Trouble::Status { status }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            note(status);
            return (status, "the playground was told to fail").into_response();
        }
        Some(Trouble::Reset) => return guard.discord.broken_off(&method, &path, breaker.as_ref()),
        Some(Trouble::Hang) => {
            guard.discord.note(&method, &path, 0);
            guard.shutdown.cancelled().await;
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Some(Trouble::Slow { ms }) => {
            tokio::select! {
                () = guard.shutdown.cancelled() => {}
                () = sleep(Duration::from_millis(ms)) => {}
            }
        }
        Some(Trouble::ResetAfter) | None => {}
    }
    let response = guard.discord.admit(&bucket, &path, request, next).await;
    if trouble == Some(Trouble::ResetAfter) {
        return guard.discord.broken_off(&method, &path, breaker.as_ref());
    }
    note(response.status());
    response
}

impl Discord {
    fn note(&self, method: &str, path: &str, status: u16) {
        let request = Noted { method: method.to_owned(), path: path.to_owned(), status };
        self.update(|world| world.keep_request(request));
    }

    fn broken_off(&self, method: &str, path: &str, breaker: Option<&Breaker>) -> Response {
        self.note(method, path, 0);
        if let Some(breaker) = breaker {
            breaker.snap();
        }
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }

    fn told_to_wait(&self, bucket: &Bucket, wait: Duration, global: bool) -> Response {
        let now = Instant::now();
        let mut verdict = self.update(|world| {
            let verdict = world.limits.request(bucket, now);
            world.limits.told(bucket, wait, global, now);
            verdict
        });
        self.note_disobedience(bucket, &verdict);
        verdict.refused = Some((wait, global));
        verdict.remaining = 0;
        verdict.reset_after = wait;
        refusal(bucket, &verdict)
    }

    /// Lets a request through that has the token and keeps the limits.
    async fn admit(&self, bucket: &Bucket, path: &str, request: Request, next: Next) -> Response {
        // Whoever has an interaction's token needs no other.
        let has_own_token = path.starts_with("/interactions/") || path.starts_with("/webhooks/");
        let open = has_own_token || path == "/gateway";
        if !open && !self.knows(request.headers()) {
            return Failure::UNAUTHORIZED.into_response();
        }
        let verdict = self.update(|world| world.limits.request(bucket, Instant::now()));
        self.note_disobedience(bucket, &verdict);
        if verdict.refused.is_some() {
            return refusal(bucket, &verdict);
        }
        let mut response = next.run(request).await;
        if self.read(|world| world.limits.enabled) {
            add_headers(response.headers_mut(), bucket, &verdict);
        }
        response
    }

    fn note_disobedience(&self, bucket: &Bucket, verdict: &Verdict) {
        if verdict.disobeys {
            self.update(|world| world.violation(format!("{} again, sooner than a 429 allowed", bucket.route)));
        }
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bots = given.filter(|given| given.starts_with("Bot "));
        bots.is_some_and(|given| self.read(|world| world.is_token(given)))
    }
}

fn refusal(bucket: &Bucket, verdict: &Verdict) -> Response {
    let (wait, global) = verdict.refused.unwrap_or_default();
    let seconds = wait.as_secs_f64();
    let body = json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": global });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    let headers = response.headers_mut();
    // In whole seconds, and never too few.
    headers.insert(header::RETRY_AFTER, number(format!("{}", seconds.ceil())));
    headers.insert(
        HeaderName::from_static("x-ratelimit-scope"),
        number(if global { "global" } else { "user" }.to_owned()),
    );
    if global {
        headers.insert(HeaderName::from_static("x-ratelimit-global"), HeaderValue::from_static("true"));
    } else {
        add_headers(headers, bucket, verdict);
    }
    response
}

fn add_headers(headers: &mut HeaderMap, bucket: &Bucket, verdict: &Verdict) {
    let after = verdict.reset_after.as_secs_f64();
    let reset = Utc::now().timestamp_millis() as f64 / 1_000.0 + after;
    let values = [
        ("x-ratelimit-limit", verdict.limit.to_string()),
        ("x-ratelimit-remaining", verdict.remaining.to_string()),
        ("x-ratelimit-reset", format!("{reset:.3}")),
        ("x-ratelimit-reset-after", format!("{after:.3}")),
        ("x-ratelimit-bucket", bucket.hash()),
    ];
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), number(value));
    }
}

fn number(text: String) -> HeaderValue {
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("0"))
}

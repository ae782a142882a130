//! The scripted server's routes, in llama.cpp's words.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use super::server::Shared;
use super::{DEFAULT_ANSWER, Turn, words};

pub(super) fn router(state: Shared) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/props", get(props))
        .route("/health", get(health))
        .route("/v1/models", get(models))
        .with_state(state)
}

async fn props(State(state): State<Shared>) -> Response {
    let state = state.lock();
    match state.slots {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(_) if state.loading => error(503),
        Some(slots) => Json(json!({"total_slots": slots, "model_path": "scripted.gguf"})).into_response(),
    }
}

async fn health(State(state): State<Shared>) -> Response {
    let state = state.lock();
    match state.slots {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(_) if state.loading => error(503),
        Some(_) => Json(json!({"status": "ok"})).into_response(),
    }
}

async fn models(State(state): State<Shared>) -> Response {
    if state.lock().loading {
        return error(503);
    }
    Json(json!({"object": "list", "data": [{"id": "scripted", "object": "model"}]})).into_response()
}

async fn complete(State(state): State<Shared>, Json(request): Json<Value>) -> Response {
    let streamed = request["stream"].as_bool().unwrap_or(false);
    let busy = Busy::new(state.clone());
    let turn = {
        let mut state = state.lock();
        if state.loading {
            state.requests.push(request);
            return error(503);
        }
        state.take_turn(request)
    };
    if let Turn::Status(status) = turn {
        return error(status);
    }
    // llama.cpp answers a streaming request at once and a plain one at its end; a server that hangs answers neither.
    if turn == Turn::Hang {
        std::future::pending::<()>().await;
    }
    let performance = Performance::of(turn);
    if streamed { performance.stream(busy) } else { performance.whole(busy).await }
}

/// Counts a generation as long as the client is there to receive it: dropped with the response's body.
struct Busy(Shared);

impl Busy {
    fn new(state: Shared) -> Self {
        state.lock().in_flight += 1;
        Self(state)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

/// A turn as pieces of text, pauses and an end.
struct Performance {
    before: Duration,
    chunks: Vec<String>,
    every: Duration,
    end: End,
    held: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Done,
    Cut,
    Silence,
}

impl Performance {
    fn of(turn: Turn) -> Self {
        let held = matches!(turn, Turn::SayHeld(_));
        let (before, chunks, every, end) = match turn {
            Turn::Say(text) | Turn::SayHeld(text) => (Duration::ZERO, words(&text), Duration::ZERO, End::Done),
            Turn::SayAfter(before, text) => (before, words(&text), Duration::ZERO, End::Done),
            Turn::Trickle { chunks, every } => (Duration::ZERO, chunks, every, End::Done),
            Turn::Stall(chunks) => (Duration::ZERO, chunks, Duration::ZERO, End::Silence),
            Turn::CutAfter(count) => {
                let chunks = words(DEFAULT_ANSWER).into_iter().cycle().take(count).collect();
                (Duration::ZERO, chunks, Duration::ZERO, End::Cut)
            }
            Turn::Hang => (Duration::ZERO, Vec::new(), Duration::ZERO, End::Silence),
            Turn::ReplyAfter(_) | Turn::Status(_) | Turn::Empty => {
                (Duration::ZERO, Vec::new(), Duration::ZERO, End::Done)
            }
        };
        Self { before, chunks, every, end, held }
    }

    fn usage(&self) -> Value {
        json!({"prompt_tokens": 7, "completion_tokens": self.chunks.len(), "total_tokens": 7 + self.chunks.len()})
    }

    /// Server-sent events: the role, the pieces, the reason it ended, the usage, `[DONE]`.
    fn stream(self, busy: Busy) -> Response {
        let first = stream::iter([Ok(event(&delta(json!({"role": "assistant", "content": null}), None)))]);
        let (usage, state) = (self.usage(), busy.0.clone());
        let pieces = stream::iter(self.chunks.into_iter().enumerate()).then(move |(i, chunk)| {
            let held = self.held.then(|| state.clone());
            async move {
                until_released(held).await;
                tokio::time::sleep(if i == 0 { self.before } else { self.every }).await;
                Ok(event(&delta(json!({"content": chunk}), None)))
            }
        });
        let body = first.chain(pieces).chain(ending(self.end, usage)).map(move |event| {
            let _until_the_body_is_dropped = &busy;
            event
        });
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response()
    }

    /// One JSON object at the end.
    async fn whole(self, busy: Busy) -> Response {
        until_released(self.held.then(|| busy.0.clone())).await;
        let pauses = u32::try_from(self.chunks.len().saturating_sub(1)).unwrap_or(u32::MAX);
        tokio::time::sleep(self.before + self.every * pauses).await;
        match self.end {
            End::Silence => std::future::pending().await,
            End::Cut => Body::from_stream(stream::iter([Err::<Bytes, _>(broken())])).into_response(),
            End::Done => {
                let message = json!({"role": "assistant", "content": self.chunks.concat()});
                Json(json!({
                    "id": "scripted", "object": "chat.completion", "created": 0, "model": "scripted",
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": self.usage(),
                }))
                .into_response()
            }
        }
    }
}

/// Waits for the test's word, if what is written is held.
async fn until_released(held: Option<Shared>) {
    let Some(state) = held else { return };
    while !state.lock().released {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

type Event = Result<Bytes, io::Error>;

fn ending(end: End, usage: Value) -> impl Stream<Item = Event> {
    let done = {
        let mut last = delta(json!({}), None);
        last["choices"] = json!([]);
        last["usage"] = usage;
        [Ok(event(&delta(json!({}), Some("stop")))), Ok(event(&last)), Ok(Bytes::from_static(b"data: [DONE]\n\n"))]
    };
    match end {
        End::Done => stream::iter(done).boxed(),
        End::Cut => stream::iter([Err(broken())]).boxed(),
        End::Silence => stream::pending().boxed(),
    }
}

fn broken() -> io::Error {
    io::Error::other("the script cuts the connection")
}

fn delta(delta: Value, finish_reason: Option<&str>) -> Value {
    json!({
        "id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    })
}

fn event(data: &Value) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

fn error(status: u16) -> Response {
    let message = if status == 503 { "Loading model" } else { "scripted failure" };
    let body = json!({"error": {"code": status, "message": message, "type": "scripted_error"}});
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
}

//! The sockets of EventSub. Twitch speaks, clients listen.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Twitch;
use super::eventsub::Outgoing;
use crate::socket::Breaker;

/// How often it is looked what has fallen due.
const TICK: Duration = Duration::from_millis(100);
/// How long a connection that we close may take to say goodbye.
const CLOSING: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
struct Sockets {
    twitch: Twitch,
    shutdown: CancellationToken,
}

pub(super) fn router(twitch: Twitch, shutdown: CancellationToken) -> Router {
    Router::new().route("/eventsub/ws", any(enter)).with_state(Sockets { twitch, shutdown })
}

async fn enter(
    State(sockets): State<Sockets>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let moved = query.get("move").cloned();
    let turned_away = sockets.twitch.read(|world| world.misbehaviour.unavailable || !world.has_room_for_session());
    if turned_away && moved.is_none() {
        return (StatusCode::TOO_MANY_REQUESTS, "no more sessions").into_response();
    }
    upgrade.on_upgrade(move |socket| async move {
        let (id, outgoing) = sockets.twitch.update(|world| {
            let opened = world.eventsub.open(moved.as_deref());
            world.tell_connections();
            opened
        });
        serve(socket, outgoing, &sockets, &breaker).await;
        sockets.twitch.update(|world| {
            world.eventsub.closed(&id);
            world.tell_connections();
        });
    })
}

async fn serve(mut socket: WebSocket, mut outgoing: mpsc::Receiver<Outgoing>, sockets: &Sockets, breaker: &Breaker) {
    let mut ticks = interval(TICK);
    loop {
        tokio::select! {
            () = sockets.shutdown.cancelled() => return close(socket, 4000, "the playground closes").await,
            _ = ticks.tick() => sockets.twitch.keep_event_time(),
            next = outgoing.recv() => match next {
                Some(Outgoing::Text(text)) => {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        return;
                    }
                }
                Some(Outgoing::Close(code, reason)) => return close(socket, code, reason).await,
                Some(Outgoing::Reset) => return breaker.snap(),
                None => return close(socket, 4000, "internal server error").await,
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    return close(socket, 4001, "client sent inbound traffic").await;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let goodbye = async {
        socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<(), axum::Error>(())
    };
    // Best effort: who is gone hears no reason.
    let _ = timeout(CLOSING, goodbye).await;
}

impl Twitch {
    fn keep_event_time(&self) {
        // No change that anybody waits for.
        self.lock().eventsub.keep_time();
    }
}

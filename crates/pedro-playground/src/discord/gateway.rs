//! The sockets of the gateway. What is said on them is decided in `handshake.rs`.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Discord;
use super::sessions::{Accepted, ConnectionId, Outgoing};
use crate::socket::Breaker;

/// How long a connection that we close may take to say goodbye.
const CLOSING: Duration = Duration::from_secs(1);
/// The version of the gateway that is spoken here.
const VERSION: &str = "10";

/// What the handler needs.
#[derive(Debug, Clone)]
struct Gates {
    discord: Discord,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

/// How a connection ends.
#[derive(Debug)]
enum Ending {
    /// With this code, from our side.
    Closed(u16, &'static str),
    /// By the bot, with this code if it gave one.
    Left(Option<u16>),
    /// Break off, so that the bot sees a reset.
    Reset,
}

pub(super) fn router(discord: Discord, shutdown: CancellationToken, tracker: TaskTracker) -> Router {
    Router::new()
        .route("/discord/gateway", any(enter))
        // Some clients put a slash between the address and its parameters.
        .route("/discord/gateway/", any(enter))
        .with_state(Gates { discord, shutdown, tracker })
}

async fn enter(
    State(gates): State<Gates>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if gates.discord.turns_away() {
        breaker.snap();
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let host = host(&headers);
    let version = query.get("v").is_none_or(|version| version == VERSION);
    upgrade.on_upgrade(move |socket| {
        let tracker = gates.tracker.clone();
        // Axum runs it; the tracker only waits for its end.
        tracker.track_future(async move {
            let accepted = gates.discord.let_in(host);
            if !version {
                gates.discord.update(|world| world.gateway.close(accepted.id, 4012, "Invalid API version."));
            }
            serve(socket, accepted, &gates, &breaker).await;
        })
    })
}

/// The address that a client came to.
pub(super) fn host(headers: &HeaderMap) -> String {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned()
}

impl Discord {
    /// Whether the gateway is closed to everybody at the moment.
    fn turns_away(&self) -> bool {
        self.update(|world| {
            let away = world.misbehaviour.gateway_down;
            world.gateway.refused += u64::from(away);
            away
        })
    }

    fn let_in(&self, host: String) -> Accepted {
        self.update(|world| {
            let accepted = world.gateway.accept(host);
            world.tell_connections();
            accepted
        })
    }

    /// A connection is gone. Who says goodbye properly ends the session too.
    fn gone(&self, id: ConnectionId, ending: &Ending) {
        self.update(|world| {
            let session = world.gateway.forget(id);
            if let (Some(session), Ending::Left(Some(1000 | 1001))) = (session, ending) {
                world.gateway.sessions.remove(&session);
            }
            world.tell_connections();
        });
    }
}

async fn serve(mut socket: WebSocket, accepted: Accepted, gates: &Gates, breaker: &Breaker) {
    let Accepted { id, mut outgoing, reset } = accepted;
    let ending = tokio::select! {
        biased;
        () = gates.shutdown.cancelled() => Ending::Closed(1001, "The playground closes."),
        () = reset.cancelled() => Ending::Reset,
        ending = talk(&mut socket, &mut outgoing, id, &gates.discord) => ending,
    };
    gates.discord.gone(id, &ending);
    match ending {
        Ending::Reset => breaker.snap(),
        Ending::Left(_) => {}
        Ending::Closed(code, reason) => {
            let frame = CloseFrame { code, reason: reason.into() };
            let goodbye = async {
                socket.send(Message::Close(Some(frame))).await?;
                // The bot answers; until then the code might be lost on the way.
                while let Some(Ok(_)) = socket.recv().await {}
                Ok::<(), axum::Error>(())
            };
            // Best effort: a bot that is gone hears no reason.
            let _ = timeout(CLOSING, goodbye).await;
        }
    }
}

/// Carries what is said in both directions.
async fn talk(
    socket: &mut WebSocket,
    outgoing: &mut tokio::sync::mpsc::Receiver<Outgoing>,
    id: ConnectionId,
    discord: &Discord,
) -> Ending {
    loop {
        tokio::select! {
            next = outgoing.recv() => match next {
                Some(Outgoing::Text(text)) => {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        return Ending::Left(None);
                    }
                }
                Some(Outgoing::Close(code, reason)) => return Ending::Closed(code, reason),
                None => return Ending::Closed(4000, "Unknown error."),
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => discord.update(|world| world.hear(id, &text)),
                Some(Ok(Message::Binary(bytes))) => {
                    let text = String::from_utf8_lossy(&bytes);
                    discord.update(|world| world.hear(id, &text));
                }
                Some(Ok(Message::Close(frame))) => return Ending::Left(frame.map(|frame| frame.code)),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Err(_)) | None => return Ending::Left(None),
            },
        }
    }
}

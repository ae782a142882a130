//! The gateway's connections and sessions, as the model sees them; `gateway.rs` has the sockets, `handshake.rs` what is
//! said on them.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatch;

/// Events waiting for a bot to read them. One that is further behind is cut off, as Discord does it.
const EVENTS_BEHIND: usize = 4_096;
/// Events kept for a session that comes back.
const REPLAYED: usize = 4_096;
/// How often a bot has to show that it lives.
const HEARTBEAT: Duration = Duration::from_millis(41_250);
/// How long a session without a connection waits for one.
const SESSION_LIFETIME: Duration = Duration::from_secs(180);

/// Names a connection; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(u64);

/// What a connection's socket is told to do.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Send this text.
    Text(String),
    /// Close with this code and reason, now that everything before this is sent.
    Close(u16, &'static str),
}

/// The socket's side of a new connection.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: ConnectionId,
    pub(super) outgoing: mpsc::Receiver<Outgoing>,
    /// Cancelled when the connection is to break off, whatever is still to be sent.
    pub(super) reset: CancellationToken,
}

/// A connected client.
#[derive(Debug)]
pub(super) struct Connection {
    outgoing: mpsc::Sender<Outgoing>,
    reset: CancellationToken,
    pub(super) session: Option<String>,
    /// When it last showed that it lives.
    pub(super) heartbeat: Instant,
    /// What it sent lately, for the limit on it.
    pub(super) sent: VecDeque<Instant>,
    /// The address it came to, where it is told to come back.
    pub(super) host: String,
    /// Something to or from it was swallowed while the gateway was silent.
    pub(super) missed_something: bool,
}

/// What a bot has between its first sign-in and its last goodbye, over any number of connections.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) shard: (u64, u64),
    pub(super) intents: u64,
    pub(super) seq: u64,
    /// The last events, each with its number.
    pub(super) log: VecDeque<(u64, String)>,
    pub(super) connection: Option<ConnectionId>,
    /// Since when it has no connection.
    pub(super) lost: Instant,
}

/// A session as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct SessionView<'a> {
    id: &'a str,
    shard: (u64, u64),
    intents: u64,
    seq: u64,
    connected: bool,
}

/// All connections and sessions, and how the gateway behaves.
#[derive(Debug)]
pub(super) struct Gateway {
    open: BTreeMap<ConnectionId, Connection>,
    pub(super) sessions: BTreeMap<String, Session>,
    /// Accepted so far.
    pub(super) total: u64,
    /// Turned away so far.
    pub(super) refused: u64,
    pub(super) identifies: u64,
    pub(super) resumes: u64,
    pub(super) heartbeats: u64,
    pub(super) heartbeat_interval: Duration,
    pub(super) session_lifetime: Duration,
    /// The number of shards that `/gateway/bot` recommends.
    pub(super) recommended_shards: u64,
    /// The number below which a bot is turned away.
    pub(super) required_shards: u64,
    /// The privileged intents that the application has.
    pub(super) privileged: u64,
    /// Half-open: nothing reaches anybody.
    silent: bool,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            sessions: BTreeMap::new(),
            total: 0,
            refused: 0,
            identifies: 0,
            resumes: 0,
            heartbeats: 0,
            heartbeat_interval: HEARTBEAT,
            session_lifetime: SESSION_LIFETIME,
            recommended_shards: 1,
            required_shards: 1,
            privileged: super::dispatch::intent::PRIVILEGED,
            silent: false,
        }
    }
}

impl Gateway {
    /// A new client.
    pub(super) fn accept(&mut self, host: String) -> Accepted {
        self.total += 1;
        let id = ConnectionId(self.total);
        let (sender, outgoing) = mpsc::channel(EVENTS_BEHIND);
        let reset = CancellationToken::new();
        let connection = Connection {
            outgoing: sender,
            reset: reset.clone(),
            session: None,
            heartbeat: Instant::now(),
            sent: VecDeque::new(),
            host,
            missed_something: false,
        };
        self.open.insert(id, connection);
        let hello = json!({ "heartbeat_interval": self.heartbeat_interval.as_millis(), "_trace": [] });
        self.send(id, &json!({ "op": 10, "d": hello, "s": null, "t": null }));
        Accepted { id, outgoing, reset }
    }

    pub(super) fn connections(&self) -> usize {
        self.open.len()
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.open.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.open.get_mut(&id)
    }

    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        self.open.keys().copied().collect()
    }

    pub(super) fn views(&self) -> Vec<SessionView<'_>> {
        let sessions = self.sessions.iter();
        sessions
            .map(|(id, session)| SessionView {
                id,
                shard: session.shard,
                intents: session.intents,
                seq: session.seq,
                connected: session.connection.is_some(),
            })
            .collect()
    }

    /// Tells an event to every session that is concerned and asked for it.
    pub(super) fn deliver(&mut self, dispatch: &Dispatch) {
        for id in self.sessions.keys().cloned().collect::<Vec<_>>() {
            self.deliver_to(&id, dispatch);
        }
    }

    /// Tells an event to one session, if it is concerned and asked for it.
    pub(super) fn deliver_to(&mut self, id: &str, dispatch: &Dispatch) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let (shard, shards) = session.shard;
        let concerned = dispatch.guild.map_or(0, |guild| guild.shard(shards)) == shard;
        if !concerned || (dispatch.intents != 0 && dispatch.intents & session.intents == 0) {
            return;
        }
        let data = match &dispatch.otherwise {
            Some((needed, otherwise)) if needed & session.intents == 0 => otherwise,
            _ => &dispatch.data,
        };
        session.seq += 1;
        let text = json!({ "op": 0, "t": dispatch.name, "s": session.seq, "d": data }).to_string();
        if session.log.len() == REPLAYED {
            session.log.pop_front();
        }
        session.log.push_back((session.seq, text.clone()));
        if let Some(connection) = session.connection {
            self.push(connection, Outgoing::Text(text));
        }
    }

    pub(super) fn send(&mut self, id: ConnectionId, payload: &Value) {
        self.push(id, Outgoing::Text(payload.to_string()));
    }

    pub(super) fn send_raw(&mut self, id: ConnectionId, text: String) {
        self.push(id, Outgoing::Text(text));
    }

    /// Ends a connection with a code; its session waits for another.
    pub(super) fn close(&mut self, id: ConnectionId, code: u16, reason: &'static str) {
        self.push(id, Outgoing::Close(code, reason));
        self.forget(id);
    }

    /// Breaks a connection off; its session waits for another.
    pub(super) fn reset(&mut self, id: ConnectionId) {
        if let Some(connection) = self.open.get(&id) {
            connection.reset.cancel();
        }
        self.forget(id);
    }

    /// A connection is gone; answers the session that has none now.
    pub(super) fn forget(&mut self, id: ConnectionId) -> Option<String> {
        let session_id = self.open.remove(&id)?.session?;
        let session = self.sessions.get_mut(&session_id)?;
        if session.connection == Some(id) {
            session.connection = None;
            session.lost = Instant::now();
        }
        Some(session_id)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Begins or ends the silence. Who missed something meanwhile is reset when it ends, as the far side of a half-open
    /// connection is once its packets arrive again.
    pub(super) fn silence(&mut self, silent: bool) {
        self.silent = silent;
        if !silent {
            for id in self.ids() {
                if self.open.get(&id).is_some_and(|connection| connection.missed_something) {
                    self.reset(id);
                }
            }
        }
    }

    fn push(&mut self, id: ConnectionId, outgoing: Outgoing) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        if self.silent {
            connection.missed_something = true;
        } else if connection.outgoing.try_send(outgoing).is_err() {
            tracing::warn!(connection = id.0, "a bot reads too slowly and is cut off");
            self.reset(id);
        }
    }
}

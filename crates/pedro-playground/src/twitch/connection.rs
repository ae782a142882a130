//! The clients that are connected, as the model sees them; `irc.rs` has their sockets.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::wire::{Capabilities, ServerMessage};

/// Lines waiting for a client to read them. A client that is further behind is cut off, as Twitch does it.
const LINES_BEHIND: usize = 4_096;

/// Names a connection; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(u64);

/// What a connection's socket is told to do.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Write this line.
    Line(String),
    /// Close, now that everything before this is written.
    Close,
}

/// The socket's side of a new connection.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: ConnectionId,
    pub(super) outgoing: mpsc::Receiver<Outgoing>,
    /// Cancelled when the connection is to break off, whatever is still to be written.
    pub(super) reset: CancellationToken,
}

/// A connected client.
#[derive(Debug)]
pub(super) struct Connection {
    outgoing: mpsc::Sender<Outgoing>,
    reset: CancellationToken,
    pub(super) capabilities: Capabilities,
    pub(super) password: Option<String>,
    /// Who it signed in as.
    pub(super) login: Option<String>,
    /// Signed in without an account (`justinfan123`): may listen, not speak.
    pub(super) anonymous: bool,
    pub(super) channels: BTreeSet<String>,
    /// A `PING` of ours that it has not answered.
    pub(super) pinged: bool,
    /// Something to or from it was swallowed while the stand-in was stalled.
    pub(super) missed_something: bool,
}

impl Connection {
    fn new(outgoing: mpsc::Sender<Outgoing>, reset: CancellationToken) -> Self {
        Self {
            outgoing,
            reset,
            capabilities: Capabilities::default(),
            password: None,
            login: None,
            anonymous: false,
            channels: BTreeSet::new(),
            pinged: false,
            missed_something: false,
        }
    }
}

/// All connected clients.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: BTreeMap<ConnectionId, Connection>,
    /// Accepted so far.
    pub(super) total: u64,
    /// Turned away so far, while the stand-in was unavailable.
    pub(super) refused: u64,
    /// Channels joined so far.
    pub(super) joins: u64,
    /// Half-open: nothing reaches anybody.
    stalled: bool,
}

impl Connections {
    /// A new client.
    pub(super) fn accept(&mut self) -> Accepted {
        self.total += 1;
        let id = ConnectionId(self.total);
        let (sender, outgoing) = mpsc::channel(LINES_BEHIND);
        let reset = CancellationToken::new();
        self.open.insert(id, Connection::new(sender, reset.clone()));
        Accepted { id, outgoing, reset }
    }

    pub(super) fn count(&self) -> usize {
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

    /// The clients in a channel.
    pub(super) fn in_channel(&self, channel: &str) -> impl Iterator<Item = &Connection> {
        self.open.values().filter(move |connection| connection.channels.contains(channel))
    }

    /// Writes to one client.
    pub(super) fn send(&mut self, id: ConnectionId, message: &ServerMessage) {
        let Some(connection) = self.open.get(&id) else { return };
        if let Some(line) = message.for_client(connection.capabilities) {
            self.push(id, Outgoing::Line(line));
        }
    }

    /// Writes to every client in the channel, save the one that it comes from. Answers to how many it was written.
    pub(super) fn broadcast(&mut self, channel: &str, message: &ServerMessage, except: Option<ConnectionId>) -> usize {
        let ids: Vec<ConnectionId> = self.ids_in(channel).into_iter().filter(|id| Some(*id) != except).collect();
        for id in &ids {
            self.send(*id, message);
        }
        if self.stalled { 0 } else { ids.len() }
    }

    /// Writes a line as it is to every client in the channel.
    pub(super) fn broadcast_raw(&mut self, channel: &str, line: &str) {
        for id in self.ids_in(channel) {
            self.push(id, Outgoing::Line(line.to_owned()));
        }
    }

    fn ids_in(&self, channel: &str) -> Vec<ConnectionId> {
        self.open.iter().filter(|(_, open)| open.channels.contains(channel)).map(|(id, _)| *id).collect()
    }

    /// Ends a connection after what was written to it; it counts as gone at once.
    pub(super) fn close(&mut self, id: ConnectionId) {
        self.push(id, Outgoing::Close);
        self.open.remove(&id);
    }

    /// Breaks a connection off.
    pub(super) fn reset(&mut self, id: ConnectionId) {
        if let Some(connection) = self.open.remove(&id) {
            connection.reset.cancel();
        }
    }

    /// The socket is gone; false where that was known.
    pub(super) fn forget(&mut self, id: ConnectionId) -> bool {
        self.open.remove(&id).is_some()
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Begins or ends the stall. Who missed something meanwhile is reset when it ends, as the far side of a half-open
    /// connection is once its packets arrive again.
    pub(super) fn stall(&mut self, stalled: bool) {
        self.stalled = stalled;
        if !stalled {
            for id in self.ids() {
                if self.open.get(&id).is_some_and(|connection| connection.missed_something) {
                    self.reset(id);
                }
            }
        }
    }

    fn push(&mut self, id: ConnectionId, outgoing: Outgoing) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        if self.stalled {
            connection.missed_something = true;
        } else if connection.outgoing.try_send(outgoing).is_err() {
            tracing::warn!(connection = id.0, "a client reads too slowly and is cut off");
            self.reset(id);
        }
    }
}

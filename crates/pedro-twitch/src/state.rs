//! What the reader, the sender and the readiness page know together about the connection.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pedro_core::service::EventClock;
use tokio::sync::{oneshot, watch};

use crate::attention::Attention;

/// Twitch's client pings every 30 s; without any word for longer than that the connection is not alive.
pub(crate) const SILENCE: Duration = Duration::from_secs(45);

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Echo {
    /// Twitch took it: USERSTATE, with the id of the new line where Twitch tells it.
    Taken(Option<String>),
    /// Twitch did not: NOTICE with its `msg-id` and text.
    Rejected(String, String),
    /// Twitch read it and said nothing: nobody saw it.
    Swallowed,
    /// The connection was lost first.
    Lost,
}

/// The state of the connection.
pub(crate) struct State {
    /// When anything was last heard.
    pub(crate) clock: EventClock,
    joined: watch::Sender<HashSet<String>>,
    /// How often Twitch answered a PING.
    pongs: watch::Sender<u64>,
    /// Held for look-ups only, never over an await.
    attention: Mutex<Attention>,
    /// Likewise.
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    moderates: HashSet<String>,
    /// Channels whose first USERSTATE since the join has not come.
    ungreeted: HashSet<String>,
    refused: Option<String>,
    waiting: HashMap<String, oneshot::Sender<Echo>>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            clock: EventClock::new(),
            joined: watch::Sender::new(HashSet::new()),
            pongs: watch::Sender::new(0),
            attention: Mutex::default(),
            inner: Mutex::default(),
        }
    }

    /// Whether Twitch takes what Pedro says.
    pub(crate) fn attention(&self) -> MutexGuard<'_, Attention> {
        self.attention.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Twitch says that Pedro is in a channel.
    pub(crate) fn joined(&self, channel: &str) {
        self.inner().refused = None;
        self.joined.send_modify(|joined| {
            joined.insert(channel.to_owned());
        });
    }

    /// The connection, or a channel, is gone.
    pub(crate) fn left(&self, channel: Option<&str>) {
        self.joined.send_modify(|joined| match channel {
            Some(channel) => {
                joined.remove(channel);
            }
            None => joined.clear(),
        });
        if channel.is_none() {
            for (_, waiting) in self.inner().waiting.drain() {
                let _gone = waiting.send(Echo::Lost);
            }
        }
    }

    /// Twitch refused the token, in its words.
    pub(crate) fn refused(&self, words: &str) {
        self.left(None);
        self.inner().refused = Some(words.to_owned());
    }

    /// What Twitch said when it refused the token.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.inner().refused.clone()
    }

    /// Pedro joined a channel: a USERSTATE follows that says nothing of a message.
    pub(crate) fn expect_greeting(&self, channel: &str) {
        self.inner().ungreeted.insert(channel.to_owned());
    }

    /// Whether a USERSTATE is the one that follows a join; true once for each.
    pub(crate) fn is_greeted(&self, channel: &str) -> bool {
        self.inner().ungreeted.remove(channel)
    }

    /// Whether Pedro moderates a channel.
    pub(crate) fn set_moderates(&self, channel: &str, moderates: bool) {
        let mut inner = self.inner();
        if moderates {
            inner.moderates.insert(channel.to_owned());
        } else {
            inner.moderates.remove(channel);
        }
    }

    /// Whether Pedro moderates a channel.
    pub(crate) fn moderates(&self, channel: &str) -> bool {
        self.inner().moderates.contains(channel)
    }

    /// The channels that Pedro is in, in order.
    pub(crate) fn channels(&self) -> Vec<String> {
        let mut channels: Vec<String> = self.joined.borrow().iter().cloned().collect();
        channels.sort();
        channels
    }

    /// Twitch answered a PING.
    pub(crate) fn pong(&self) {
        self.pongs.send_modify(|count| *count += 1);
    }

    /// Changes with every PONG from now on.
    pub(crate) fn pongs(&self) -> watch::Receiver<u64> {
        self.pongs.subscribe()
    }

    /// Waits until Pedro is in a channel.
    pub(crate) async fn until_joined(&self, channel: &str) {
        let mut joined = self.joined.subscribe();
        // The sender lives as long as this state.
        let _ = joined.wait_for(|joined| joined.contains(channel)).await;
    }

    /// Whether anything is heard at all.
    pub(crate) fn is_alive(&self) -> bool {
        self.clock.age().is_some_and(|age| age < SILENCE)
    }

    /// The next word of Twitch about a message sent to a channel.
    pub(crate) fn await_echo(&self, channel: &str) -> oneshot::Receiver<Echo> {
        let (sender, receiver) = oneshot::channel();
        self.inner().waiting.insert(channel.to_owned(), sender);
        receiver
    }

    /// Twitch said something about the message that was last sent to a channel.
    pub(crate) fn echo(&self, channel: &str, echo: Echo) {
        if let Some(waiting) = self.inner().waiting.remove(channel) {
            let _gone = waiting.send(echo);
        }
    }
}

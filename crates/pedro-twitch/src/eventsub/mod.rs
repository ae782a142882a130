//! Twitch tells of changed titles, and of streams that begin and end, as it happens: `EventSub` over a websocket.
//! While it does not, the title poller asks. <https://dev.twitch.tv/docs/eventsub/handling-websocket-events/>

mod frame;
mod socket;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pedro_core::chat::Platform;
use pedro_core::places::Place;
use pedro_core::service::metrics::record;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) use self::frame::Change;
use self::frame::Frame;
use self::socket::{Socket, SocketError};
use crate::helix::{Helix, HelixError};
use crate::pause::Pause;
use crate::streams::{Streams, StreamsError};
use crate::tokens::{Refuser, Tokens};

/// Twitch repeats a message soon or never.
const IDS_KEPT: usize = 256;

/// What was sent on a socket before its session moved arrives within this time. Twitch sends nothing on it afterwards.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(300);

/// A subscription that fails for a passing reason is tried so often.
const TRIES: u32 = 4;

/// Channels whose changes are told at the moment.
pub(crate) type Watched = watch::Sender<HashSet<String>>;

/// Listens for all channels of a process.
pub(crate) struct EventSub {
    pub(crate) url: Url,
    pub(crate) helix: Helix,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) watched: Arc<Watched>,
}

/// Why nothing is told any more.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error("the socket: {0}")]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Helix(#[from] HelixError),
    #[error(transparent)]
    Streams(#[from] StreamsError),
    #[error("Twitch took a subscription back: {0}")]
    Revoked(String),
    #[error("no channel could be subscribed to")]
    Nothing,
}

impl EventSub {
    /// Listens until told to stop. Whatever ends it, it begins again, more and more slowly.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let listening = async {
            let (mut pause, mut last) = (Pause::for_sockets(), String::new());
            loop {
                self.tokens.until_there().await;
                let Err(ending) = self.listen().await;
                self.watch(HashSet::new());
                // The same failure is logged once, not every time.
                let words = ending.to_string();
                if words != last {
                    tracing::warn!("EventSub ended, titles are asked for meanwhile: {words}");
                }
                last = words;
                let mut tokens = self.tokens.subscribe();
                tokio::select! {
                    () = pause.wait() => {}
                    // Whatever was refused, this one may not be.
                    Ok(()) = tokens.changed() => {}
                }
            }
        };
        stop.run_until_cancelled(listening).await;
    }

    /// One session, over as many sockets as Twitch likes.
    async fn listen(&self) -> Result<std::convert::Infallible, Ending> {
        let mut socket = Socket::open(self.url.as_str()).await?;
        self.watch(self.subscribe(&socket.session).await?);
        let mut heard = Heard::default();
        loop {
            let frame = socket.next().await?;
            if let Frame::Reconnect { url } = frame {
                socket = self.moved(socket, &url, &mut heard).await?;
            } else {
                self.take(frame, &mut heard).await?;
            }
        }
    }

    /// Twitch wants the session to go on elsewhere: the new socket is open before the old one is closed, and what was said
    /// on the old one until then is heard, though it may arrive later than the new one's welcome.
    async fn moved(&self, mut old: Socket, url: &str, heard: &mut Heard) -> Result<Socket, Ending> {
        tracing::info!("EventSub moves to another socket");
        let mut opening = std::pin::pin!(Socket::open(url));
        let new = loop {
            tokio::select! {
                new = &mut opening => break new?,
                frame = old.next() => match frame {
                    Ok(frame) => self.take(frame, heard).await?,
                    Err(_) => break opening.await?,
                },
            }
        };
        while let Ok(Ok(frame)) = timeout(LAST_WORDS_WITHIN, old.next()).await {
            self.take(frame, heard).await?;
        }
        old.close().await;
        Ok(new)
    }

    async fn take(&self, frame: Frame, heard: &mut Heard) -> Result<(), Ending> {
        match frame {
            Frame::Notification { id, channel, change } if heard.is_new(&id) => {
                let place = self.places().find(|place| place.key.platform_channel_id == channel);
                if let Some(place) = place {
                    self.streams.told(&place, change).await?;
                }
            }
            Frame::Revocation { status } => {
                if status == "authorization_revoked"
                    && let Some(token) = self.tokens.current()
                {
                    self.tokens.refused(&token.access, Refuser::Events);
                }
                return Err(Ending::Revoked(status));
            }
            _ => {}
        }
        Ok(())
    }

    /// Subscribes for all channels, and answers those whose changes are told from now on. One that Twitch does not want
    /// to tell of is asked for as before.
    async fn subscribe(&self, session: &str) -> Result<HashSet<String>, Ending> {
        let mut watched = HashSet::new();
        for place in self.places() {
            let login = &place.key.platform_channel_id;
            match self.subscribe_to(session, login).await {
                Ok(()) => {
                    watched.insert(login.clone());
                }
                Err(error @ (HelixError::Refused(_) | HelixError::NotSignedIn)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(channel = login, %error, "Twitch does not tell of {login}'s titles, they are asked for: {error}");
                }
            }
        }
        if watched.is_empty() { Err(Ending::Nothing) } else { Ok(watched) }
    }

    async fn subscribe_to(&self, session: &str, login: &str) -> Result<(), HelixError> {
        let id = self.patiently(|| self.helix.user_id(login)).await?;
        for kind in Change::TYPES {
            self.patiently(|| self.helix.subscribe(session, kind, &id)).await?;
        }
        Ok(())
    }

    /// Tries again what fails for a passing reason. Twitch closes a session that subscribes to nothing for 10 s.
    async fn patiently<T, F>(&self, request: impl Fn() -> F) -> Result<T, HelixError>
    where
        F: Future<Output = Result<T, HelixError>>,
    {
        let mut wait = Duration::from_millis(250);
        for _ in 1..TRIES {
            match request().await {
                Err(HelixError::Status(429 | 500..) | HelixError::Unreachable(_)) => sleep(wait).await,
                result => return result,
            }
            wait *= 2;
        }
        request().await
    }

    fn places(&self) -> impl Iterator<Item = Arc<Place>> {
        self.streams.pedro.places.all().into_iter().filter(|place| place.key.platform == Platform::Twitch)
    }

    fn watch(&self, channels: HashSet<String>) {
        record::channels_watched(channels.len());
        if !channels.is_empty() {
            tracing::info!(channels = channels.len(), "EventSub tells of {} channel(s)", channels.len());
        }
        // The poller asks at once where this changes.
        self.watched.send_if_modified(|watched| {
            let is_new = *watched != channels;
            *watched = channels;
            is_new
        });
    }
}

/// The ids of the last messages.
#[derive(Debug, Default)]
struct Heard(VecDeque<String>);

impl Heard {
    fn is_new(&mut self, id: &str) -> bool {
        if self.0.iter().any(|heard| heard == id) {
            return false;
        }
        if self.0.len() == IDS_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(id.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_heard_once() {
        let mut heard = Heard::default();
        assert!(heard.is_new("a") && !heard.is_new("a"));
        for number in 0..IDS_KEPT {
            assert!(heard.is_new(&number.to_string()));
        }
        assert_eq!(heard.0.len(), IDS_KEPT);
        assert!(heard.is_new("a"), "too long ago to be repeated");
    }
}

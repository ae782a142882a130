//! Asks now and then what the streams are called, and writes down what changed; seldom where Twitch tells by itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pedro_core::chat::Platform;
use pedro_core::places::Place;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::helix::{Helix, HelixError};
use crate::streams::{Streams, StreamsError};

/// Where Twitch tells of changes, one in so many times is enough.
const SELDOM: u64 = 10;

/// Polls the channels of a process.
pub(crate) struct TitlePoller {
    pub(crate) helix: Helix,
    pub(crate) streams: Arc<Streams>,
    pub(crate) every: Duration,
    /// Channels whose changes are told.
    pub(crate) watched: watch::Receiver<HashSet<String>>,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Helix(#[from] HelixError),
    #[error(transparent)]
    Streams(#[from] StreamsError),
}

impl TitlePoller {
    /// Polls until told to stop. The same failure is logged once, not every time.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let (mut ids, mut caught_up) = (HashMap::new(), HashSet::new());
        let mut last_failure = String::new();
        let mut round = 0;
        while !stop.is_cancelled() {
            let watched = self.watched.borrow_and_update().clone();
            caught_up.retain(|login| watched.contains(login));
            let places = self.streams.pedro.places.all();
            for place in places.iter().filter(|place| place.key.platform == Platform::Twitch) {
                let login = &place.key.platform_channel_id;
                // What changed before Twitch began to tell is asked for once.
                if caught_up.contains(login) && round % SELDOM != 0 {
                    continue;
                }
                let failure = self.poll(place, &mut ids).await.err().map(|error| error.to_string()).unwrap_or_default();
                if failure.is_empty() && watched.contains(login) {
                    caught_up.insert(login.clone());
                }
                if !failure.is_empty() && failure != last_failure {
                    tracing::warn!(channel = login, "the stream title is not known: {failure}");
                }
                last_failure = failure;
            }
            round += 1;
            tokio::select! {
                () = stop.cancelled() => {}
                Ok(()) = self.watched.changed() => {}
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    async fn poll(&self, place: &Place, ids: &mut HashMap<String, String>) -> Result<(), PollError> {
        let login = &place.key.platform_channel_id;
        if !ids.contains_key(login) {
            ids.insert(login.clone(), self.helix.user_id(login).await?);
        }
        let mark = self.streams.mark().await;
        let state = self.helix.stream(&ids[login]).await?;
        Ok(self.streams.asked(place, &state, mark).await?)
    }
}

//! Asks now and then what the streams are called, and writes down what changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use pedro_core::chat::Platform;
use pedro_core::pedro::Pedro;
use pedro_core::places::Place;
use pedro_core::store::{StoreError, stream_title};
use tokio_util::sync::CancellationToken;

use crate::helix::{Helix, HelixError};

/// Polls the channels of a process.
pub(crate) struct TitlePoller {
    pub(crate) helix: Helix,
    pub(crate) pedro: Arc<Pedro>,
    pub(crate) every: Duration,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Helix(#[from] HelixError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl TitlePoller {
    /// Polls until told to stop. The same failure is logged once, not every time.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut ids = HashMap::new();
        let mut last_failure = String::new();
        while !stop.is_cancelled() {
            let places = self.pedro.places.all();
            for place in places.iter().filter(|place| place.key.platform == Platform::Twitch) {
                let failure = self.poll(place, &mut ids).await.err().map(|error| error.to_string()).unwrap_or_default();
                if !failure.is_empty() && failure != last_failure {
                    tracing::warn!(channel = place.key.platform_channel_id, "the stream title is not known: {failure}");
                }
                last_failure = failure;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    async fn poll(&self, place: &Place, ids: &mut HashMap<String, String>) -> Result<(), PollError> {
        let login = &place.key.platform_channel_id;
        if !ids.contains_key(login) {
            ids.insert(login.clone(), self.helix.user_id(login).await?);
        }
        let state = self.helix.stream(&ids[login]).await?;
        let mut transaction = self.pedro.pool.begin().await?;
        if stream_title::observe(&mut transaction, place.id, &state, Utc::now()).await? {
            tracing::info!(channel = login, live = state.live, "the stream of {login} has a new title or state");
        }
        transaction.commit().await?;
        Ok(())
    }
}

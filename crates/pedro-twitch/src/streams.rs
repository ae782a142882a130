//! What is known of the streams: told by EventSub, or asked for. One writes at a time, and what was asked before
//! something was told is older than that.

use std::sync::Arc;

use chrono::Utc;
use pedro_core::pedro::Pedro;
use pedro_core::places::Place;
use pedro_core::store::StoreError;
use pedro_core::store::stream_title::{self, StreamState};
use tokio::sync::Mutex;

use crate::eventsub::Change;

/// The streams of a process.
pub(crate) struct Streams {
    pub(crate) pedro: Arc<Pedro>,
    /// How often something was told. Held while a title is written.
    told: Mutex<u64>,
}

/// A title could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl Streams {
    pub(crate) fn new(pedro: Arc<Pedro>) -> Self {
        Self { pedro, told: Mutex::default() }
    }

    /// To be called before something is asked for: what is told meanwhile is newer.
    pub(crate) async fn mark(&self) -> u64 {
        *self.told.lock().await
    }

    /// Writes what was asked for since the mark. Twitch's API lags behind its events.
    pub(crate) async fn asked(&self, place: &Place, state: &StreamState, mark: u64) -> Result<(), StreamsError> {
        let told = self.told.lock().await;
        if *told == mark { self.write(place, state).await } else { Ok(()) }
    }

    /// Writes what was told. If nothing is known of the stream, somebody will ask for the rest of it.
    pub(crate) async fn told(&self, place: &Place, change: Change) -> Result<(), StreamsError> {
        let mut told = self.told.lock().await;
        let Some(mut state) = stream_title::state(&self.pedro.pool, place.id).await? else { return Ok(()) };
        match change {
            Change::Renamed { title, category } => (state.title, state.category) = (title, category),
            Change::Began => state.live = true,
            Change::Ended => state.live = false,
        }
        *told += 1;
        self.write(place, &state).await
    }

    async fn write(&self, place: &Place, state: &StreamState) -> Result<(), StreamsError> {
        let login = &place.key.platform_channel_id;
        let mut transaction = self.pedro.pool.begin().await?;
        if stream_title::observe(&mut transaction, place.id, state, Utc::now()).await? {
            tracing::info!(channel = login, live = state.live, "the stream of {login} has a new title or state");
        }
        transaction.commit().await?;
        Ok(())
    }
}

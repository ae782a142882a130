//! Workers take the games whose turn is Pedro's; one looks after those whose player is silent.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Games;
use super::turn::Trouble;
use crate::chat::GameId;
use crate::service::metrics::catalog::GameStatus;
use crate::service::metrics::record;
use crate::speech::NotSpoken;
use crate::store::StoreError;
use crate::store::game::{self as games, Game, Outcome};

/// How many games one process moves at once. The model's slots decide how many really think.
const WORKERS: usize = 4;

/// How often a worker says that it is still at its game.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// How long a worker sleeps when nothing waits and nobody wakes it, and how often silent players are looked after.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long a player may be silent before the game is paused.
const SILENCE: Duration = Duration::from_secs(5 * 60);

/// How long a game is paused before it ends: an hour after its question.
const PAUSE: Duration = Duration::from_secs(55 * 60);

impl Games {
    /// Plays until told to stop: `stop` to take no further turn, `give_up` to leave the turns at hand to whoever comes.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, give_up: CancellationToken) {
        let workers = (0..WORKERS).map(|_| self.work(&stop, &give_up));
        tokio::join!(join_all(workers), self.attend(&stop, &give_up));
    }

    async fn work(&self, stop: &CancellationToken, give_up: &CancellationToken) {
        while !stop.is_cancelled() {
            match games::claim(&self.pool, &self.reach(), &self.held_ids()).await {
                Ok(Some(game)) => self.see_to(game, give_up).await,
                Ok(None) => self.sleep(stop).await,
                Err(error) => {
                    tracing::warn!(%error, "no games can be played while the database is away");
                    self.sleep(stop).await;
                }
            }
        }
    }

    async fn sleep(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.notified() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }

    async fn see_to(&self, game: Game, give_up: &CancellationToken) {
        let _held = self.hold(game.id);
        let stop = give_up.child_token();
        let mut work = std::pin::pin!(self.turn(&game, &stop));
        let outcome = tokio::select! {
            outcome = &mut work => outcome,
            () = self.until_lost(game.id, game.lease_owner) => {
                tracing::info!(game.id = %game.id, "game {} was stopped or taken over", game.id);
                stop.cancel();
                // It gives back its slot before it ends.
                work.await
            }
        };
        let Err(trouble) = outcome else { return };
        if let Err(error) = self.put_back(&game, &trouble).await {
            tracing::debug!(%error, game.id = %game.id, "game {} goes back when its lease ends", game.id);
        }
    }

    async fn put_back(&self, game: &Game, trouble: &Trouble) -> Result<(), StoreError> {
        tracing::warn!(game.id = %game.id, "a turn of game {} was not done: {trouble}", game.id);
        if let Trouble::Unsent(NotSpoken::Refused(_)) = trouble {
            // The thread is gone, or Pedro may not speak there any more: nobody can play on.
            record_end(games::give_up(&self.pool, game.id, game.lease_owner).await?);
            return Ok(());
        }
        let (wait, counts) = trouble.wait();
        games::release(&self.pool, game.id, game.lease_owner, wait, counts).await
    }

    /// Keeps the lease; ends when it is lost. A database that is away for a moment has not given it to anybody.
    async fn until_lost(&self, id: GameId, owner: Uuid) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match games::renew(&self.pool, id, owner).await {
                Err(StoreError::LeaseLost) => return,
                Err(error) => tracing::warn!(%error, "a game's lease could not be renewed"),
                Ok(()) => {}
            }
        }
    }

    async fn attend(&self, stop: &CancellationToken, give_up: &CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = give_up.cancelled() => return,
                attended = self.attend_once() => {
                    if let Err(error) = attended {
                        tracing::debug!(%error, "silent players are looked after when the database is back");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn attend_once(&self) -> Result<(), StoreError> {
        let reach = self.reach();
        if games::abandon_paused(&self.pool, &reach, PAUSE).await? > 0 {
            self.wake.notify_one();
        }
        games::sweep(&mut *self.pool.acquire().await?).await?;
        let silent = games::take_silent(&self.pool, &reach, SILENCE).await?;
        join_all(silent.into_iter().map(|notice| self.tell_paused(notice))).await;
        Ok(())
    }

    /// Holds a game until the result is dropped: its lease may run out while the database is away.
    fn hold(&self, id: GameId) -> Holding<'_> {
        self.held.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.0);
        Holding(self, id)
    }

    fn held_ids(&self) -> Vec<i64> {
        self.held.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

struct Holding<'a>(&'a Games, GameId);

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.held.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1.0);
    }
}

/// Counts a game that came to its end.
pub(super) fn record_end(outcome: Outcome) {
    let status = match outcome {
        Outcome::Won => GameStatus::Won,
        Outcome::Lost => GameStatus::Lost,
        Outcome::Abandoned => GameStatus::Abandoned,
    };
    record::games(status, 1);
}

//! A model of Twitch, and the servers that let clients at it: chat (IRC), Helix, OAuth, and what the page needs.
//!
//! All state is one [`world::World`] behind one mutex, held only for short, synchronous work: what happens in it happens
//! at once and in order for everybody. The servers and the verbs of [`Twitch`] read and change it.

mod chat;
mod connection;
mod control;
mod device;
mod event;
mod eventsub;
mod eventsub_socket;
mod helix;
pub(crate) mod irc;
mod limits;
mod line;
mod misbehave;
mod oauth;
mod people;
mod sending;
mod session;
mod stream;
mod tokens;
mod verbs;
mod wait;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::line::{ChatLine, Line};
pub use self::people::UserId;
use self::world::World;

/// A handle to the stand-in Twitch. Cheap to clone; all clones are the same Twitch.
///
/// Its verbs do what people, moderators and Twitch itself would do, and tell what a bot has done. Names of channels and
/// people may be written with `#` or `@` and in any case.
#[derive(Debug, Clone)]
pub struct Twitch {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Never held across an await: what is done under it is short and synchronous.
    world: Mutex<World>,
    /// Moves with every change, for those who wait for one.
    changes: watch::Sender<u64>,
}

impl Twitch {
    /// `eventsub` is where its EventSub sockets are.
    pub(crate) fn new(eventsub: String) -> Self {
        let shared = Shared { world: Mutex::new(World::new(eventsub)), changes: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// The pages and interfaces that are served over HTTP; streams that never end by themselves end with `shutdown`.
    pub(crate) fn router(&self, shutdown: CancellationToken) -> Router {
        Router::new()
            .nest("/helix", helix::router(self.clone()))
            .merge(oauth::router(self.clone()))
            .merge(eventsub_socket::router(self.clone(), shutdown.clone()))
            .nest("/api/twitch", control::router(self.clone(), shutdown))
    }

    fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world and wakes those who wait for a change.
    fn update<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.shared.changes.send_modify(|count| *count += 1);
        result
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A panic under the lock is a failed test already; the others may still look.
        self.shared.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A model of the web and of those who search it: SearXNG, DuckDuckGo, Brave, Wikipedia; and addresses that are traps.
//!
//! There are a few invented pages, and every provider finds those that share words with what is asked, each in its own
//! form and with its own whims. All state is one `world::World` behind one mutex, held only for short, synchronous
//! work.

mod answers;
mod ask;
mod brave;
mod control;
mod duckduckgo;
mod event;
mod index;
mod invented;
mod page;
mod provider;
mod searxng;
mod serve;
mod stream;
mod text;
mod trap;
mod trouble;
mod verbs;
mod wikipedia;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::page::Page;
pub use self::provider::Provider;
pub use self::trouble::Trouble;
use self::world::World;
pub use self::world::{Request, UNANSWERED};

/// A handle to the stand-in web search. Cheap to clone; all clones are the same.
///
/// Its verbs say what there is to be found and what goes wrong, and tell what a bot has asked.
#[derive(Debug, Clone)]
pub struct Search {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Never held across an await: what is done under it is short and synchronous.
    world: Mutex<World>,
    /// Moves with every change, for those who wait for one.
    changes: watch::Sender<u64>,
}

impl Search {
    pub(crate) fn new() -> Self {
        let shared = Shared { world: Mutex::new(World::new()), changes: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// The providers, the traps, and what the page needs. What never ends by itself ends with `shutdown`.
    pub(crate) fn router(&self, shutdown: CancellationToken) -> Router {
        let desk = serve::Desk { search: self.clone(), shutdown: shutdown.clone() };
        let providers = Router::new()
            .merge(searxng::router())
            .merge(duckduckgo::router())
            .merge(answers::router())
            .merge(brave::router())
            .merge(wikipedia::router())
            .merge(trap::router())
            .with_state(desk);
        providers.nest("/api/search", control::router(self.clone(), shutdown))
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

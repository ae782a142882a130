//! A model of Discord, and the servers that let bots at it: REST, the gateway, and what the page needs.
//!
//! All state is one `world::World` behind one mutex, held only for short, synchronous work: what happens in it happens
//! at once and in order for everybody. The servers and the verbs of [`Discord`] read and change it.

mod channel;
mod chat;
mod clock;
mod commands;
mod component;
mod conduct;
mod control;
mod dispatch;
mod event;
mod failure;
mod file;
mod form;
mod gateway;
mod guild;
mod handshake;
mod interaction;
mod limits;
mod mention;
mod menu;
mod message;
mod misbehave;
mod options;
mod people;
pub mod permission;
mod respond;
mod rest;
mod sessions;
mod settings;
mod snowflake;
mod stream;
mod threads;
mod town;
mod use_app;
mod verbs;
mod view;
mod wait;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::get;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::channel::ChannelKind;
pub use self::interaction::{Interaction, InteractionKind, InteractionState};
pub use self::mention::Mentions;
pub use self::message::{Attachment, Message, Reaction, Version, flag};
pub use self::misbehave::Trouble;
pub use self::snowflake::Snowflake;
pub use self::town::Whom;
pub use self::view::{ChannelView, ThreadView};
pub use self::world::Request;
use self::world::World;

/// A handle to the stand-in Discord. Cheap to clone; all clones are the same Discord.
///
/// Its verbs do what people, moderators and Discord itself would do, and tell what the bot has done. People go by their
/// user names, in any case and with or without `@`; everything else by its id.
#[derive(Debug, Clone)]
pub struct Discord {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Never held across an await: what is done under it is short and synchronous.
    world: Mutex<World>,
    /// Moves with every change, for those who wait for one.
    changes: watch::Sender<u64>,
}

impl Discord {
    /// `base` is where files can be fetched.
    pub(crate) fn new(base: String) -> Self {
        let shared = Shared { world: Mutex::new(World::new(base)), changes: watch::Sender::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// What is served over HTTP: REST, the gateway, and what the page needs. What never ends by itself ends with
    /// `shutdown`; the tracker knows the gateway's connections.
    pub(crate) fn router(&self, shutdown: CancellationToken, tracker: TaskTracker) -> Router {
        let files = Router::new()
            .route("/discord/attachments/{channel}/{id}/{name}", get(rest::attachment))
            .with_state(self.clone());
        Router::new()
            .merge(files)
            .nest("/api/v10", rest::router(self.clone(), shutdown.clone()))
            .nest("/api/discord", control::router(self.clone(), shutdown.clone()))
            .merge(gateway::router(self.clone(), shutdown, tracker))
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

//! Accepted questions: taken from the durable queue, held by a lease, settled whatever happens.

mod failure;
mod held;
mod worker;

pub use failure::Failure;
pub use held::Held;
pub use worker::{Settled, Unsettled, Worker};

use std::time::Duration;

use crate::store::question::Limits;

/// How often a question is begun before Pedro gives up.
pub const ATTEMPTS: i32 = 3;

/// How long an asker waits before being told that it takes longer.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// An answer that nobody asked Pedro for is begun within so long, or not at all: later it disturbs.
pub const UNASKED_WITHIN: Duration = Duration::from_secs(20);

/// On what terms questions are accepted on a platform.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How much may be asked.
    pub limits: Limits,
    /// How long a question may wait before it is dropped with a word.
    pub expiry: Duration,
    /// Whether one process can speak in every channel of the platform, or only in those that it is in.
    pub everywhere: bool,
}

/// The terms on Twitch.
pub const TWITCH_TERMS: Terms = Terms {
    limits: Limits { open_per_person: 1, hourly_per_person: 30, queue: 50 },
    expiry: Duration::from_secs(15 * 60),
    everywhere: false,
};

/// The terms on Discord: answers are found later too, for they stand where the question was put.
pub const DISCORD_TERMS: Terms = Terms {
    limits: Limits { open_per_person: 2, hourly_per_person: 30, queue: 50 },
    expiry: Duration::from_secs(2 * 60 * 60),
    everywhere: true,
};

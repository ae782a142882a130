//! Accepted questions: taken from the durable queue, held by a lease, settled whatever happens.

mod worker;

pub use worker::{Held, Settled, Unsettled, Worker};

use std::time::Duration;

use crate::store::question::Limits;

/// How often a question is begun before Pedro gives up.
pub const ATTEMPTS: i32 = 3;

/// How long an asker waits before being told that it takes longer.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// How long a question may wait on a chat platform before it is dropped with a word.
pub const EXPIRY: Duration = Duration::from_secs(15 * 60);

/// How much may be asked on Twitch.
pub const TWITCH_LIMITS: Limits = Limits { open_per_person: 1, hourly_per_person: 30, queue: 50 };

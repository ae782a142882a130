//! What every long-running program needs and no chat bot is about: configuration, secrets, logs, metrics, stopping, the
//! pages for operators. Knows no other room.
//!
//! The order in `main`: parse the arguments and [`launch()`], which sets up the log and settles the groups of options; then
//! [`metrics::install`], [`shutdown::Shutdown::new`], spawn, and at last [`shutdown::Shutdown::run_until_signal`].

pub mod config;
pub mod health;
pub mod http;
mod launch;
pub mod metrics;
pub mod one_password;
pub mod seal;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
mod watchdog;

pub use health::{EventClock, Readiness, Verdict};
pub use launch::launch;
pub use one_password::OnePassword;
pub use seal::{Seal, SealError};
pub use secret::Secret;
pub use shutdown::{Shutdown, Signals};

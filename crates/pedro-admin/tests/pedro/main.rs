//! The built command, run as an operator runs it, against a real database of each test's own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod chat;
mod doctor;
mod eval;
mod import;
mod knowledge;
mod login;
mod memory;
mod model;
mod recap;
mod support;
mod watch;

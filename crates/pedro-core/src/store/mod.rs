//! All SQL, one file per table. Functions that belong in a transaction take `&mut PgConnection`, the others
//! `impl PgExecutor<'_>`. Not found is `None`, never an error.

pub mod api_token_use;
pub mod author;
pub mod channel;
pub mod database;
pub mod embedding;
pub mod erase;
pub mod event_switch;
pub mod game;
pub mod generation;
pub mod inspect;
pub mod link;
pub mod message;
pub mod model_slot;
pub mod opt_out;
pub mod plan;
pub mod question;
pub mod recap;
pub mod scratch;
pub mod search;
pub mod statistics;
pub mod stream_title;
pub mod trained_prompt;
pub mod twitch_sent;
pub mod twitch_token;
pub mod web_search;
pub mod workflow;

pub use database::{MIGRATOR, StoreError};

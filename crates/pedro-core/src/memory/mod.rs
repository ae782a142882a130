//! What was said: written down, embedded in the background, found again, and forgotten when asked.

pub mod cue;
mod earlier;
mod embed_worker;
pub mod fuse;
mod ingest;
mod links;
mod people;
mod retention;
mod retriever;
mod word_statistics;

pub use embed_worker::{EmbedWaitingError, EmbedWorker, embed_waiting};
pub use ingest::{Inbox, InboxFull, InboxReader, inbox};
pub use links::embed_links;
pub use people::PersonHasher;
pub use retention::Retention;
pub use retriever::{Hit, Recall, Recalled, Retriever, Window};

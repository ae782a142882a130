//! What was said: written down, embedded in the background, found again, and forgotten when asked.

pub mod cue;
mod earlier;
mod embed_worker;
pub mod fuse;
mod ingest;
mod people;
mod retriever;
mod word_statistics;

pub use embed_worker::{EmbedWaitingError, EmbedWorker, embed_waiting};
pub use ingest::{Inbox, InboxFull, InboxReader, inbox};
pub use people::PersonHasher;
pub use retriever::{Hit, Recall, Recalled, Retriever, Window};

//! Everything that is Pedro and not a platform: memory, knowledge, the model, questions.
//!
//! `ARCHITECTURE.md` at the root of the repository tells the way of a chat line through these rooms.

pub mod answer;
pub mod api;
pub mod boot;
pub mod chat;
pub mod command;
pub mod embedder;
pub mod event;
pub mod game;
pub mod knowledge;
pub mod listener;
pub mod llm;
pub mod memory;
pub mod page;
mod patience;
pub mod pedro;
pub mod places;
pub mod plan;
pub mod prompt;
pub mod question;
pub mod recap;
pub mod reply;
pub mod served;
pub mod service;
pub mod speech;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod trigger;
pub mod voice;
pub mod workflow;

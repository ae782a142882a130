//! Stand-ins for tests of this crate and of the adapters (feature `testing`): a model that says what the test scripted,
//! in this process ([`ScriptedModel`]) or behind a real socket ([`ScriptedModelServer`]), a 1Password Connect server, and a
//! way to a server that can be cut ([`way`]).

mod cases;
mod connect;
mod listed;
mod model;
mod options;
mod routes;
mod server;
#[cfg(test)]
pub(crate) mod strange_yaml;
mod systemd;
pub mod way;

use std::time::Duration;

pub use cases::cases;
pub use connect::{ConnectTrouble, ScriptedConnect};
pub use listed::listed_otherwise;
pub use model::ScriptedModel;
pub use options::secrets_without_file;
pub use server::ScriptedModelServer;
pub use systemd::NotifySocket;

/// What the model does with one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Writes a text at once, word by word.
    Say(String),
    /// Waits, then writes.
    SayAfter(Duration, String),
    /// Waits, then writes what its reply function says.
    ReplyAfter(Duration),
    /// Waits for [`ScriptedModelServer::release`] (in this process: not at all), then writes.
    SayHeld(String),
    /// Writes the pieces with a pause before each but the first.
    Trickle {
        /// The text, in pieces.
        chunks: Vec<String>,
        /// The pause.
        every: Duration,
    },
    /// Writes the pieces and then nothing more, for ever.
    Stall(Vec<String>),
    /// Answers with an HTTP status and an error object.
    Status(u16),
    /// Takes the request and never answers.
    Hang,
    /// Writes so many words of the default answer, then the connection breaks.
    CutAfter(usize),
    /// Ends without a word.
    Empty,
}

impl Turn {
    /// [`Turn::Say`] without the ceremony.
    pub fn say(text: impl Into<String>) -> Self {
        Self::Say(text.into())
    }
}

/// What is said when the script is at its end and no reply function was given.
pub const DEFAULT_ANSWER: &str = "scripted answer";

/// A text in pieces of one word, its space with it.
fn words(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

//! What Pedro says, on its way to an adapter: the adapter says it at the platform's pace and tells what became of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::chat::ChannelKey;

/// How many texts may wait for an adapter. Whoever wants to say one more waits: nothing that is said is dropped.
const SPEECH_CAPACITY: usize = 256;

/// Whom a text is said to. Kept with a question, so that another process can answer it after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTarget {
    /// The platform's id of the line that is replied to.
    pub platform_message_id: String,
    /// The platform's id of who wrote it.
    pub platform_user_id: String,
    /// Their name as people see it.
    pub display_name: String,
}

/// One text for one channel; it fits into one message of the platform.
#[derive(Debug)]
pub struct Speech {
    /// Where.
    pub channel: ChannelKey,
    /// To whom; `None`: to everybody.
    pub reply_to: Option<ReplyTarget>,
    /// Clean text.
    pub text: String,
    /// What became of it. Dropping it means that the adapter stopped first.
    pub outcome: oneshot::Sender<Result<Spoken, NotSpoken>>,
}

/// The platform took a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// The platform's id of the new line.
    pub platform_message_id: String,
    /// The platform's id of Pedro's account.
    pub own_user_id: String,
    /// The login of Pedro's account.
    pub own_login: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The platform did not take a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSpoken {
    /// It never will: banned, the channel is gone, the text is refused.
    #[error("the platform refused the message: {0}")]
    Refused(String),
    /// Not now: the adapter is stopping or stayed without a connection for too long.
    #[error("the message could not be sent now")]
    Unavailable,
}

/// The way from Pedro to the adapter.
pub fn speech() -> (mpsc::Sender<Speech>, mpsc::Receiver<Speech>) {
    mpsc::channel(SPEECH_CAPACITY)
}

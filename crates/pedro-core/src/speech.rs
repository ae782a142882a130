//! What Pedro says, on its way to an adapter: the adapter says it at the platform's pace and tells what became of it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::chat::{ChannelKey, Platform};

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
    /// Whether there is a line to reply to. A question that was put by a command has none: its id is the
    /// interaction's.
    #[serde(default = "yes")]
    pub is_line: bool,
    /// An interaction that waits for its response (Discord).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<Interaction>,
}

impl ReplyTarget {
    /// Nobody asked: what comes is for everybody, and if nothing comes nobody is told. `id`: what the platform knows it by.
    pub fn nobody(id: String) -> Self {
        let nobody = String::new();
        Self {
            platform_message_id: id,
            platform_user_id: nobody.clone(),
            display_name: nobody,
            is_line: false,
            interaction: None,
        }
    }

    /// Whether somebody asked.
    pub fn is_somebody(&self) -> bool {
        !self.platform_user_id.is_empty()
    }
}

fn yes() -> bool {
    true
}

/// A deferred Discord interaction.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// What is needed to respond; of no use to anybody once it has expired.
    pub token: String,
    /// The end of the token's life: 15 minutes after the interaction.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interaction(until {})", self.expires_at)
    }
}

/// What an adapter is asked to do.
#[derive(Debug)]
pub enum Speech {
    /// Say, or change, a message.
    Say(Box<Message>),
    /// Show that Pedro is at it, for some seconds. Best effort.
    Typing(ChannelKey),
}

/// One text for one channel; it fits into one message of the platform.
#[derive(Debug)]
pub struct Message {
    /// Where.
    pub channel: ChannelKey,
    /// To whom; `None`: to everybody.
    pub reply_to: Option<ReplyTarget>,
    /// Clean text.
    pub text: String,
    /// Which message it becomes.
    pub form: Form,
    /// What can be pressed and chosen under it; platforms without such things leave them out.
    pub controls: Controls,
    /// A file that hangs on it; platforms without files leave it out.
    pub file: Option<File>,
    /// The same whenever the same message is sent again: a platform that has seen it takes it once.
    pub nonce: Option<String>,
    /// What it is said for: the adapter logs in it.
    pub span: tracing::Span,
    /// What became of it. Dropping it means that the adapter stopped first.
    pub outcome: oneshot::Sender<Result<Spoken, NotSpoken>>,
}

/// Which message a text becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The first message of a reply: it takes the place of an interaction's "thinking".
    Opening,
    /// A further message.
    New,
    /// New text for the message with this platform id; if it is gone, a message of its own.
    Edit(String),
    /// None: it becomes the name of the thread that the channel is, which is open again then.
    Name,
}

/// What can be pressed and chosen under a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Controls {
    /// In order.
    pub buttons: Vec<Button>,
    /// Below them.
    pub choice: Option<Choice>,
}

/// A list to choose one thing from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What comes back, with the value chosen; at most 100 characters.
    pub id: String,
    /// What stands there before anything is chosen; at most 150 characters.
    pub placeholder: String,
    /// Values (at most 100 characters) and what they are called (likewise); at most 25.
    pub options: Vec<(String, String)>,
}

/// A text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, with an ending that tells what it is.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl From<Vec<Button>> for Controls {
    fn from(buttons: Vec<Button>) -> Self {
        Self { buttons, choice: None }
    }
}

/// Something to press under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What comes back when it is pressed; at most 100 characters.
    pub id: String,
    /// What it says; at most 80 characters.
    pub label: String,
}

/// The platform took a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// The platform's id of the line.
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
    /// Whoever wanted it said does not any more: the question was cancelled, or another process has it.
    #[error("nobody wants it said any more")]
    Unwanted,
}

/// Whether messages can be changed after they were sent: then one message shows how an answer grows.
pub const fn can_edit(platform: Platform) -> bool {
    matches!(platform, Platform::Discord)
}

/// Whether somebody can be spoken to there. Who asks over HTTP reads the answer from the question's row.
pub const fn is_spoken_to(platform: Platform) -> bool {
    !matches!(platform, Platform::Http)
}

/// The way from Pedro to the adapter.
pub fn speech() -> (mpsc::Sender<Speech>, mpsc::Receiver<Speech>) {
    mpsc::channel(SPEECH_CAPACITY)
}

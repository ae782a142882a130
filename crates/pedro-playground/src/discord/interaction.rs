//! What people do with the bot's commands, buttons and forms, and how far the bot has come with it.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::snowflake::Snowflake;

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionKind {
    /// Ran a slash command.
    Command,
    /// Pressed a button or chose from a menu.
    Component,
    /// Is typing an option that the bot has suggestions for.
    Autocomplete,
    /// Sent a form.
    Modal,
}

impl InteractionKind {
    /// Discord's number for it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Command => 2,
            Self::Component => 3,
            Self::Autocomplete => 4,
            Self::Modal => 5,
        }
    }
}

/// How far the bot has come with an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionState {
    /// The bot has not answered yet, and still may.
    Waiting,
    /// It has said that it will: people see that it is thinking.
    Thinking,
    /// It has answered.
    Answered,
    /// It did not answer in time; see [`Interaction::notice`].
    Failed,
}

/// An interaction, from what the person did to what came of it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Interaction {
    /// Its id.
    pub id: Snowflake,
    /// What the person did.
    pub kind: InteractionKind,
    /// Who, by user name.
    pub person: String,
    /// Where.
    pub channel: Snowflake,
    /// The guild, unless it was in a direct message.
    pub guild: Option<Snowflake>,
    /// The command's name, with the sub-command's after it.
    pub command: String,
    /// The button's, menu's or form's id.
    pub custom_id: Option<String>,
    /// How far the bot has come.
    pub state: InteractionState,
    /// The message of the bot that answers it: one that the person sees appear, or the one whose button it was.
    pub response: Option<Snowflake>,
    /// The messages that the bot sent after that.
    pub followups: Vec<Snowflake>,
    /// Only the person sees the answer.
    pub ephemeral: bool,
    /// The suggestions for an option.
    pub choices: Option<Vec<Value>>,
    /// The form that the bot opened.
    pub modal: Option<Value>,
    /// How long the first answer took.
    pub answered_after: Option<Duration>,
    /// The message that the button or form is on.
    pub(super) message: Option<Snowflake>,
    /// The interaction that opened the form.
    pub(super) opened_by: Option<Snowflake>,
    /// What the bot answers with instead of its own token.
    #[serde(skip)]
    pub token: String,
    #[serde(skip)]
    pub(super) created: Instant,
    /// When the token ends.
    #[serde(skip)]
    pub(super) expires: Instant,
}

impl Interaction {
    /// What Discord itself tells the person, who alone sees it.
    pub fn notice(&self) -> Option<&'static str> {
        match (self.state, self.kind) {
            (InteractionState::Failed, InteractionKind::Command) => Some("The application did not respond"),
            (InteractionState::Failed, InteractionKind::Autocomplete) => Some("Loading options failed"),
            (InteractionState::Failed, InteractionKind::Modal) => Some("Something went wrong. Try again."),
            (InteractionState::Failed, InteractionKind::Component) => Some("This interaction failed"),
            (InteractionState::Waiting, InteractionKind::Command) => Some("Sending command..."),
            _ => None,
        }
    }
}

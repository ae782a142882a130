//! What the page is told as it happens.

use serde::Serialize;

use super::interaction::Interaction;
use super::message::Message;
use super::snowflake::Snowflake;

/// Something that changed.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    /// Somebody said something.
    Message { message: Box<Message> },
    /// A message says something else now, or has other reactions.
    MessageChanged { message: Box<Message> },
    /// Messages are gone.
    MessagesDeleted { channel: Snowflake, ids: Vec<Snowflake>, ephemeral_for: Option<String> },
    /// A guild, its roles or its members are others.
    Guild { guild: Snowflake },
    /// A channel or thread came, went or is another.
    Channel { channel: Snowflake },
    /// Somebody is typing.
    Typing { channel: Snowflake, person: String },
    /// Somebody's command, button or form: sent, answered, or in vain.
    Interaction { interaction: Box<Interaction> },
    /// The bot registered other commands.
    Commands,
    /// A gateway connection came or went; or the stand-in began or ceased to misbehave.
    Connection { connections: usize },
    /// A bot did something Discord would have punished.
    Violation { text: String },
}

impl Event {
    /// The channel that it happened in; `None` where it concerns everybody.
    pub(super) fn channel(&self) -> Option<Snowflake> {
        match self {
            Self::Message { message } | Self::MessageChanged { message } => Some(message.channel),
            Self::MessagesDeleted { channel, .. } | Self::Typing { channel, .. } => Some(*channel),
            Self::Interaction { interaction } => Some(interaction.channel),
            Self::Guild { .. }
            | Self::Channel { .. }
            | Self::Commands
            | Self::Connection { .. }
            | Self::Violation { .. } => None,
        }
    }

    /// The only person whom it concerns.
    pub(super) fn person(&self) -> Option<&str> {
        match self {
            Self::Message { message } | Self::MessageChanged { message } => message.ephemeral_for.as_deref(),
            Self::MessagesDeleted { ephemeral_for, .. } => ephemeral_for.as_deref(),
            Self::Interaction { interaction } => Some(&interaction.person),
            _ => None,
        }
    }
}

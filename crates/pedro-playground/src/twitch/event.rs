//! What the page is told as it happens.

use serde::Serialize;

use super::line::Line;

/// Something that changed.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    /// Somebody said something.
    Line { channel: String, line: Box<Line> },
    /// Lines were removed by a moderator.
    Deleted { channel: String, ids: Vec<String> },
    /// The stream's title, category or live state is another.
    Title { channel: String, title: String, category: String, live: bool },
    /// A bot came, went, joined, left, or wants to be let in; or the stand-in began or ceased to misbehave.
    Connection { connections: usize },
    /// A bot did something Twitch would have punished.
    Violation { text: String },
}

impl Event {
    /// The channel it belongs to; `None` where it concerns everybody.
    pub(super) fn channel(&self) -> Option<&str> {
        match self {
            Self::Line { channel, .. } | Self::Deleted { channel, .. } | Self::Title { channel, .. } => Some(channel),
            Self::Connection { .. } | Self::Violation { .. } => None,
        }
    }
}

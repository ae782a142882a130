//! What a chat line is, whichever platform it comes from. Pure data: knows nothing of the other rooms.

mod ids;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use ids::{AuthorId, ChannelId, CommunityId, GameId, GenerationId, MessageId, PlanId, QuestionId, TrainedPromptId};

/// Where a line comes from. Stored as its lower-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Platform {
    /// Twitch chat.
    Twitch,
    /// Discord guild channels, threads and direct messages.
    Discord,
    /// Lines loaded by `pedro import`.
    Import,
    /// `pedro chat`.
    Terminal,
    /// The HTTP API.
    Http,
}

impl Platform {
    /// The name used in tables, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twitch => "twitch",
            Self::Discord => "discord",
            Self::Import => "import",
            Self::Terminal => "terminal",
            Self::Http => "http",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of account wrote a line. Only a [`AuthorKind::Person`]'s lines are evidence for a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum AuthorKind {
    /// A viewer, a member, a moderator, the streamer.
    Person,
    /// Pedro itself, on any platform.
    Pedro,
    /// Another bot: Nightbot and its like.
    Bot,
}

/// What an author may do in a channel. Comes from the platform's badges, never from a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Anybody.
    Viewer,
    /// A moderator of the channel.
    Moderator,
    /// The owner of the channel.
    Streamer,
}

/// How much Pedro speaks in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Chattiness {
    /// Commands only.
    Quiet,
    /// Also its name, mentions, replies, trained prompts.
    Named,
    /// Also questions that nobody addressed to it.
    #[default]
    Questions,
}

impl Chattiness {
    /// All of them, from the least on.
    pub const ALL: [Self; 3] = [Self::Quiet, Self::Named, Self::Questions];

    /// The name in files, tables and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Named => "named",
            Self::Questions => "questions",
        }
    }

    /// The chattiness with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chattiness| chattiness.as_str() == name)
    }
}

/// Who wrote a line. A person is their `platform_user_id`; names change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The platform's id of the account (`restream:youtube:name` for a relayed line).
    pub platform_user_id: String,
    /// Lower-case account name.
    pub login: String,
    /// The name as people see it.
    pub display_name: String,
    /// Person, Pedro or another bot.
    pub kind: AuthorKind,
    /// What they may do here.
    pub role: Role,
}

/// A place where lines are written, as the platform names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelKey {
    /// Which platform.
    pub platform: Platform,
    /// The platform's id of the channel; on Twitch its login, which is what IRC speaks of.
    pub platform_channel_id: String,
}

/// The line that another line answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The platform's id of the line replied to.
    pub platform_message_id: String,
    /// The platform's id of who wrote that line.
    pub platform_user_id: String,
}

/// One line of chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Where it was written.
    pub channel: ChannelKey,
    /// The platform's id of the line: a line delivered twice has the same.
    pub platform_message_id: String,
    /// Who wrote it.
    pub author: Author,
    /// What it says, as people see it.
    pub text: String,
    /// When it was written, by the platform's clock.
    pub sent_at: DateTime<Utc>,
    /// What it replies to.
    pub reply_to: Option<ReplyTo>,
}

/// Lines that a platform took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// One line (Twitch CLEARMSG, a deleted Discord message).
    Line {
        /// The platform's id of the line.
        platform_message_id: String,
    },
    /// What one person wrote in the channel since a moment; `None`: ever (Twitch CLEARCHAT with a name).
    Author {
        /// Whose lines.
        platform_user_id: String,
        /// From when on.
        since: Option<DateTime<Utc>>,
    },
    /// Everything that was written in the channel since a moment (Twitch CLEARCHAT without a name).
    Everything {
        /// From when on.
        since: DateTime<Utc>,
    },
}

/// What an adapter puts into the inbox, in the order in which the platform told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Somebody wrote a line.
    Line(ChatMessage),
    /// Somebody changed a line.
    Edited {
        /// The platform.
        platform: Platform,
        /// The platform's id of who wrote it.
        platform_user_id: String,
        /// The platform's id of the line.
        platform_message_id: String,
        /// What it says now.
        text: String,
    },
    /// Lines were taken back.
    Removed {
        /// Where.
        channel: ChannelKey,
        /// Which.
        removal: Removal,
    },
    /// Nothing was heard in the channel between two moments, and what was said then cannot be fetched.
    Gap {
        /// Where.
        channel: ChannelKey,
        /// Last moment that was heard; `None` if the channel was never heard before.
        from: Option<DateTime<Utc>>,
        /// First moment that is heard again.
        until: DateTime<Utc>,
    },
    /// All that was missed in a channel has been put in before this: once it is written, nothing is missing there any more.
    Fetched {
        /// Where.
        channel: ChannelKey,
    },
}

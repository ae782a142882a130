//! Channels: those of guilds, threads, direct messages.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::guild::{Overwrite, timestamp};
use super::snowflake::Snowflake;

/// Characters of a thread's or channel's name.
pub(super) const NAME_CHARACTERS: usize = 100;
/// After so many minutes without a message a thread may be archived; nothing else is allowed.
pub(super) const ARCHIVE_AFTER: [u64; 4] = [60, 1_440, 4_320, 10_080];

/// What kind of channel it is, with Discord's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// An ordinary channel of a guild.
    Text,
    /// A direct message.
    Dm,
    /// A voice channel.
    Voice,
    /// A heading over other channels.
    Category,
    /// A channel whose messages other guilds may follow.
    Announcement,
    /// A thread in an announcement channel.
    AnnouncementThread,
    /// A thread that everybody sees who sees its channel.
    PublicThread,
    /// A thread that only its members and moderators see.
    PrivateThread,
    /// A channel of nothing but threads.
    Forum,
}

impl ChannelKind {
    /// Discord's number for it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Dm => 1,
            Self::Voice => 2,
            Self::Category => 4,
            Self::Announcement => 5,
            Self::AnnouncementThread => 10,
            Self::PublicThread => 11,
            Self::PrivateThread => 12,
            Self::Forum => 15,
        }
    }

    /// Whether it is a thread.
    pub const fn is_thread(self) -> bool {
        matches!(self, Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread)
    }

    /// Whether messages can be sent to it.
    pub(super) const fn has_messages(self) -> bool {
        !matches!(self, Self::Category | Self::Forum)
    }
}

/// A channel of any kind.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) id: Snowflake,
    pub(super) kind: ChannelKind,
    pub(super) guild: Option<Snowflake>,
    pub(super) name: String,
    pub(super) parent: Option<Snowflake>,
    pub(super) position: usize,
    pub(super) overwrites: Vec<Overwrite>,
    pub(super) last_message: Option<Snowflake>,
    /// The person on the other side of a direct message.
    pub(super) recipient: Option<Snowflake>,
    /// What only threads have.
    pub(super) thread: Option<Thread>,
    /// The last message of the bot that `next_bot_message` has handed out.
    pub(super) handed_out: Snowflake,
}

/// What a thread has beyond any channel.
#[derive(Debug, Clone)]
pub(super) struct Thread {
    pub(super) owner: Snowflake,
    pub(super) archived: bool,
    pub(super) locked: bool,
    pub(super) invitable: bool,
    pub(super) archive_after: u64,
    /// When it was last archived or opened again.
    pub(super) archive_changed: DateTime<Utc>,
    pub(super) created: DateTime<Utc>,
    /// Who is in it, and since when.
    pub(super) members: BTreeMap<Snowflake, DateTime<Utc>>,
    pub(super) messages: usize,
    pub(super) messages_ever: usize,
}

impl Channel {
    pub(super) fn new(id: Snowflake, kind: ChannelKind, guild: Option<Snowflake>, name: &str) -> Self {
        Self {
            id,
            kind,
            guild,
            name: name.to_owned(),
            parent: None,
            position: 0,
            overwrites: Vec::new(),
            last_message: None,
            recipient: None,
            thread: None,
            handed_out: Snowflake::default(),
        }
    }

    /// The channel as Discord writes it; `recipient` is the other side's user, for direct messages.
    pub(super) fn json(&self, recipient: Option<Value>) -> Value {
        let mut channel = json!({
            "id": self.id, "type": self.kind.number(), "last_message_id": self.last_message, "flags": 0,
        });
        if let Some(recipient) = recipient {
            channel["recipients"] = json!([recipient]);
            return channel;
        }
        channel["guild_id"] = json!(self.guild);
        channel["name"] = json!(self.name);
        channel["parent_id"] = json!(self.parent);
        channel["rate_limit_per_user"] = json!(0);
        match &self.thread {
            Some(thread) => thread.add_to(&mut channel, self.kind),
            None => {
                let overwrites: Vec<Value> = self.overwrites.iter().map(Overwrite::json).collect();
                channel["position"] = json!(self.position);
                channel["permission_overwrites"] = json!(overwrites);
                channel["topic"] = Value::Null;
                channel["nsfw"] = json!(false);
            }
        }
        channel
    }

    /// A member of this thread as Discord writes it.
    pub(super) fn thread_member(&self, user: Snowflake) -> Option<Value> {
        let since = self.thread.as_ref()?.members.get(&user)?;
        Some(json!({ "id": self.id, "user_id": user, "join_timestamp": timestamp(*since), "flags": 0 }))
    }
}

impl Thread {
    pub(super) fn new(owner: Snowflake, archive_after: u64) -> Self {
        let now = Utc::now();
        Self {
            owner,
            archived: false,
            locked: false,
            invitable: true,
            archive_after,
            archive_changed: now,
            created: now,
            members: BTreeMap::from([(owner, now)]),
            messages: 0,
            messages_ever: 0,
        }
    }

    fn add_to(&self, channel: &mut Value, kind: ChannelKind) {
        let mut metadata = json!({
            "archived": self.archived, "auto_archive_duration": self.archive_after, "locked": self.locked,
            "archive_timestamp": timestamp(self.archive_changed), "create_timestamp": timestamp(self.created),
        });
        if kind == ChannelKind::PrivateThread {
            metadata["invitable"] = json!(self.invitable);
        }
        channel["owner_id"] = json!(self.owner);
        channel["thread_metadata"] = metadata;
        channel["message_count"] = json!(self.messages);
        channel["total_message_sent"] = json!(self.messages_ever);
        // Discord stops counting there.
        channel["member_count"] = json!(self.members.len().min(50));
    }
}

//! What the bot may get at.

use crate::discord::channel::{Channel, ChannelKind};
use crate::discord::dispatch::{intent, without_content};
use crate::discord::failure::Failure;
use crate::discord::guild::Guild;
use crate::discord::message::Message;
use crate::discord::permission::{MANAGE_THREADS, VIEW_CHANNEL};
use crate::discord::snowflake::Snowflake;
use crate::discord::world::World;
use serde_json::Value;

impl World {
    /// A channel in which the bot may do all this.
    pub(super) fn channel_for_bot(&self, id: Snowflake, needed: u64) -> Result<&Channel, Failure> {
        let channel = self.channels.get(&id).ok_or(Failure::UNKNOWN_CHANNEL)?;
        let granted = self.permissions(self.bot.id, id);
        if granted & VIEW_CHANNEL == 0 {
            return Err(Failure::MISSING_ACCESS);
        }
        if granted & needed != needed { Err(Failure::MISSING_PERMISSIONS) } else { Ok(channel) }
    }

    /// A guild that the bot is in.
    pub(super) fn guild_for_bot(&self, id: Snowflake) -> Result<&Guild, Failure> {
        let guild = self.guilds.get(&id).ok_or(Failure::UNKNOWN_GUILD)?;
        let inside = guild.members.contains_key(&self.bot.id) && !guild.unavailable;
        if inside { Ok(guild) } else { Err(Failure::MISSING_ACCESS) }
    }

    /// A message that is there, in a channel where the bot may do this. Those for one person only are not there.
    pub(super) fn message_for_bot(&self, channel: Snowflake, id: Snowflake, needed: u64) -> Result<&Message, Failure> {
        self.channel_for_bot(channel, needed)?;
        let message = self.messages.get(&id).filter(|message| message.channel == channel && !message.deleted);
        message.filter(|message| !message.is_ephemeral()).ok_or(Failure::UNKNOWN_MESSAGE)
    }

    /// A message as the bot may read it.
    pub(super) fn readable(&self, message: &Message) -> Value {
        let json = self.message_json(message);
        let open = self.gateway.privileged & intent::MESSAGE_CONTENT != 0 || self.is_open_to_bot(message);
        if open { json } else { without_content(&json) }
    }

    /// A thread in which the bot may change things: not an archived one.
    pub(super) fn open_thread(&self, channel: &Channel) -> Result<(), Failure> {
        match &channel.thread {
            Some(thread) if thread.archived => Err(Failure::ARCHIVED),
            _ => Ok(()),
        }
    }

    /// Whether the bot may write in a channel, and why not.
    pub(super) fn may_write(&self, id: Snowflake) -> Result<(), Failure> {
        let channel = self.channel_for_bot(id, 0)?;
        if !channel.kind.has_messages() {
            return Err(Failure::NO_MESSAGES_HERE);
        }
        if !self.can_send(self.bot.id, id) {
            return Err(Failure::MISSING_PERMISSIONS);
        }
        if channel.thread.as_ref().is_some_and(|thread| thread.locked)
            && self.permissions(self.bot.id, id) & MANAGE_THREADS == 0
        {
            return Err(Failure::LOCKED);
        }
        let closed =
            channel.kind == ChannelKind::Dm && channel.recipient.is_some_and(|user| self.closed_dms.contains(&user));
        if closed { Err(Failure::NO_DIRECT_MESSAGES) } else { Ok(()) }
    }
}

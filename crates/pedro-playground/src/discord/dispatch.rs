//! What the gateway tells a bot, and which of its sessions are told.

use serde_json::{Value, json};

use super::channel::{Channel, ChannelKind};
use super::guild::timestamp;
use super::message::Message;
use super::permission::VIEW_CHANNEL;
use super::snowflake::Snowflake;
use super::world::World;

/// What a session may ask to be told.
pub(super) mod intent {
    pub(crate) const GUILDS: u64 = 1 << 0;
    pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
    pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
    pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
    pub(crate) const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    pub(crate) const GUILD_MESSAGE_TYPING: u64 = 1 << 11;
    pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
    pub(crate) const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
    pub(crate) const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
    pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Every intent there is; another bit is an error.
    pub(crate) const KNOWN: u64 = 0x1_ffff | (0b11 << 20) | (0b11 << 24);
    /// Those that Discord has to allow an application.
    pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
}

/// One event, before it is known who is told.
#[derive(Debug, Clone)]
pub(super) struct Dispatch {
    pub(super) name: &'static str,
    /// `None` for what concerns no guild: it goes to the first shard.
    pub(super) guild: Option<Snowflake>,
    /// A session is told if it has one of these; 0: every session.
    pub(super) intents: u64,
    pub(super) data: Value,
    /// What sessions without an intent are told instead.
    pub(super) otherwise: Option<(u64, Value)>,
}

/// The intents under which something is told, in a guild and in a direct message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    guild: u64,
    direct: u64,
}

impl Subject {
    pub(super) const MESSAGE: Self = Self { guild: intent::GUILD_MESSAGES, direct: intent::DIRECT_MESSAGES };
    pub(super) const REACTION: Self =
        Self { guild: intent::GUILD_MESSAGE_REACTIONS, direct: intent::DIRECT_MESSAGE_REACTIONS };
    pub(super) const TYPING: Self = Self { guild: intent::GUILD_MESSAGE_TYPING, direct: intent::DIRECT_MESSAGE_TYPING };
}

impl World {
    /// Tells what happened in a channel, if the bot can see it.
    pub(super) fn dispatch_in(&mut self, channel: Snowflake, name: &'static str, subject: Subject, data: Value) {
        let Some(guild) = self.channels.get(&channel).map(|channel| channel.guild) else { return };
        if self.can_see(self.bot.id, channel) {
            let intents = if guild.is_some() { subject.guild } else { subject.direct };
            self.dispatch(Dispatch { name, guild, intents, data, otherwise: None });
        }
    }

    /// Tells what happened to a guild.
    pub(super) fn dispatch_guild(&mut self, guild: Snowflake, name: &'static str, intents: u64, data: Value) {
        self.dispatch(Dispatch { name, guild: Some(guild), intents, data, otherwise: None });
    }

    pub(super) fn dispatch(&mut self, dispatch: Dispatch) {
        let there = |guild: Snowflake| self.member(guild, self.bot.id).is_some();
        if dispatch.guild.is_none_or(there) {
            self.gateway.deliver(&dispatch);
        }
    }

    /// Tells of a new or changed message; what it says is only for those who may know.
    pub(super) fn dispatch_message(&mut self, name: &'static str, message: &Message) {
        if message.is_ephemeral() || !self.can_see(self.bot.id, message.channel) {
            return;
        }
        let mut data = self.message_event(message);
        if name == "MESSAGE_CREATE" {
            data["channel_type"] = json!(self.channels.get(&message.channel).map(|channel| channel.kind.number()));
        }
        let intents = match message.guild {
            Some(_) => Subject::MESSAGE.guild,
            None => Subject::MESSAGE.direct,
        };
        let otherwise = (!self.is_open_to_bot(message)).then(|| (intent::MESSAGE_CONTENT, without_content(&data)));
        self.dispatch(Dispatch { name, guild: message.guild, intents, data, otherwise });
    }

    /// Whether the bot may know what a message says without the intent for it.
    pub(super) fn is_open_to_bot(&self, message: &Message) -> bool {
        message.guild.is_none() || message.author_id == self.bot.id || message.pinged.users.contains(&self.bot.id)
    }

    /// Tells of a channel or thread that came, changed or went.
    pub(super) fn dispatch_channel(&mut self, channel: Snowflake, what: Change) {
        let Some(channel) = self.channels.get(&channel) else { return };
        let Some(guild) = channel.guild else { return };
        if channel.kind.is_thread() && !self.can_see(self.bot.id, channel.id) {
            return;
        }
        let name = match (what, channel.kind.is_thread()) {
            (Change::Made, true) => "THREAD_CREATE",
            (Change::Changed, true) => "THREAD_UPDATE",
            (Change::Gone, true) => "THREAD_DELETE",
            (Change::Made, false) => "CHANNEL_CREATE",
            (Change::Changed, false) => "CHANNEL_UPDATE",
            (Change::Gone, false) => "CHANNEL_DELETE",
        };
        let mut data = self.channel_json(channel);
        if what == Change::Made && channel.kind.is_thread() {
            data["newly_created"] = json!(true);
        }
        if name == "THREAD_DELETE" {
            data = json!({ "id": data["id"], "guild_id": guild, "parent_id": data["parent_id"], "type": data["type"] });
        }
        self.dispatch_guild(guild, name, intent::GUILDS, data);
    }

    /// Tells of a guild that is there now: everything in it that the bot may know.
    pub(super) fn guild_create(&self, guild: Snowflake) -> Option<Dispatch> {
        let found = self.guilds.get(&guild)?;
        let joined = found.members.get(&self.bot.id)?.joined_at;
        let mut data = found.json();
        data["joined_at"] = json!(timestamp(joined));
        data["large"] = json!(false);
        data["unavailable"] = json!(false);
        data["member_count"] = json!(found.members.len());
        for empty in ["voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"] {
            data[empty] = json!([]);
        }
        let here = |channel: &&Channel| channel.guild == Some(guild);
        let channels = self.channels.values().filter(here).filter(|channel| !channel.kind.is_thread());
        data["channels"] = channels.map(|channel| self.channel_json(channel)).collect();
        data["threads"] = self.active_threads(guild).map(|thread| self.channel_json(thread)).collect();
        data["members"] = found.members.keys().filter_map(|user| self.member_json(guild, *user)).collect();
        // Without presences, a bot is told of no other member.
        let mut alone = data.clone();
        alone["members"] = json!([self.member_json(guild, self.bot.id)]);
        let otherwise = Some((intent::GUILD_PRESENCES, alone));
        Some(Dispatch { name: "GUILD_CREATE", guild: Some(guild), intents: intent::GUILDS, data, otherwise })
    }

    /// The open threads of a guild that the bot can see.
    pub(super) fn active_threads(&self, guild: Snowflake) -> impl Iterator<Item = &Channel> {
        let threads = self.channels.values().filter(move |channel| channel.guild == Some(guild));
        threads
            .filter(|channel| channel.thread.as_ref().is_some_and(|thread| !thread.archived))
            .filter(|channel| self.can_see(self.bot.id, channel.id))
    }

    /// Tells of the threads in a channel that the bot can see from now on.
    pub(super) fn dispatch_thread_list(&mut self, channel: Snowflake) {
        let Some(guild) = self.channels.get(&channel).and_then(|channel| channel.guild) else { return };
        let threads: Vec<&Channel> =
            self.active_threads(guild).filter(|thread| thread.parent == Some(channel)).collect();
        let members: Vec<Value> = threads.iter().filter_map(|thread| thread.thread_member(self.bot.id)).collect();
        let threads: Vec<Value> = threads.into_iter().map(|thread| self.channel_json(thread)).collect();
        let data = json!({ "guild_id": guild, "channel_ids": [channel], "threads": threads, "members": members });
        self.dispatch_guild(guild, "THREAD_LIST_SYNC", intent::GUILDS, data);
    }

    /// Runs a change of what may be done in a guild, and tells of the threads that came into sight by it.
    pub(super) fn with_new_rights<T>(&mut self, guild: Snowflake, change: impl FnOnce(&mut Self) -> T) -> T {
        let visible = |world: &Self| -> Vec<Snowflake> {
            let parents = world.channels.values().filter(|channel| channel.guild == Some(guild));
            let parents = parents.filter(|channel| matches!(channel.kind, ChannelKind::Text | ChannelKind::Forum));
            let bot = world.bot.id;
            parents.filter(|channel| world.permissions(bot, channel.id) & VIEW_CHANNEL != 0).map(|c| c.id).collect()
        };
        let before = visible(self);
        let result = change(self);
        for channel in visible(self) {
            if !before.contains(&channel) {
                self.dispatch_thread_list(channel);
            }
        }
        result
    }
}

/// What became of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Made,
    Changed,
    Gone,
}

/// A message for those who may not know what it says.
pub(super) fn without_content(message: &Value) -> Value {
    let mut bare = message.clone();
    bare["content"] = json!("");
    for list in ["embeds", "attachments", "components"] {
        bare[list] = json!([]);
    }
    bare
}

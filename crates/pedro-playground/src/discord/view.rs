//! What there is, as tests and the page look at it.

use serde::Serialize;
use serde_json::{Value, json};

use super::Discord;
use super::channel::{Channel, ChannelKind};
use super::guild::Overwrite;
use super::permission;
use super::snowflake::Snowflake;
use super::world::World;

/// A channel as somebody sees it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ChannelView {
    /// Its id.
    pub id: Snowflake,
    /// The guild, unless it is a direct message.
    pub guild: Option<Snowflake>,
    /// Its name; for a direct message, the person's.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
    /// The channel that a thread is in.
    pub parent: Option<Snowflake>,
    /// What the person may do in it: bits of [`permission`], as text, for JavaScript's sake.
    pub permissions: String,
    /// Whether the person may write in it.
    pub can_send: bool,
    /// Whether it is hidden from some of the guild.
    pub private: bool,
    /// What only threads have.
    pub thread: Option<ThreadView>,
}

/// What a thread has beyond any channel.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ThreadView {
    /// The thread's id.
    pub id: Snowflake,
    /// Its name.
    pub name: String,
    /// Who began it, by user name.
    pub owner: String,
    /// Closed for now.
    pub archived: bool,
    /// Only moderators may open it again.
    pub locked: bool,
    /// Only its members see it.
    pub private: bool,
    /// Who is in it, by user name.
    pub members: Vec<String>,
}

impl Discord {
    /// The threads of a channel, in order, archived ones too.
    pub fn threads(&self, channel: Snowflake) -> Vec<ThreadView> {
        self.read(|world| {
            let threads = world.channels.values().filter(|thread| thread.parent == Some(channel));
            threads.filter_map(|thread| world.thread_view(thread)).collect()
        })
    }

    /// The channels, threads and direct messages that somebody sees.
    pub fn channels(&self, person: &str) -> Vec<ChannelView> {
        self.read(|world| world.channel_views(person))
    }
}

impl World {
    fn thread_view(&self, channel: &Channel) -> Option<ThreadView> {
        let thread = channel.thread.as_ref()?;
        Some(ThreadView {
            id: channel.id,
            name: channel.name.clone(),
            owner: self.people.name(thread.owner).to_owned(),
            archived: thread.archived,
            locked: thread.locked,
            private: channel.kind == ChannelKind::PrivateThread,
            members: thread.members.keys().map(|user| self.people.name(*user).to_owned()).collect(),
        })
    }

    fn channel_views(&self, person: &str) -> Vec<ChannelView> {
        let Some(user) = self.people.by_name(person).map(|user| user.id) else { return Vec::new() };
        let mut visible: Vec<&Channel> =
            self.channels.values().filter(|channel| self.can_see(user, channel.id)).collect();
        visible.sort_by_key(|channel| (channel.guild, channel.position, channel.id));
        visible.into_iter().map(|channel| self.channel_view(channel, user)).collect()
    }

    fn channel_view(&self, channel: &Channel, user: Snowflake) -> ChannelView {
        let permissions = self.permissions(user, channel.id);
        ChannelView {
            id: channel.id,
            guild: channel.guild,
            name: channel.name.clone(),
            kind: channel.kind,
            parent: channel.parent,
            permissions: permissions.to_string(),
            can_send: self.can_send(user, channel.id) && channel.kind.has_messages(),
            private: self.is_private(channel),
            thread: self.thread_view(channel),
        }
    }

    /// Whether somebody needs more than to be a member of the guild to see it.
    fn is_private(&self, channel: &Channel) -> bool {
        let overwrites = self.ruling(channel).map(|ruling| ruling.overwrites.as_slice()).unwrap_or_default();
        let for_everyone = |overwrite: &&Overwrite| channel.guild.is_some_and(|guild| overwrite.is_for_role(guild));
        let denied = overwrites.iter().find(for_everyone).map_or(0, |overwrite| overwrite.deny);
        channel.kind == ChannelKind::PrivateThread || denied & permission::VIEW_CHANNEL != 0
    }

    /// Everything the page shows, as far as somebody may see it.
    pub(super) fn state_for(&self, person: Option<&str>) -> Value {
        let people: Vec<Value> = self
            .people
            .everybody()
            .map(|user| json!({ "id": user.id, "name": user.name, "display_name": user.display_name, "bot": user.bot }))
            .collect();
        let mut state = json!({
            "run": self.run, "bot": { "id": self.bot.id, "name": self.bot.name }, "people": people,
            "guilds": self.guilds.keys().filter_map(|guild| self.guild_view(*guild)).collect::<Vec<_>>(),
            "connections": self.gateway.connections(), "connections_total": self.gateway.total,
            "sessions": self.gateway.views(), "silent": self.gateway.is_silent(), "misbehaviour": self.misbehaviour,
            "rate_limits": self.limits.enabled, "command_overwrites": self.commands.overwrites,
            "answer_within_ms": self.answer_within.as_millis(), "token_lifetime_ms": self.token_lifetime.as_millis(),
            "violations": self.violations,
        });
        if let Some(person) = person {
            state["channels"] = json!(self.channel_views(person));
        }
        state
    }

    fn guild_view(&self, guild: Snowflake) -> Option<Value> {
        let found = self.guilds.get(&guild)?;
        let roles: Vec<Value> = found
            .roles
            .values()
            .map(|role| json!({ "id": role.id, "name": role.name, "permissions": role.permissions.to_string() }))
            .collect();
        let members: Vec<Value> = found
            .members
            .values()
            .map(|member| {
                let administers = permission::in_guild(found, member.user) & permission::MANAGE_GUILD != 0;
                json!({
                    "name": self.people.name(member.user), "nick": member.nick, "roles": member.roles,
                    "manages": administers,
                })
            })
            .collect();
        Some(json!({
            "id": guild, "name": found.name, "owner": self.people.name(found.owner), "roles": roles,
            "members": members, "unavailable": found.unavailable,
        }))
    }

    /// The commands that somebody can use in a channel, as the page needs them to let them be typed.
    pub(super) fn commands_for(&self, person: &str, channel: Snowflake) -> Vec<Value> {
        let user = self.people.by_name(person).map_or_else(Snowflake::default, |user| user.id);
        if self.permissions(user, channel) & permission::USE_APPLICATION_COMMANDS == 0 {
            return Vec::new();
        }
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        let usable = self.commands.usable_in(guild).into_iter();
        usable.filter(|command| command["type"] == 1 && self.may_use(command, user, channel)).cloned().collect()
    }
}

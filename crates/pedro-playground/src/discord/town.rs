//! What guilds are made of, as verbs on [`Discord`]: channels, roles, members, and who may do what.

use serde_json::json;

use super::channel::{Channel, ChannelKind};
use super::dispatch::{Change, intent};
use super::event::Event;
use super::guild::{Guild, Member, Overwrite, Role, Target};
use super::snowflake::Snowflake;
use super::world::World;
use super::{Discord, permission};

/// What a bot is allowed when somebody invites it.
const BOT: u64 = permission::EVERYONE & !permission::MENTION_EVERYONE;

/// Whom a channel's exception is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Everybody in the guild.
    Everyone,
    /// Whoever has this role.
    Role(Snowflake),
    /// One member, by user name.
    Member(String),
    /// The bot itself.
    Bot,
}

impl Discord {
    /// Makes a guild, with its owner (`owner`) and the bot in it, and answers its id. The bot has a role of its own that
    /// allows it what members are allowed. The same name is the same guild.
    pub fn add_guild(&self, name: &str) -> Snowflake {
        self.update(|world| world.add_guild(name))
    }

    /// Makes an ordinary channel that everybody may read and write in, and answers its id.
    pub fn add_channel(&self, guild: Snowflake, name: &str) -> Snowflake {
        self.add_channel_of(ChannelKind::Text, guild, name)
    }

    /// Makes a channel of some kind. (For threads, see [`Discord::begin_thread`].)
    pub fn add_channel_of(&self, kind: ChannelKind, guild: Snowflake, name: &str) -> Snowflake {
        self.update(|world| world.add_channel(kind, guild, name))
    }

    /// Gives a channel or thread another name. False where there is none.
    pub fn rename_channel(&self, channel: Snowflake, name: &str) -> bool {
        self.update(|world| world.change_channel(channel, |channel| name.clone_into(&mut channel.name)))
    }

    /// Removes a channel with its threads, or a thread. False where there is none.
    pub fn delete_channel(&self, channel: Snowflake) -> bool {
        self.update(|world| world.delete_channel(channel))
    }

    /// Makes a role that allows this, and answers its id.
    pub fn add_role(&self, guild: Snowflake, name: &str, permissions: u64) -> Snowflake {
        self.update(|world| {
            let id = Snowflake::named("role", &format!("{guild}/{name}"));
            let Some(found) = world.guilds.get_mut(&guild) else { return id };
            let role = Role::new(id, name, permissions, found.roles.len());
            let data = json!({ "guild_id": guild, "role": role.json() });
            found.roles.insert(id, role);
            world.dispatch_guild(guild, "GUILD_ROLE_CREATE", intent::GUILDS, data);
            world.tell(Event::Guild { guild });
            id
        })
    }

    /// Changes what a role allows; the guild's own id is the role of everybody.
    pub fn set_role_permissions(&self, guild: Snowflake, role: Snowflake, permissions: u64) {
        self.update(|world| {
            world.with_new_rights(guild, |world| {
                let found = world.guilds.get_mut(&guild).and_then(|guild| guild.roles.get_mut(&role));
                let Some(found) = found else { return };
                found.permissions = permissions;
                let data = json!({ "guild_id": guild, "role": found.json() });
                world.dispatch_guild(guild, "GUILD_ROLE_UPDATE", intent::GUILDS, data);
                world.tell(Event::Guild { guild });
            });
        });
    }

    /// The bot's own role in a guild, which Discord made for it.
    pub fn bot_role(&self, guild: Snowflake) -> Snowflake {
        bot_role(guild)
    }

    /// Somebody joins a guild, and gets these roles.
    pub fn add_member(&self, guild: Snowflake, person: &str, roles: &[Snowflake]) {
        self.update(|world| world.add_member(guild, person, roles));
    }

    /// Somebody has these roles from now on, and no other.
    pub fn set_roles(&self, guild: Snowflake, person: &str, roles: &[Snowflake]) {
        self.change_member(guild, person, |member| member.roles = roles.to_vec());
    }

    /// Somebody goes by another name in a guild.
    pub fn set_nick(&self, guild: Snowflake, person: &str, nick: Option<&str>) {
        self.change_member(guild, person, |member| member.nick = nick.map(str::to_owned));
    }

    fn change_member(&self, guild: Snowflake, person: &str, change: impl FnOnce(&mut Member)) {
        self.update(|world| {
            let user = world.people.meet(person).id;
            world.with_new_rights(guild, |world| {
                let members = world.guilds.get_mut(&guild).map(|guild| &mut guild.members);
                let Some(member) = members.and_then(|members| members.get_mut(&user)) else { return };
                change(member);
                let mut data = world.member_json(guild, user).unwrap_or_default();
                data["guild_id"] = json!(guild);
                // Of itself a bot is told in any case.
                let intents = if user == world.bot.id { 0 } else { intent::GUILD_MEMBERS };
                world.dispatch_guild(guild, "GUILD_MEMBER_UPDATE", intents, data);
                world.tell(Event::Guild { guild });
            });
        });
    }

    /// Somebody leaves a guild, or is thrown out; if it is the bot, the guild is gone for it.
    pub fn remove_member(&self, guild: Snowflake, person: &str) {
        self.update(|world| world.remove_member(guild, person));
    }

    /// The bot comes back into a guild that it was thrown out of.
    pub fn invite_bot(&self, guild: Snowflake) {
        self.update(|world| world.invite_bot(guild));
    }

    /// Allows and denies somebody something in a channel, whatever their roles say; replaces what held for them there.
    pub fn set_overwrite(&self, channel: Snowflake, whom: &Whom, allow: u64, deny: u64) {
        self.update(|world| world.set_overwrite(channel, whom, allow, deny));
    }

    /// Denies somebody something in a channel, beside what is denied already.
    pub fn deny(&self, channel: Snowflake, whom: &Whom, permissions: u64) {
        self.update(|world| {
            let (allow, deny) = world.overwrite(channel, whom);
            world.set_overwrite(channel, whom, allow & !permissions, deny | permissions);
        });
    }

    /// Allows somebody something in a channel, beside what is allowed already.
    pub fn allow(&self, channel: Snowflake, whom: &Whom, permissions: u64) {
        self.update(|world| {
            let (allow, deny) = world.overwrite(channel, whom);
            world.set_overwrite(channel, whom, allow | permissions, deny & !permissions);
        });
    }

    /// What somebody may do in a channel: bits of [`permission`].
    pub fn permissions(&self, person: &str, channel: Snowflake) -> u64 {
        self.read(|world| world.people.by_name(person).map_or(0, |user| world.permissions(user.id, channel)))
    }
}

impl World {
    fn add_guild(&mut self, name: &str) -> Snowflake {
        let id = Snowflake::named("guild", name);
        if self.guilds.contains_key(&id) {
            return id;
        }
        let owner = self.people.meet("owner").id;
        self.guilds.insert(id, Guild::new(id, name, owner));
        self.invite_bot(id);
        id
    }

    fn invite_bot(&mut self, guild: Snowflake) {
        let (bot, name, role) = (self.bot.id, self.bot.name.clone(), bot_role(guild));
        let Some(found) = self.guilds.get_mut(&guild).filter(|guild| !guild.members.contains_key(&bot)) else { return };
        let position = found.roles.len();
        found.roles.insert(role, Role { bot: Some(bot), ..Role::new(role, &name, BOT, position) });
        found.members.insert(bot, Member { roles: vec![role], ..Member::new(bot) });
        if let Some(create) = self.guild_create(guild) {
            self.dispatch(create);
        }
        self.tell(Event::Guild { guild });
    }

    fn add_channel(&mut self, kind: ChannelKind, guild: Snowflake, name: &str) -> Snowflake {
        let name = name.trim_start_matches('#');
        let id = Snowflake::named("channel", &format!("{guild}/{name}"));
        if self.channels.contains_key(&id) {
            return id;
        }
        let mut channel = Channel::new(id, kind, Some(guild), name);
        channel.position = self.channels.values().filter(|channel| channel.guild == Some(guild)).count();
        self.channels.insert(id, channel);
        self.dispatch_channel(id, Change::Made);
        self.tell(Event::Channel { channel: id });
        id
    }

    fn add_member(&mut self, guild: Snowflake, person: &str, roles: &[Snowflake]) {
        let user = self.people.meet(person).id;
        let Some(found) = self.guilds.get_mut(&guild) else { return };
        let newcomer = !found.members.contains_key(&user);
        let member = found.members.entry(user).or_insert_with(|| Member::new(user));
        member.roles = roles.to_vec();
        let mut data = self.member_json(guild, user).unwrap_or_default();
        data["guild_id"] = json!(guild);
        let name = if newcomer { "GUILD_MEMBER_ADD" } else { "GUILD_MEMBER_UPDATE" };
        self.dispatch_guild(guild, name, intent::GUILD_MEMBERS, data);
        self.tell(Event::Guild { guild });
    }

    fn remove_member(&mut self, guild: Snowflake, person: &str) {
        let user = self.people.meet(person);
        if user.id == self.bot.id {
            // Told before it is true: afterwards nobody would be told.
            self.dispatch_guild(guild, "GUILD_DELETE", intent::GUILDS, json!({ "id": guild }));
        }
        let Some(found) = self.guilds.get_mut(&guild) else { return };
        if found.members.remove(&user.id).is_some() {
            let data = json!({ "guild_id": guild, "user": user.json() });
            self.dispatch_guild(guild, "GUILD_MEMBER_REMOVE", intent::GUILD_MEMBERS, data);
            self.tell(Event::Guild { guild });
        }
    }

    fn target(&mut self, channel: Snowflake, whom: &Whom) -> Option<Target> {
        Some(match whom {
            Whom::Everyone => Target::Role(self.channels.get(&channel)?.guild?),
            Whom::Role(role) => Target::Role(*role),
            Whom::Member(person) => Target::Member(self.people.meet(person).id),
            Whom::Bot => Target::Member(self.bot.id),
        })
    }

    fn overwrite(&mut self, channel: Snowflake, whom: &Whom) -> (u64, u64) {
        let target = self.target(channel, whom);
        let overwrites = self.channels.get(&channel).map(|channel| channel.overwrites.as_slice()).unwrap_or_default();
        let found = overwrites.iter().find(|overwrite| Some(overwrite.target) == target);
        found.map_or((0, 0), |overwrite| (overwrite.allow, overwrite.deny))
    }

    fn set_overwrite(&mut self, channel: Snowflake, whom: &Whom, allow: u64, deny: u64) {
        let target = self.target(channel, whom);
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        let (Some(target), Some(guild)) = (target, guild) else { return };
        self.with_new_rights(guild, |world| {
            world.change_channel(channel, |channel| {
                channel.overwrites.retain(|overwrite| overwrite.target != target);
                if allow != 0 || deny != 0 {
                    channel.overwrites.push(Overwrite { target, allow, deny });
                }
            })
        });
    }

    /// The direct message between somebody and the bot.
    pub(super) fn open_dm(&mut self, person: &str) -> Snowflake {
        let user = self.people.meet(person);
        let id = Snowflake::named("dm", &user.name);
        if self.channels.contains_key(&id) {
            return id;
        }
        let mut channel = Channel::new(id, ChannelKind::Dm, None, &user.name);
        channel.recipient = Some(user.id);
        self.channels.insert(id, channel);
        self.tell(Event::Channel { channel: id });
        id
    }
}

fn bot_role(guild: Snowflake) -> Snowflake {
    Snowflake::named("role", &format!("{guild}/bot"))
}

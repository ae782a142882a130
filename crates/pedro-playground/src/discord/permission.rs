//! Who may do what: Discord's permission bits, and how roles and overwrites make them up. Pure.

use super::guild::{Guild, Overwrite};
use super::snowflake::Snowflake;

macro_rules! permissions {
    ($($(#[$meta:meta])* $name:ident = $bit:expr;)*) => {
        $($(#[$meta])* pub const $name: u64 = 1 << $bit;)*
        /// Every permission that the playground knows.
        pub const ALL: u64 = 0 $(| $name)*;
    };
}

permissions! {
    /// May make invitations.
    CREATE_INSTANT_INVITE = 0;
    /// May kick members.
    KICK_MEMBERS = 1;
    /// May ban members.
    BAN_MEMBERS = 2;
    /// May do everything, everywhere, whatever overwrites say.
    ADMINISTRATOR = 3;
    /// May make, change and delete channels.
    MANAGE_CHANNELS = 4;
    /// May change the guild; what Discord's client calls *Manage Server*.
    MANAGE_GUILD = 5;
    /// May react with an emoji that nobody has used yet.
    ADD_REACTIONS = 6;
    /// May see a channel at all.
    VIEW_CHANNEL = 10;
    /// May write in a channel, and begin threads in a forum.
    SEND_MESSAGES = 11;
    /// May send messages that are read aloud.
    SEND_TTS_MESSAGES = 12;
    /// May delete and pin other people's messages.
    MANAGE_MESSAGES = 13;
    /// Links get a preview, and bots may send embeds.
    EMBED_LINKS = 14;
    /// May attach files.
    ATTACH_FILES = 15;
    /// May read what was said before.
    READ_MESSAGE_HISTORY = 16;
    /// May ping `@everyone`, `@here` and all roles.
    MENTION_EVERYONE = 17;
    /// May use other guilds' emoji.
    USE_EXTERNAL_EMOJIS = 18;
    /// May join voice channels.
    CONNECT = 20;
    /// May speak in voice channels.
    SPEAK = 21;
    /// May change their own nickname.
    CHANGE_NICKNAME = 26;
    /// May change roles below their own.
    MANAGE_ROLES = 28;
    /// May change webhooks.
    MANAGE_WEBHOOKS = 29;
    /// May use slash commands.
    USE_APPLICATION_COMMANDS = 31;
    /// May delete and archive threads, and see all private ones.
    MANAGE_THREADS = 34;
    /// May begin public threads.
    CREATE_PUBLIC_THREADS = 35;
    /// May begin private threads.
    CREATE_PRIVATE_THREADS = 36;
    /// May use other guilds' stickers.
    USE_EXTERNAL_STICKERS = 37;
    /// May write in threads.
    SEND_MESSAGES_IN_THREADS = 38;
    /// May time members out.
    MODERATE_MEMBERS = 40;
}

/// What `@everyone` may do in a new guild.
pub const EVERYONE: u64 = CREATE_INSTANT_INVITE
    | ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | USE_EXTERNAL_STICKERS
    | SEND_MESSAGES_IN_THREADS;

/// What both sides of a direct message may do in it.
pub(super) const DIRECT: u64 = ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | SEND_TTS_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MENTION_EVERYONE
    | USE_EXTERNAL_EMOJIS
    | USE_EXTERNAL_STICKERS
    | USE_APPLICATION_COMMANDS;

/// Lost with the permission to send: they would mean nothing without it.
const OF_SENDING: u64 = SEND_TTS_MESSAGES | EMBED_LINKS | ATTACH_FILES | MENTION_EVERYONE;

/// What a member may do in a guild, before any channel has its say; nothing for somebody who is no member.
pub(super) fn in_guild(guild: &Guild, user: Snowflake) -> u64 {
    let Some(member) = guild.members.get(&user) else { return 0 };
    if guild.owner == user {
        return ALL;
    }
    let everyone = guild.roles.get(&guild.id).map_or(0, |role| role.permissions);
    let roles = member.roles.iter().filter_map(|role| guild.roles.get(role));
    let granted = roles.fold(everyone, |granted, role| granted | role.permissions);
    if granted & ADMINISTRATOR != 0 { ALL } else { granted }
}

/// What a member may do in a channel with these overwrites.
pub(super) fn in_channel(guild: &Guild, overwrites: &[Overwrite], user: Snowflake) -> u64 {
    let base = in_guild(guild, user);
    let Some(member) = guild.members.get(&user) else { return 0 };
    if base & ADMINISTRATOR != 0 {
        return ALL;
    }
    let mut granted = base;
    let apply = |granted: u64, deny: u64, allow: u64| (granted & !deny) | allow;
    if let Some(everyone) = overwrites.iter().find(|overwrite| overwrite.is_for_role(guild.id)) {
        granted = apply(granted, everyone.deny, everyone.allow);
    }
    // All roles together: among them, what one allows wins over what another denies.
    let roles = overwrites.iter().filter(|overwrite| member.roles.iter().any(|role| overwrite.is_for_role(*role)));
    let (deny, allow) = roles.fold((0, 0), |(deny, allow), role| (deny | role.deny, allow | role.allow));
    granted = apply(granted, deny, allow);
    if let Some(own) = overwrites.iter().find(|overwrite| overwrite.is_for_member(user)) {
        granted = apply(granted, own.deny, own.allow);
    }
    implied(granted)
}

/// Takes away what means nothing without something else.
fn implied(granted: u64) -> u64 {
    if granted & VIEW_CHANNEL == 0 {
        return 0;
    }
    if granted & SEND_MESSAGES == 0 { granted & !OF_SENDING } else { granted }
}

#[cfg(test)]
mod tests {
    use super::super::guild::{Member, Role, Target};
    use super::*;

    const USER: Snowflake = Snowflake::new(100);
    const FIRST: Snowflake = Snowflake::new(11);
    const SECOND: Snowflake = Snowflake::new(12);

    fn guild() -> Guild {
        let mut guild = Guild::new(Snowflake::new(10), "town", Snowflake::new(1));
        for id in [FIRST, SECOND] {
            guild.roles.insert(id, Role::new(id, "role", 0, 1));
        }
        guild.members.insert(USER, Member { roles: vec![FIRST, SECOND], ..Member::new(USER) });
        guild
    }

    fn overwrite(target: Target, allow: u64, deny: u64) -> Overwrite {
        Overwrite { target, allow, deny }
    }

    #[test]
    fn who_is_no_member_may_nothing_and_the_owner_everything() {
        let mut guild = guild();
        assert_eq!(in_guild(&guild, Snowflake::new(5)), 0);
        assert_eq!(in_guild(&guild, USER), EVERYONE);
        guild.owner = USER;
        assert_eq!(in_channel(&guild, &[overwrite(Target::Member(USER), 0, ALL)], USER), ALL);
    }

    #[test]
    fn a_member_overwrite_beats_roles_and_roles_beat_everyone() {
        let guild = guild();
        let hidden = overwrite(Target::Role(guild.id), 0, VIEW_CHANNEL);
        assert_eq!(in_channel(&guild, std::slice::from_ref(&hidden), USER), 0);
        let denied = overwrite(Target::Role(FIRST), 0, VIEW_CHANNEL);
        let allowed = overwrite(Target::Role(SECOND), VIEW_CHANNEL, 0);
        let roles = [allowed, hidden, denied];
        assert_ne!(in_channel(&guild, &roles, USER) & VIEW_CHANNEL, 0);
        let own = [roles.as_slice(), &[overwrite(Target::Member(USER), 0, VIEW_CHANNEL)]].concat();
        assert_eq!(in_channel(&guild, &own, USER), 0);
    }

    #[test]
    fn who_may_not_send_may_not_attach_either() {
        let guild = guild();
        let quiet = [overwrite(Target::Role(guild.id), 0, SEND_MESSAGES)];
        let granted = in_channel(&guild, &quiet, USER);
        assert_eq!(granted & (ATTACH_FILES | EMBED_LINKS | SEND_MESSAGES), 0);
        assert_ne!(granted & (VIEW_CHANNEL | SEND_MESSAGES_IN_THREADS), 0);
    }

    #[test]
    fn an_administrator_ignores_overwrites() {
        let mut guild = guild();
        guild.roles.insert(FIRST, Role::new(FIRST, "admin", ADMINISTRATOR, 1));
        assert_eq!(in_channel(&guild, &[overwrite(Target::Role(guild.id), 0, ALL)], USER), ALL);
    }
}

//! From Twitch's messages to what the core hears. Pure.

use chrono::{DateTime, Duration, Utc};
use pedro_core::chat::{Author, AuthorKind, ChannelKey, ChatMessage, Heard, Platform, Removal, ReplyTo, Role};
use twitch_irc::message::{
    Badge, ClearChatAction, ClearChatMessage, ClearMsgMessage, IRCMessage, PrivmsgMessage, ReplyParent,
    TwitchUserBasics, UserNoticeMessage,
};

/// How far back a cleared chat, or a timed-out person's lines, are taken out of memory: what a viewer could still
/// scroll to. A ban takes everything.
const CLEARED: Duration = Duration::hours(24);

/// The channel with this login.
pub(crate) fn channel(login: &str) -> ChannelKey {
    ChannelKey { platform: Platform::Twitch, platform_channel_id: login.to_lowercase() }
}

/// A line of chat. `own_login` is Pedro's: it is known by its login, as IRC tells no id before the first join.
pub(crate) fn line(message: &PrivmsgMessage, own_login: &str) -> Heard {
    let role = role(&message.badges, &message.source);
    let reply = message.reply_parent.as_ref();
    Heard::Line(ChatMessage {
        channel: channel(&message.channel_login),
        platform_message_id: message.message_id.clone(),
        author: author(&message.sender, &message.badges, role, own_login),
        text: without_address(&message.message_text, reply),
        sent_at: message.server_timestamp,
        reply_to: reply.map(|parent| reply_to(parent, own_login)),
    })
}

/// What somebody wrote along with a subscription; `None` if they wrote nothing.
pub(crate) fn notice_line(message: &UserNoticeMessage, own_login: &str) -> Option<Heard> {
    let text = message.message_text.clone()?;
    let role = role(&message.badges, &message.source);
    Some(Heard::Line(ChatMessage {
        channel: channel(&message.channel_login),
        platform_message_id: message.message_id.clone(),
        author: author(&message.sender, &message.badges, role, own_login),
        text,
        sent_at: message.server_timestamp,
        reply_to: None,
    }))
}

/// A moderator deleted one line.
pub(crate) fn deleted(message: &ClearMsgMessage) -> Heard {
    Heard::Removed {
        channel: channel(&message.channel_login),
        removal: Removal::Line { platform_message_id: message.message_id.clone() },
    }
}

/// A moderator cleared the chat, or timed somebody out, or banned them; perhaps Pedro.
pub(crate) fn cleared(message: &ClearChatMessage, now: DateTime<Utc>, own_login: &str) -> Heard {
    let since = now - CLEARED;
    let id = |login: &str, id: &str| if login.eq_ignore_ascii_case(own_login) { own_login } else { id }.to_owned();
    let removal = match &message.action {
        ClearChatAction::ChatCleared => Removal::Everything { since },
        ClearChatAction::UserBanned { user_login, user_id } => {
            Removal::Author { platform_user_id: id(user_login, user_id), since: None }
        }
        ClearChatAction::UserTimedOut { user_login, user_id, .. } => {
            Removal::Author { platform_user_id: id(user_login, user_id), since: Some(since) }
        }
    };
    Heard::Removed { channel: channel(&message.channel_login), removal }
}

fn author(sender: &TwitchUserBasics, badges: &[Badge], role: Role, own_login: &str) -> Author {
    let is_own = sender.login.eq_ignore_ascii_case(own_login);
    let kind = match () {
        () if is_own => AuthorKind::Pedro,
        () if badges.iter().any(|badge| badge.name == "bot-badge") => AuthorKind::Bot,
        () => AuthorKind::Person,
    };
    Author {
        platform_user_id: if is_own { own_login.to_owned() } else { sender.id.clone() },
        login: sender.login.to_lowercase(),
        display_name: sender.name.clone(),
        kind,
        role,
    }
}

/// What the badges allow. In a shared chat a line may come from another channel: its badges count there, not here.
fn role(badges: &[Badge], source: &IRCMessage) -> Role {
    let tag = |name: &str| source.tags.0.get(name).filter(|value| !value.is_empty());
    if let (Some(from), Some(here)) = (tag("source-room-id"), tag("room-id"))
        && from != here
    {
        return Role::Viewer;
    }
    let has = |names: &[&str]| badges.iter().any(|badge| names.contains(&badge.name.as_str()));
    if has(&["broadcaster"]) {
        Role::Streamer
    } else if has(&["moderator", "lead_moderator"]) {
        Role::Moderator
    } else {
        Role::Viewer
    }
}

fn reply_to(parent: &ReplyParent, own_login: &str) -> ReplyTo {
    let user = &parent.reply_parent_user;
    let is_own = user.login.eq_ignore_ascii_case(own_login);
    ReplyTo {
        platform_message_id: parent.message_id.clone(),
        platform_user_id: if is_own { own_login.to_owned() } else { user.id.clone() },
    }
}

/// Twitch puts `@Name ` before the text of a reply; nobody wrote it.
fn without_address(text: &str, reply: Option<&ReplyParent>) -> String {
    let Some(parent) = reply else { return text.to_owned() };
    let rest = text.strip_prefix('@').and_then(|rest| {
        let (name, rest) = rest.split_once(' ')?;
        let user = &parent.reply_parent_user;
        (name.eq_ignore_ascii_case(&user.login) || name == user.name).then_some(rest)
    });
    rest.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use twitch_irc::message::ServerMessage;

    use super::*;

    fn parse(raw: &str) -> ServerMessage {
        ServerMessage::try_from(IRCMessage::parse(raw).unwrap()).unwrap()
    }

    fn heard(tags: &str, text: &str) -> ChatMessage {
        let raw = format!(
            "@badge-info=;color=;display-name=Alice;emotes=;flags=;id=m1;mod=0;room-id=1;subscriber=0;tmi-sent-ts=1594545155039;turbo=0;user-id=7;user-type=;{tags} :alice!alice@alice.tmi.twitch.tv PRIVMSG #Room :{text}"
        );
        let ServerMessage::Privmsg(message) = parse(&raw) else { panic!("no line: {raw}") };
        let Heard::Line(line) = line(&message, "pedro_bot") else { panic!("no line") };
        line
    }

    #[test]
    fn a_line_keeps_who_where_when_and_what() {
        let line = heard("badges=", "hello : there");
        assert_eq!(line.channel.platform_channel_id, "room");
        assert_eq!((line.platform_message_id.as_str(), line.text.as_str()), ("m1", "hello : there"));
        assert_eq!((line.author.platform_user_id.as_str(), line.author.display_name.as_str()), ("7", "Alice"));
        assert_eq!(line.sent_at.timestamp_millis(), 1_594_545_155_039);
    }

    #[test]
    fn what_somebody_may_do_comes_from_badges_and_only_in_their_own_room() {
        for (tags, role) in [
            ("badges=", Role::Viewer),
            ("badges=moderator/1", Role::Moderator),
            ("badges=broadcaster/1,subscriber/3", Role::Streamer),
            ("badges=vip/1", Role::Viewer),
            ("badges=moderator/1;source-room-id=2", Role::Viewer),
            ("badges=moderator/1;source-room-id=1", Role::Moderator),
        ] {
            assert_eq!(heard(tags, "x").author.role, role, "{tags}");
        }
    }

    #[test]
    fn the_address_that_twitch_puts_before_a_reply_is_taken_off() {
        let tags = "badges=;reply-parent-msg-id=p1;reply-parent-user-id=99;reply-parent-user-login=pedro_bot;reply-parent-display-name=Pedro_Bot;reply-parent-msg-body=hi";
        let line = heard(tags, "@Pedro_Bot and why?");
        assert_eq!(line.text, "and why?");
        let reply = line.reply_to.unwrap();
        assert_eq!((reply.platform_message_id.as_str(), reply.platform_user_id.as_str()), ("p1", "pedro_bot"));
        assert_eq!(heard(tags, "@bob look").text, "@bob look");
    }

    #[test]
    fn bots_with_a_badge_and_pedro_itself_are_no_people() {
        assert_eq!(heard("badges=bot-badge/1", "x").author.kind, AuthorKind::Bot);
        assert_eq!(heard("badges=", "x").author.kind, AuthorKind::Person);
    }

    #[test]
    fn clearchat_takes_a_person_or_everything() {
        let now = Utc::now();
        for (raw, expected) in [
            (
                "@room-id=1;tmi-sent-ts=1594561392337 :tmi.twitch.tv CLEARCHAT #room",
                Removal::Everything { since: now - CLEARED },
            ),
            (
                "@room-id=1;target-user-id=7;tmi-sent-ts=1594561360331 :tmi.twitch.tv CLEARCHAT #room :alice",
                Removal::Author { platform_user_id: "7".into(), since: None },
            ),
            (
                "@ban-duration=1;room-id=1;target-user-id=7;tmi-sent-ts=1594553828245 :tmi.twitch.tv CLEARCHAT #room :alice",
                Removal::Author { platform_user_id: "7".into(), since: Some(now - CLEARED) },
            ),
            // Pedro's own lines are known by its login.
            (
                "@ban-duration=1;room-id=1;target-user-id=9;tmi-sent-ts=1594553828245 :tmi.twitch.tv CLEARCHAT #room :Pedro_Bot",
                Removal::Author { platform_user_id: "pedro_bot".into(), since: Some(now - CLEARED) },
            ),
        ] {
            let ServerMessage::ClearChat(message) = parse(raw) else { panic!("{raw}") };
            assert_eq!(
                cleared(&message, now, "pedro_bot"),
                Heard::Removed { channel: channel("room"), removal: expected }
            );
        }
    }
}

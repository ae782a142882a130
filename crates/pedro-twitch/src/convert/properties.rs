//! What holds for every line that Twitch, or somebody in its place, may send: through the real parser.

use pedro_core::testing::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use twitch_irc::message::ServerMessage;

use super::*;
use crate::careful;

const OWN: &str = "pedro_bot";

const KEYS: &[&str] = &[
    "badges",
    "badge-info",
    "bits",
    "color",
    "display-name",
    "emotes",
    "flags",
    "id",
    "mod",
    "room-id",
    "source-room-id",
    "source-id",
    "tmi-sent-ts",
    "user-id",
    "user-type",
    "reply-parent-msg-id",
    "reply-parent-user-id",
    "reply-parent-user-login",
    "reply-parent-display-name",
    "reply-parent-msg-body",
    "login",
    "target-msg-id",
    "target-user-id",
    "ban-duration",
    "msg-id",
    "system-msg",
    "msg-param-months",
    "first-msg",
    "",
    "vip",
    "+x",
    "a/b",
];

const VALUES: &[&str] = &[
    "",
    "1",
    "0",
    "-1",
    "99999999999999999999999",
    "broadcaster/1",
    "moderator/1",
    "moderator/",
    "broadcaster",
    "/",
    ",",
    "subscriber/3,broadcaster/1",
    "lead_moderator/1",
    "bot-badge/1",
    "vip/1",
    "#FF0000",
    "#GG",
    "#é1234",
    "日本1",
    "Alice",
    "pedro_bot",
    "PEDRO_BOT",
    "25:4-0",
    "25:0-4",
    "25:0-999999",
    "25:0-4/1902:6-10",
    "x:y-z",
    "25:-",
    "1594545155039",
    "-1594545155039",
    "9223372036854775807",
    "\\s\\:\\\\\\r\\n",
    "\\",
    "日本",
    "resub",
    "announcement",
    "raid",
    "room",
    "7",
    "@Alice",
];

const TEXTS: &[&str] = &[
    "hello",
    ":",
    "",
    " ",
    "@Alice ",
    "@pedro_bot ",
    "!pedro ",
    "\u{1}ACTION waves\u{1}",
    "\u{1}ACTION",
    "\u{1}",
    "\u{301}",
    "👩‍💻",
    "日本語 ",
    "\u{202e}",
    "[YouTube: x] y",
    "\u{0}",
    "kappa",
    "/me ",
];

fn tags() -> impl Strategy<Value = String> {
    let value = prop_oneof![3 => select(VALUES).prop_map(str::to_owned), 1 => "[^ ;\r\n\0]{0,20}"];
    vec((select(KEYS), value), 0..12).prop_map(|tags| {
        let tag = |(key, value): (&str, String)| format!("{key}={value}");
        tags.into_iter().map(tag).collect::<Vec<_>>().join(";")
    })
}

/// The tags that a line of chat always has; what stands in `tags` comes after them, and counts.
const USUAL: &str = "badge-info=;badges=;color=;display-name=Alice;emotes=;flags=;id=m1;mod=0;room-id=1;subscriber=0;tmi-sent-ts=1594545155039;turbo=0;user-id=7;\
                     user-type=;login=alice;msg-id=resub;system-msg=x;msg-param-cumulative-months=1;msg-param-sub-plan=1000;msg-param-sub-plan-name=x;target-msg-id=m0";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => vec(select(TEXTS), 0..8).prop_map(|texts| texts.concat()), 1 => "[^\r\n]{0,40}", 1 => (select(TEXTS), 0..300usize).prop_map(|(text, count)| text.repeat(count))]
}

/// A raw line, mostly of a kind that Pedro reads.
fn raw() -> impl Strategy<Value = String> {
    let command = select(
        &[
            "PRIVMSG",
            "PRIVMSG",
            "PRIVMSG",
            "USERNOTICE",
            "CLEARMSG",
            "CLEARCHAT",
            "NOTICE",
            "USERSTATE",
            "ROOMSTATE",
            "privmsg",
            "JOIN",
            "WHISPER",
        ][..],
    );
    let source = select(&["alice!alice@alice.tmi.twitch.tv", "tmi.twitch.tv", "Pedro_Bot!x@y", "", "!@", "a!b"][..]);
    let channel = select(&["#Room", "#room", "#", "room", "#ROOM,#b", "*"][..]);
    (tags(), source, command, channel, text(), any::<bool>()).prop_map(
        |(tags, source, command, channel, text, usual)| {
            let tags = if usual { format!("{USUAL};{tags}") } else { tags };
            format!("@{tags} :{source} {command} {channel} :{text}")
        },
    )
}

fn heard(raw: &str) -> Option<(IRCMessage, Heard)> {
    let parsed = careful::put_right(IRCMessage::parse(raw).ok()?);
    let heard = match ServerMessage::try_from(parsed.clone()).ok()? {
        ServerMessage::Privmsg(message) => line(&message, OWN),
        ServerMessage::UserNotice(message) => notice_line(&message, OWN)?,
        ServerMessage::ClearMsg(message) => deleted(&message),
        ServerMessage::ClearChat(message) => cleared(&message, DateTime::UNIX_EPOCH, OWN),
        _ => return None,
    };
    Some((parsed, heard))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(1_000)) })]

    #[test]
    fn a_line_is_understood_or_not_and_nobody_gets_more_than_their_badges_say(raw in raw()) {
        let Some((parsed, heard)) = heard(&raw) else { return Ok(()) };
        let tag = |name: &str| parsed.tags.0.get(name).map(String::as_str).unwrap_or_default();
        let Heard::Line(line) = heard else { return Ok(()) };
        let badge = |names: &[&str]| tag("badges").split(',').filter_map(|badge| badge.split('/').next()).any(|badge| names.contains(&badge));
        let is_elsewhere = !tag("source-room-id").is_empty() && !tag("room-id").is_empty() && tag("source-room-id") != tag("room-id");
        let role = match () {
            () if is_elsewhere => Role::Viewer,
            () if badge(&["broadcaster"]) => Role::Streamer,
            () if badge(&["moderator", "lead_moderator"]) => Role::Moderator,
            () => Role::Viewer,
        };
        prop_assert_eq!(line.author.role, role, "{}", raw);
        prop_assert_eq!(line.channel.platform, Platform::Twitch);
        prop_assert_eq!(line.channel.platform_channel_id.to_lowercase(), line.channel.platform_channel_id.clone());
        prop_assert_eq!(line.author.login.to_lowercase(), line.author.login.clone());
        let is_own = line.author.login == OWN;
        prop_assert_eq!(line.author.kind == AuthorKind::Pedro, is_own, "{}", raw);
        prop_assert_eq!(line.author.platform_user_id.as_str(), if is_own { OWN } else { tag("user-id") }, "{}", raw);
        prop_assert_eq!(line.platform_message_id.as_str(), tag("id"));
        prop_assert!(parsed.params.last().is_none_or(|text| text.contains(&line.text)), "{} in {}", line.text, raw);
        prop_assert!(line.reply_to.is_none() || !tag("reply-parent-msg-id").is_empty() || raw.contains("reply-parent-msg-id"), "{}", raw);
        // The same line tells the same.
        prop_assert_eq!(self::heard(&raw).map(|(_, heard)| heard), Some(Heard::Line(line)));
    }

    #[test]
    fn any_bytes_at_all_are_no_danger(raw in ".{0,200}", tags in tags()) {
        let _heard = (heard(&raw), heard(&format!("@{tags} {raw}")), heard(&format!("@{USUAL} :a!a@a PRIVMSG #r :{raw}")));
    }
}

//! What holds for whatever JSON comes as Discord's: through the real parser, and the lenient one where that gives up.

use pedro_core::testing::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use twilight_gateway::{Event, EventTypeFlags};

use super::*;
use crate::lenient;

const OWN: u64 = 1;

fn events() -> Vec<Value> {
    let user = json!({"id": "5", "username": "alice", "global_name": "Alice", "discriminator": "0", "avatar": null, "bot": false});
    let message = json!({
        "id": "10", "channel_id": "4", "guild_id": "3", "content": "hi <@5> <#4> <@&3> <:pog:7>", "timestamp": "2026-11-22T12:00:00.000000+00:00",
        "edited_timestamp": null, "type": 0, "tts": false, "mention_everyone": false, "mention_roles": [], "pinned": false, "embeds": [],
        "author": user, "member": {"nick": "Al", "roles": ["3"], "joined_at": null, "deaf": false, "mute": false, "flags": 0},
        "mentions": [{"id": "5", "username": "alice"}], "attachments": [{"id": "1", "filename": "a.png", "size": 1, "url": "", "proxy_url": ""}],
        "message_reference": {"type": 0, "message_id": "8", "channel_id": "4"},
        "referenced_message": {"id": "8", "channel_id": "4", "author": {"id": "1", "username": "pedro"}},
    });
    let role = json!({"id": "3", "name": "@everyone", "permissions": "66560"});
    let channel = json!({"id": "4", "type": 0, "name": "general", "guild_id": "3", "permission_overwrites": [{"id": "3", "type": 0, "allow": "0", "deny": "1024"}]});
    let interaction = json!({
        "id": "1", "application_id": "2", "type": 2, "token": "t", "guild_id": "3", "channel_id": "4", "version": 1,
        "member": {"user": user, "permissions": "0", "roles": []},
        "data": {"id": "6", "name": "askpedro", "type": 1, "options": [{"name": "question", "type": 3, "value": "why?"}]},
    });
    [
        ("MESSAGE_CREATE", message.clone()),
        ("MESSAGE_CREATE", json!({"id": "11", "channel_id": "4", "content": "bare", "author": {"id": "6", "username": "bob"}})),
        ("MESSAGE_UPDATE", message),
        ("GUILD_CREATE", json!({"id": "3", "name": "town", "unavailable": false, "owner_id": "5", "roles": [role], "channels": [channel], "threads": []})),
        ("CHANNEL_UPDATE", channel),
        ("GUILD_ROLE_UPDATE", json!({"guild_id": "3", "role": role})),
        ("INTERACTION_CREATE", interaction),
        ("MESSAGE_REACTION_ADD", json!({"user_id": "5", "channel_id": "4", "message_id": "10", "guild_id": "3", "emoji": {"id": null, "name": "👎"}})),
        ("READY", json!({"v": 10, "session_id": "s", "resume_gateway_url": "wss://x", "user": {"id": "1", "username": "pedro"}, "guilds": [{"id": "3"}]})),
    ]
    .into_iter()
    .map(|(name, data)| json!({"op": 0, "s": 3, "t": name, "d": data}))
    .collect()
}

/// Something else than was there.
fn odd() -> impl Strategy<Value = Value> {
    let values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(18_446_744_073_709_551_615u64),
        json!(""),
        json!("0"),
        json!("-1"),
        json!("18446744073709551615"),
        json!("99999999999999999999"),
        json!("1"),
        json!("5"),
        json!("abc"),
        json!("2026-11-22T12:00:00+00:00"),
        json!("0000-00-00"),
        json!("\u{0}\u{202e}@everyone"),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"id": "1"}),
        json!([{"id": 1}]),
        json!("<@1><@&1><#1>"),
        json!("x".repeat(5_000)),
        json!("\u{301}".repeat(500)),
    ];
    prop_oneof![4 => select(values), 1 => any::<String>().prop_map(Value::from)]
}

/// Puts a value in the place of the `at`-th part, or takes that away.
fn change(value: &mut Value, at: &mut usize, new: &Value, gone: bool) -> bool {
    if *at == 0 {
        *value = new.clone();
        return true;
    }
    *at -= 1;
    match value {
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            for key in keys {
                if gone && *at == 0 {
                    fields.remove(&key);
                    return true;
                }
                if fields.get_mut(&key).is_some_and(|field| change(field, at, new, gone)) {
                    return true;
                }
            }
            false
        }
        Value::Array(items) => items.iter_mut().any(|item| change(item, at, new, gone)),
        _ => false,
    }
}

fn event() -> impl Strategy<Value = String> {
    let changes = vec((any::<Index>(), odd(), any::<bool>()), 0..6);
    let changed = (select(events()), changes).prop_map(|(mut event, changes)| {
        for (at, new, gone) in changes {
            let mut at = 3 + at.index(60);
            let _past_the_end = change(&mut event, &mut at, &new, gone);
        }
        event.to_string()
    });
    let cut = (select(events()), any::<Index>()).prop_map(|(event, at)| {
        let text = event.to_string();
        text[..text.floor_char_boundary(at.index(text.len()))].to_owned()
    });
    let deep = (select(&["[", "{\"t\":", "{\"t\":\"MESSAGE_CREATE\",\"d\":{\"referenced_message\":"][..]), 1..500usize)
        .prop_map(|(unit, count)| unit.repeat(count));
    prop_oneof![8 => changed, 1 => cut, 1 => deep, 1 => any::<String>()]
}

/// As the reader does: what twilight does not take is read leniently.
fn read(text: &str) -> Option<Event> {
    let parsed = twilight_gateway::parse(text.to_owned(), EventTypeFlags::all());
    parsed.ok().flatten().map(Event::from).or_else(|| lenient::event(text))
}

fn check(message: &Message, directory: &Directory) -> Result<(), TestCaseError> {
    let Some(line) = line(message, Id::new(OWN), directory) else { return Ok(()) };
    prop_assert!(line.author.platform_user_id != OWN.to_string(), "Pedro heard itself: {:?}", line);
    prop_assert!(line.platform_message_id.parse::<u64>().is_ok_and(|id| id > 0), "{:?}", line);
    prop_assert!(line.channel.platform_channel_id.parse::<u64>().is_ok_and(|id| id > 0), "{:?}", line);
    prop_assert_eq!(line.author.role, Role::Viewer, "nothing is known of the guild: nobody is above others");
    prop_assert_eq!(line.author.login.to_lowercase(), line.author.login.clone());
    prop_assert_eq!(line.author.kind == AuthorKind::Bot, message.author.bot || message.webhook_id.is_some());
    prop_assert!(line.reply_to.is_none_or(|reply| reply.platform_message_id.parse::<u64>().is_ok()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(1_000)) })]

    #[test]
    fn whatever_comes_is_read_or_left_and_nobody_gets_more_than_is_theirs(text in event()) {
        let directory = Directory::new(Id::new(OWN));
        match read(&text) {
            Some(Event::MessageCreate(created)) => check(&created, &directory)?,
            Some(Event::MessageUpdate(updated)) => check(&updated, &directory)?,
            // What it tells of a guild is taken in: that must not fail either.
            Some(event) => directory.note(&event),
            None => {}
        }
        let Ok(value) = serde_json::from_str::<Value>(&text) else { return Ok(()) };
        if let Some(message) = lenient::message(value["d"].clone()) {
            check(&message, &directory)?;
        }
        let _channel = (lenient::channel(value["d"].clone()), id_of(&value["d"]));
    }

    #[test]
    fn markup_is_made_readable_whatever_stands_around_it(before in ".{0,20}", id in any::<u64>(), kind in select(&["@", "@!", "@&", "#", ":x:", "a:x:", "", "/x:"][..]), after in ".{0,20}", name in ".{0,20}") {
        let directory = Directory::new(Id::new(OWN));
        let content = format!("{before}<{kind}{id}>{after}");
        let seen = readable(&content, |_| Some(name.clone()), &directory);
        prop_assert!(seen.chars().count() <= content.chars().count() + 2 * name.chars().count() + 2, "{}", seen);
        prop_assert!(content.contains('<') && (seen.contains(&after) || after.contains(['<', '>']) || before.contains('<')), "{}", seen);
    }
}

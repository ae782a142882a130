//! What lacks that the model demands, though Pedro does not need it. An interaction must never be left hanging, no message
//! lost and no server unknown because Discord (or what stands in for it) leaves out a field: it is cut down to what is
//! needed, and the rest is filled in.

mod plain;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use twilight_gateway::{Event, EventTypeFlags};
use twilight_model::channel::{Channel, Message};

/// The event, in its plainest form; `None` if that is not understood either.
pub(crate) fn event(text: &str) -> Option<Event> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    let name = event["t"].as_str()?.to_owned();
    let data = event["d"].as_object_mut()?;
    match name.as_str() {
        "READY" => plain::ready(data),
        "GUILD_CREATE" => plain::guild(data),
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
            plain::channel(data);
        }
        "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => plain::role(data.get_mut("role")?.as_object_mut()?),
        "MESSAGE_CREATE" => plain::message(data),
        // One that tells of an embed only: to fill in the rest would take the words away.
        "MESSAGE_UPDATE" if !data.contains_key("content") || !data.contains_key("author") => return None,
        "MESSAGE_UPDATE" => plain::message(data),
        "MESSAGE_REACTION_ADD" => plain::reaction(data),
        "INTERACTION_CREATE" => plain::interaction(data),
        _ => return None,
    }
    twilight_gateway::parse(event.to_string(), EventTypeFlags::all()).ok()?.map(Event::from)
}

/// A message as REST gives it.
pub(crate) fn message(value: Value) -> Option<Message> {
    read(value, plain::message)
}

/// A channel as REST gives it.
pub(crate) fn channel(value: Value) -> Option<Channel> {
    read(value, plain::channel)
}

fn read<T: DeserializeOwned>(mut value: Value, make_plain: fn(&mut Map<String, Value>)) -> Option<T> {
    if let Ok(read) = T::deserialize(&value) {
        return Some(read);
    }
    make_plain(value.as_object_mut()?);
    let read = serde_json::from_value(value);
    read.inspect_err(|error| tracing::warn!(%error, "something of Discord's was not understood")).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use twilight_model::gateway::payload::incoming::GuildCreate;

    use super::*;

    fn heard(name: &str, data: Value) -> Option<Event> {
        event(&json!({ "op": 0, "s": 3, "t": name, "d": data }).to_string())
    }

    #[test]
    fn a_bare_interaction_is_understood() {
        let data = json!({
            "id": "1", "application_id": "2", "type": 2, "token": "t", "guild_id": "3", "channel_id": "4",
            "member": { "user": { "id": "5", "username": "alice" }, "permissions": "0" },
            "data": { "id": "6", "name": "askpedro", "type": 1,
                      "options": [{ "name": "question", "type": 3, "value": "why?" }] },
        });
        let Some(Event::InteractionCreate(created)) = heard("INTERACTION_CREATE", data) else {
            panic!("not understood")
        };
        assert_eq!(created.author().map(|user| user.name.as_str()), Some("alice"));
        let data = json!({
            "id": "1", "type": 3, "token": "t", "channel_id": "4", "user": { "id": "5", "username": "alice" },
            "data": { "custom_id": "game:1:1:yes" }, "message": { "id": "9", "channel_id": "4" },
        });
        let Some(Event::InteractionCreate(created)) = heard("INTERACTION_CREATE", data) else {
            panic!("not understood")
        };
        assert_eq!(created.message.as_ref().map(|message| message.id.get()), Some(9));
    }

    #[test]
    fn a_bare_message_is_understood_and_nonsense_is_not() {
        let data = json!({
            "id": "1", "channel_id": "4", "content": "hi <@5>", "timestamp": "2026-11-22T12:00:00.000000+00:00",
            "author": { "id": "5", "username": "alice" }, "mentions": [{ "id": "5", "username": "alice" }],
            "attachments": [{ "filename": "a.png" }], "message_reference": { "message_id": "8" },
            "referenced_message": { "id": "8", "author": { "id": "7", "username": "pedro" } },
        });
        let Some(Event::MessageCreate(created)) = heard("MESSAGE_CREATE", data.clone()) else {
            panic!("not understood")
        };
        assert_eq!((created.content.as_str(), created.mentions.len(), created.attachments.len()), ("hi <@5>", 1, 1));
        assert!(created.reference.is_some() && created.referenced_message.is_some());
        assert!(message(data).is_some());
        for nonsense in ["", "{}", r#"{"t":"MESSAGE_CREATE","d":{}}"#, r#"{"t":"X","d":{}}"#] {
            assert!(event(nonsense).is_none(), "{nonsense}");
        }
        assert!(heard("MESSAGE_UPDATE", json!({ "id": "1", "channel_id": "4", "embeds": [] })).is_none());
    }

    #[test]
    fn a_bare_guild_keeps_who_may_read_what() {
        let data = json!({
            "id": "3", "name": "town", "unavailable": false, "roles": [{ "id": "3", "name": "@everyone", "permissions": 66560 }],
            "channels": [{ "id": "4", "type": 0, "name": "mods",
                           "permission_overwrites": [{ "id": "3", "type": "role", "deny": "1024" }] }],
        });
        let Some(Event::GuildCreate(created)) = heard("GUILD_CREATE", data) else { panic!("not understood") };
        let GuildCreate::Available(guild) = *created else { panic!("not available") };
        assert_eq!(guild.roles[0].permissions.bits(), 66560);
        let overwrites = guild.channels[0].permission_overwrites.clone().unwrap();
        assert_eq!((overwrites[0].deny.bits(), overwrites[0].allow.bits()), (1024, 0));
        let ready = json!({ "v": 10, "session_id": "s", "user": { "id": "1", "username": "pedro" }, "guilds": [{ "id": "3" }] });
        assert!(matches!(heard("READY", ready), Some(Event::Ready(ready)) if ready.guilds.len() == 1));
    }
}

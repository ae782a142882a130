//! Events that lack what the model demands, though Pedro does not need it. An interaction must never be left hanging, and
//! no message lost, because Discord (or what stands in for it) leaves out a field.

use serde_json::{Map, Value, json};
use twilight_gateway::Event;
use twilight_model::application::interaction::Interaction;
use twilight_model::gateway::payload::incoming::{InteractionCreate, MessageCreate};

/// The event, with what is missing filled in; `None` if that does not help either.
pub(crate) fn event(text: &str) -> Option<Event> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    let name = event["t"].as_str()?.to_owned();
    let data = event["d"].as_object_mut()?;
    match name.as_str() {
        "INTERACTION_CREATE" => {
            fill(
                data,
                json!({
                    "attachment_size_limit": 0, "authorizing_integration_owners": {}, "entitlements": [], "version": 1,
                }),
            );
            if let Some(message) = data.get_mut("message").and_then(Value::as_object_mut) {
                fill_message(message);
            }
            fill_people(data);
            let interaction: Interaction = serde_json::from_value(event["d"].take()).ok()?;
            Some(Event::InteractionCreate(Box::new(InteractionCreate(interaction))))
        }
        "MESSAGE_CREATE" => {
            fill_message(data);
            let message: MessageCreate = serde_json::from_value(event["d"].take()).ok()?;
            Some(Event::MessageCreate(Box::new(message)))
        }
        _ => None,
    }
}

fn fill_message(message: &mut Map<String, Value>) {
    fill(
        message,
        json!({
            "attachments": [], "components": [], "embeds": [], "edited_timestamp": null, "mention_everyone": false,
            "mention_roles": [], "mentions": [], "pinned": false, "tts": false, "type": 0, "content": "",
        }),
    );
    fill_people(message);
}

/// Those who did something: as author, as user, as member of a guild.
fn fill_people(data: &mut Map<String, Value>) {
    for key in ["author", "user"] {
        if let Some(user) = data.get_mut(key).and_then(Value::as_object_mut) {
            fill_user(user);
        }
    }
    if let Some(member) = data.get_mut("member").and_then(Value::as_object_mut) {
        fill(member, json!({ "deaf": false, "mute": false, "flags": 0, "roles": [], "joined_at": null }));
        if let Some(user) = member.get_mut("user").and_then(Value::as_object_mut) {
            fill_user(user);
        }
    }
}

fn fill_user(user: &mut Map<String, Value>) {
    fill(user, json!({ "discriminator": "0", "avatar": null, "global_name": null, "bot": false, "public_flags": 0 }));
}

/// Adds what is not there.
fn fill(object: &mut Map<String, Value>, defaults: Value) {
    for (key, value) in defaults.as_object().into_iter().flatten() {
        object.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_interaction_is_understood() {
        let text = json!({ "op": 0, "s": 3, "t": "INTERACTION_CREATE", "d": {
            "id": "1", "application_id": "2", "type": 2, "token": "t", "guild_id": "3", "channel_id": "4",
            "member": { "user": { "id": "5", "username": "alice" }, "permissions": "0" },
            "data": { "id": "6", "name": "askpedro", "type": 1,
                      "options": [{ "name": "question", "type": 3, "value": "why?" }] },
        } });
        let Some(Event::InteractionCreate(created)) = event(&text.to_string()) else { panic!("not understood") };
        assert_eq!(created.author().map(|user| user.name.as_str()), Some("alice"));
    }

    #[test]
    fn a_bare_message_is_understood_and_nonsense_is_not() {
        let text = json!({ "op": 0, "s": 3, "t": "MESSAGE_CREATE", "d": {
            "id": "1", "channel_id": "4", "content": "hi", "timestamp": "2026-11-22T12:00:00.000000+00:00",
            "author": { "id": "5", "username": "alice" },
        } });
        let Some(Event::MessageCreate(created)) = event(&text.to_string()) else { panic!("not understood") };
        assert_eq!(created.content, "hi");
        for nonsense in ["", "{}", r#"{"t":"MESSAGE_CREATE","d":{}}"#, r#"{"t":"X","d":{}}"#] {
            assert!(event(nonsense).is_none(), "{nonsense}");
        }
    }
}

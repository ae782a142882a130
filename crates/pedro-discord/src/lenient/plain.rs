//! Discord's objects with what Pedro needs of them, and harmless words for the rest that the model demands.

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

pub(super) fn ready(data: &mut Object) {
    keep(data, &["v", "session_id", "resume_gateway_url", "guilds", "user", "application"]);
    fill(data, json!({ "v": 10, "session_id": "", "resume_gateway_url": "", "guilds": [], "application": {} }));
    each(data, "guilds", |guild| {
        keep(guild, &["id"]);
        fill(guild, json!({ "unavailable": true }));
    });
    one(data, "user", |me| {
        user(me);
        fill(me, json!({ "mfa_enabled": false, "verified": true }));
    });
    one(data, "application", |application| {
        keep(application, &["id"]);
        fill(application, json!({ "id": "1", "flags": 0 }));
    });
}

pub(super) fn guild(data: &mut Object) {
    if data.get("unavailable") == Some(&Value::Bool(true)) {
        return keep(data, &["id", "unavailable"]);
    }
    keep(data, &["id", "name", "owner_id", "roles", "channels", "threads"]);
    fill(
        data,
        json!({
            "name": "", "owner_id": "1", "roles": [], "channels": [], "threads": [], "members": [], "emojis": [],
            "afk_channel_id": null, "afk_timeout": 300, "application_id": null, "banner": null,
            "default_message_notifications": 0, "description": null, "discovery_splash": null,
            "explicit_content_filter": 0, "features": [], "icon": null, "large": false, "mfa_level": 0, "nsfw_level": 0,
            "preferred_locale": "en-US", "premium_progress_bar_enabled": false, "premium_tier": 0, "presences": [],
            "public_updates_channel_id": null, "rules_channel_id": null, "splash": null, "stage_instances": [],
            "stickers": [], "system_channel_flags": 0, "system_channel_id": null, "vanity_url_code": null,
            "verification_level": 0, "voice_states": [],
        }),
    );
    each(data, "roles", role);
    each(data, "channels", channel);
    each(data, "threads", channel);
}

pub(super) fn role(data: &mut Object) {
    keep(data, &["id", "name", "permissions"]);
    fill(
        data,
        json!({
            "name": "", "permissions": "0", "color": 0, "hoist": false, "managed": false, "mentionable": false,
            "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null }, "position": 0, "flags": 0,
        }),
    );
    as_text(data, "permissions");
}

pub(super) fn channel(data: &mut Object) {
    keep(data, &["id", "type", "name", "guild_id", "parent_id", "owner_id", "permission_overwrites", "recipients"]);
    fill(data, json!({ "type": 0 }));
    each(data, "permission_overwrites", |rule| {
        keep(rule, &["id", "type", "allow", "deny"]);
        fill(rule, json!({ "type": 0, "allow": "0", "deny": "0" }));
        let kind = match rule.get("type").and_then(Value::as_str) {
            Some("member" | "1") => Some(1),
            Some(_) => Some(0),
            None => None,
        };
        rule.extend(kind.map(|kind| ("type".to_owned(), Value::from(kind))));
        as_text(rule, "allow");
        as_text(rule, "deny");
    });
    each(data, "recipients", user);
}

pub(super) fn message(data: &mut Object) {
    keep(
        data,
        &[
            "id",
            "channel_id",
            "guild_id",
            "author",
            "member",
            "content",
            "timestamp",
            "edited_timestamp",
            "mentions",
            "attachments",
            "type",
            "webhook_id",
            "message_reference",
            "referenced_message",
        ],
    );
    fill(
        data,
        json!({
            "content": "", "timestamp": "1970-01-01T00:00:00+00:00", "edited_timestamp": null, "type": 0, "tts": false,
            "mention_everyone": false, "mention_roles": [], "mentions": [], "attachments": [], "embeds": [],
            "components": [], "pinned": false,
        }),
    );
    // The channel of the one is that of the other.
    let channel = data.get("channel_id").cloned();
    one(data, "referenced_message", |answered| {
        answered.extend(channel.clone().map(|id| ("channel_id".to_owned(), id)));
        mentioned(answered);
    });
    one(data, "message_reference", |reference| {
        keep(reference, &["type", "message_id", "channel_id", "guild_id"]);
        fill(reference, json!({ "type": 0 }));
    });
    each(data, "attachments", |file| {
        keep(file, &["filename"]);
        fill(file, json!({ "filename": "file", "id": "1", "size": 0, "url": "", "proxy_url": "" }));
    });
    each(data, "mentions", user);
    people(data);
}

/// A message that something refers to: who wrote it may be left out.
fn mentioned(data: &mut Object) {
    fill(data, json!({ "author": { "id": "1" } }));
    message(data);
}

pub(super) fn reaction(data: &mut Object) {
    keep(data, &["user_id", "channel_id", "message_id", "guild_id", "emoji", "member"]);
    fill(data, json!({ "burst": false }));
    one(data, "emoji", |emoji| {
        keep(emoji, &["id", "name", "animated"]);
        fill(emoji, json!({ "id": null }));
    });
    let who = data.get("user_id").cloned();
    one(data, "member", |member| fill(member, json!({ "user": { "id": who } })));
    people(data);
}

pub(super) fn interaction(data: &mut Object) {
    keep(
        data,
        &[
            "id",
            "type",
            "token",
            "data",
            "guild_id",
            "channel_id",
            "channel",
            "member",
            "user",
            "message",
            "app_permissions",
        ],
    );
    fill(
        data,
        json!({
            "application_id": "1", "attachment_size_limit": 0, "authorizing_integration_owners": {}, "entitlements": [],
            "version": 1,
        }),
    );
    let is_press = data.get("type") == Some(&Value::from(3));
    one(data, "data", |given| {
        given.remove("resolved");
        match is_press {
            true => fill(given, json!({ "component_type": 2 })),
            false => fill(given, json!({ "id": "1", "type": 1 })),
        }
    });
    as_text(data, "app_permissions");
    one(data, "channel", channel);
    one(data, "message", mentioned);
    people(data);
}

/// Those who did something: as author, as user, as member of a guild.
fn people(data: &mut Object) {
    one(data, "author", user);
    one(data, "user", user);
    one(data, "member", |member| {
        keep(member, &["user", "roles", "nick", "permissions"]);
        fill(
            member,
            json!({
                "deaf": false, "mute": false, "flags": 0, "roles": [], "nick": null, "joined_at": null,
                "communication_disabled_until": null,
            }),
        );
        as_text(member, "permissions");
        one(member, "user", user);
    });
}

fn user(data: &mut Object) {
    keep(data, &["id", "username", "global_name", "bot"]);
    fill(data, json!({ "username": "", "discriminator": "0", "avatar": null, "bot": false, "public_flags": 0 }));
}

fn keep(object: &mut Object, wanted: &[&str]) {
    object.retain(|key, _| wanted.contains(&key.as_str()));
}

/// Adds what is not there.
fn fill(object: &mut Object, defaults: Value) {
    for (key, value) in defaults.as_object().into_iter().flatten() {
        object.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Permissions are numbers in text: they have more bits than a number in JSON can be trusted with.
fn as_text(object: &mut Object, key: &str) {
    if let Some(value) = object.get_mut(key)
        && value.is_number()
    {
        *value = Value::String(value.to_string());
    }
}

/// What should be an object and is none is taken away.
fn one(object: &mut Object, key: &str, make_plain: impl FnOnce(&mut Object)) {
    match object.get_mut(key).map(Value::as_object_mut) {
        Some(Some(found)) => make_plain(found),
        Some(None) => drop(object.remove(key)),
        None => {}
    }
}

fn each(object: &mut Object, key: &str, make_plain: impl Fn(&mut Object)) {
    match object.get_mut(key).map(Value::as_array_mut) {
        Some(Some(found)) => found.iter_mut().filter_map(Value::as_object_mut).for_each(make_plain),
        Some(None) => drop(object.insert(key.to_owned(), json!([]))),
        None => {}
    }
}

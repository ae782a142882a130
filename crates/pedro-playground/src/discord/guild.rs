//! Guilds: their roles, members and channels, and how Discord writes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::permission;
use super::snowflake::Snowflake;

/// A guild, which people call a server.
#[derive(Debug)]
pub(super) struct Guild {
    pub(super) id: Snowflake,
    pub(super) name: String,
    pub(super) owner: Snowflake,
    pub(super) roles: BTreeMap<Snowflake, Role>,
    pub(super) members: BTreeMap<Snowflake, Member>,
    /// Out of order at Discord's end: there, but nothing can be done in it.
    pub(super) unavailable: bool,
}

impl Guild {
    pub(super) fn new(id: Snowflake, name: &str, owner: Snowflake) -> Self {
        let everyone = Role::new(id, "@everyone", permission::EVERYONE, 0);
        Self {
            id,
            name: name.to_owned(),
            owner,
            roles: BTreeMap::from([(id, everyone)]),
            members: BTreeMap::from([(owner, Member::new(owner))]),
            unavailable: false,
        }
    }

    /// The guild's own fields, without what only `GUILD_CREATE` has.
    pub(super) fn json(&self) -> Value {
        let roles: Vec<Value> = self.roles.values().map(Role::json).collect();
        json!({
            "id": self.id, "name": self.name, "icon": null, "splash": null, "discovery_splash": null, "banner": null,
            "description": null, "owner_id": self.owner, "region": null, "afk_channel_id": null, "afk_timeout": 300,
            "widget_enabled": false, "widget_channel_id": null, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "roles": roles, "emojis": [],
            "features": [], "mfa_level": 0, "application_id": null, "system_channel_id": null,
            "system_channel_flags": 0, "rules_channel_id": null, "max_presences": null, "max_members": 500_000,
            "vanity_url_code": null, "premium_tier": 0, "premium_subscription_count": 0,
            "preferred_locale": "en-US", "public_updates_channel_id": null, "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50, "nsfw_level": 0, "stickers": [],
            "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null, "incidents_data": null,
        })
    }
}

/// A role; the one with the guild's own id is `@everyone`.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) id: Snowflake,
    pub(super) name: String,
    pub(super) permissions: u64,
    pub(super) position: usize,
    /// Made by Discord for this bot, and given to nobody else.
    pub(super) bot: Option<Snowflake>,
}

impl Role {
    pub(super) fn new(id: Snowflake, name: &str, permissions: u64, position: usize) -> Self {
        Self { id, name: name.to_owned(), permissions, position, bot: None }
    }

    pub(super) fn json(&self) -> Value {
        let mut role = json!({
            "id": self.id, "name": self.name, "color": 0,
            "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
            "hoist": false, "icon": null, "unicode_emoji": null, "position": self.position,
            "permissions": self.permissions.to_string(), "managed": self.bot.is_some(), "mentionable": false,
            "flags": 0,
        });
        if let Some(bot) = self.bot {
            role["tags"] = json!({ "bot_id": bot });
        }
        role
    }
}

/// Somebody in a guild.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) user: Snowflake,
    pub(super) nick: Option<String>,
    pub(super) roles: Vec<Snowflake>,
    pub(super) joined_at: DateTime<Utc>,
}

impl Member {
    pub(super) fn new(user: Snowflake) -> Self {
        Self { user, nick: None, roles: Vec::new(), joined_at: Utc::now() }
    }

    /// Without the user, which the world adds where it belongs.
    pub(super) fn json(&self) -> Value {
        json!({
            "nick": self.nick, "avatar": null, "banner": null, "roles": self.roles,
            "joined_at": timestamp(self.joined_at), "premium_since": null, "deaf": false, "mute": false, "flags": 0,
            "pending": false, "communication_disabled_until": null,
        })
    }
}

/// Who an overwrite is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Role(Snowflake),
    Member(Snowflake),
}

/// What a channel allows and denies somebody, whatever their roles say.
#[derive(Debug, Clone)]
pub(super) struct Overwrite {
    pub(super) target: Target,
    pub(super) allow: u64,
    pub(super) deny: u64,
}

impl Overwrite {
    pub(super) fn is_for_role(&self, role: Snowflake) -> bool {
        self.target == Target::Role(role)
    }

    pub(super) fn is_for_member(&self, user: Snowflake) -> bool {
        self.target == Target::Member(user)
    }

    pub(super) fn json(&self) -> Value {
        let (id, kind) = match self.target {
            Target::Role(id) => (id, 0),
            Target::Member(id) => (id, 1),
        };
        json!({ "id": id, "type": kind, "allow": self.allow.to_string(), "deny": self.deny.to_string() })
    }
}

/// A time as Discord writes it.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

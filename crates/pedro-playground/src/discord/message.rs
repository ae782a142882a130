//! Messages, and how Discord writes them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::guild::timestamp;
use super::interaction::{Interaction, InteractionKind};
use super::mention::Mentions;
use super::people::User;
use super::snowflake::Snowflake;
use super::world::World;

/// Bits of a message's `flags`.
pub mod flag {
    /// Links in it get no preview.
    pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
    /// A thread was begun from it.
    pub const HAS_THREAD: u64 = 1 << 5;
    /// Only whoever used the command sees it.
    pub const EPHEMERAL: u64 = 1 << 6;
    /// A deferred answer: people see that the bot is thinking.
    pub const LOADING: u64 = 1 << 7;
    /// Nobody's device makes a sound.
    pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
    /// Made of nothing but components.
    pub const IS_COMPONENTS_V2: u64 = 1 << 15;
}

/// Numbers of the message types there are here.
pub(super) mod kind {
    pub(crate) const DEFAULT: u8 = 0;
    pub(crate) const THREAD_CREATED: u8 = 18;
    pub(crate) const REPLY: u8 = 19;
    pub(crate) const COMMAND: u8 = 20;
    pub(crate) const THREAD_STARTER: u8 = 21;
}

/// A message, with everything it has ever said.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Its id, which grows with time.
    pub id: Snowflake,
    /// The channel or thread it is in.
    pub channel: Snowflake,
    /// The guild, unless it is a direct message.
    pub guild: Option<Snowflake>,
    /// Who wrote it, by user name.
    pub author: String,
    /// Their id.
    pub author_id: Snowflake,
    /// Whether a bot wrote it.
    pub by_bot: bool,
    /// The text, as it is now.
    pub content: String,
    /// Its embeds, as they were sent.
    pub embeds: Vec<Value>,
    /// Its buttons and menus, as they were sent.
    pub components: Vec<Value>,
    /// Its files, as Discord writes them.
    pub attachments: Vec<Value>,
    /// See [`flag`].
    pub flags: u64,
    /// Discord's number for the type: 0 ordinary, 19 a reply, 20 the answer to a slash command.
    pub kind: u8,
    /// The message it answers.
    pub reply_to: Option<Snowflake>,
    /// The only person who sees it.
    pub ephemeral_for: Option<String>,
    /// The interaction that it answers.
    pub interaction: Option<Snowflake>,
    /// Who was pinged by it.
    pub pinged: Mentions,
    /// All that it has said, the first version first.
    pub versions: Vec<Version>,
    /// Who reacted with what.
    pub reactions: Vec<Reaction>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// When its text was last edited.
    pub edited_at: Option<DateTime<Utc>>,
    /// Deleted since.
    pub deleted: bool,
    /// The sender's own mark.
    pub(super) nonce: Option<Value>,
}

/// What a message said from some time on.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Version {
    /// The text.
    pub content: String,
    /// The embeds.
    pub embeds: Vec<Value>,
    /// The buttons and menus.
    pub components: Vec<Value>,
    /// When it began to say so.
    pub at: DateTime<Utc>,
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// Its name.
    pub filename: String,
    /// What it is: `application/json`.
    pub content_type: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Who reacted with one emoji.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Reaction {
    /// The emoji itself, or `name:id` for one of a guild.
    pub emoji: String,
    /// Who, by user name, in order.
    pub people: Vec<String>,
}

impl Message {
    pub(super) fn new(id: Snowflake, channel: Snowflake, author: &User) -> Self {
        Self {
            id,
            channel,
            guild: None,
            author: author.name.clone(),
            author_id: author.id,
            by_bot: author.bot,
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            attachments: Vec::new(),
            flags: 0,
            kind: kind::DEFAULT,
            reply_to: None,
            ephemeral_for: None,
            interaction: None,
            pinged: Mentions::default(),
            versions: Vec::new(),
            reactions: Vec::new(),
            sent_at: Utc::now(),
            edited_at: None,
            deleted: false,
            nonce: None,
        }
    }

    /// Whether people see that the bot is thinking, and no text yet.
    pub fn is_loading(&self) -> bool {
        self.flags & flag::LOADING != 0
    }

    /// Whether only one person sees it.
    pub fn is_ephemeral(&self) -> bool {
        self.ephemeral_for.is_some()
    }

    /// The buttons and menus with this id.
    pub fn component(&self, custom_id: &str) -> Option<&Value> {
        find_component(&self.components, custom_id)
    }

    /// Keeps what it says now among its versions.
    pub(super) fn keep_version(&mut self) {
        let (content, embeds, components) = (self.content.clone(), self.embeds.clone(), self.components.clone());
        self.versions.push(Version { content, embeds, components, at: Utc::now() });
    }
}

/// The component with this id, however deep it lies.
fn find_component<'a>(components: &'a [Value], custom_id: &str) -> Option<&'a Value> {
    components.iter().find_map(|component| {
        if component["custom_id"] == custom_id {
            return Some(component);
        }
        let inner = component["components"].as_array().and_then(|inner| find_component(inner, custom_id));
        inner.or_else(|| {
            let accessory = component.get("accessory")?;
            (accessory["custom_id"] == custom_id).then_some(accessory)
        })
    })
}

/// An emoji as a reaction names it: `name:id` for one of a guild, the character itself otherwise.
pub(super) fn emoji_json(emoji: &str) -> Value {
    match emoji.rsplit_once(':') {
        Some((name, id)) if id.parse::<Snowflake>().is_ok() => json!({ "id": id, "name": name }),
        _ => json!({ "id": null, "name": emoji }),
    }
}

impl World {
    /// A message as REST answers it.
    pub(super) fn message_json(&self, message: &Message) -> Value {
        let mut json = self.bare_message_json(message);
        if let Some(replied) = message.reply_to.filter(|_| message.kind != kind::THREAD_CREATED) {
            let original = self.messages.get(&replied).filter(|original| !original.deleted);
            json["referenced_message"] = original.map_or(Value::Null, |original| self.bare_message_json(original));
        }
        if message.flags & flag::HAS_THREAD != 0
            && let Some(thread) = self.channels.get(&message.id)
        {
            json["thread"] = thread.json(None);
        }
        json
    }

    /// A message as the gateway tells it: with the guild, and the author as a member.
    pub(super) fn message_event(&self, message: &Message) -> Value {
        let mut json = self.message_json(message);
        let Some(guild) = message.guild else { return json };
        json["guild_id"] = json!(guild);
        if let Some(member) = self.member(guild, message.author_id) {
            json["member"] = member.json();
        }
        for mention in json["mentions"].as_array_mut().into_iter().flatten() {
            let id = mention["id"].as_str().and_then(|id| id.parse().ok());
            if let Some(member) = id.and_then(|id| self.member(guild, id)) {
                mention["member"] = member.json();
            }
        }
        json
    }

    fn bare_message_json(&self, message: &Message) -> Value {
        let author = self.people.by_id(message.author_id).map(User::json);
        let mentions: Vec<Value> =
            message.pinged.users.iter().filter_map(|id| self.people.by_id(*id)).map(User::json).collect();
        let mut json = json!({
            "id": message.id, "type": message.kind, "channel_id": message.channel, "content": message.content,
            "author": author, "attachments": message.attachments, "embeds": message.embeds,
            "components": message.components, "mentions": mentions, "mention_roles": message.pinged.roles,
            "mention_everyone": message.pinged.everyone, "pinned": false, "tts": false, "flags": message.flags,
            "timestamp": timestamp(message.sent_at), "edited_timestamp": message.edited_at.map(timestamp),
        });
        if let Some(nonce) = &message.nonce {
            json["nonce"] = nonce.clone();
        }
        if let Some(replied) = message.reply_to {
            let channel = self.messages.get(&replied).map_or(message.channel, |original| original.channel);
            json["message_reference"] = if message.kind == kind::THREAD_CREATED {
                json!({ "type": 0, "channel_id": replied, "guild_id": message.guild })
            } else {
                json!({ "type": 0, "channel_id": channel, "message_id": replied, "guild_id": message.guild })
            };
        }
        if !message.reactions.is_empty() {
            json["reactions"] = message.reactions.iter().map(|reaction| self.reaction_json(reaction)).collect();
        }
        if let Some(interaction) = message.interaction {
            self.add_interaction(&mut json, interaction);
        }
        json
    }

    fn reaction_json(&self, reaction: &Reaction) -> Value {
        let (count, me) = (reaction.people.len(), reaction.people.contains(&self.bot.name));
        json!({
            "emoji": emoji_json(&reaction.emoji), "count": count, "count_details": { "burst": 0, "normal": count },
            "me": me, "me_burst": false, "burst_colors": [],
        })
    }

    /// What a message tells of the interaction it answers.
    fn add_interaction(&self, json: &mut Value, id: Snowflake) {
        json["application_id"] = json!(self.bot.application);
        json["webhook_id"] = json!(self.bot.application);
        let Some(interaction) = self.interactions.get(&id) else { return };
        let mut metadata = self.interaction_metadata(interaction);
        if interaction.kind == InteractionKind::Command {
            let (number, user) = (interaction.kind.number(), &metadata["user"]);
            json["interaction"] = json!({ "id": id, "type": number, "name": interaction.command, "user": user });
        }
        if interaction.followups.iter().any(|followup| json["id"] == followup.to_string()) {
            metadata["original_response_message_id"] = json!(interaction.response);
        }
        json["interaction_metadata"] = metadata;
    }

    fn interaction_metadata(&self, interaction: &Interaction) -> Value {
        let user = self.people.by_name(&interaction.person).map(User::json);
        let mut metadata = json!({
            "id": interaction.id, "type": interaction.kind.number(), "user": user,
            "authorizing_integration_owners": self.owners(interaction.guild),
        });
        match interaction.kind {
            InteractionKind::Command => metadata["name"] = json!(interaction.command),
            InteractionKind::Modal => {
                let opener = interaction.opened_by.and_then(|id| self.interactions.get(&id));
                metadata["triggering_interaction_metadata"] =
                    json!(opener.map(|opener| self.interaction_metadata(opener)));
            }
            _ => metadata["interacted_message_id"] = json!(interaction.message),
        }
        metadata
    }
}

//! What is said in channels, changed, deleted and reacted to.

use chrono::Utc;
use serde_json::{Value, json};

use super::dispatch::{Change, Subject};
use super::event::Event;
use super::mention::Mentions;
use super::message::{Message, Reaction, emoji_json, kind};
use super::permission;
use super::snowflake::Snowflake;
use super::world::World;

impl World {
    /// A new message of this person's, with nothing in it yet.
    pub(super) fn begin_message(&mut self, channel: Snowflake, author: &str) -> Message {
        let (id, user) = (self.next_id(), self.people.meet(author));
        let mut message = Message::new(id, channel, &user);
        message.guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        message
    }

    /// A person says something: what they mention is pinged, as far as they may.
    pub(super) fn say(
        &mut self,
        channel: Snowflake,
        person: &str,
        text: &str,
        reply_to: Option<Snowflake>,
    ) -> Snowflake {
        let mut message = self.begin_message(channel, person);
        message.content = text.to_owned();
        message.pinged = Mentions::in_text(text);
        let everyone = self.permissions(message.author_id, channel) & permission::MENTION_EVERYONE != 0;
        message.pinged.everyone &= everyone;
        if let Some(replied) = reply_to.and_then(|id| self.messages.get(&id)) {
            message.kind = kind::REPLY;
            message.reply_to = reply_to;
            if !message.pinged.users.contains(&replied.author_id) {
                message.pinged.users.push(replied.author_id);
            }
        }
        self.publish(message).id
    }

    /// Keeps a message and tells everybody who may see it.
    pub(super) fn publish(&mut self, mut message: Message) -> Message {
        message.keep_version();
        if !message.is_ephemeral() {
            self.enter_channel(&message);
        }
        self.keep_message(message.clone());
        self.dispatch_message("MESSAGE_CREATE", &message);
        self.tell(Event::Message { message: Box::new(message.clone()) });
        message
    }

    /// Counts a message in its channel; a thread opens again and takes its author in.
    fn enter_channel(&mut self, message: &Message) {
        let Some(channel) = self.channels.get_mut(&message.channel) else { return };
        channel.last_message = Some(message.id);
        let Some(thread) = &mut channel.thread else { return };
        if message.kind == kind::THREAD_STARTER {
            return;
        }
        thread.messages += 1;
        thread.messages_ever += 1;
        let newcomer = !thread.members.contains_key(&message.author_id);
        if std::mem::replace(&mut thread.archived, false) {
            thread.archive_changed = Utc::now();
            self.dispatch_channel(message.channel, Change::Changed);
        }
        if newcomer {
            self.join_thread(message.channel, message.author_id);
        }
    }

    /// Changes a message and tells everybody who may see it; `None` where there is none.
    pub(super) fn change_message(&mut self, id: Snowflake, change: impl FnOnce(&mut Message)) -> Option<Message> {
        let message = self.messages.get_mut(&id).filter(|message| !message.deleted)?;
        let before = (message.content.clone(), message.embeds.clone(), message.components.clone());
        change(message);
        if before != (message.content.clone(), message.embeds.clone(), message.components.clone()) {
            message.keep_version();
        }
        let message = message.clone();
        self.dispatch_message("MESSAGE_UPDATE", &message);
        self.tell(Event::MessageChanged { message: Box::new(message.clone()) });
        Some(message)
    }

    /// Somebody edits what they said.
    pub(super) fn edit_text(&mut self, id: Snowflake, text: &str) -> bool {
        let edited = self.change_message(id, |message| {
            message.content = text.to_owned();
            message.edited_at = Some(Utc::now());
        });
        edited.is_some()
    }

    /// Removes messages of a channel, one by one or in bulk; answers how many there were.
    pub(super) fn delete_messages(&mut self, channel: Snowflake, ids: &[Snowflake], bulk: bool) -> usize {
        let mut gone = Vec::new();
        let mut ephemeral_for = None;
        for id in ids {
            let found = self.messages.get_mut(id).filter(|message| message.channel == channel && !message.deleted);
            let Some(message) = found else { continue };
            message.deleted = true;
            ephemeral_for.clone_from(&message.ephemeral_for);
            gone.push(*id);
        }
        if gone.is_empty() {
            return 0;
        }
        let channel_now = self.channels.get_mut(&channel);
        let guild = channel_now.as_ref().and_then(|channel| channel.guild);
        if let Some(thread) = channel_now.and_then(|channel| channel.thread.as_mut()) {
            thread.messages = thread.messages.saturating_sub(gone.len());
        }
        if ephemeral_for.is_none() && bulk {
            self.dispatch_deletion(channel, guild, "MESSAGE_DELETE_BULK", json!({ "ids": gone }));
        } else if ephemeral_for.is_none() {
            for id in &gone {
                self.dispatch_deletion(channel, guild, "MESSAGE_DELETE", json!({ "id": id }));
            }
        }
        let count = gone.len();
        self.tell(Event::MessagesDeleted { channel, ids: gone, ephemeral_for });
        count
    }

    fn dispatch_deletion(&mut self, channel: Snowflake, guild: Option<Snowflake>, name: &'static str, mut data: Value) {
        data["channel_id"] = json!(channel);
        if guild.is_some() {
            data["guild_id"] = json!(guild);
        }
        self.dispatch_in(channel, name, Subject::MESSAGE, data);
    }

    /// Adds or takes back somebody's reaction; false where nothing changed.
    pub(super) fn react(&mut self, id: Snowflake, user: Snowflake, emoji: &str, add: bool) -> bool {
        let name = self.people.name(user).to_owned();
        let Some(message) = self.messages.get_mut(&id).filter(|message| !message.deleted) else { return false };
        let place = message.reactions.iter().position(|reaction| reaction.emoji == emoji);
        let has = place.is_some_and(|place| message.reactions[place].people.contains(&name));
        if has == add {
            return false;
        }
        match (place, add) {
            (Some(place), true) => message.reactions[place].people.push(name),
            (None, true) => message.reactions.push(Reaction { emoji: emoji.to_owned(), people: vec![name] }),
            (Some(place), false) => message.reactions[place].people.retain(|person| *person != name),
            (None, false) => {}
        }
        message.reactions.retain(|reaction| !reaction.people.is_empty());
        let message = message.clone();
        self.dispatch_reaction(&message, user, emoji, add);
        self.tell(Event::MessageChanged { message: Box::new(message) });
        true
    }

    fn dispatch_reaction(&mut self, message: &Message, user: Snowflake, emoji: &str, add: bool) {
        let mut data = json!({
            "user_id": user, "channel_id": message.channel, "message_id": message.id, "emoji": emoji_json(emoji),
            "burst": false, "type": 0,
        });
        if let Some(guild) = message.guild {
            data["guild_id"] = json!(guild);
        }
        if add {
            data["message_author_id"] = json!(message.author_id);
            if let Some(member) = message.guild.and_then(|guild| self.member_json(guild, user)) {
                data["member"] = member;
            }
        }
        let name = if add { "MESSAGE_REACTION_ADD" } else { "MESSAGE_REACTION_REMOVE" };
        self.dispatch_in(message.channel, name, Subject::REACTION, data);
    }

    /// Somebody begins to type.
    pub(super) fn type_in(&mut self, channel: Snowflake, user: Snowflake) {
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        let mut data = json!({ "channel_id": channel, "user_id": user, "timestamp": Utc::now().timestamp() });
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild);
            data["member"] = json!(self.member_json(guild, user));
        }
        self.dispatch_in(channel, "TYPING_START", Subject::TYPING, data);
        let person = self.people.name(user).to_owned();
        self.tell(Event::Typing { channel, person });
    }

    /// What somebody sees in a channel at the moment, the oldest first.
    pub(super) fn seen_by(&self, person: &str, channel: Snowflake) -> Vec<Message> {
        let Some(user) = self.people.by_name(person) else { return Vec::new() };
        let readable = permission::VIEW_CHANNEL | permission::READ_MESSAGE_HISTORY;
        if self.permissions(user.id, channel) & readable != readable {
            return Vec::new();
        }
        let here = self.messages.values().filter(|message| message.channel == channel && !message.deleted);
        let theirs = |message: &&Message| message.ephemeral_for.as_ref().is_none_or(|only| *only == user.name);
        here.filter(theirs).cloned().collect()
    }
}

//! Threads: how they begin, who is in them, how they are archived.

use chrono::Utc;
use serde_json::{Value, json};

use super::channel::{Channel, ChannelKind, Thread};
use super::dispatch::{Change, intent};
use super::event::Event;
use super::message::{flag, kind};
use super::snowflake::Snowflake;
use super::world::World;

/// How a thread is to be.
#[derive(Debug)]
pub(super) struct NewThread {
    pub(super) name: String,
    pub(super) kind: ChannelKind,
    pub(super) archive_after: u64,
    /// The message that it begins with, and whose id it gets.
    pub(super) message: Option<Snowflake>,
    pub(super) invitable: bool,
}

impl World {
    /// Begins a thread in a channel.
    pub(super) fn begin_thread(&mut self, parent: Snowflake, owner: Snowflake, new: NewThread) -> Snowflake {
        let id = new.message.unwrap_or_else(|| self.next_id());
        let guild = self.channels.get(&parent).and_then(|channel| channel.guild);
        let mut channel = Channel::new(id, new.kind, guild, &new.name);
        channel.parent = Some(parent);
        channel.thread = Some(Thread { invitable: new.invitable, ..Thread::new(owner, new.archive_after) });
        self.channels.insert(id, channel);
        self.dispatch_channel(id, Change::Made);
        self.tell(Event::Channel { channel: id });
        match new.message {
            Some(message) => self.mark_thread_start(message, id, owner),
            None if new.kind == ChannelKind::PublicThread => self.announce_thread(parent, owner, id, &new.name),
            None => {}
        }
        id
    }

    /// The message that a thread begins with shows it, and is the first thing seen in the thread: there it comes in the
    /// name of whoever began the thread, as a reference.
    fn mark_thread_start(&mut self, message: Snowflake, thread: Snowflake, owner: Snowflake) {
        self.change_message(message, |message| message.flags |= flag::HAS_THREAD);
        let author = self.people.name(owner).to_owned();
        let mut first = self.begin_message(thread, &author);
        first.kind = kind::THREAD_STARTER;
        first.reply_to = Some(message);
        self.publish(first);
    }

    /// A public thread without a message is announced in its channel.
    fn announce_thread(&mut self, parent: Snowflake, owner: Snowflake, thread: Snowflake, name: &str) {
        let author = self.people.name(owner).to_owned();
        let mut notice = self.begin_message(parent, &author);
        notice.kind = kind::THREAD_CREATED;
        notice.content = name.to_owned();
        // The reference names the thread, not a message.
        notice.reply_to = Some(thread);
        self.publish(notice);
    }

    /// Takes somebody into a thread; false where they are in it already.
    pub(super) fn join_thread(&mut self, thread: Snowflake, user: Snowflake) -> bool {
        let is_bot = user == self.bot.id;
        let saw = self.can_see(self.bot.id, thread);
        let members = self.channels.get_mut(&thread).and_then(|channel| channel.thread.as_mut());
        let Some(members) = members.map(|thread| &mut thread.members) else { return false };
        if members.contains_key(&user) {
            return false;
        }
        members.insert(user, Utc::now());
        if is_bot && !saw {
            self.dispatch_channel(thread, Change::Made);
        }
        let guild = self.channels.get(&thread).and_then(|channel| channel.guild);
        let mut added = self.channels.get(&thread).and_then(|channel| channel.thread_member(user));
        if let (Some(guild), Some(added)) = (guild, &mut added) {
            added["member"] = json!(self.member_json(guild, user));
            added["presence"] = Value::Null;
        }
        self.dispatch_thread_members(thread, json!([added]), json!([]), is_bot);
        true
    }

    /// Takes somebody out of a thread; false where they are not in it.
    pub(super) fn leave_thread(&mut self, thread: Snowflake, user: Snowflake) -> bool {
        let saw = self.can_see(self.bot.id, thread);
        let members = self.channels.get_mut(&thread).and_then(|channel| channel.thread.as_mut());
        if members.and_then(|thread| thread.members.remove(&user)).is_none() {
            return false;
        }
        if saw {
            self.dispatch_thread_members(thread, json!([]), json!([user]), user == self.bot.id);
        }
        true
    }

    /// Without the intent for members, a bot is told of its own coming and going only.
    fn dispatch_thread_members(&mut self, thread: Snowflake, added: Value, removed: Value, concerns_bot: bool) {
        let Some(channel) = self.channels.get(&thread) else { return };
        let (Some(guild), Some(details)) = (channel.guild, channel.thread.as_ref()) else { return };
        let data = json!({
            "id": thread, "guild_id": guild, "member_count": details.members.len().min(50), "added_members": added,
            "removed_member_ids": removed,
        });
        let intents = if concerns_bot { intent::GUILDS } else { intent::GUILD_MEMBERS };
        self.dispatch_guild(guild, "THREAD_MEMBERS_UPDATE", intents, data);
        self.tell(Event::Channel { channel: thread });
    }

    /// Changes a channel or thread, and tells of it; false where there is none.
    pub(super) fn change_channel(&mut self, id: Snowflake, change: impl FnOnce(&mut Channel)) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        let archived = channel.thread.as_ref().map(|thread| thread.archived);
        change(channel);
        if let Some(thread) = &mut channel.thread
            && archived != Some(thread.archived)
        {
            thread.archive_changed = Utc::now();
        }
        self.dispatch_channel(id, Change::Changed);
        self.tell(Event::Channel { channel: id });
        true
    }

    /// Removes a channel with its threads, or a thread; false where there is none.
    pub(super) fn delete_channel(&mut self, id: Snowflake) -> bool {
        let threads: Vec<Snowflake> =
            self.channels.values().filter(|channel| channel.parent == Some(id)).map(|channel| channel.id).collect();
        // Discord tells of the channel alone: that its threads are gone goes without saying.
        self.dispatch_channel(id, Change::Gone);
        for gone in threads {
            if self.channels.get(&gone).is_some_and(|channel| channel.kind.is_thread()) {
                self.channels.remove(&gone);
            }
        }
        let existed = self.channels.remove(&id).is_some();
        self.tell(Event::Channel { channel: id });
        existed
    }
}

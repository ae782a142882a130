//! What people and moderators do, as verbs on [`Discord`].

use anyhow::{Result, anyhow};
use serde_json::Value;

use super::channel::ChannelKind;
use super::message::{Attachment, Message};
use super::snowflake::Snowflake;
use super::threads::NewThread;
use super::{Discord, Interaction};

/// After how many minutes a thread that people begin is archived: a day.
const ARCHIVE_AFTER: u64 = 1_440;

impl Discord {
    /// The id of the person with this user name, who exists from now on if not before.
    pub fn user(&self, person: &str) -> Snowflake {
        self.update(|world| world.people.meet(person).id)
    }

    /// Gives somebody a name that differs from their user name.
    pub fn set_display_name(&self, person: &str, display_name: &str) {
        self.update(|world| world.people.change(person, |user| user.display_name = Some(display_name.to_owned())));
    }

    /// Makes somebody a bot: another one, beside the one that connects.
    pub fn make_bot(&self, person: &str) {
        self.update(|world| world.people.change(person, |user| user.bot = true));
    }

    /// The direct message between somebody and the bot, which exists from now on if not before.
    pub fn dm(&self, person: &str) -> Snowflake {
        self.update(|world| world.open_dm(person))
    }

    /// Somebody takes direct messages from the bot, or no longer.
    pub fn take_dms(&self, person: &str, take: bool) {
        self.update(|world| {
            let user = world.people.meet(person).id;
            if take {
                world.closed_dms.remove(&user)
            } else {
                world.closed_dms.insert(user)
            };
        });
    }

    /// Somebody says something in a channel, thread or direct message. Answers the message's id. People are always heard:
    /// permissions are for bots, or a tester would lock themselves out.
    pub fn say(&self, channel: Snowflake, person: &str, text: &str) -> Snowflake {
        self.update(|world| world.say(channel, person, text, None))
    }

    /// Somebody answers a message, which pings whoever wrote it. Answers the new message's id.
    pub fn reply(&self, channel: Snowflake, person: &str, text: &str, reply_to: Snowflake) -> Snowflake {
        self.update(|world| world.say(channel, person, text, Some(reply_to)))
    }

    /// Whoever wrote a message edits it. False where there is none.
    pub fn edit(&self, message: Snowflake, text: &str) -> bool {
        self.update(|world| world.edit_text(message, text))
    }

    /// Somebody deletes a message. False where there is none.
    pub fn delete(&self, message: Snowflake) -> bool {
        self.update(|world| {
            let channel = world.messages.get(&message).map(|message| message.channel);
            channel.is_some_and(|channel| world.delete_messages(channel, &[message], false) > 0)
        })
    }

    /// A moderator deletes many messages of a channel at once. Answers how many there were.
    pub fn bulk_delete(&self, channel: Snowflake, messages: &[Snowflake]) -> usize {
        self.update(|world| world.delete_messages(channel, messages, true))
    }

    /// Somebody reacts with an emoji (`👎`, or `name:id` for a guild's own). False where they did already, or there is no
    /// such message.
    pub fn react(&self, message: Snowflake, person: &str, emoji: &str) -> bool {
        self.update(|world| {
            let user = world.people.meet(person).id;
            world.react(message, user, emoji, true)
        })
    }

    /// Somebody takes a reaction back. False where there was none.
    pub fn unreact(&self, message: Snowflake, person: &str, emoji: &str) -> bool {
        self.update(|world| {
            let user = world.people.meet(person).id;
            world.react(message, user, emoji, false)
        })
    }

    /// Somebody begins to type.
    pub fn type_in(&self, channel: Snowflake, person: &str) {
        self.update(|world| {
            let user = world.people.meet(person).id;
            world.type_in(channel, user);
        });
    }

    /// Somebody begins a thread that everybody sees, or (`private`) only who is in it. Answers its id.
    pub fn begin_thread(&self, channel: Snowflake, person: &str, name: &str, private: bool) -> Snowflake {
        let kind = if private { ChannelKind::PrivateThread } else { ChannelKind::PublicThread };
        self.new_thread(channel, person, name, kind, None)
    }

    /// Somebody begins a thread from a message; it gets the message's id.
    pub fn thread_from(&self, message: Snowflake, person: &str, name: &str) -> Result<Snowflake> {
        let found = self.message(message).ok_or_else(|| anyhow!("there is no message {message}"))?;
        if self.read(|world| world.channels.contains_key(&message)) {
            return Err(anyhow!("the message {message} has a thread already"));
        }
        Ok(self.new_thread(found.channel, person, name, ChannelKind::PublicThread, Some(message)))
    }

    fn new_thread(
        &self,
        channel: Snowflake,
        person: &str,
        name: &str,
        kind: ChannelKind,
        message: Option<Snowflake>,
    ) -> Snowflake {
        let name = name.to_owned();
        self.update(|world| {
            let owner = world.people.meet(person).id;
            let new = NewThread { name, kind, archive_after: ARCHIVE_AFTER, message, invitable: true };
            world.begin_thread(channel, owner, new)
        })
    }

    /// Somebody is taken into a thread. False where they are in it already.
    pub fn join_thread(&self, thread: Snowflake, person: &str) -> bool {
        self.update(|world| {
            let user = world.people.meet(person).id;
            world.join_thread(thread, user)
        })
    }

    /// Somebody leaves a thread. False where they are not in it.
    pub fn leave_thread(&self, thread: Snowflake, person: &str) -> bool {
        self.update(|world| {
            let user = world.people.meet(person).id;
            world.leave_thread(thread, user)
        })
    }

    /// A moderator archives a thread or opens it again, and locks it or not. False where there is none.
    pub fn archive_thread(&self, thread: Snowflake, archived: bool, locked: bool) -> bool {
        self.update(|world| {
            world.change_channel(thread, |channel| {
                if let Some(thread) = &mut channel.thread {
                    (thread.archived, thread.locked) = (archived, locked);
                }
            })
        })
    }

    /// Somebody runs a slash command: its name (and its sub-command's, after a space), and its options as typed. Answers
    /// the interaction's id.
    ///
    /// # Errors
    /// What Discord's client would tell the person: no such command, an option that is missing or does not fit, no
    /// permission.
    pub fn slash(
        &self,
        channel: Snowflake,
        person: &str,
        command: &str,
        options: &[(&str, Value)],
    ) -> Result<Snowflake> {
        self.update(|world| world.slash(channel, person, command, &owned(options), None)).map_err(|why| anyhow!(why))
    }

    /// Somebody types into an option that the bot has suggestions for (`focused`, one of the options). Answers the
    /// interaction's id; the suggestions are its [`Interaction::choices`].
    ///
    /// # Errors
    /// As [`Discord::slash`], and if the option has no suggestions.
    pub fn autocomplete(
        &self,
        channel: Snowflake,
        person: &str,
        command: &str,
        options: &[(&str, Value)],
        focused: &str,
    ) -> Result<Snowflake> {
        let asked = self.update(|world| world.slash(channel, person, command, &owned(options), Some(focused)));
        asked.map_err(|why| anyhow!(why))
    }

    /// Somebody presses a button. Answers the interaction's id.
    ///
    /// # Errors
    /// If they see no such message, or it has no such button, or the button is disabled.
    pub fn press(&self, message: Snowflake, custom_id: &str, person: &str) -> Result<Snowflake> {
        self.update(|world| world.press(message, custom_id, person, None)).map_err(|why| anyhow!(why))
    }

    /// Somebody chooses from a menu. Answers the interaction's id.
    ///
    /// # Errors
    /// As [`Discord::press`], and if the menu does not have these values, or wants more or fewer.
    pub fn select(&self, message: Snowflake, custom_id: &str, person: &str, values: &[&str]) -> Result<Snowflake> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        self.update(|world| world.press(message, custom_id, person, Some(&values))).map_err(|why| anyhow!(why))
    }

    /// Somebody sends the form that an interaction of theirs opened, with these values for its fields. Answers the new
    /// interaction's id.
    ///
    /// # Errors
    /// If no form was opened, or a value does not fit.
    pub fn submit(&self, opened_by: Snowflake, fields: &[(&str, Value)]) -> Result<Snowflake> {
        self.update(|world| world.submit(opened_by, &owned(fields))).map_err(|why| anyhow!(why))
    }

    /// What became of something a person did.
    pub fn interaction(&self, id: Snowflake) -> Option<Interaction> {
        self.read(|world| world.interactions.get(&id).cloned())
    }

    /// Everything that people did with the bot, in order.
    pub fn interactions(&self) -> Vec<Interaction> {
        self.read(|world| world.interactions.values().cloned().collect())
    }

    /// One message, as it is now.
    pub fn message(&self, id: Snowflake) -> Option<Message> {
        self.read(|world| world.messages.get(&id).cloned())
    }

    /// Everything said in a channel, in order, deleted and ephemeral messages included and marked.
    pub fn messages(&self, channel: Snowflake) -> Vec<Message> {
        self.read(|world| world.messages.values().filter(|message| message.channel == channel).cloned().collect())
    }

    /// What the bot said in a channel, in order.
    pub fn bot_messages(&self, channel: Snowflake) -> Vec<Message> {
        let bot = self.bot();
        let mut messages = self.messages(channel);
        messages.retain(|message| message.author_id == bot);
        messages
    }

    /// What somebody sees in a channel: no deleted messages, and ephemeral ones only if they are for them.
    pub fn sees(&self, person: &str, channel: Snowflake) -> Vec<Message> {
        self.read(|world| world.seen_by(person, channel))
    }

    /// The files that came with a message, in order; those that are too old to be kept are missing.
    pub fn files(&self, message: Snowflake) -> Vec<Attachment> {
        self.read(|world| {
            let listed = world.messages.get(&message).map(|message| message.attachments.as_slice()).unwrap_or_default();
            let ids = listed.iter().filter_map(|listed| listed["id"].as_str()?.parse().ok());
            let files = ids.filter_map(|id| world.file(id).cloned());
            files.map(|file| Attachment { filename: file.name, content_type: file.kind, bytes: file.bytes }).collect()
        })
    }

    /// The content of a file that came with a message, by the `id` among its attachments.
    pub fn attachment(&self, id: Snowflake) -> Option<Vec<u8>> {
        self.read(|world| world.file(id).map(|file| file.bytes.clone()))
    }
}

fn owned(options: &[(&str, Value)]) -> Vec<(String, Value)> {
    options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

//! What people say and do, and what the bot says.

use anyhow::{Context, Result, ensure};
use pedro_playground::discord::{Interaction, InteractionState, Message, Snowflake, Whom, permission};
use pedro_playground::{Discord, Search};
use serde_json::Value;

use super::{BOT, DiscordTester, PATIENCE};

/// Commands that the bot registers.
const COMMANDS: usize = 15;

/// A question that somebody put with `/askpedro`, and the thread that was opened for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) interaction: Snowflake,
    pub(crate) thread: Snowflake,
}

impl DiscordTester {
    /// The platform.
    pub(crate) fn discord(&self) -> &Discord {
        self.playground.discord()
    }

    /// The web.
    pub(crate) fn search(&self) -> &Search {
        self.playground.search()
    }

    /// Somebody says something in the general channel. Answers the message's id.
    pub(crate) fn chat(&self, person: &str, text: &str) -> Snowflake {
        self.chat_in(self.general, person, text)
    }

    /// Somebody says something in a channel, thread or direct message.
    pub(crate) fn chat_in(&self, channel: Snowflake, person: &str, text: &str) -> Snowflake {
        self.discord().say(channel, person, text)
    }

    /// A channel that only moderators see, and the bot.
    pub(crate) fn hidden_channel(&self, name: &str) -> Snowflake {
        let discord = self.discord();
        let channel = discord.add_channel(self.guild, name);
        discord.allow(channel, &Whom::Bot, permission::VIEW_CHANNEL);
        discord.allow(channel, &Whom::Role(self.moderators), permission::VIEW_CHANNEL);
        discord.deny(channel, &Whom::Everyone, permission::VIEW_CHANNEL);
        channel
    }

    /// So much talk that what was said before is no longer among the last lines, nor beside what is found.
    pub(crate) fn small_talk(&self) {
        for text in [
            "good evening everybody",
            "the new keyboard sounds nice",
            "my cat is asleep on the printer",
            "did somebody order pizza",
            "I like this song a lot",
            "it rains here since noon",
            "brb, tea is ready",
            "the bus was late again today",
            "that colour scheme is lovely",
        ] {
            self.chat("erik", text);
        }
    }

    /// Waits until the commands are there to be used.
    pub(crate) async fn until_registered(&mut self) -> Result<()> {
        self.until("the commands are registered", async |t| {
            Ok((t.discord().commands(None).len() == COMMANDS).then_some(()))
        })
        .await
    }

    /// Somebody uses a command somewhere. Answers the interaction's id.
    pub(crate) fn slash(
        &self,
        channel: Snowflake,
        person: &str,
        command: &str,
        options: &[(&str, Value)],
    ) -> Result<Snowflake> {
        self.discord().slash(channel, person, command, options)
    }

    /// Waits until the bot has acknowledged an interaction, in time.
    pub(crate) async fn acknowledged(&mut self, id: Snowflake) -> Result<Interaction> {
        let discord = self.discord().clone();
        let found = self.while_alive(discord.acknowledged(id, PATIENCE)).await??;
        ensure!(found.state != InteractionState::Failed, "the bot did not respond: {found:?}");
        Ok(found)
    }

    /// Waits until the bot has answered an interaction, and answers the message that does.
    pub(crate) async fn response(&mut self, id: Snowflake) -> Result<Message> {
        let discord = self.discord().clone();
        let found = self.while_alive(discord.answered(id, PATIENCE)).await??;
        ensure!(found.state == InteractionState::Answered, "the bot did not respond: {found:?}");
        let message = found.response.and_then(|id| discord.message(id)).context("the answer is no message")?;
        self.read.insert(message.id);
        Ok(message)
    }

    /// Somebody uses a command in the general channel: what they are told.
    pub(crate) async fn told(&mut self, person: &str, command: &str, options: &[(&str, Value)]) -> Result<String> {
        let interaction = self.slash(self.general, person, command, options)?;
        Ok(self.response(interaction).await?.content)
    }

    /// Somebody asks with `/askpedro` in the general channel; a thread is opened for it.
    pub(crate) async fn ask(&mut self, person: &str, question: &str) -> Result<Asked> {
        self.ask_in(self.general, person, question).await
    }

    /// As [`Self::ask`], in a channel.
    pub(crate) async fn ask_in(&mut self, channel: Snowflake, person: &str, question: &str) -> Result<Asked> {
        let interaction = self.slash(channel, person, "askpedro", &[("question", question.into())])?;
        let shown = self.response(interaction).await?;
        ensure!(shown.content.contains(question), "the question is not shown: {shown:?}");
        self.until("a thread is opened", async |t| {
            Ok(t.discord().threads(channel).iter().any(|thread| thread.id == shown.id).then_some(()))
        })
        .await?;
        Ok(Asked { interaction, thread: shown.id })
    }

    /// The next message of the bot in a channel, whatever it says as yet.
    pub(crate) async fn next_message(&mut self, channel: Snowflake) -> Result<Message> {
        let discord = self.discord().clone();
        loop {
            let message = self.while_alive(discord.next_bot_message(channel, PATIENCE)).await??;
            // The start of a thread refers to the message that it was opened from.
            let is_text = !message.content.is_empty() || !message.components.is_empty();
            if is_text && self.read.insert(message.id) {
                return Ok(message);
            }
        }
    }

    /// The next message of the bot in a channel, when it has become an answer: not "on it", nor a draft.
    pub(crate) async fn next_answer(&mut self, channel: Snowflake) -> Result<Message> {
        let id = self.next_message(channel).await?.id;
        self.until_final(id).await
    }

    /// Waits until a message is more than "on it" or a draft.
    pub(crate) async fn until_final(&mut self, id: Snowflake) -> Result<Message> {
        let discord = self.discord().clone();
        self.while_alive(discord.message_when(id, PATIENCE, |message| is_final(&message.content))).await?
    }

    /// Waits until somewhere the bot says exactly this, and answers the message.
    pub(crate) async fn until_said(&mut self, channel: Snowflake, text: &str) -> Result<Message> {
        let what = format!("the bot says {text:?}");
        let message = self
            .until(&what, async |t| {
                Ok(t.discord().bot_messages(channel).into_iter().find(|message| message.content == text))
            })
            .await?;
        self.read.insert(message.id);
        Ok(message)
    }

    /// What the bot says somewhere at the moment.
    pub(crate) fn says(&self, channel: Snowflake) -> Vec<String> {
        let mut messages = self.discord().bot_messages(channel);
        messages.retain(|message| !message.deleted && !message.content.is_empty());
        messages.into_iter().map(|message| message.content).collect()
    }

    /// A message was expected.
    pub(crate) fn has_read(&mut self, message: Snowflake) {
        self.read.insert(message);
    }

    /// Whatever the bot has said so far somewhere was expected.
    pub(crate) fn read_all(&mut self, channel: Snowflake) {
        let messages = self.discord().bot_messages(channel);
        self.read.extend(messages.into_iter().map(|message| message.id));
    }

    /// Everywhere that the bot may have said something.
    pub(super) fn everywhere(&self) -> Vec<Snowflake> {
        // Only the bot sees every direct message and every channel.
        self.discord().channels(BOT).into_iter().map(|channel| channel.id).collect()
    }
}

/// Whether a text is an answer: not "on it", nor a draft.
pub(crate) fn is_final(text: &str) -> bool {
    !text.starts_with("on it, ") && !text.starts_with("still on it, ") && !text.ends_with(" …") && !text.is_empty()
}

//! Waiting for what the bot does.

use std::time::Duration;

use anyhow::{Result, anyhow};

use super::interaction::InteractionState;
use super::message::{Message, kind};
use super::snowflake::Snowflake;
use super::world::World;
use super::{Discord, Interaction};

/// Messages and requests shown where a wait was in vain.
const SHOWN: usize = 5;

impl Discord {
    /// The next message that the bot sends to a channel: each is handed out once, in order. A deferred answer is handed
    /// out when it says something. An error says what was said instead.
    ///
    /// # Errors
    /// If the bot says nothing in time.
    pub async fn next_bot_message(&self, channel: Snowflake, timeout: Duration) -> Result<Message> {
        let message = self.wait_for(timeout, |world| world.hand_out_bot_message(channel)).await;
        message.ok_or_else(|| self.in_vain(channel, "a message from the bot", timeout))
    }

    /// Returns a message as soon as it is as wanted: edited, deleted, reacted to.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn message_when(
        &self,
        id: Snowflake,
        timeout: Duration,
        mut wanted: impl FnMut(&Message) -> bool,
    ) -> Result<Message> {
        let look = |world: &mut World| world.messages.get(&id).filter(|message| wanted(message)).cloned();
        let found = self.wait_for(timeout, look).await;
        let channel = self.message(id).map(|message| message.channel).unwrap_or_default();
        found.ok_or_else(|| self.in_vain(channel, "a message to become as wanted", timeout))
    }

    /// Returns an interaction as soon as the bot has done something about it, or was too late.
    ///
    /// # Errors
    /// If neither happens in time.
    pub async fn acknowledged(&self, id: Snowflake, timeout: Duration) -> Result<Interaction> {
        self.interaction_when(id, timeout, |interaction| interaction.state != InteractionState::Waiting).await
    }

    /// Returns an interaction as soon as the bot has answered it, or was too late.
    ///
    /// # Errors
    /// If neither happens in time.
    pub async fn answered(&self, id: Snowflake, timeout: Duration) -> Result<Interaction> {
        let done = [InteractionState::Answered, InteractionState::Failed];
        self.interaction_when(id, timeout, |interaction| done.contains(&interaction.state)).await
    }

    async fn interaction_when(
        &self,
        id: Snowflake,
        timeout: Duration,
        mut wanted: impl FnMut(&Interaction) -> bool,
    ) -> Result<Interaction> {
        let look = |world: &mut World| world.interactions.get(&id).filter(|found| wanted(found)).cloned();
        let found = self.wait_for(timeout, look).await;
        let channel = self.interaction(id).map(|interaction| interaction.channel).unwrap_or_default();
        found.ok_or_else(|| self.in_vain(channel, "an interaction to be answered", timeout))
    }

    /// Returns as soon as so many shards are signed in and connected.
    ///
    /// # Errors
    /// If they are not in time.
    pub async fn ready(&self, shards: usize, timeout: Duration) -> Result<()> {
        let connected = |world: &mut World| {
            let sessions = world.gateway.sessions.values().filter(|session| session.connection.is_some());
            (sessions.count() >= shards).then_some(())
        };
        let found = self.wait_for(timeout, connected).await;
        found.ok_or_else(|| self.in_vain(Snowflake::default(), "the bot to sign in", timeout))
    }

    /// Returns as soon as something is so. It is looked at again after every change.
    ///
    /// # Errors
    /// If it is not in time.
    pub async fn until(&self, timeout: Duration, mut so: impl FnMut(&Self) -> bool) -> Result<()> {
        let mut changes = self.shared.changes.subscribe();
        let watching = async {
            loop {
                changes.mark_unchanged();
                if so(self) {
                    return true;
                }
                if changes.changed().await.is_err() {
                    return false;
                }
            }
        };
        match tokio::time::timeout(timeout, watching).await {
            Ok(true) => Ok(()),
            _ => Err(self.in_vain(Snowflake::default(), "something to be so", timeout)),
        }
    }

    /// Looks again after every change until there is something, or the time is over.
    async fn wait_for<T>(&self, timeout: Duration, mut look: impl FnMut(&mut World) -> Option<T>) -> Option<T> {
        let mut changes = self.shared.changes.subscribe();
        let watching = async {
            loop {
                // Marked as seen before looking: a change in between wakes the wait below.
                changes.mark_unchanged();
                if let Some(found) = look(&mut self.lock()) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, watching).await.ok().flatten()
    }

    fn in_vain(&self, channel: Snowflake, what: &str, timeout: Duration) -> anyhow::Error {
        let messages = self.messages(channel);
        let last: Vec<String> = messages
            .iter()
            .skip(messages.len().saturating_sub(SHOWN))
            .map(|message| format!("{}: {}", message.author, message.content))
            .collect();
        let requests = self.requests();
        let asked: Vec<String> = requests
            .iter()
            .skip(requests.len().saturating_sub(SHOWN))
            .map(|request| format!("{} {} {}", request.method, request.path, request.status))
            .collect();
        anyhow!(
            "waited {timeout:?} for {what} in channel {channel}; {} connection(s), last messages: {last:?}, last \
             requests: {asked:?}, violations: {:?}",
            self.connections(),
            self.violations()
        )
    }
}

impl World {
    fn hand_out_bot_message(&mut self, channel: Snowflake) -> Option<Message> {
        let handed_out = self.channels.get(&channel)?.handed_out;
        let mut later = self.messages.range(handed_out.next()..).map(|(_, message)| message);
        // What Discord itself says in a person's or bot's name is nothing that they said.
        let said = |message: &Message| !matches!(message.kind, kind::THREAD_CREATED | kind::THREAD_STARTER);
        let message = later.find(|message| {
            message.channel == channel
                && message.author_id == self.bot.id
                && said(message)
                && !message.is_loading()
                && !message.deleted
        })?;
        let message = message.clone();
        self.channels.get_mut(&channel)?.handed_out = message.id;
        Some(message)
    }
}

//! What people do besides writing lines: they press, choose and command, and wait for the response. An adapter calls
//! these directly; none of them goes through the inbox.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use serde_json::Value;

use super::Pedro;
use crate::chat::{Author, ChatMessage, Role};
use crate::command::{self, Given};
use crate::listener::{FollowUp, Line, Put};
use crate::places::Place;
use crate::prompt;
use crate::reply;
use crate::speech::{Controls, Interaction, ReplyTarget, can_edit};
use crate::store::{StoreError, generation, question};
use crate::trigger::Command;
use crate::voice::Utterance;

impl Pedro {
    /// Accepts a question that was put by a command. Its row is there when this returns, and waits for the database as
    /// long as the caller does: dropping the future gives the question up. `Some`: why it is not accepted, in words for
    /// the asker.
    /// Nobody begins it before `hold` has passed or [`Pedro::settle`] was called. `plan`: a plan is asked for.
    pub async fn accept(
        self: &Arc<Self>,
        message: ChatMessage,
        interaction: Interaction,
        hold: Duration,
        plan: bool,
    ) -> Option<String> {
        if prompt::is_blank(&message.text) {
            return Some(reply::nothing_asked());
        }
        let Some(line) = self.line(message) else { return Some(reply::command_failed()) };
        let line = Line { put: Some(Put { interaction, hold, plan }), ..line };
        let followed = self.listener.hear(std::slice::from_ref(&line)).await;
        self.embed_wake.notify_one();
        followed.into_iter().find_map(|followed| match followed.follow_up {
            FollowUp::Refuse(text) | FollowUp::Correct(text) => Some(text),
            FollowUp::Answer => {
                self.question_wake.notify_one();
                None
            }
            FollowUp::Obey(_) | FollowUp::Consider(_) => None,
        })
    }

    /// Says where an accepted question is answered, and to whom. If that cannot be written the question is answered in
    /// place once its hold has passed.
    pub async fn settle(&self, platform_message_id: &str, place: &Place, target: &ReplyTarget) {
        let settled = question::settle(&self.pool, self.platform, platform_message_id, place.id, target).await;
        match settled {
            Ok(()) => self.question_wake.notify_one(),
            Err(error) => tracing::warn!(%error, "a question is answered in place: it could not be settled elsewhere"),
        }
    }

    /// Carries out a command that tables answer, and says what came of it. Who may give it is checked before.
    pub async fn carry_out(self: &Arc<Self>, command: &Command, place: &Place) -> String {
        let carried_out = match command {
            Command::Stop => self.stop(place).await,
            Command::Event { name, is_on } => self.switch_event(place, name, *is_on).await,
            _ => {
                let retriever = &self.planner.retriever;
                command::obey(command, &Given { pool: &self.pool, retriever, place, now: Utc::now() }).await
            }
        };
        if matches!(command, Command::AddLink { .. }) {
            self.embed_wake.notify_one();
        }
        carried_out.unwrap_or_else(|error| {
            tracing::warn!(%error, command = command.name(), "a command failed");
            reply::command_failed()
        })
    }

    /// Ends everything that was begun in a channel. Where messages show how questions fare, they say so.
    async fn stop(self: &Arc<Self>, place: &Place) -> Result<String, StoreError> {
        let cancelled = question::cancel_channel(&self.pool, place.id).await?;
        let questions = cancelled.len() as u64;
        for waiting in cancelled.into_iter().filter(|_| can_edit(self.platform)) {
            self.tell_end(waiting, reply::cancelled());
        }
        let games = self.games.stop_channel(place.id).await?;
        Ok(reply::stopped(questions, games))
    }

    /// Carries out a privacy command and says what came of it.
    pub async fn carry_out_privately(self: &Arc<Self>, command: &Command, platform_user_id: &str) -> String {
        let hash = self.hasher.hash(self.platform, platform_user_id);
        let person = command::Person { platform: self.platform, platform_user_id, hash: &hash };
        match command::obey_privacy(command, &person, &self.pool).await {
            Ok(obeyed) => {
                self.clear_away(obeyed.seen);
                obeyed.text
            }
            Err(error) => {
                tracing::warn!(%error, command = command.name(), "a privacy command failed");
                reply::command_failed()
            }
        }
    }

    /// Everything that is stored of a person, for them alone.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn export(&self, platform_user_id: &str) -> Result<Value, StoreError> {
        let hash = self.hasher.hash(self.platform, platform_user_id);
        command::export(&command::Person { platform: self.platform, platform_user_id, hash: &hash }, &self.pool).await
    }

    /// Says something of Pedro's own in a place, to everybody there.
    pub async fn announce(&self, place: &Place, text: &str) {
        let utterance = Utterance { stored: true, ..Utterance::unstored(place, None, text) };
        self.say(&utterance).await;
    }

    /// Takes an answer back that stands in one of Pedro's messages, for whoever asked or a moderator. Returns the
    /// platform's ids of the messages that it was said in; empty if there is nothing that they may take back.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn withdraw(&self, platform_message_id: &str, by: &Author) -> Result<Vec<String>, StoreError> {
        let Some(said) = generation::said_by(&self.pool, self.platform, platform_message_id).await? else {
            return Ok(Vec::new());
        };
        let asked = self.hasher.hash(self.platform, &by.platform_user_id) == said.asker_hash;
        if !asked && by.role < Role::Moderator {
            return Ok(Vec::new());
        }
        let mut transaction = self.pool.begin().await?;
        let messages = generation::withdraw(&mut transaction, said.generation).await?;
        transaction.commit().await?;
        Ok(messages)
    }

    /// `!wrong` as a reply: where messages can be edited they say so themselves too.
    pub(super) async fn withdraw_replied(&self, line: &Line) -> String {
        let Some(answer) = &line.message.reply_to else { return reply::not_withdrawn(self.platform) };
        match self.withdraw(&answer.platform_message_id, &line.message.author).await {
            Ok(messages) if messages.is_empty() => reply::not_withdrawn(self.platform),
            Ok(messages) => {
                self.cross_out(&line.place, &messages).await;
                reply::withdrawn()
            }
            Err(error) => {
                tracing::warn!(%error, "an answer was not taken back");
                reply::command_failed()
            }
        }
    }

    /// Replaces messages of an answer that was taken back, where that can be done.
    pub async fn cross_out(&self, place: &Place, messages: &[String]) {
        for id in messages.iter().filter(|_| can_edit(self.platform)) {
            if let Err(error) = self.voice.change(place, id, &reply::withdrawn(), Controls::default(), None).await {
                tracing::warn!(%error, "an answer that was taken back still stands");
            }
        }
    }
}

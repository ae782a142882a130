//! How the bot answers interactions: the first answer, and what follows with the interaction's token.

use std::time::Instant;

use chrono::Utc;
use serde_json::{Value, json};

use super::commands::check_choice;
use super::component;
use super::event::Event;
use super::failure::{Failure, Problems};
use super::form::{Draft, Payload};
use super::interaction::{Interaction, InteractionKind, InteractionState};
use super::message::{Message, flag, kind};
use super::snowflake::Snowflake;
use super::world::World;

/// Suggestions for an option.
const CHOICES: usize = 25;

impl World {
    /// The interaction did not get an answer in time.
    pub(super) fn fail_interaction(&mut self, id: Snowflake) {
        let Some(interaction) = self.interactions.get_mut(&id) else { return };
        interaction.state = InteractionState::Failed;
        let interaction = Box::new(interaction.clone());
        self.tell(Event::Interaction { interaction });
    }

    /// The bot's first answer to an interaction. Answers what a bot is told that asks for it.
    pub(super) fn answer_interaction(
        &mut self,
        id: Snowflake,
        token: &str,
        payload: Payload,
    ) -> Result<Value, Failure> {
        let interaction = self.interactions.get(&id).filter(|interaction| interaction.token == token);
        let interaction = interaction.ok_or(Failure::UNKNOWN_INTERACTION)?;
        let (shape, took) = (interaction.kind, interaction.created.elapsed());
        match interaction.state {
            InteractionState::Waiting => {}
            InteractionState::Thinking | InteractionState::Answered => return Err(Failure::ACKNOWLEDGED),
            InteractionState::Failed => {
                self.violation(format!("an answer to an interaction after {} ms", took.as_millis()));
                return Err(Failure::UNKNOWN_INTERACTION);
            }
        }
        let answer = payload.fields["type"].as_u64();
        let fits = matches!(
            (shape, answer),
            (InteractionKind::Command, Some(4 | 5 | 9))
                | (InteractionKind::Component, Some(4..=7 | 9))
                | (InteractionKind::Autocomplete, Some(8))
                | (InteractionKind::Modal, Some(4..=7))
        );
        let from_message = interaction.message.is_some();
        if !fits || (shape == InteractionKind::Modal && !from_message && matches!(answer, Some(6 | 7))) {
            let message = "Value must be a type that fits the interaction.";
            return Err(Failure::field("type", "BASE_TYPE_CHOICES", message));
        }
        let inner = Payload { fields: payload.fields["data"].clone(), files: payload.files };
        let resource = match answer {
            Some(4) => self.answer_with_message(id, &inner)?,
            Some(5) => self.answer_later(id, &inner),
            Some(7) => self.answer_with_update(id, &inner)?,
            Some(8) => self.answer_with_choices(id, &inner.fields)?,
            Some(9) => self.answer_with_form(id, inner.fields)?,
            // The message stays as it is, and the person sees that something happens.
            _ => self.settle(id, InteractionState::Answered, |interaction| interaction.response = interaction.message),
        };
        Ok(self.callback_json(id, answer, resource))
    }

    /// Notes how far the bot has come.
    fn settle(
        &mut self,
        id: Snowflake,
        state: InteractionState,
        change: impl FnOnce(&mut Interaction),
    ) -> Option<Snowflake> {
        let interaction = self.interactions.get_mut(&id)?;
        interaction.state = state;
        interaction.answered_after.get_or_insert(interaction.created.elapsed());
        change(interaction);
        let response = interaction.response;
        let interaction = Box::new(interaction.clone());
        self.tell(Event::Interaction { interaction });
        response
    }

    fn answer_with_message(&mut self, id: Snowflake, data: &Payload) -> Result<Option<Snowflake>, Failure> {
        let draft = self.read_draft(&with_object(data))?;
        if draft.is_empty() {
            return Err(Failure::EMPTY_MESSAGE);
        }
        let message = self.message_for(id, draft.flags.unwrap_or(0)).ok_or(Failure::UNKNOWN_INTERACTION)?;
        Ok(self.publish_answer(id, message, Some(draft), InteractionState::Answered))
    }

    fn answer_later(&mut self, id: Snowflake, data: &Payload) -> Option<Snowflake> {
        let flags = data.fields["flags"].as_u64().unwrap_or(0) & flag::EPHEMERAL;
        let message = self.message_for(id, flags | flag::LOADING)?;
        self.publish_answer(id, message, None, InteractionState::Thinking)
    }

    fn publish_answer(
        &mut self,
        id: Snowflake,
        mut message: Message,
        draft: Option<Draft>,
        state: InteractionState,
    ) -> Option<Snowflake> {
        let (response, ephemeral) = (message.id, message.is_ephemeral());
        // Noted first: the message tells of the interaction, and people see both change together.
        self.settle(id, state, |interaction| {
            interaction.response = Some(response);
            interaction.ephemeral = ephemeral;
        });
        if let Some(draft) = draft {
            self.apply_draft(&mut message, draft);
        }
        self.publish(message);
        Some(response)
    }

    /// A new message that answers this interaction.
    fn message_for(&mut self, id: Snowflake, flags: u64) -> Option<Message> {
        let interaction = self.interactions.get(&id)?.clone();
        let name = self.bot.name.clone();
        let mut message = self.begin_message(interaction.channel, &name);
        let may = flag::EPHEMERAL | flag::LOADING | flag::SUPPRESS_EMBEDS | flag::IS_COMPONENTS_V2;
        message.flags = flags & (may | flag::SUPPRESS_NOTIFICATIONS);
        message.interaction = Some(id);
        message.ephemeral_for = (flags & flag::EPHEMERAL != 0).then_some(interaction.person);
        if interaction.kind == InteractionKind::Command {
            message.kind = kind::COMMAND;
        } else if let Some(pressed) = interaction.message {
            message.kind = kind::REPLY;
            message.reply_to = Some(pressed);
        }
        Some(message)
    }

    fn answer_with_update(&mut self, id: Snowflake, data: &Payload) -> Result<Option<Snowflake>, Failure> {
        let target = self.interactions.get(&id).and_then(|interaction| interaction.message);
        let target = target.ok_or(Failure::UNKNOWN_MESSAGE)?;
        let draft = self.read_draft(&with_object(data))?;
        self.change_by_bot(target, draft)?;
        Ok(self.settle(id, InteractionState::Answered, |interaction| interaction.response = Some(target)))
    }

    fn answer_with_choices(&mut self, id: Snowflake, data: &Value) -> Result<Option<Snowflake>, Failure> {
        let mut problems = Problems::default();
        let choices = data["choices"].as_array().cloned().unwrap_or_default();
        problems.check_length("data.choices", choices.len(), 0, CHOICES);
        for (place, choice) in choices.iter().enumerate() {
            check_choice(choice, &format!("data.choices.{place}"), &mut problems);
        }
        problems.check()?;
        Ok(self.settle(id, InteractionState::Answered, |interaction| interaction.choices = Some(choices)))
    }

    fn answer_with_form(&mut self, id: Snowflake, mut form: Value) -> Result<Option<Snowflake>, Failure> {
        let mut problems = Problems::default();
        component::check_modal(&form, &mut problems);
        problems.check()?;
        if let Some(components) = form.get_mut("components").and_then(Value::as_array_mut) {
            component::number(components, &mut 1);
        }
        Ok(self.settle(id, InteractionState::Answered, |interaction| interaction.modal = Some(form)))
    }

    fn callback_json(&self, id: Snowflake, answer: Option<u64>, response: Option<Snowflake>) -> Value {
        let Some(interaction) = self.interactions.get(&id) else { return Value::Null };
        let mut callback = json!({ "id": id, "type": interaction.kind.number() });
        let mut resource = json!({ "type": answer });
        if let Some(message) = response.and_then(|id| self.messages.get(&id)) {
            callback["response_message_id"] = json!(message.id);
            callback["response_message_loading"] = json!(message.is_loading());
            callback["response_message_ephemeral"] = json!(message.is_ephemeral());
            resource["message"] = self.message_json(message);
        }
        json!({ "interaction": callback, "resource": resource })
    }

    /// The interaction that a token belongs to, while the token is good.
    pub(super) fn by_token(&self, application: Snowflake, token: &str) -> Result<&Interaction, Failure> {
        if application != self.bot.application {
            return Err(Failure::UNKNOWN_WEBHOOK);
        }
        let found = self.interactions.values().rev().find(|interaction| interaction.token == token);
        let interaction = found.ok_or(Failure::INVALID_TOKEN)?;
        match interaction.state {
            _ if Instant::now() >= interaction.expires => Err(Failure::INVALID_TOKEN),
            // Before the first answer there is nothing to follow up on.
            InteractionState::Waiting | InteractionState::Failed => Err(Failure::UNKNOWN_WEBHOOK),
            InteractionState::Thinking | InteractionState::Answered => Ok(interaction),
        }
    }

    /// One more message with an interaction's token. Right after a deferral it becomes the answer itself.
    pub(super) fn follow_up(
        &mut self,
        application: Snowflake,
        token: &str,
        payload: &Payload,
    ) -> Result<Snowflake, Failure> {
        let interaction = self.by_token(application, token)?;
        let (id, response, thinking) =
            (interaction.id, interaction.response, interaction.state == InteractionState::Thinking);
        let draft = self.read_draft(payload)?;
        if draft.is_empty() {
            return Err(Failure::EMPTY_MESSAGE);
        }
        if let Some(response) = response.filter(|_| thinking) {
            self.change_by_bot(response, draft)?;
            return Ok(response);
        }
        let mut message = self.message_for(id, draft.flags.unwrap_or(0)).ok_or(Failure::UNKNOWN_INTERACTION)?;
        message.kind = kind::REPLY;
        message.reply_to = response;
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.followups.push(message.id);
        }
        self.apply_draft(&mut message, draft);
        Ok(self.publish(message).id)
    }

    /// The message that a request with an interaction's token names: `@original`, or one that came later.
    pub(super) fn message_by_token(
        &self,
        application: Snowflake,
        token: &str,
        name: &str,
    ) -> Result<Snowflake, Failure> {
        let interaction = self.by_token(application, token)?;
        let id = match name {
            "@original" => interaction.response,
            id => id.parse().ok().filter(|id| interaction.followups.contains(id) || interaction.response == Some(*id)),
        };
        let there = |id: &Snowflake| self.messages.get(id).is_some_and(|message| !message.deleted);
        id.filter(there).ok_or(Failure::UNKNOWN_MESSAGE)
    }

    /// The bot changes a message of its own. A deferred answer is one from now on.
    pub(super) fn change_by_bot(&mut self, id: Snowflake, draft: Draft) -> Result<Message, Failure> {
        let message = self.messages.get(&id).filter(|message| !message.deleted);
        let mut changed = message.ok_or(Failure::UNKNOWN_MESSAGE)?.clone();
        let before = visible(&changed);
        let was_loading = changed.is_loading();
        let flags = draft.flags;
        let touches_text = draft.content.is_some();
        self.apply_draft(&mut changed, draft);
        if let Some(flags) = flags {
            let may = flag::SUPPRESS_EMBEDS | flag::IS_COMPONENTS_V2;
            changed.flags = (changed.flags & !flag::SUPPRESS_EMBEDS) | (flags & may);
        }
        changed.flags &= !flag::LOADING;
        if changed.content.is_empty()
            && changed.embeds.is_empty()
            && changed.components.is_empty()
            && changed.attachments.is_empty()
        {
            return Err(Failure::EMPTY_MESSAGE);
        }
        if !was_loading && before == visible(&changed) {
            self.violation(format!("an edit that changes nothing: {:?}", changed.content));
        }
        if touches_text || !was_loading {
            changed.edited_at = Some(Utc::now());
        }
        let interaction = changed.interaction.filter(|_| was_loading);
        let message = self.change_message(id, |message| *message = changed).ok_or(Failure::UNKNOWN_MESSAGE)?;
        if let Some(interaction) = interaction {
            self.settle(interaction, InteractionState::Answered, |_| {});
        }
        Ok(message)
    }

    /// The bot removes a message of an interaction.
    pub(super) fn delete_by_token(&mut self, application: Snowflake, token: &str, name: &str) -> Result<(), Failure> {
        let id = self.message_by_token(application, token, name)?;
        let message = self.messages.get(&id).ok_or(Failure::UNKNOWN_MESSAGE)?;
        let (channel, interaction) = (message.channel, message.interaction.filter(|_| message.is_loading()));
        self.delete_messages(channel, &[id], false);
        if let Some(interaction) = interaction {
            self.settle(interaction, InteractionState::Answered, |_| {});
        }
        Ok(())
    }
}

/// What people see of a message.
fn visible(message: &Message) -> (String, Vec<Value>, Vec<Value>, Vec<Value>, u64) {
    let Message { content, embeds, components, attachments, flags, .. } = message;
    (content.clone(), embeds.clone(), components.clone(), attachments.clone(), flags & flag::SUPPRESS_EMBEDS)
}

/// Data that is missing counts as empty.
fn with_object(payload: &Payload) -> Payload {
    let fields = if payload.fields.is_null() { json!({}) } else { payload.fields.clone() };
    Payload { fields, files: payload.files.clone() }
}

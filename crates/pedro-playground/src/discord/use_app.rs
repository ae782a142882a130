//! People use the bot: they run its commands, press its buttons, fill in its forms.

use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use super::channel::{Channel, ChannelKind};
use super::component;
use super::dispatch::Dispatch;
use super::event::Event;
use super::interaction::{Interaction, InteractionKind, InteractionState};
use super::menu;
use super::options;
use super::people::User;
use super::permission::{self, USE_APPLICATION_COMMANDS, VIEW_CHANNEL};
use super::snowflake::Snowflake;
use super::world::World;

/// The largest file that a person may send here, in bytes.
const ATTACHMENT_SIZE: u64 = 10 * 1024 * 1024;

/// What somebody does, before it is known whether they may.
#[derive(Debug)]
struct Act {
    kind: InteractionKind,
    command: String,
    custom_id: Option<String>,
    message: Option<Snowflake>,
    /// The interaction that opened the form which is sent.
    opened_by: Option<Snowflake>,
    data: Value,
}

impl World {
    /// Somebody runs a slash command, or types into one of its options (`focused`). An error is what they are told.
    pub(super) fn slash(
        &mut self,
        channel: Snowflake,
        person: &str,
        line: &str,
        given: &[(String, Value)],
        focused: Option<&str>,
    ) -> Result<Snowflake, String> {
        let user = self.people.meet(person);
        let guild = self.may_act(channel, user.id, USE_APPLICATION_COMMANDS)?;
        let mut words = line.trim_start_matches('/').split_whitespace();
        let name = words.next().unwrap_or_default();
        let path: Vec<&str> = words.collect();
        let usable = self.commands.usable_in(guild);
        let command = usable.into_iter().find(|command| command["name"] == name && command["type"] == 1);
        let command = command.ok_or_else(|| format!("there is no command /{name} here"))?;
        if !self.may_use(command, user.id, channel) {
            return Err(format!("you may not use /{name}"));
        }
        if let Some(option) = focused.filter(|option| !options::suggests(command, &path, option)) {
            return Err(format!("the option {option:?} has no suggestions"));
        }
        let filled = options::fill(command, &path, given, focused)?;
        let mut data = json!({ "id": command["id"], "name": name, "type": 1 });
        if let Some(registered) = command.get("guild_id") {
            data["guild_id"] = registered.clone();
        }
        if let Some(resolved) = self.resolved(&filled, guild) {
            data["resolved"] = resolved;
        }
        if !filled.is_empty() {
            data["options"] = json!(filled);
        }
        let kind = if focused.is_some() { InteractionKind::Autocomplete } else { InteractionKind::Command };
        let command = std::iter::once(name).chain(path).collect::<Vec<_>>().join(" ");
        Ok(self.interact(channel, &user, Act { kind, command, custom_id: None, message: None, opened_by: None, data }))
    }

    /// Whether the command is there for this person.
    pub(super) fn may_use(&self, command: &Value, user: Snowflake, channel: Snowflake) -> bool {
        let Some(needed) = command["default_member_permissions"].as_str() else { return true };
        let granted = self.permissions(user, channel);
        let needed = needed.parse::<u64>().unwrap_or(permission::ALL);
        // Nothing needed by name means: only administrators.
        let direct = self.channels.get(&channel).is_some_and(|channel| channel.guild.is_none());
        direct || granted == permission::ALL || (needed != 0 && granted & needed == needed)
    }

    /// Somebody presses a button, or chooses from a menu (`values`).
    pub(super) fn press(
        &mut self,
        message: Snowflake,
        custom_id: &str,
        person: &str,
        values: Option<&[String]>,
    ) -> Result<Snowflake, String> {
        let user = self.people.meet(person);
        let found = self.messages.get(&message).filter(|message| !message.deleted);
        let found = found.ok_or_else(|| "there is no such message".to_owned())?;
        let channel = found.channel;
        self.may_act(channel, user.id, VIEW_CHANNEL)?;
        if found.ephemeral_for.as_ref().is_some_and(|only| *only != user.name) {
            return Err("there is no such message".to_owned());
        }
        if found.author_id != self.bot.id {
            return Err("the message is not the bot's".to_owned());
        }
        let component =
            found.component(custom_id).ok_or_else(|| format!("there is nothing with the id {custom_id:?}"))?;
        if component["disabled"] == true {
            return Err("it is disabled".to_owned());
        }
        let kind = component["type"].as_u64().unwrap_or_default();
        let mut data = json!({ "custom_id": custom_id, "component_type": kind, "id": component["id"] });
        match (kind == component::BUTTON, values) {
            (true, None) => {}
            (false, Some(values)) => {
                menu::check_chosen(component, values)?;
                data["values"] = json!(values);
            }
            (true, Some(_)) => return Err("a button has nothing to choose".to_owned()),
            (false, None) => return Err("choose something".to_owned()),
        }
        let act = Act {
            kind: InteractionKind::Component,
            command: String::new(),
            custom_id: Some(custom_id.to_owned()),
            message: Some(message),
            opened_by: None,
            data,
        };
        Ok(self.interact(channel, &user, act))
    }

    /// Somebody sends the form that an interaction of theirs opened.
    pub(super) fn submit(&mut self, opened_by: Snowflake, given: &[(String, Value)]) -> Result<Snowflake, String> {
        let opener = self.interactions.get(&opened_by).ok_or_else(|| "there is no such interaction".to_owned())?;
        let modal = opener.modal.clone().ok_or_else(|| "the bot has opened no form".to_owned())?;
        let (channel, message) = (opener.channel, opener.message);
        let user = self.people.meet(&opener.person.clone());
        let value = |field: &Value| {
            let found = given.iter().find(|(name, _)| field["custom_id"] == name.as_str());
            found.map(|(_, value)| value.clone()).or_else(|| field.get("value").cloned()).unwrap_or_else(|| json!(""))
        };
        for field in component::fields(&modal) {
            check_field(field, &value(field))?;
        }
        let custom_id = modal["custom_id"].as_str().unwrap_or_default().to_owned();
        let data = json!({ "custom_id": custom_id, "components": component::filled(&modal, value) });
        let kind = InteractionKind::Modal;
        let act =
            Act { kind, command: String::new(), custom_id: Some(custom_id), message, opened_by: Some(opened_by), data };
        Ok(self.interact(channel, &user, act))
    }

    /// The guild of a channel in which somebody may do this.
    fn may_act(&self, channel: Snowflake, user: Snowflake, needed: u64) -> Result<Option<Snowflake>, String> {
        let found = self.channels.get(&channel).ok_or_else(|| "there is no such channel".to_owned())?;
        if self.permissions(user, channel) & (needed | VIEW_CHANNEL) != needed | VIEW_CHANNEL {
            return Err("you may not do this here".to_owned());
        }
        if found.guild.is_some_and(|guild| self.member(guild, self.bot.id).is_none()) {
            return Err("the bot is not here".to_owned());
        }
        Ok(found.guild)
    }

    /// Tells the bot what somebody does.
    fn interact(&mut self, channel: Snowflake, user: &User, act: Act) -> Snowflake {
        let id = self.next_id();
        let guild = self.channels.get(&channel).and_then(|channel| channel.guild);
        let now = Instant::now();
        let interaction = Interaction {
            id,
            kind: act.kind,
            person: user.name.clone(),
            channel,
            guild,
            command: act.command,
            custom_id: act.custom_id,
            state: InteractionState::Waiting,
            response: None,
            followups: Vec::new(),
            ephemeral: false,
            choices: None,
            modal: None,
            answered_after: None,
            message: act.message,
            opened_by: act.opened_by,
            token: Uuid::new_v4().simple().to_string(),
            created: now,
            expires: now + self.token_lifetime,
        };
        let data = self.interaction_json(&interaction, user, act.data);
        self.keep_interaction(interaction.clone());
        self.tell(Event::Interaction { interaction: Box::new(interaction) });
        self.dispatch(Dispatch { name: "INTERACTION_CREATE", guild, intents: 0, data, otherwise: None });
        id
    }

    fn interaction_json(&self, interaction: &Interaction, user: &User, data: Value) -> Value {
        let channel = self.channels.get(&interaction.channel);
        let mut json = json!({
            "id": interaction.id, "application_id": self.bot.application, "type": interaction.kind.number(),
            "data": data, "channel_id": interaction.channel, "token": interaction.token, "version": 1,
            "app_permissions": self.permissions(self.bot.id, interaction.channel).to_string(), "locale": "en-US",
            "entitlements": [], "authorizing_integration_owners": self.owners(interaction.guild),
            "context": u8::from(interaction.guild.is_none()), "attachment_size_limit": ATTACHMENT_SIZE,
        });
        json["channel"] = channel.map(|channel| self.partial_channel(channel, user.id)).unwrap_or_default();
        match interaction.guild {
            Some(guild) => {
                let mut member = self.member_json(guild, user.id).unwrap_or_default();
                member["permissions"] = json!(self.permissions(user.id, interaction.channel).to_string());
                json["member"] = member;
                json["guild_id"] = json!(guild);
                json["guild"] = json!({ "id": guild, "locale": "en-US", "features": [] });
                json["guild_locale"] = json!("en-US");
            }
            None => json["user"] = user.json(),
        }
        if let Some(message) = interaction.message.and_then(|id| self.messages.get(&id)) {
            json["message"] = self.message_json(message);
        }
        json
    }

    fn partial_channel(&self, channel: &Channel, user: Snowflake) -> Value {
        let mut json = self.channel_json(channel);
        json["permissions"] = json!(self.permissions(user, channel.id).to_string());
        if channel.kind == ChannelKind::Dm {
            json["recipients"] = json!([self.people.by_id(user).map(User::json)]);
        }
        json
    }

    /// The people, channels and roles that options name, written out.
    fn resolved(&self, filled: &[Value], guild: Option<Snowflake>) -> Option<Value> {
        let mut resolved = json!({});
        for option in flatten(filled) {
            let Some(id) = option["value"].as_str().and_then(|id| id.parse::<Snowflake>().ok()) else { continue };
            let key = id.to_string();
            let kind = option["type"].as_u64().unwrap_or_default();
            if matches!(kind, 6 | 9)
                && let Some(user) = self.people.by_id(id)
            {
                resolved["users"][&key] = user.json();
                if let Some(member) = guild.and_then(|guild| self.member(guild, id)) {
                    let mut member = member.json();
                    let permissions = guild.and_then(|guild| self.guilds.get(&guild));
                    let permissions = permissions.map_or(0, |guild| permission::in_guild(guild, id));
                    member["permissions"] = json!(permissions.to_string());
                    resolved["members"][&key] = member;
                }
            }
            if kind == 7
                && let Some(channel) = self.channels.get(&id)
            {
                resolved["channels"][&key] = self.partial_channel(channel, self.bot.id);
            }
            if matches!(kind, 8 | 9)
                && let Some(role) = guild.and_then(|guild| self.guilds.get(&guild)?.roles.get(&id))
            {
                resolved["roles"][&key] = role.json();
            }
        }
        resolved.as_object().is_some_and(|all| !all.is_empty()).then_some(resolved)
    }
}

/// All options, those of sub-commands too.
fn flatten(options: &[Value]) -> Vec<&Value> {
    options
        .iter()
        .flat_map(|option| match option["options"].as_array() {
            Some(inner) => flatten(inner),
            None => vec![option],
        })
        .collect()
}

fn check_field(field: &Value, value: &Value) -> Result<(), String> {
    let (name, text) = (&field["custom_id"], value.as_str().unwrap_or_default());
    if field["type"] != component::TEXT_INPUT {
        return Ok(());
    }
    if text.is_empty() && field["required"] != false {
        return Err(format!("{name} is required"));
    }
    let (least, most) = (field["min_length"].as_u64().unwrap_or(0), field["max_length"].as_u64().unwrap_or(4_000));
    let length = text.chars().count() as u64;
    if !text.is_empty() && !(least..=most).contains(&length) {
        return Err(format!("{name} must have between {least} and {most} characters"));
    }
    Ok(())
}

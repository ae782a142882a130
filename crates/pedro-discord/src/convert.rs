//! Discord's messages as lines of chat. Pure but for the names that the directory knows.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use pedro_core::chat::{Author, AuthorKind, ChatMessage, ReplyTo, Role};
use regex::{Captures, Regex};
use serde_json::Value;
use twilight_model::channel::Message;
use twilight_model::channel::message::{MessageReferenceType, MessageType};
use twilight_model::id::Id;
use twilight_model::id::marker::{GenericMarker, InteractionMarker, UserMarker};
use twilight_model::user::User;
use twilight_model::util::Timestamp;

use crate::directory::{Directory, key};

/// `<@1>`, `<@!1>`, `<@&1>`, `<#1>`, `<:name:1>`, `<a:name:1>`.
/// <https://docs.discord.com/developers/reference#message-formatting>
static MARKUP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<(@!?|@&|#)(\d{1,20})>|<a?:(\w{1,64}):\d{1,20}>").ok());

/// The id of an interaction as that of a line: a question that was put by a command is stored under it.
pub(crate) fn line_id(id: Id<InteractionMarker>) -> String {
    id.to_string()
}

/// The id of whatever Discord answered with.
pub(crate) fn id_of(value: &Value) -> Option<Id<GenericMarker>> {
    value["id"].as_str()?.parse().ok()
}

/// A message as a line; `None` if nobody wrote it (a pin, a join), or Pedro did: its lines are stored when they are sent.
pub(crate) fn line(message: &Message, own_id: Id<UserMarker>, directory: &Directory) -> Option<ChatMessage> {
    if message.author.id == own_id || !matches!(message.kind, MessageType::Regular | MessageType::Reply) {
        return None;
    }
    Some(ChatMessage {
        channel: key(message.channel_id),
        platform_message_id: message.id.to_string(),
        author: author(message, directory),
        text: text(message, directory),
        sent_at: moment(message.timestamp),
        reply_to: reply_to(message),
    })
}

/// What a message says, as people see it.
pub(crate) fn text(message: &Message, directory: &Directory) -> String {
    let names = |id: Id<UserMarker>| {
        let mention = message.mentions.iter().find(|mention| mention.id == id)?;
        Some(mention.name.clone())
    };
    let mut text = readable(&message.content, names, directory);
    for attachment in &message.attachments {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&format!("[file: {}]", attachment.filename));
    }
    text
}

/// Replaces markup by what people see.
fn readable(content: &str, user: impl Fn(Id<UserMarker>) -> Option<String>, directory: &Directory) -> String {
    let Some(markup) = MARKUP.as_ref() else { return content.to_owned() };
    let seen = |found: &Captures<'_>| -> String {
        if let Some(emoji) = found.get(3) {
            return format!(":{}:", emoji.as_str());
        }
        let written = || found[0].to_owned();
        let Some(id) = found[2].parse().ok().and_then(Id::<UserMarker>::new_checked) else { return written() };
        let name = match &found[1] {
            "#" => directory.name(id.cast()).map(|name| format!("#{name}")),
            "@&" => directory.role_name(id.cast()).map(|name| format!("@{name}")),
            _ => user(id).map(|name| format!("@{name}")),
        };
        name.unwrap_or_else(written)
    };
    markup.replace_all(content, seen).into_owned()
}

fn author(message: &Message, directory: &Directory) -> Author {
    let user = &message.author;
    let is_bot = user.bot || message.webhook_id.is_some();
    let nick = message.member.as_ref().and_then(|member| member.nick.as_deref());
    let role = match (&message.member, message.guild_id) {
        (Some(member), Some(guild)) => directory.role(guild, user.id, &member.roles),
        // In a direct message nobody is above the other.
        _ => Role::Viewer,
    };
    Author { kind: if is_bot { AuthorKind::Bot } else { AuthorKind::Person }, role, ..of_user(user, nick) }
}

/// A person, by the name that people see.
pub(crate) fn of_user(user: &User, nick: Option<&str>) -> Author {
    let display_name = nick.or(user.global_name.as_deref()).unwrap_or(&user.name);
    Author {
        platform_user_id: user.id.to_string(),
        login: user.name.to_lowercase(),
        display_name: display_name.to_owned(),
        kind: AuthorKind::Person,
        role: Role::Viewer,
    }
}

fn reply_to(message: &Message) -> Option<ReplyTo> {
    let reference = message.reference.as_ref().filter(|reference| reference.kind == MessageReferenceType::Default)?;
    let answered = message.referenced_message.as_ref();
    Some(ReplyTo {
        platform_message_id: reference.message_id?.to_string(),
        // Of a deleted message nobody knows who wrote it.
        platform_user_id: answered.map_or(String::new(), |answered| answered.author.id.to_string()),
    })
}

/// Discord's time.
pub(crate) fn moment(time: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.as_micros()).unwrap_or_default()
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_what_people_see_and_the_unknown_stays() {
        let directory = Directory::new(Id::new(1));
        let name = |id: Id<UserMarker>| (id.get() == 7).then(|| "alice".to_owned());
        for (written, seen) in [
            ("hi <@7>, and <@!7>!", "hi @alice, and @alice!"),
            ("<@8> <#9> <@&10>", "<@8> <#9> <@&10>"),
            ("gg <:pog:123> <a:dance:456>", "gg :pog: :dance:"),
            ("<@0> <@99999999999999999999> a < b", "<@0> <@99999999999999999999> a < b"),
        ] {
            assert_eq!(readable(written, name, &directory), seen);
        }
    }
}

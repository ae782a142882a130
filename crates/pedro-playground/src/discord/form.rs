//! What a bot sends when it writes or changes a message, read and checked as Discord does.

use serde::Deserialize;
use serde_json::{Value, json};

use super::component;
use super::failure::{Failure, Problems};
use super::file::{self, File};
use super::mention::{AllowedMentions, Mentions};
use super::message::{Message, flag};
use super::snowflake::Snowflake;
use super::world::World;

/// Characters (Unicode scalar values) of a message.
pub(super) const CONTENT: usize = 2_000;
const EMBEDS: usize = 10;
/// Characters of all embeds of a message together.
const EMBEDS_TOGETHER: usize = 6_000;
const FILES: usize = 10;
const NONCE: usize = 25;
/// The fields of an embed whose length is limited, and by how much.
const EMBED_FIELDS: [(&str, usize); 4] =
    [("/title", 256), ("/description", 4_096), ("/footer/text", 2_048), ("/author/name", 256)];

/// A request's body: its fields, and the files beside them.
#[derive(Debug, Default)]
pub(super) struct Payload {
    pub(super) fields: Value,
    pub(super) files: Vec<File>,
}

/// A message, or a change of one, as a bot wants it. What is `None` was not mentioned.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) content: Option<String>,
    embeds: Option<Vec<Value>>,
    components: Option<Vec<Value>>,
    attachments: Option<Vec<Value>>,
    files: Vec<File>,
    pub(super) flags: Option<u64>,
    allowed: Option<AllowedMentions>,
    pub(super) reference: Option<Reference>,
    pub(super) nonce: Option<Value>,
    pub(super) enforce_nonce: bool,
}

/// The message that one answers.
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) message_id: Snowflake,
    #[serde(default = "yes")]
    pub(super) fail_if_not_exists: bool,
}

fn yes() -> bool {
    true
}

impl Draft {
    /// Reads a request; an error tells everything that is wrong with it.
    pub(super) fn read(payload: &Payload) -> Result<Self, Failure> {
        let mut problems = Problems::default();
        let fields = &payload.fields;
        if !fields.is_object() {
            return Err(Failure::field("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"));
        }
        // This is refused before anything else is looked at.
        if payload.files.iter().any(File::is_too_large) {
            return Err(Failure::TOO_LARGE);
        }
        let mut draft = Self { files: payload.files.clone(), ..Self::default() };
        draft.content = read_content(fields, &mut problems);
        draft.flags = fields["flags"].as_u64();
        draft.embeds = list(fields, "embeds", &mut problems);
        if let Some(embeds) = &mut draft.embeds {
            check_embeds(embeds, &mut problems);
        }
        draft.components = list(fields, "components", &mut problems);
        if let Some(components) = &mut draft.components {
            component::check(components, draft.flags.unwrap_or(0) & flag::IS_COMPONENTS_V2 != 0, &mut problems);
        }
        draft.attachments = list(fields, "attachments", &mut problems);
        problems.check_length("files", payload.files.len(), 0, FILES);
        file::check(draft.attachments.as_deref().unwrap_or_default(), &payload.files, &mut problems);
        draft.allowed = AllowedMentions::read(fields.get("allowed_mentions"), &mut problems);
        if let Some(reference) = fields.get("message_reference").filter(|reference| !reference.is_null()) {
            match serde_json::from_value(reference.clone()) {
                Ok(reference) => draft.reference = Some(reference),
                Err(_) => problems.required("message_reference.message_id"),
            }
        }
        draft.nonce = fields.get("nonce").filter(|nonce| nonce.is_string() || nonce.is_number()).cloned();
        if let Some(nonce) = draft.nonce.as_ref().and_then(Value::as_str) {
            problems.check_length("nonce", nonce.chars().count(), 0, NONCE);
        }
        draft.enforce_nonce = fields["enforce_nonce"] == true;
        problems.check().map(|()| draft)
    }

    /// Whether there is nothing in it that people could see.
    pub(super) fn is_empty(&self) -> bool {
        let nothing = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        self.content.as_ref().is_none_or(|content| content.trim().is_empty())
            && nothing(&self.embeds)
            && nothing(&self.components)
            && self.files.is_empty()
    }

    /// Whether it brings files.
    pub(super) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    fn allows_reply_ping(&self) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.replied_user)
    }
}

fn read_content(fields: &Value, problems: &mut Problems) -> Option<String> {
    let content = fields.get("content")?;
    let text = match content {
        Value::Null => String::new(),
        // Numbers are taken for what they look like.
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => {
            problems.add("content", "BASE_TYPE_BAD_TYPE", "Could not interpret as string.");
            return None;
        }
    };
    problems.check_length("content", text.chars().count(), 0, CONTENT);
    Some(text)
}

fn list(fields: &Value, name: &str, problems: &mut Problems) -> Option<Vec<Value>> {
    match fields.get(name)? {
        Value::Null => Some(Vec::new()),
        Value::Array(list) => Some(list.clone()),
        _ => {
            problems.add(name, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
            None
        }
    }
}

fn check_embeds(embeds: &mut [Value], problems: &mut Problems) {
    problems.check_length("embeds", embeds.len(), 0, EMBEDS);
    let mut together = 0;
    for (place, embed) in embeds.iter_mut().enumerate() {
        for (pointer, most) in EMBED_FIELDS {
            let length = embed.pointer(pointer).and_then(Value::as_str).map_or(0, |text| text.chars().count());
            problems.check_length(&format!("embeds.{place}{}", pointer.replace('/', ".")), length, 0, most);
            together += length;
        }
        let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        problems.check_length(&format!("embeds.{place}.fields"), fields.len(), 0, 25);
        for (number, field) in fields.iter().enumerate() {
            for (key, most) in [("name", 256), ("value", 1_024)] {
                let path = format!("embeds.{place}.fields.{number}.{key}");
                let length = field[key].as_str().map_or(0, |text| text.chars().count());
                if length == 0 {
                    problems.required(&path);
                }
                problems.check_length(&path, length, 0, most);
                together += length;
            }
        }
        embed["type"] = json!("rich");
    }
    if together > EMBEDS_TOGETHER {
        let message = "Embed size exceeds maximum size of 6000";
        problems.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", message);
    }
}

impl World {
    /// Reads what the bot sends, and notes what no bot should send.
    pub(super) fn read_draft(&mut self, payload: &Payload) -> Result<Draft, Failure> {
        let length = payload.fields["content"].as_str().map_or(0, |content| content.trim().chars().count());
        if length > CONTENT {
            self.violation(format!("a message of {length} characters"));
        }
        Draft::read(payload)
    }

    /// Puts a draft into a message, new or old: what it does not mention stays.
    pub(super) fn apply_draft(&mut self, message: &mut Message, draft: Draft) {
        let Draft { content, embeds, components, attachments, files, allowed, .. } = &draft;
        if let Some(content) = content {
            let mentioned = Mentions::in_text(content);
            message.pinged = AllowedMentions::apply(allowed.as_ref(), mentioned);
            if !message.pinged.is_empty() {
                let text = format!("a message whose mentions ping: {content:?}");
                self.violation(text);
            }
            content.clone_into(&mut message.content);
        }
        if let Some(embeds) = embeds {
            embeds.clone_into(&mut message.embeds);
        }
        if let Some(components) = components {
            components.clone_into(&mut message.components);
        }
        if let Some(listed) = attachments {
            let keeps = |old: &Value| listed.iter().any(|listed| file::id_of(listed) == file::id_of(old));
            message.attachments.retain(keeps);
        }
        for file in files {
            let details = attachments.iter().flatten().find(|listed| file.is_named(listed));
            let mut attachment = self.keep_file(message.channel, file, details);
            if message.is_ephemeral() {
                attachment["ephemeral"] = json!(true);
            }
            message.attachments.push(attachment);
        }
        if let Some(replied) = message.reply_to.and_then(|id| self.messages.get(&id))
            && draft.allows_reply_ping()
            && !message.pinged.users.contains(&replied.author_id)
        {
            message.pinged.users.push(replied.author_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: Value) -> Result<Draft, Failure> {
        Draft::read(&Payload { fields, files: Vec::new() })
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(draft(json!({ "content": "ö".repeat(2_000) })).is_ok());
        assert!(draft(json!({ "content": "o".repeat(2_001) })).is_err());
    }

    #[test]
    fn what_people_cannot_see_is_empty() {
        for (fields, empty) in [
            (json!({}), true),
            (json!({ "content": " \n" }), true),
            (json!({ "content": null, "embeds": [] }), true),
            (json!({ "content": "hi" }), false),
            (json!({ "embeds": [{ "title": "hi" }] }), false),
        ] {
            assert_eq!(draft(fields).unwrap().is_empty(), empty);
        }
    }

    #[test]
    fn embeds_have_limits_each_and_together() {
        assert!(draft(json!({ "embeds": [{ "description": "x".repeat(4_096) }] })).is_ok());
        assert!(draft(json!({ "embeds": [{ "description": "x".repeat(4_097) }] })).is_err());
        let half = json!({ "description": "x".repeat(3_500) });
        assert!(draft(json!({ "embeds": [half, half] })).is_err());
        assert!(draft(json!({ "embeds": [{ "fields": [{ "name": "", "value": "x" }] }] })).is_err());
        assert!(draft(json!({ "embeds": vec![json!({ "title": "x" }); 11] })).is_err());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        assert!(draft(json!([])).is_err());
        assert!(draft(json!({ "content": {} })).is_err());
        assert!(draft(json!({ "embeds": {} })).is_err());
        assert!(draft(json!({ "nonce": "x".repeat(26) })).is_err());
    }
}

//! One line of the file: read, checked, made a chat line. Pure.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use pedro_core::chat::{Author, AuthorKind, ChannelKey, ChatMessage, ReplyTo, Role};
use serde::Deserialize;

/// What a line looks like.
pub(super) const SHAPE: &str =
    r#"a line looks like {"id":"17","channel":"general","author":"alice","ts":"2026-11-22T12:00:00Z","text":"hello"}"#;

/// Names and ids beyond are no names and ids, and do not fit into an index.
const LONGEST_NAME: usize = 500;

/// Far longer than a line of any platform. Longer texts do not fit into an index.
const LONGEST_TEXT: usize = 64 * 1024;

/// A line as it stands in the file. Other fields are not looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    id: String,
    pub(super) channel: Option<String>,
    author: String,
    ts: DateTime<Utc>,
    text: String,
    #[serde(default)]
    reply_to: Option<OneOrMany>,
    /// Its place in the file.
    #[serde(skip)]
    pub(super) number: u64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Record {
    /// Reads a line; the error is told with its number.
    pub(super) fn read(line: &[u8], number: u64) -> Result<Self, String> {
        let wrong = |reason: String| format!("line {number}: {reason}");
        let record: Self = serde_json::from_slice(line).map_err(|error| wrong(reason(&error)))?;
        for (field, value) in [("id", &record.id), ("author", &record.author), ("text", &record.text)] {
            if value.trim_matches(|char: char| char.is_whitespace() || char == '\0').is_empty() {
                return Err(wrong(format!("{field} is empty")));
            }
        }
        let channel = record.channel.as_ref().map_or(0, String::len);
        if record.id.len().max(record.author.len()).max(channel) > LONGEST_NAME {
            return Err(wrong(format!("id, author or channel is longer than {LONGEST_NAME} bytes")));
        }
        if record.text.len() > LONGEST_TEXT {
            return Err(wrong(format!("text is longer than {LONGEST_TEXT} bytes")));
        }
        Ok(Self { number, ..record })
    }

    /// The chat line. Ids are unique within a community, so that two communities can import the same file.
    pub(super) fn message(&self, channel: ChannelKey, community: &str, bots: &HashSet<String>) -> ChatMessage {
        let login = self.author.to_lowercase();
        let replied = match &self.reply_to {
            Some(OneOrMany::One(id)) => Some(id),
            Some(OneOrMany::Many(ids)) => ids.first(),
            None => None,
        };
        let unique = |id: &String| format!("{community}/{id}");
        ChatMessage {
            channel,
            platform_message_id: unique(&self.id),
            author: Author {
                platform_user_id: unique(&self.author),
                kind: if bots.contains(&login) { AuthorKind::Bot } else { AuthorKind::Person },
                login,
                display_name: self.author.clone(),
                role: Role::Viewer,
            },
            text: self.text.clone(),
            sent_at: self.ts,
            reply_to: replied
                .filter(|id| !id.is_empty() && id.len() <= LONGEST_NAME)
                .map(|id| ReplyTo { platform_message_id: unique(id), platform_user_id: String::new() }),
        }
    }
}

/// serde tells a place within the line as "line 1 column 7", which would read as a line of the file.
fn reason(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or(&told);
    match error.column() {
        0 => told.to_owned(),
        column => format!("{told} (column {column})"),
    }
}

#[cfg(test)]
mod tests {
    use pedro_core::chat::Platform;

    use super::*;

    fn message(json: &str) -> ChatMessage {
        let channel = ChannelKey { platform: Platform::Import, platform_channel_id: "c/general".to_owned() };
        let bots = HashSet::from(["nightbot".to_owned()]);
        Record::read(json.as_bytes(), 1).unwrap().message(channel, "c", &bots)
    }

    #[test]
    fn a_line_is_read_with_a_reply_as_text_as_list_and_without_one() {
        for (reply, expected) in [
            (r#", "reply_to": "4""#, Some("c/4")),
            (r#", "reply_to": ["4", "5"], "more": {"x": 1}"#, Some("c/4")),
            (r#", "reply_to": []"#, None),
            (r#", "reply_to": null"#, None),
            ("", None),
        ] {
            let line = message(&format!(
                r#"{{"id":"1","author":"Alice","ts":"2026-01-02T03:04:05+01:00","text":"hi"{reply}}}"#
            ));
            assert_eq!(line.reply_to.map(|to| to.platform_message_id).as_deref(), expected, "{reply}");
            assert_eq!((line.platform_message_id.as_str(), line.author.platform_user_id.as_str()), ("c/1", "c/Alice"));
            assert_eq!(line.sent_at.to_rfc3339(), "2026-01-02T02:04:05+00:00");
        }
    }

    #[test]
    fn a_bots_line_is_a_bots_line() {
        let line = |author: &str| {
            message(&format!(r#"{{"id":"1","author":"{author}","ts":"2026-01-02T03:04:05Z","text":"hi"}}"#))
        };
        assert_eq!(line("Nightbot").author.kind, AuthorKind::Bot);
        assert_eq!(line("alice").author.kind, AuthorKind::Person);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_the_number_of_its_line() {
        let long = format!(r#"{{"id":"{}","author":"a","ts":"2026-01-02T03:04:05Z","text":"x"}}"#, "x".repeat(501));
        for (json, expected) in [
            ("hello", "expected value"),
            (r#"{"id":"1"}"#, "missing field `author`"),
            (r#"{"id":"1","author":"a","ts":"yesterday","text":"x"}"#, "input contains invalid characters"),
            (r#"{"id":"1","author":" ","ts":"2026-01-02T03:04:05Z","text":"x"}"#, "author is empty"),
            (r#"{"id":"1","author":"a","ts":"2026-01-02T03:04:05Z","text":"\u0000"}"#, "text is empty"),
            (&long, "longer than 500 bytes"),
        ] {
            let told = Record::read(json.as_bytes(), 12).unwrap_err();
            assert!(told.starts_with("line 12: ") && told.contains(expected), "{told}");
            assert!(!told.contains("at line"), "{told}");
        }
    }
}

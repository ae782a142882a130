//! Files that come with messages.

use serde_json::{Value, json};

use super::failure::Problems;
use super::snowflake::Snowflake;
use super::world::World;
use crate::web::percent;

/// The largest file: what a bot may send where nobody has paid for more.
const FILE_BYTES: usize = 10 * 1024 * 1024;
/// Characters of what is said about a file.
const DESCRIPTION: usize = 1_024;

/// A file that comes with a message.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// The number in `files[n]`, by which the fields name it.
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) bytes: Vec<u8>,
}

impl File {
    pub(super) fn is_too_large(&self) -> bool {
        self.bytes.len() > FILE_BYTES
    }

    /// Whether an entry of `attachments` is about this file.
    pub(super) fn is_named(&self, listed: &Value) -> bool {
        id_of(listed) == Some(self.number)
    }
}

/// The number or id that an entry of `attachments` gives.
pub(super) fn id_of(listed: &Value) -> Option<u64> {
    listed["id"].as_u64().or_else(|| listed["id"].as_str()?.parse().ok())
}

/// Checks what is said of the files: each entry is about one of them, by its number, or about one that is there already,
/// by its id, which is much larger.
pub(super) fn check(listed: &[Value], files: &[File], problems: &mut Problems) {
    for (place, entry) in listed.iter().enumerate() {
        let path = format!("attachments.{place}");
        let description = entry["description"].as_str().map_or(0, |text| text.chars().count());
        problems.check_length(&format!("{path}.description"), description, 0, DESCRIPTION);
        match id_of(entry) {
            None => problems.required(&format!("{path}.id")),
            Some(id) if Snowflake::new(id).created_ms() > Snowflake::default().created_ms() => {}
            Some(_) if files.iter().any(|file| file.is_named(entry)) => {}
            Some(_) => problems.add(&path, "ATTACHMENT_NOT_FOUND", "Attachment data not found"),
        }
    }
}

impl World {
    /// Keeps a file where it can be fetched; answers how Discord writes it.
    pub(super) fn keep_file(&mut self, channel: Snowflake, file: &File, details: Option<&Value>) -> Value {
        let id = self.next_id();
        let wanted = details.and_then(|details| details["filename"].as_str()).unwrap_or(&file.name);
        let name: String =
            wanted.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        let url = format!("{}/discord/attachments/{channel}/{id}/{}", self.base, percent(&name));
        let kind = file.kind.clone().or_else(|| kind_of(&name).map(str::to_owned));
        let mut attachment = json!({
            "id": id, "filename": name, "size": file.bytes.len(), "url": url, "proxy_url": url, "content_type": kind,
        });
        if let Some(description) = details.map(|details| &details["description"]).filter(|text| text.is_string()) {
            attachment["description"] = description.clone();
        }
        self.store_file(id, File { name, kind, ..file.clone() });
        attachment
    }
}

/// What a file is, by the end of its name, where nobody said so.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1.to_lowercase().as_str() {
        "txt" | "log" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_file_is_about_one_that_is_there() {
        let file = File { number: 1, name: "a.txt".to_owned(), kind: None, bytes: vec![b'x'] };
        let with = |listed: Value| {
            let mut problems = Problems::default();
            check(listed.as_array().unwrap(), std::slice::from_ref(&file), &mut problems);
            problems.check()
        };
        let of_now = Snowflake::now(Snowflake::default());
        assert!(with(json!([{ "id": 1 }])).is_ok() && with(json!([{ "id": "1" }, { "id": of_now }])).is_ok());
        assert!(with(json!([{ "id": 0 }])).is_err() && with(json!([{ "filename": "a.txt" }])).is_err());
        assert!(with(json!([{ "id": 1, "description": "x".repeat(1_025) }])).is_err());
        assert!(!file.is_too_large() && File { bytes: vec![b'x'; FILE_BYTES + 1], ..file }.is_too_large());
    }
}

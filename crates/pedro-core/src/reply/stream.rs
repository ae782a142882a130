//! What Pedro says of the stream's titles.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::span;
use crate::store::stream_title::StreamTitle;

/// The current title.
pub fn title(title: Option<&StreamTitle>, now: DateTime<Utc>) -> String {
    let Some(title) = title else { return "I do not know the title yet.".to_owned() };
    let category = if title.category.is_empty() { String::new() } else { format!(" [{}]", title.category) };
    let state = if title.live { "live" } else { "offline" };
    format!("{}{category} ({state}, for {})", title.title, span(now - title.began_at))
}

/// The latest titles, newest first.
pub fn titles(titles: &[StreamTitle], zone: Tz) -> String {
    if titles.is_empty() {
        return "I have not seen a title yet.".to_owned();
    }
    let lines: Vec<String> = titles
        .iter()
        .map(|title| format!("{}: {}", title.began_at.with_timezone(&zone).format("%b %-d %H:%M"), title.title))
        .collect();
    lines.join(" | ")
}

//! Chat lines, and how the chat protocol writes them. Pure.

use serde::Serialize;

use super::people::{User, UserId};
use super::wire::ServerMessage;

/// A line that was said in a channel.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Counts all lines of the playground, from 1.
    pub seq: u64,
    /// The id Twitch would give it.
    pub id: String,
    /// Where it was said (the channel's login).
    pub channel: String,
    /// Who said it.
    pub user_id: UserId,
    /// Their login.
    pub login: String,
    /// Their name as chat shows it.
    pub display_name: String,
    /// Their colour in chat.
    pub colour: &'static str,
    /// Badges with their versions, e.g. `("moderator", "1")`.
    pub badges: Vec<(String, String)>,
    /// What was typed or sent. The `@Name ` that Twitch puts before a reply is only in [`Line::raw`].
    pub text: String,
    /// The id it replies to, as the sender gave it, whether or not there is such a line.
    pub reply_to: Option<String>,
    /// Milliseconds since 1970.
    #[serde(rename = "ts")]
    pub sent_at: i64,
    /// Removed by a moderator.
    pub deleted: bool,
    /// Came in through the chat protocol or the API, not from the page or a test's `say`.
    pub by_bot: bool,
    /// The line as it was delivered to clients.
    #[serde(skip)]
    pub raw: String,
    /// To how many clients it was written when it was said: those that were in the channel, and none during a stall.
    #[serde(skip)]
    pub heard_by: usize,
}

/// What [`super::Twitch::say_as`] says: a line with every detail that may be chosen.
#[derive(Debug, Clone, Default)]
pub struct ChatLine {
    /// Where; the channel is made if there is none.
    pub channel: String,
    /// Who.
    pub login: String,
    /// What.
    pub text: String,
    /// Badges beside those that follow from who speaks (broadcaster, moderator).
    pub badges: Vec<(String, String)>,
    /// The id of the line it answers.
    pub reply_to: Option<String>,
    /// Its id; a new one by default.
    pub id: Option<String>,
    /// Milliseconds since 1970; now by default.
    pub sent_at: Option<i64>,
    /// Marked as the first line this person ever wrote in the channel.
    pub first_message: bool,
}

/// The lines above a reply: the one it answers, and the one the thread began with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thread<'a> {
    pub(super) parent: &'a Line,
    pub(super) root: &'a Line,
}

/// Badges as a tag has them: `moderator/1,subscriber/12`.
pub(super) fn badge_list(badges: &[(String, String)]) -> String {
    let badges: Vec<String> = badges.iter().map(|(name, version)| format!("{name}/{version}")).collect();
    badges.join(",")
}

pub(super) fn has_badge(badges: &[(String, String)], name: &str) -> bool {
    badges.iter().any(|(badge, _)| badge == name)
}

/// `1` or `0`, as tags write yes and no.
pub(super) fn flag(set: bool) -> &'static str {
    if set { "1" } else { "0" }
}

/// The `PRIVMSG` that clients in the channel get for a line.
pub(super) fn privmsg(line: &Line, room: &User, thread: Option<Thread<'_>>, first: bool) -> ServerMessage {
    let text = match thread {
        // Twitch names the person who is answered in the text itself, for clients that know nothing of replies.
        Some(Thread { parent, .. }) => format!("@{} {}", parent.display_name, line.text),
        None => line.text.clone(),
    };
    let login = &line.login;
    let message =
        ServerMessage::plain(format!(":{login}!{login}@{login}.tmi.twitch.tv PRIVMSG #{} :{text}", line.channel))
            .tag("badge-info", badge_info(&line.badges))
            .tag("badges", badge_list(&line.badges))
            .tag("color", line.colour)
            .tag("display-name", &line.display_name)
            .tag("emotes", emotes(&text))
            .tag("first-msg", flag(first))
            .tag("flags", "")
            .tag("id", &line.id)
            .tag("mod", flag(has_badge(&line.badges, "moderator")))
            .tag("returning-chatter", "0")
            .tag("room-id", room.id.to_string())
            .tag("subscriber", flag(has_badge(&line.badges, "subscriber")))
            .tag("tmi-sent-ts", line.sent_at.to_string())
            .tag("turbo", "0")
            .tag("user-id", line.user_id.to_string())
            .tag("user-type", user_type(&line.badges));
    match thread {
        Some(thread) => reply_tags(message, thread),
        None => message,
    }
}

/// `mod` for moderators: Twitch says it twice.
pub(super) fn user_type(badges: &[(String, String)]) -> &'static str {
    if has_badge(badges, "moderator") { "mod" } else { "" }
}

fn badge_info(badges: &[(String, String)]) -> String {
    let subscriber = badges.iter().find(|(name, _)| name == "subscriber");
    subscriber.map(|(_, months)| format!("subscriber/{months}")).unwrap_or_default()
}

fn reply_tags(message: ServerMessage, Thread { parent, root }: Thread<'_>) -> ServerMessage {
    message
        .tag("reply-parent-display-name", &parent.display_name)
        .tag("reply-parent-msg-body", &parent.text)
        .tag("reply-parent-msg-id", &parent.id)
        .tag("reply-parent-user-id", parent.user_id.to_string())
        .tag("reply-parent-user-login", &parent.login)
        .tag("reply-thread-parent-display-name", &root.display_name)
        .tag("reply-thread-parent-msg-id", &root.id)
        .tag("reply-thread-parent-user-id", root.user_id.to_string())
        .tag("reply-thread-parent-user-login", &root.login)
}

/// Where the emotes in a text are, counted in characters: `25:0-4,12-16/425618:6-8`.
fn emotes(text: &str) -> String {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut start = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if let Some(id) = emote_id(word) {
            let range = format!("{start}-{}", start + length - 1);
            match found.iter_mut().find(|(known, _)| *known == id) {
                Some((_, ranges)) => ranges.push(range),
                None => found.push((id, vec![range])),
            }
        }
        start += length + 1;
    }
    let found: Vec<String> = found.iter().map(|(id, ranges)| format!("{id}:{}", ranges.join(","))).collect();
    found.join("/")
}

/// A handful of Twitch's own emotes; a channel's emotes are recognised by their shape, `prefixName`.
fn emote_id(word: &str) -> Option<String> {
    let global = [("Kappa", "25"), ("LUL", "425618"), ("HeyGuys", "30259"), ("PogChamp", "305954156"), ("<3", "9")];
    if let Some((_, id)) = global.iter().find(|(name, _)| *name == word) {
        return Some((*id).to_owned());
    }
    let name = word.strip_prefix("soypet2")?;
    let is_name = name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().all(char::is_alphanumeric);
    is_name.then(|| format!("emotesv2_{}", name.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emotes_are_counted_in_characters() {
        assert_eq!(emotes("nothing here"), "");
        assert_eq!(emotes("Kappa größe Kappa LUL"), "25:0-4,12-16/425618:18-20");
        assert_eq!(emotes("👋 soypet2Love"), "emotesv2_love:2-12");
        assert_eq!(emotes("soypet2 soypet2love kappa"), "");
    }

    #[test]
    fn badges_are_a_list() {
        let badges = vec![("moderator".to_owned(), "1".to_owned()), ("subscriber".to_owned(), "12".to_owned())];
        assert_eq!(badge_list(&badges), "moderator/1,subscriber/12");
        assert_eq!(badge_info(&badges), "subscriber/12");
        assert_eq!(user_type(&badges), "mod");
    }
}

//! Everything that Pedro says to people in its own words, one function a message. No error code ever comes here.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::store::link::Link;
use crate::store::stream_title::StreamTitle;

/// It takes longer than a few seconds.
pub fn on_it(ahead: i64) -> String {
    match ahead {
        0 => "on it, give me a moment.".to_owned(),
        1 => "on it, there is 1 question before yours.".to_owned(),
        n => format!("on it, there are {n} questions before yours."),
    }
}

/// The model server does not answer.
pub fn model_away() -> String {
    "my thinking cap is off at the moment. I kept your question and will answer when it is back.".to_owned()
}

/// The person has an open question.
pub fn still_open() -> String {
    "one at a time, please: I am still working on your last question.".to_owned()
}

/// The person asked enough within the hour.
pub fn hourly_limit(limit: i64) -> String {
    format!("that were {limit} questions within an hour, I need a break from you. Ask again later!")
}

/// The queue is full.
pub fn queue_full(limit: i64) -> String {
    format!("sorry, {limit} questions are waiting already. Please ask again in a few minutes.")
}

/// Three attempts failed.
pub fn gave_up() -> String {
    "sorry, I tried three times and could not come up with an answer. Please ask me again later.".to_owned()
}

/// Nobody began the question in time.
pub fn expired() -> String {
    "sorry, I did not get to your question in time. Please ask again if it still matters.".to_owned()
}

/// The model's answers hit the deny-list, or gave away the instructions.
pub fn declined() -> String {
    "I would rather not say anything about that.".to_owned()
}

/// The model wrote nothing that can be sent.
pub fn nothing_to_say() -> String {
    "sorry, I do not know what to say to that.".to_owned()
}

/// How a command is used.
pub fn usage(usage: &str) -> String {
    format!("use it like this: {usage}")
}

/// A command that only moderators may use.
pub fn moderators_only() -> String {
    "sorry, only moderators can do that.".to_owned()
}

/// A command failed, most likely because the database is away.
pub fn command_failed() -> String {
    "sorry, that did not work just now. Please try again in a minute.".to_owned()
}

/// The list of links; `asked` is the word they were searched by. URLs only where links are allowed.
pub fn links(links: &[Link], asked: Option<&str>, with_urls: bool) -> String {
    if links.is_empty() {
        return match asked {
            Some(_) => "I have no link for that. !links shows all.".to_owned(),
            None => "there are no links yet. Moderators add one with !addlink name url".to_owned(),
        };
    }
    let all = asked.is_none() && links.len() > 3;
    if all || !with_urls {
        let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
        return match with_urls {
            true => format!("links: {}. !links name shows one.", names.join(", ")),
            false => format!("links are not allowed in this chat, but I know: {}.", names.join(", ")),
        };
    }
    let shown: Vec<String> = links.iter().map(one_link).collect();
    shown.join(" | ")
}

fn one_link(link: &Link) -> String {
    match link.description.is_empty() {
        true => format!("{}: {}", link.name, link.url),
        false => format!("{} ({}): {}", link.name, link.description, link.url),
    }
}

/// A link was added or replaced.
pub fn link_added(name: &str, is_new: bool) -> String {
    format!("{} the link {name}.", if is_new { "added" } else { "replaced" })
}

/// A link was removed, or was not there.
pub fn link_removed(name: &str, was_there: bool) -> String {
    if was_there { format!("removed the link {name}.") } else { format!("there is no link called {name}.") }
}

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

/// A length of time as people say it.
fn span(time: chrono::Duration) -> String {
    let (minutes, hours, days) = (time.num_minutes(), time.num_hours(), time.num_days());
    let count = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match (days, hours, minutes) {
        (1.., ..) => count(days, "day"),
        (_, 1.., _) => count(hours, "hour"),
        (.., 1..) => count(minutes, "minute"),
        _ => "less than a minute".to_owned(),
    }
}

/// Pedro keeps quiet.
pub fn paused(minutes: i64) -> String {
    format!("I will be quiet for {}. !pedro-pause 0 wakes me.", span(chrono::Duration::minutes(minutes)))
}

/// Pedro speaks again.
pub fn pause_ended() -> String {
    "I am back!".to_owned()
}

/// Everything open in the channel was cancelled.
pub fn stopped(cancelled: u64) -> String {
    match cancelled {
        0 => "nothing was running.".to_owned(),
        1 => "stopped: 1 question cancelled.".to_owned(),
        n => format!("stopped: {n} questions cancelled."),
    }
}

/// Nothing of the person is stored from now on.
pub fn opted_out_of_storage() -> String {
    "from now on nothing you write is stored. !forgetme removes what I have, !optin takes this back.".to_owned()
}

/// The person is not answered from now on.
pub fn opted_out_of_replies() -> String {
    "from now on I leave you alone. !optin takes this back.".to_owned()
}

/// The person is stored and answered again.
pub fn opted_in() -> String {
    "welcome back! From now on I remember what you write, and answer you.".to_owned()
}

/// Everything of the person is gone.
pub fn forgotten(lines: u64) -> String {
    match lines {
        0 => "there was nothing of yours to forget.".to_owned(),
        _ => "done: everything I had of you is gone. !optout keeps it that way.".to_owned(),
    }
}

/// What Pedro can do. `commands` are the names that everybody may use, with their prefix.
pub fn help(commands: &[String]) -> String {
    format!(
        "I am Pedro, a bot. I remember what is said here and answer from it: say my name and ask. Commands: {}. \
         What you write is stored; !optout stops that, !forgetme removes it.",
        commands.join(", ")
    )
}

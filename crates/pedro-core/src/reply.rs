//! Everything that Pedro says to people in its own words, one function a message. No error code ever comes here.

pub mod api;
pub mod event;
pub mod lesson;
pub mod links;
pub mod plan;
pub mod privacy;
pub mod recap;
pub mod step;
pub mod stream;

use crate::chat::{Chattiness, Platform};

/// It takes longer than a few seconds.
pub fn on_it(ahead: i64) -> String {
    match ahead {
        0 => "on it, give me a moment.".to_owned(),
        1 => "on it, there is 1 question before yours.".to_owned(),
        n => format!("on it, there are {n} questions before yours."),
    }
}

/// It takes minutes.
pub fn still_on_it(minutes: u64) -> String {
    let minutes = span(chrono::Duration::minutes(i64::try_from(minutes).unwrap_or(i64::MAX / 60_000)));
    format!("still on it, {minutes} so far. I have not forgotten you.")
}

/// What there is so far of an answer that grows. `more`: characters that do not fit into its first message.
pub fn draft(text: &str, more: usize) -> String {
    match more {
        0 => format!("{text} …"),
        _ => format!("{text}\n… and {more} characters more so far …"),
    }
}

/// The model server does not answer.
pub fn model_away() -> String {
    "my thinking cap is off at the moment. I kept your question and will answer when it is back.".to_owned()
}

/// The person has as many open questions as one may have.
pub fn still_open(limit: i64) -> String {
    match limit {
        1 => "one at a time, please: I am still working on your last question.".to_owned(),
        _ => format!("{limit} at a time, please: I am still working on your last questions."),
    }
}

/// A slash command that this Pedro does not have.
pub fn command_unknown() -> String {
    "I do not know that command any more. Please try again in a few minutes.".to_owned()
}

/// A button that belongs to nothing any more.
pub fn button_unknown() -> String {
    "that button does nothing any more.".to_owned()
}

/// A question that was stopped.
pub fn cancelled() -> String {
    "stopped: this question was cancelled.".to_owned()
}

/// A question whose line was taken back, or whose asker wants no answer any more.
pub fn question_gone() -> String {
    "this question was taken back.".to_owned()
}

/// A command that only those may use who may change the server.
pub fn managers_only() -> String {
    "sorry, only people who may manage this server can do that.".to_owned()
}

/// A question that was put by a command, shown to everybody above its answer. `question` is quoted: it may hold anything.
pub fn asked(asker: &str, question: &str) -> String {
    let quoted: Vec<String> = question.lines().map(|line| format!("> {line}")).collect();
    format!("**{}** asks:\n{}", asker.replace(['*', '`', '_', '~', '|', '\\'], ""), quoted.join("\n"))
}

/// A game begins in a thread.
pub fn game_opened(player: &str) -> String {
    let player = player.replace(['*', '`', '_', '~', '|', '\\'], "");
    format!("**{player}** thinks of something, and I guess it. Twenty questions, in the thread below!")
}

/// The name of a game's thread.
pub fn game_title(player: &str) -> String {
    format!("{player} stumps Pedro")
}

/// A line that says nothing that can be answered.
pub fn nothing_asked() -> String {
    "ask me something, then I have something to answer.".to_owned()
}

/// An answer was taken back.
pub fn withdrawn() -> String {
    "I take that back: it was wrong. Thank you for telling me.".to_owned()
}

/// An answer cannot be taken back by whoever asks for it, or there is none.
pub fn not_withdrawn(platform: Platform) -> String {
    match platform {
        Platform::Discord => "whoever asked, or a moderator, can take an answer of mine back.".to_owned(),
        _ => format!("{} is for whoever asked, or a moderator, as a reply to my answer.", called(platform, "wrong")),
    }
}

/// The person asked enough within the hour.
pub fn hourly_limit(limit: i64) -> String {
    format!("that were {limit} questions within an hour, I need a break from you. Ask again later!")
}

/// The queue is full.
pub fn queue_full(limit: i64) -> String {
    format!("sorry, {limit} questions are waiting already. Please ask again in a few minutes.")
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

/// What a command is called where it is told of.
fn called(platform: Platform, command: &str) -> String {
    match (platform, command) {
        (Platform::Discord, "optout") => "/privacy optout".to_owned(),
        (Platform::Discord, "optin") => "/privacy optin".to_owned(),
        (Platform::Discord, "forgetme") => "/privacy forget".to_owned(),
        (Platform::Discord, name) => format!("/{name}"),
        (_, name) => format!("!{name}"),
    }
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
pub fn paused(minutes: i64, platform: Platform) -> String {
    let (time, command) = (span(chrono::Duration::minutes(minutes)), called(platform, "pedro-pause"));
    format!("I will be quiet for {time}. {command} 0 wakes me.")
}

/// Pedro speaks again.
pub fn pause_ended() -> String {
    "I am back!".to_owned()
}

/// How much Pedro speaks from now on.
pub fn chattiness(chattiness: Chattiness) -> String {
    match chattiness {
        Chattiness::Quiet => "from now on I answer commands only.".to_owned(),
        Chattiness::Named => "from now on I answer when I am named, and what I was taught.".to_owned(),
        Chattiness::Questions => {
            "from now on I answer when I am named, what I was taught, and questions to everybody that I know something of."
                .to_owned()
        }
    }
}

/// What Pedro was taught to answer, when it cannot put it into its own words. What speaks of "me" would sound as if Pedro
/// were whoever taught it.
pub fn as_taught(answer: &str) -> String {
    let first_person = ["i", "i'm", "im", "i've", "i'd", "me", "my", "mine", "we", "we're", "our", "us"];
    let mut words = answer.split(|char: char| !char.is_alphanumeric() && char != '\'').map(str::to_lowercase);
    match words.any(|word| first_person.contains(&word.as_str())) {
        true => format!("what I was told about that: \"{answer}\""),
        false => answer.to_owned(),
    }
}

/// Everything open in the channel was cancelled.
pub fn stopped(questions: u64, games: u64) -> String {
    let count = |n: u64, what: &str| format!("{n} {what}{} cancelled", if n == 1 { "" } else { "s" });
    match (questions, games) {
        (0, 0) => "nothing was running.".to_owned(),
        (n, 0) => format!("stopped: {}.", count(n, "question")),
        (0, n) => format!("stopped: {}.", count(n, "game")),
        (n, m) => format!("stopped: {}, {}.", count(n, "question"), count(m, "game")),
    }
}

/// What Pedro can do. `commands` are the names that everybody may use, with their prefix.
pub fn help(commands: &[String], platform: Platform) -> String {
    let (stop, forget) = (called(platform, "optout"), called(platform, "forgetme"));
    format!(
        "I am Pedro, a bot. I remember what is said here and answer from it: say my name and ask. Commands: {}. \
         What you write is stored; {stop} stops that, {forget} removes it.",
        commands.join(", ")
    )
}

/// What Pedro can do for moderators besides. `commands` are their names, with their prefix.
pub fn help_for_moderators(commands: &[String]) -> String {
    format!("For moderators: {}.", commands.join(", "))
}

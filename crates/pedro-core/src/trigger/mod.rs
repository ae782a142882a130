//! What a chat line wants of Pedro, as far as its text alone tells. Pure: knows only `chat`.
//!
//! Questions that nobody addressed to Pedro need meaning and evidence; they are decided elsewhere, after embedding.

mod address;
mod call;
pub mod command;
mod ear;
pub mod history;
mod line;
pub mod overhear;
#[cfg(test)]
mod properties;
pub mod relay;
pub mod tag;
#[cfg(test)]
mod tests;

use crate::chat::{AuthorKind, ChatMessage, Chattiness};
pub use command::{COMMANDS, Command, OptOutOf, Usage};
pub use ear::{Ear, KNOWN_BOTS, PLAN_TAGS};

/// What a line wants of Pedro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Nothing, as far as the text alone tells.
    Ignore,
    /// One of Pedro's commands, or how it would have been used rightly.
    Command(Result<Command, Usage>),
    /// A question to Pedro.
    Question(Asked),
}

/// A question to Pedro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question, in one line, without the "hey pedro" around it. Never empty.
    pub text: String,
    /// What made it a question to Pedro.
    pub why: Why,
    /// A plan is asked for, by `!plan` or by a tag; the tag is not in the text.
    pub plan: bool,
}

/// What made a line a question to Pedro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It says Pedro's name.
    Name,
    /// It replies to one of Pedro's lines.
    Reply,
    /// It stands in a thread that Pedro opened.
    Thread,
    /// `!pedro question`.
    Command,
}

/// Where a line was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hearing {
    /// How much Pedro speaks there.
    pub chattiness: Chattiness,
    /// A thread that Pedro opened, or a direct message: everything that people say there is for it.
    pub own_thread: bool,
}

/// Decides what a line wants of Pedro. Relayed lines go through [`relay::unwrap`] first.
pub fn decide(message: &ChatMessage, ear: &Ear, hearing: Hearing) -> Intent {
    if is_a_bot(message, ear) {
        return Intent::Ignore;
    }
    match command::parse(&message.text, ear) {
        Some(Ok(Command::Ask(text))) => return Intent::Question(asked(&text, Why::Command, false, ear)),
        Some(Ok(Command::Recap(hours))) => {
            return Intent::Question(asked(&history::recap_question(hours), Why::Command, false, ear));
        }
        Some(Ok(Command::Plan(text))) => return Intent::Question(asked(&text, Why::Command, true, ear)),
        Some(command) => return Intent::Command(command),
        None => {}
    }
    if hearing.chattiness == Chattiness::Quiet && !hearing.own_thread {
        return Intent::Ignore;
    }
    let text = line::tidy(&message.text);
    // `!hug pedro` is a word to another bot, which may even own `!pedro` here.
    if text.is_empty() || command::is_anyones(&text, ear) {
        return Intent::Ignore;
    }
    match why_asked(message, &text, ear, hearing) {
        Some(why) => Intent::Question(asked(&call::question(&text, ear), why, false, ear)),
        None => Intent::Ignore,
    }
}

fn asked(text: &str, why: Why, plan: bool, ear: &Ear) -> Asked {
    let (text, tagged) = tag::take(text, &ear.plan_tags);
    Asked { text, why, plan: plan || tagged }
}

/// An adapter may not know every bot, nor Pedro's own account on the other platform: a wrong kind would end in two
/// bots that answer each other for ever.
fn is_a_bot(message: &ChatMessage, ear: &Ear) -> bool {
    let author = &message.author;
    author.kind != AuthorKind::Person
        || ear.is_pedro(&author.platform_user_id)
        || ear.kind_of(&author.login) != AuthorKind::Person
}

fn why_asked(message: &ChatMessage, text: &str, ear: &Ear, hearing: Hearing) -> Option<Why> {
    if message.reply_to.as_ref().is_some_and(|reply| ear.is_pedro(&reply.platform_user_id)) {
        return Some(Why::Reply);
    }
    if address::is_named(text, ear) {
        return Some(Why::Name);
    }
    // People talk to each other there too: a reply to somebody else is not for Pedro.
    (hearing.own_thread && message.reply_to.is_none()).then_some(Why::Thread)
}

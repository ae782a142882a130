//! Pedro's commands: what they are called, who may use them, and how they are read.

mod table;
#[cfg(test)]
mod tests;

use super::ear::{DEFAULT_PREFIX, Ear};
use super::line::{is_word, strip_ignoring_case, tidy};
use crate::chat::{Chattiness, Role};
use crate::plan::StepEvent;
pub use table::COMMANDS;

/// A command, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `!pedro question`.
    Ask(String),
    /// `!plan question`: the question, answered by a plan.
    Plan(String),
    /// `!recap [hours]`: what happened in the last hours, 1 to 168; without a number, in the last stream.
    Recap(Option<u16>),
    /// `!retry`: the last question of whoever writes it is answered anew.
    Retry,
    /// `!mark N failed|redundant`: the last plan's answer is made again without a step's result.
    Mark {
        /// The step's number, from 1.
        number: u8,
        /// [`StepEvent::MarkFailed`] or [`StepEvent::MarkRedundant`].
        event: StepEvent,
    },
    /// `!pedro-agentic-mode on|off`: whether questions are planned in the channel.
    AgenticMode(bool),
    /// `!links [word]`: the links of the community, or those that fit a word.
    Links(Option<String>),
    /// `!addlink name url [words]`.
    AddLink {
        /// Lower-case, 1 to 40 characters, no white space.
        name: String,
        /// http or https, as written.
        url: String,
        /// Words by which it is found besides its name, separated by spaces; may be empty.
        words: String,
    },
    /// `!dellink name`; the name in lower case.
    DelLink(String),
    /// `!title`: the stream's title.
    Title,
    /// `!titles [n]`: the latest titles, 1 to 10.
    Titles(u8),
    /// `!help`.
    Help,
    /// `!pedro-event on|off name`: whether Pedro knows of an event of the operator's file.
    Event {
        /// Lower case.
        name: String,
        /// On or off.
        is_on: bool,
    },
    /// `!pedro-pause [minutes]`: quiet for 1 to 1440 minutes; 0 ends the pause.
    Pause(u32),
    /// `!pedro-chattiness quiet|named|questions`.
    Chattiness(Chattiness),
    /// `!teach question => answer`.
    Teach {
        /// How people ask it, in one line.
        question: String,
        /// How to answer, in one line.
        answer: String,
    },
    /// `!unteach name or question`: what was taught is taken back.
    Unteach(String),
    /// `!pedro-stop`: cancels everything open in the channel.
    Stop,
    /// `!wrong`, as a reply to an answer: the answer is taken back.
    Wrong,
    /// `!forget`, as a reply to a line: it goes, with everything that was made from it.
    Forget,
    /// `!optout [replies|storage]`.
    OptOut(OptOutOf),
    /// `!optin`.
    OptIn,
    /// `!forgetme`.
    ForgetMe,
}

/// What somebody wants no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutOf {
    /// That their lines are stored.
    Storage,
    /// That Pedro answers them.
    Replies,
}

/// One row of [`COMMANDS`]: everything there is to know of a command besides its [`Command`].
#[derive(Debug, Clone, Copy)]
pub struct CommandInfo {
    /// Its own name, which a channel may replace by another.
    pub name: &'static str,
    /// What follows the name, as people are told; may be empty.
    pub arguments: &'static str,
    /// Who may use it.
    pub needs: Role,
    /// What it does, in a few words.
    pub help: &'static str,
    /// See [`Command::is_private`].
    is_private: bool,
    /// Reads what follows the name; `None` if it cannot be used like that.
    read: fn(&str) -> Option<Command>,
}

/// One of Pedro's commands that was used wrongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The command's own name.
    pub command: &'static str,
    /// How it is used, with the prefix and the name that it has in the channel: `!addlink name url [words]`.
    pub usage: String,
}

impl Command {
    /// Its own name, which is also its row in [`COMMANDS`].
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ask(_) => "pedro",
            Self::Plan(_) => "plan",
            Self::Recap(_) => "recap",
            Self::Retry => "retry",
            Self::Mark { .. } => "mark",
            Self::AgenticMode(_) => "pedro-agentic-mode",
            Self::Links(_) => "links",
            Self::AddLink { .. } => "addlink",
            Self::DelLink(_) => "dellink",
            Self::Title => "title",
            Self::Titles(_) => "titles",
            Self::Help => "help",
            Self::Event { .. } => "pedro-event",
            Self::Pause(_) => "pedro-pause",
            Self::Chattiness(_) => "pedro-chattiness",
            Self::Teach { .. } => "teach",
            Self::Unteach(_) => "unteach",
            Self::Stop => "pedro-stop",
            Self::Wrong => "wrong",
            Self::Forget => "forget",
            Self::OptOut(_) => "optout",
            Self::OptIn => "optin",
            Self::ForgetMe => "forgetme",
        }
    }

    /// Who may use it.
    pub fn needs(&self) -> Role {
        needs(self.name())
    }

    /// Whether it is about the person's own data: then it is recognised before anything is stored, also from people
    /// who opted out.
    pub fn is_private(&self) -> bool {
        is_private(self.name())
    }
}

impl Usage {
    /// Who may use the command that was meant.
    pub fn needs(&self) -> Role {
        needs(self.command)
    }

    /// As [`Command::is_private`], for the command that was meant.
    pub fn is_private(&self) -> bool {
        is_private(self.command)
    }
}

impl CommandInfo {
    /// How the command is used in a channel.
    pub fn usage(&self, ear: &Ear) -> String {
        let usage = format!("{}{} {}", ear.prefix(), ear.name_of(self.name), self.arguments);
        usage.trim_end().to_owned()
    }

    /// A privacy command keeps its own name whatever it is called besides: Pedro's other channels taught people that.
    fn is_called(&self, name: &str, ear: &Ear) -> bool {
        ear.name_of(self.name).to_lowercase() == name || (self.is_private && self.name == name)
    }
}

/// Reads a line as a command. `None`: it is none of Pedro's.
pub fn parse(text: &str, ear: &Ear) -> Option<Result<Command, Usage>> {
    let text = tidy(text);
    let line = strip_ignoring_case(&text, ear.prefix())?;
    // With a space between (`! links`) it is an exclamation.
    let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let name = name.trim_end_matches([',', ':']).to_lowercase();
    let info = find(&name, ear)?;
    Some((info.read)(arguments).ok_or_else(|| Usage { command: info.name, usage: info.usage(ear) }))
}

/// Reads what was given to one of Pedro's commands by another way than a line. `None`: it cannot be used like that.
pub fn read(name: &str, arguments: &str) -> Option<Command> {
    (row(name)?.read)(&tidy(arguments))
}

/// Privacy commands first: no other command may take their name away.
fn find(name: &str, ear: &Ear) -> Option<&'static CommandInfo> {
    if name.is_empty() {
        return None;
    }
    let called = |info: &&CommandInfo| info.is_called(name, ear);
    let private = COMMANDS.iter().filter(|info| info.is_private).find(called);
    private.or_else(|| COMMANDS.iter().find(called))
}

/// Whether a line looks like a command, Pedro's or another bot's.
pub(super) fn is_anyones(text: &str, ear: &Ear) -> bool {
    [ear.prefix(), DEFAULT_PREFIX]
        .into_iter()
        .filter_map(|prefix| strip_ignoring_case(text, prefix))
        .any(|rest| rest.starts_with(is_word))
}

fn row(name: &str) -> Option<&'static CommandInfo> {
    COMMANDS.iter().find(|info| info.name == name)
}

/// A command without a row would be the streamer's alone; a test says that each has one.
fn needs(name: &str) -> Role {
    row(name).map_or(Role::Streamer, |info| info.needs)
}

fn is_private(name: &str) -> bool {
    row(name).is_some_and(|info| info.is_private)
}

//! The table of commands, and how each reads what follows its name.
//!
//! To add a command: a variant of [`Command`], its name in [`Command::name`], and a row here.

use std::ops::RangeInclusive;

use url::Url;

use super::{Command, CommandInfo, OptOutOf};
use crate::chat::{Chattiness, Role};
use crate::plan::{MOST_STEPS, StepEvent};
use crate::trigger::history::HOURS;

/// Characters of a link's name.
const LINK_NAME: RangeInclusive<usize> = 1..=40;

/// Characters of a question that is taught, and of its answer.
const LONGEST_TAUGHT: usize = 300;
const LONGEST_ANSWER: usize = 400;

/// How many titles may be asked for, and how many there are unless one says so.
const TITLES: RangeInclusive<u8> = 1..=10;
const TITLES_DEFAULT: u8 = 5;

/// Steps of a plan.
const STEPS: RangeInclusive<u8> = 1..=MOST_STEPS as u8;

/// Minutes of a pause, up to a day, and its length unless one says so.
const PAUSE_MINUTES: RangeInclusive<u32> = 1..=1440;
const PAUSE_MINUTES_DEFAULT: u32 = 10;

/// All of Pedro's commands, in the order in which the help tells them.
pub const COMMANDS: &[CommandInfo] = &[
    public("pedro", "question", "asks me something", ask),
    public("plan", "question", "makes a plan for a harder question, and carries it out", plan),
    public("recap", "[hours]", "tells what happened in the last stream, or in the last hours", recap),
    public("links", "[word]", "shows helpful links", links),
    public("title", "", "shows the stream's title", |_| Some(Command::Title)),
    public("titles", "[1-10]", "shows the latest titles", titles),
    public("help", "", "shows what I can do", |_| Some(Command::Help)),
    public("wrong", "", "as a reply to an answer of mine: I take it back", |_| Some(Command::Wrong)),
    public("retry", "", "makes me try your last question again", |_| Some(Command::Retry)),
    public("mark", "N failed|redundant", "answers your last plan again without a step", mark),
    moderators("addlink", "name url [words]", "adds or replaces a link", add_link),
    moderators("dellink", "name", "removes a link", del_link),
    moderators("forget", "", "as a reply to a line: I forget it, and what I made of it", |rest| {
        // It deletes: a sentence that only begins like it does not.
        rest.is_empty().then_some(Command::Forget)
    }),
    moderators("teach", "question => answer", "teaches me what to answer", teach),
    moderators("unteach", "name or question", "takes back what I was taught", unteach),
    moderators("pedro-chattiness", "quiet|named|questions", "says how much I speak", chattiness),
    moderators("pedro-agentic-mode", "on|off", "lets me plan harder questions, or not", agentic_mode),
    moderators("pedro-event", "on|off name", "tells me that an event is on, or over", event),
    moderators("pedro-pause", "[minutes|off]", "keeps me quiet for a while", pause),
    moderators("pedro-stop", "", "cancels everything I am working on", |_| Some(Command::Stop)),
    private("optout", "[storage|replies]", "stops storing what you write, or answering you", opt_out),
    private("optin", "", "takes an opt-out back", |rest| rest.is_empty().then_some(Command::OptIn)),
    private("forgetme", "", "deletes everything I have of you", |rest| rest.is_empty().then_some(Command::ForgetMe)),
];

type Read = fn(&str) -> Option<Command>;

const fn public(name: &'static str, arguments: &'static str, help: &'static str, read: Read) -> CommandInfo {
    CommandInfo { name, arguments, needs: Role::Viewer, help, is_private: false, read }
}

const fn moderators(name: &'static str, arguments: &'static str, help: &'static str, read: Read) -> CommandInfo {
    CommandInfo { name, arguments, needs: Role::Moderator, help, is_private: false, read }
}

/// These read strictly: nobody should lose their past, or come back into memory, by a sentence that only begins like
/// the command. The others let pass what people add (`!title please`).
const fn private(name: &'static str, arguments: &'static str, help: &'static str, read: Read) -> CommandInfo {
    CommandInfo { name, arguments, needs: Role::Viewer, help, is_private: true, read }
}

fn ask(rest: &str) -> Option<Command> {
    (!rest.is_empty()).then(|| Command::Ask(rest.to_owned()))
}

fn plan(rest: &str) -> Option<Command> {
    (!rest.is_empty()).then(|| Command::Plan(rest.to_owned()))
}

fn recap(rest: &str) -> Option<Command> {
    let hours = match first_word(rest) {
        "" => None,
        // `!recap 3h` is as good as `!recap 3`.
        word => Some(word.trim_end_matches(['h', 'H']).parse().ok().filter(|hours| HOURS.contains(hours))?),
    };
    Some(Command::Recap(hours))
}

fn mark(rest: &str) -> Option<Command> {
    let (number, what) = rest.split_once(' ')?;
    let number = number.to_lowercase().trim_start_matches('s').parse().ok().filter(|number| STEPS.contains(number))?;
    let event = match what.trim().to_lowercase().as_str() {
        "failed" | "wrong" => StepEvent::MarkFailed,
        "redundant" => StepEvent::MarkRedundant,
        _ => return None,
    };
    Some(Command::Mark { number, event })
}

fn agentic_mode(rest: &str) -> Option<Command> {
    match rest.to_lowercase().as_str() {
        "on" => Some(Command::AgenticMode(true)),
        "off" => Some(Command::AgenticMode(false)),
        _ => None,
    }
}

fn chattiness(rest: &str) -> Option<Command> {
    Chattiness::from_name(&first_word(rest).to_lowercase()).map(Command::Chattiness)
}

fn teach(rest: &str) -> Option<Command> {
    let (question, answer) = rest.split_once("=>")?;
    let (question, answer) = (question.trim(), answer.trim());
    let fits = |text: &str, most: usize| text.contains(char::is_alphanumeric) && text.chars().count() <= most;
    (fits(question, LONGEST_TAUGHT) && fits(answer, LONGEST_ANSWER))
        .then(|| Command::Teach { question: question.to_owned(), answer: answer.to_owned() })
}

/// Whoever writes it as they taught it means the question.
fn unteach(rest: &str) -> Option<Command> {
    let what = rest.split("=>").next().unwrap_or_default().trim();
    let fits = what.contains(char::is_alphanumeric) && what.chars().count() <= LONGEST_TAUGHT;
    fits.then(|| Command::Unteach(what.to_owned()))
}

fn event(rest: &str) -> Option<Command> {
    let (mode, name) = rest.split_once(' ')?;
    let name = name.trim().to_lowercase();
    let is_on = match mode.to_lowercase().as_str() {
        "on" => true,
        "off" => false,
        _ => return None,
    };
    (!name.is_empty() && !name.contains(' ')).then_some(Command::Event { name, is_on })
}

fn links(rest: &str) -> Option<Command> {
    Some(Command::Links((!rest.is_empty()).then(|| rest.to_owned())))
}

fn titles(rest: &str) -> Option<Command> {
    let count = match first_word(rest) {
        "" => TITLES_DEFAULT,
        word => word.parse().ok().filter(|count| TITLES.contains(count))?,
    };
    Some(Command::Titles(count))
}

fn add_link(rest: &str) -> Option<Command> {
    let mut words = rest.splitn(3, ' ');
    let name = link_name(words.next()?)?;
    let url = words.next().filter(|url| leads_somewhere(url))?.to_owned();
    Some(Command::AddLink { name, url, words: words.next().unwrap_or_default().to_owned() })
}

/// A name has no space, so that a second word is a mistake, and removing the wrong link would be a second one.
fn del_link(rest: &str) -> Option<Command> {
    link_name(rest).map(Command::DelLink)
}

fn link_name(word: &str) -> Option<String> {
    let name = word.to_lowercase();
    let is_sound =
        LINK_NAME.contains(&name.chars().count()) && !name.contains(|c: char| c.is_whitespace() || c.is_control());
    is_sound.then_some(name)
}

/// A link must lead where it seems to: no user name that looks like a host (`https://twitch.tv@evil.example`), and
/// nothing that a URL parser has to mend.
fn leads_somewhere(written: &str) -> bool {
    let Ok(url) = Url::parse(written) else { return false };
    let is_plain = written.contains("://") && !written.contains(|c: char| c == '\\' || c.is_control());
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    is_plain && is_web && url.username().is_empty() && url.password().is_none()
}

fn pause(rest: &str) -> Option<Command> {
    let minutes = match first_word(rest).to_lowercase().as_str() {
        "" => PAUSE_MINUTES_DEFAULT,
        "off" => 0,
        word => word.parse().ok().filter(|minutes| *minutes == 0 || PAUSE_MINUTES.contains(minutes))?,
    };
    Some(Command::Pause(minutes))
}

fn opt_out(rest: &str) -> Option<Command> {
    match rest.to_lowercase().as_str() {
        "" | "storage" => Some(Command::OptOut(OptOutOf::Storage)),
        "replies" => Some(Command::OptOut(OptOutOf::Replies)),
        _ => None,
    }
}

fn first_word(rest: &str) -> &str {
    rest.split(' ').next().unwrap_or_default()
}

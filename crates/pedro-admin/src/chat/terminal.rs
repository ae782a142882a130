//! The terminal as a chat: one line, its answers, the next line.

use std::io::{self, BufRead, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use pedro_core::chat::{Author, AuthorKind, ChannelKey, ChatMessage, Heard, Platform, ReplyTo, Role};
use pedro_core::memory::Inbox;
use pedro_core::service::Shutdown;
use pedro_core::speech::{Message, NotSpoken, Speech, Spoken};
use pedro_core::store::{question, recap};
use pedro_core::workflow;
use sqlx::PgPool;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::LOGIN;
use super::steps::Steps;
use crate::output;

/// How often is looked whether a question is still open.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A line that asked no question and got no word within this time gets none: another bot's command, a pause.
const NO_ANSWER: Duration = Duration::from_secs(5);

/// The adapter.
pub(super) struct Terminal {
    pub(super) pool: PgPool,
    pub(super) inbox: Inbox,
    pub(super) speeches: mpsc::Receiver<Speech>,
    pub(super) key: ChannelKey,
    /// Who sits here.
    pub(super) name: String,
    /// A recap is printed as JSON, and nothing else.
    pub(super) json: bool,
    /// The plan at hand.
    pub(super) steps: Steps,
}

impl Terminal {
    /// Says one line, or reads lines until there are no more or until told to stop, and waits for the answers to each.
    /// Whether the one line was answered.
    pub(super) async fn run(mut self, shutdown: &Shutdown, only: Option<String>) -> bool {
        let answered = match only {
            Some(line) => self.converse(&line, shutdown).await,
            None => {
                self.read(shutdown).await;
                true
            }
        };
        shutdown.begin();
        // The others may have a last word while they finish.
        let work = shutdown.work_token();
        loop {
            tokio::select! {
                () = work.cancelled() => break,
                speech = self.speeches.recv() => match speech {
                    Some(Speech::Say(message)) => self.say(*message),
                    Some(Speech::Typing(_)) => {}
                    None => break,
                },
            }
        }
        answered
    }

    async fn read(&mut self, shutdown: &Shutdown) {
        let stop = shutdown.token();
        let prompts = io::stdin().is_terminal();
        if prompts {
            output::note("You talk to Pedro as the streamer: ask, or give commands such as !links. Ctrl-D ends.");
        }
        let mut lines = lines(prompts);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                line = lines.recv() => match line {
                    Some(line) => drop(self.converse(&line, shutdown).await),
                    None => break,
                },
                // Something that was begun before: an old question's answer.
                Some(Speech::Say(message)) = self.speeches.recv() => self.say(*message),
            }
        }
    }

    /// Says a line to Pedro and shows what comes back, and the steps of its plan, until nothing more will. Whether there
    /// was an answer.
    async fn converse(&mut self, text: &str, shutdown: &Shutdown) -> bool {
        let message = self.message(text);
        let id = message.platform_message_id.clone();
        if self.inbox.put(Heard::Line(message)).is_err() {
            output::note("(too much is waiting: try again)");
            return false;
        }
        let waiting = waiting();
        let (stop, said_at) = (shutdown.token(), Instant::now());
        let mut answered = false;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(Speech::Say(message)) = self.speeches.recv() => {
                    answered |= message.reply_to.as_ref().is_none_or(|to| to.platform_message_id == id);
                    waiting.suspend(|| self.say(*message));
                }
                _ = look.tick() => {
                    self.show_steps(&id, &waiting).await;
                    let patient = !answered && said_at.elapsed() < NO_ANSWER;
                    // While the database is away nothing is known, and the question is kept.
                    if !patient && matches!(question::is_open(&self.pool, Platform::Terminal, &id).await, Ok(false)) {
                        break;
                    }
                }
            }
        }
        waiting.finish_and_clear();
        if self.json && answered {
            answered = self.print_recap(&id).await;
        }
        if !answered && !stop.is_cancelled() {
            output::note("(no answer: Pedro is paused, does not answer you, or this is another bot's command)");
        }
        answered
    }

    /// The recap that a line asked for. False if there is none: nobody said anything, or the model would not.
    async fn print_recap(&self, id: &str) -> bool {
        let printed = match recap::of_line(&self.pool, Platform::Terminal, id).await {
            Ok(Some(recap)) => output::json(&recap),
            Ok(None) => {
                output::note("(there is no recap: nobody said anything, or the model failed)");
                return false;
            }
            Err(error) => Err(error.into()),
        };
        printed.inspect_err(|error| output::note(format!("(the recap cannot be shown: {error})"))).is_ok()
    }

    /// What has changed about the plan of a line's question.
    async fn show_steps(&mut self, id: &str, waiting: &ProgressBar) {
        // While the database is away nothing is known.
        let Ok(Some(workflow)) = workflow::of_line(&self.pool, Platform::Terminal, id).await else { return };
        let changes = self.steps.changes(&workflow);
        waiting.suspend(|| changes.iter().for_each(output::note));
    }

    /// Every line is a reply to Pedro, hence a question or a command.
    fn message(&self, text: &str) -> ChatMessage {
        let channel = &self.key.platform_channel_id;
        ChatMessage {
            channel: self.key.clone(),
            platform_message_id: fresh_id(channel),
            author: Author {
                platform_user_id: format!("terminal/{}", self.name),
                login: self.name.to_lowercase(),
                display_name: self.name.clone(),
                kind: AuthorKind::Person,
                role: Role::Streamer,
            },
            text: text.to_owned(),
            sent_at: Utc::now(),
            reply_to: Some(ReplyTo {
                platform_message_id: format!("{channel}/start"),
                platform_user_id: LOGIN.to_owned(),
            }),
        }
    }

    fn say(&self, message: Message) {
        // A terminal obeys control characters; a line of chat has none but its breaks.
        let text: String = message.text.chars().filter(|char| !char.is_control() || *char == '\n').collect();
        let said = if self.json { Ok(()) } else { output::line(format!("{LOGIN}: {text}")) };
        let outcome = match said {
            Ok(()) => Ok(Spoken {
                platform_message_id: fresh_id(&self.key.platform_channel_id),
                own_user_id: LOGIN.to_owned(),
                own_login: LOGIN.to_owned(),
                at: Utc::now(),
            }),
            Err(error) => Err(NotSpoken::Refused(error.to_string())),
        };
        // Whoever said it may have been told to stop.
        let _ = message.outcome.send(outcome);
    }
}

fn fresh_id(channel: &str) -> String {
    format!("{channel}/{}", Uuid::new_v4())
}

/// Three dots and the time, where somebody watches.
fn waiting() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("… {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Lines that are typed, or piped. Read on a thread of its own that nobody waits for: a terminal may stay silent for ever.
fn lines(prompts: bool) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    let read = move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if !line.trim().is_empty() && sender.blocking_send(line).is_err() {
                break;
            }
        }
        if prompts {
            output::note("");
        }
    };
    if let Err(error) = thread::Builder::new().name("stdin".to_owned()).spawn(read) {
        output::note(format!("the terminal cannot be read: {error}"));
    }
    lines
}

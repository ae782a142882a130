//! The messages on which open questions are shown, as this process knows them.
//!
//! The attendant ("on it"), the draft and the answer write to the same message from different tasks. Each takes the lock
//! of the question's display for as long as the platform needs, so that they come one after the other, and nothing comes
//! after the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use crate::chat::QuestionId;
use crate::speech::Spoken;
use crate::store::question::Shown;

/// A word that stands there until there is more to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Notice {
    /// So many are before it.
    Waiting,
    /// Pedro is at it.
    Working,
}

/// One question's message.
#[derive(Default)]
pub(super) struct Display {
    /// What is there, if this process has looked or written.
    known: Option<Known>,
    /// The question is being worked on: nobody is before it.
    pub(super) working: bool,
    /// The answer is out.
    ended: bool,
}

#[derive(Default)]
struct Known {
    message: Option<String>,
    text: String,
    /// The digest of what another process put there; empty if this one did.
    digest: Vec<u8>,
    /// Whether the text is no more than a notice.
    notice: Option<Notice>,
    /// What the platform said of the text, if this process wrote it.
    spoken: Option<Spoken>,
}

impl Display {
    /// Nobody looked yet whether there is a message.
    pub(super) fn is_new(&self) -> bool {
        self.known.is_none()
    }

    /// What the database knows. A question that is gone, or was answered by another process, is shown no more.
    pub(super) fn found(&mut self, shown: Option<Shown>) {
        self.ended = shown.as_ref().is_none_or(|shown| !shown.is_open);
        let (message, digest) = shown.map(|shown| (shown.platform_message_id, shown.digest)).unwrap_or_default();
        self.known = Some(Known { message, digest: digest.unwrap_or_default(), ..Known::default() });
    }

    /// The platform's id of the message.
    pub(super) fn message(&self) -> Option<&str> {
        self.known.as_ref()?.message.as_deref()
    }

    /// Whether a text would be news: the answer is not out, and it does not stand there already.
    pub(super) fn wants(&self, text: &str) -> bool {
        let stands = |known: &Known| known.text == text || known.digest == digest(text);
        !self.ended && !self.known.as_ref().is_some_and(stands)
    }

    /// What the platform said when this very text was put there: it must not be put there again.
    pub(super) fn already(&self, text: &str) -> Option<Spoken> {
        self.known.as_ref().filter(|known| known.text == text)?.spoken.clone()
    }

    /// The notice that stands there.
    pub(super) fn notice(&self) -> Option<Notice> {
        self.known.as_ref()?.notice
    }

    /// Whether a notice may be put there: what is more than a notice does not give way to one.
    pub(super) fn yields_to(&self, notice: Notice) -> bool {
        self.message().is_none() || self.notice().is_some_and(|standing| standing <= notice)
    }

    /// What the platform took.
    pub(super) fn shows(&mut self, spoken: &Spoken, text: &str, notice: Option<Notice>) {
        let message = Some(spoken.platform_message_id.clone());
        let spoken = Some(spoken.clone());
        self.known = Some(Known { message, text: text.to_owned(), digest: Vec::new(), notice, spoken });
    }

    /// The answer is out, or there will be none: nothing more is shown.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }
}

/// What a text is recognised by in the database, where it is not kept.
pub(super) fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text.trim())[..8].to_vec()
}

/// All displays of a process.
#[derive(Default)]
pub(super) struct Displays {
    /// Held for look-ups only, never over an await.
    open: Mutex<HashMap<QuestionId, Arc<AsyncMutex<Display>>>>,
}

impl Displays {
    pub(super) fn of(&self, question: QuestionId) -> Arc<AsyncMutex<Display>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(open.entry(question).or_default())
    }

    /// The questions of which it is shown that others are before them. One whose message is just being written is left
    /// out.
    pub(super) fn waiting(&self) -> Vec<QuestionId> {
        let is_waiting = |display: &Arc<AsyncMutex<Display>>| {
            display.try_lock().is_ok_and(|display| !display.ended && display.notice() == Some(Notice::Waiting))
        };
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().filter(|(_, display)| is_waiting(display)).map(|(question, _)| *question).collect()
    }

    /// Forgets the displays that nobody holds and that are at their end.
    pub(super) fn tidy(&self) {
        let is_over = |display: &Arc<AsyncMutex<Display>>| {
            Arc::strong_count(display) == 1 && display.try_lock().is_ok_and(|display| display.ended)
        };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, display| !is_over(display));
    }

    /// Forgets a question's display; whoever waits for it finds it ended.
    pub(super) fn close(&self, question: QuestionId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&question);
    }
}

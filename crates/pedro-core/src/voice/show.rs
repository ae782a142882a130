//! How a question fares is shown on the message that becomes its answer.

use super::display::{Display, Notice, digest};
use super::piece::{nonce, pieces};
use super::{Utterance, Voice};
use crate::chat::QuestionId;
use crate::places::Place;
use crate::reply;
use crate::speech::{Controls, Form, NotSpoken, ReplyTarget, can_edit};
use crate::store::question::{self, Shown};

impl Voice {
    /// Shows how a question fares, on the message that will become its answer. Nothing of it is stored. Does nothing
    /// where messages cannot be edited, once the answer is out, if the text stands there already, or if another process may
    /// have the question by now.
    ///
    /// # Errors
    /// When the platform does not take it.
    pub async fn show(
        &self,
        question: QuestionId,
        place: &Place,
        to: Option<&ReplyTarget>,
        text: &str,
        controls: Controls,
    ) -> Result<(), NotSpoken> {
        self.show_as(None, question, place, to, text, controls).await
    }

    /// Shows how many questions are before this one, unless there is more to see of it already.
    ///
    /// # Errors
    /// When the platform does not take it.
    pub async fn show_waiting(
        &self,
        question: QuestionId,
        place: &Place,
        to: Option<&ReplyTarget>,
        ahead: i64,
    ) -> Result<(), NotSpoken> {
        let working = self.displays.of(question).lock().await.working;
        let text = reply::on_it(if working { 0 } else { ahead });
        self.show_as(Some(Notice::Waiting), question, place, to, &text, Controls::default()).await
    }

    /// Shows that Pedro is at it, for so many minutes already, unless there is more to see. In the first minute only what
    /// was said of the others before it is put right.
    ///
    /// # Errors
    /// When the platform does not take it.
    pub async fn show_working(
        &self,
        question: QuestionId,
        place: &Place,
        to: Option<&ReplyTarget>,
        minutes: u64,
    ) -> Result<(), NotSpoken> {
        let display = self.displays.of(question);
        let mut display = display.lock().await;
        display.working = true;
        if minutes == 0 && display.notice().is_none() {
            return Ok(());
        }
        drop(display);
        let text = if minutes == 0 { reply::on_it(0) } else { reply::still_on_it(minutes) };
        self.show_as(Some(Notice::Working), question, place, to, &text, Controls::default()).await
    }

    /// The questions of which people see that others are before them.
    pub fn waiting(&self) -> Vec<QuestionId> {
        self.displays.waiting()
    }

    async fn show_as(
        &self,
        notice: Option<Notice>,
        question: QuestionId,
        place: &Place,
        to: Option<&ReplyTarget>,
        text: &str,
        controls: Controls,
    ) -> Result<(), NotSpoken> {
        let pieces = pieces(place.key.platform, text);
        let Some(piece) = pieces.first().filter(|_| can_edit(place.key.platform)) else { return Ok(()) };
        if self.held.is_doubtful(question) {
            return Ok(());
        }
        let display = self.displays.of(question);
        let mut display = display.lock().await;
        if !display.wants(piece) {
            return Ok(());
        }
        let form = self.form_of(&mut display, question).await;
        if !display.wants(piece) || notice.is_some_and(|notice| !display.yields_to(notice)) {
            return Ok(());
        }
        let utterance = Utterance { controls, ..Utterance::unstored(place, to, piece) };
        // The nonce of the answer: if it was said before a crash, and not noted, it becomes the answer after all.
        let spoken = self.hand_over(&utterance, piece, to.map(|to| nonce(to, 0, 0)), form).await?;
        display.shows(&spoken, piece, notice);
        let id = &spoken.platform_message_id;
        if let Err(error) = question::note_shown(&self.pool, question, id, &digest(piece)).await {
            tracing::warn!(%error, "after a crash the answer would not find the message that it belongs on");
        }
        Ok(())
    }

    /// The last word on the message that shows a question which is gone, or was called off. Says nothing where nothing is
    /// shown and nobody is kept waiting by the platform.
    ///
    /// # Errors
    /// When the platform does not take it.
    pub async fn close(
        &self,
        question: QuestionId,
        place: &Place,
        to: Option<&ReplyTarget>,
        shown: Option<String>,
        text: &str,
    ) -> Result<(), NotSpoken> {
        let display = self.displays.of(question);
        let mut display = display.lock().await;
        if display.is_new() {
            display.found(Some(Shown { platform_message_id: shown, digest: None, is_open: true }));
        }
        let form = match display.message() {
            Some(id) => Form::Edit(id.to_owned()),
            None if to.is_some_and(|to| to.interaction.is_some()) => Form::Opening,
            None => {
                display.end();
                return Ok(());
            }
        };
        if !display.wants(text) {
            return Ok(());
        }
        let utterance = Utterance::unstored(place, to, text);
        display.end();
        self.hand_over(&utterance, text, None, form).await?;
        Ok(())
    }

    /// Forgets what is no longer shown.
    pub fn tidy(&self) {
        self.displays.tidy();
    }

    /// Forgets that a question was answered: it is put again.
    pub fn reopen(&self, question: QuestionId) {
        self.displays.close(question);
    }

    /// Edits the message that shows the question, if there is one; another process may have made it.
    pub(super) async fn form_of(&self, display: &mut Display, question: QuestionId) -> Form {
        if display.is_new() {
            match question::shown(&self.pool, question).await {
                Ok(shown) => display.found(shown),
                Err(error) => tracing::warn!(%error, "what was shown of a question is not known"),
            }
        }
        display.message().map_or(Form::Opening, |id| Form::Edit(id.to_owned()))
    }

    pub(super) async fn is_shown(&self, question: QuestionId) -> bool {
        let shown = question::shown(&self.pool, question).await;
        shown.ok().flatten().is_some_and(|shown| shown.platform_message_id.is_some())
    }
}

//! Pedro's voice: a text is said by the adapter, piece by piece, and stored as Pedro's own lines.
//!
//! Where messages can be edited, one message shows the whole way of a question: "on it", the text as it grows, the
//! answer. `display` keeps who writes it from getting in each other's way.

mod display;
mod note;
mod piece;
mod show;
mod utterance;

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use self::display::Displays;
use self::piece::{PIECE_BELOW, nonce, pieces};
pub use self::utterance::{Answers, Utterance};
use crate::places::Place;
use crate::question::Held;
use crate::speech::{
    Button, Controls, File, Form, Message, NotSpoken, ReplyTarget, Speech, Spoken, can_edit, is_spoken_to,
};

/// The way to the adapter.
pub struct Voice {
    pool: PgPool,
    adapter: mpsc::Sender<Speech>,
    displays: Displays,
    held: Held,
}

impl Voice {
    /// A voice that speaks through an adapter.
    pub fn new(pool: PgPool, adapter: mpsc::Sender<Speech>) -> Self {
        Self { pool, adapter, displays: Displays::default(), held: Held::default() }
    }

    /// What the workers of this process hold: nothing is said of a question that another may have by now.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// Says a text, in as many pieces as the platform wants, and waits until the platform has taken them. Returns what
    /// the platform says of the first of them; `None` if all were out already, or nobody is there to be spoken to.
    ///
    /// # Errors
    /// When the platform does not take a piece: those before it are out.
    pub async fn say(&self, utterance: &Utterance<'_>) -> Result<Option<Spoken>, NotSpoken> {
        if !is_spoken_to(utterance.place.key.platform) {
            return Ok(None);
        }
        let mut pieces = pieces(utterance.place.key.platform, utterance.text).into_iter().enumerate();
        let said_before = utterance.answers.map_or(0, |answers| answers.said);
        let mut first = None;
        if said_before == 0
            && let Some((_, piece)) = pieces.next()
        {
            self.ensure_ours(utterance).await?;
            let spoken = self.open(utterance, &piece).await?;
            self.noted(utterance, &piece, 1, &spoken).await?;
            first = Some(spoken);
        }
        for (number, piece) in pieces.filter(|(number, _)| *number >= said_before) {
            self.ensure_ours(utterance).await?;
            let spoken = self.send(utterance, &piece, number, Form::New).await?;
            self.noted(utterance, &piece, number + 1, &spoken).await?;
        }
        if let Some(answers) = utterance.answers {
            self.displays.close(answers.question);
        }
        Ok(first)
    }

    /// While the database is away the lease on a question may run out: then an answer waits until it is back and says whose
    /// the question is.
    async fn ensure_ours(&self, utterance: &Utterance<'_>) -> Result<(), NotSpoken> {
        let held = utterance.answers.filter(|answers| answers.lease.is_some());
        match held {
            Some(answers) if !self.held.is_certain(answers.question).await => Err(NotSpoken::Unwanted),
            _ => Ok(()),
        }
    }

    /// The first piece. An answer takes the place of what was shown while it was made.
    async fn open(&self, utterance: &Utterance<'_>, piece: &str) -> Result<Spoken, NotSpoken> {
        match utterance.answers {
            Some(answers) if answers.below => {
                let form = if self.is_shown(answers.question).await { Form::New } else { Form::Opening };
                self.send(utterance, piece, 0, form).await
            }
            Some(answers) if can_edit(utterance.place.key.platform) => {
                let display = self.displays.of(answers.question);
                let mut display = display.lock().await;
                let form = self.form_of(&mut display, answers.question).await;
                let spoken = match display.already(piece) {
                    Some(spoken) => spoken,
                    None => self.send(utterance, piece, 0, form).await?,
                };
                display.shows(&spoken, "", None);
                display.end();
                Ok(spoken)
            }
            _ => self.send(utterance, piece, 0, Form::Opening).await,
        }
    }

    /// Says a text that fits into one message and is not stored as a line. `nonce` is the same whenever the same text is
    /// said again.
    ///
    /// # Errors
    /// When the platform does not take it.
    pub async fn say_unstored(
        &self,
        place: &Place,
        to: Option<&ReplyTarget>,
        text: &str,
        buttons: Vec<Button>,
        nonce: String,
    ) -> Result<Spoken, NotSpoken> {
        let utterance = Utterance { controls: buttons.into(), ..Utterance::unstored(place, to, text) };
        self.hand_over(&utterance, text, Some(nonce), Form::New).await
    }

    /// Changes a message that was said, with what can be pressed under it and the file that hangs on it.
    ///
    /// # Errors
    /// When the platform does not take it.
    pub async fn change(
        &self,
        place: &Place,
        platform_message_id: &str,
        text: &str,
        controls: Controls,
        file: Option<File>,
    ) -> Result<(), NotSpoken> {
        let utterance = Utterance { controls, file, ..Utterance::unstored(place, None, text) };
        self.hand_over(&utterance, text, None, Form::Edit(platform_message_id.to_owned())).await?;
        Ok(())
    }

    /// Names the thread that a place is, and opens it again.
    ///
    /// # Errors
    /// When the platform does not do it.
    pub async fn name(&self, place: &Place, name: &str) -> Result<(), NotSpoken> {
        let utterance = Utterance::unstored(place, None, name);
        self.hand_over(&utterance, name, None, Form::Name).await?;
        Ok(())
    }

    /// Shows for some seconds that Pedro is at it.
    pub fn type_in(&self, place: &Place) {
        // Best effort: where the way is full, people will soon see Pedro speak.
        let _full = self.adapter.try_send(Speech::Typing(place.key.clone()));
    }

    async fn send(
        &self,
        utterance: &Utterance<'_>,
        piece: &str,
        number: usize,
        form: Form,
    ) -> Result<Spoken, NotSpoken> {
        let nonce = utterance.answers.zip(utterance.to).map(|(answers, to)| {
            // In the first round the opening is also what shows how the question fares.
            if answers.below && number == 0 {
                nonce(to, answers.round, PIECE_BELOW)
            } else {
                nonce(to, answers.round, number)
            }
        });
        self.hand_over(utterance, piece, nonce, form).await
    }

    async fn hand_over(
        &self,
        utterance: &Utterance<'_>,
        piece: &str,
        nonce: Option<String>,
        form: Form,
    ) -> Result<Spoken, NotSpoken> {
        let (outcome, told) = oneshot::channel();
        let message = Message {
            channel: utterance.place.key.clone(),
            reply_to: utterance.to.cloned(),
            text: piece.to_owned(),
            form,
            controls: utterance.controls.clone(),
            file: utterance.file.clone(),
            nonce,
            span: tracing::Span::current(),
            outcome,
        };
        self.adapter.send(Speech::Say(Box::new(message))).await.map_err(|_| NotSpoken::Unavailable)?;
        told.await.map_err(|_| NotSpoken::Unavailable)?
    }
}

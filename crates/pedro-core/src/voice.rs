//! Pedro's voice: a text is said by the adapter, piece by piece, and stored as Pedro's own lines.
//!
//! Where messages can be edited, one message shows the whole way of a question: "on it", the text as it grows, the
//! answer. `display` keeps who writes it from getting in each other's way.

mod display;

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use self::display::{Displays, Notice};
use crate::chat::{Author, AuthorKind, ChatMessage, GenerationId, Platform, QuestionId, ReplyTo, Role};
use crate::places::Place;
use crate::prompt::{DISCORD_LIMIT, TWITCH_LIMIT, TWITCH_PARTS, split, split_markdown};
use crate::reply;
use crate::speech::{
    Button, Controls, File, Form, Message, NotSpoken, ReplyTarget, Speech, Spoken, can_edit, is_spoken_to,
};
use crate::store::message::{self, NewLine};
use crate::store::question::Shown;
use crate::store::{StoreError, generation, question};

/// What is said.
#[derive(Clone)]
pub struct Utterance<'a> {
    /// Where.
    pub place: &'a Place,
    /// To whom.
    pub to: Option<&'a ReplyTarget>,
    /// Clean text of any length.
    pub text: &'a str,
    /// What can be pressed and chosen under it.
    pub controls: Controls,
    /// A file that hangs on its first piece.
    pub file: Option<File>,
    /// Whether it is stored. What answers somebody who opted out of storage is not.
    pub stored: bool,
    /// The generation that it says.
    pub generation: Option<GenerationId>,
    /// The question that it answers.
    pub answers: Option<Answers>,
}

/// The question that an utterance answers.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// The question.
    pub question: QuestionId,
    /// The lease under which it is answered; `None` for a last word about a question that nobody holds any more.
    pub lease: Option<Uuid>,
    /// How many pieces were said before a crash.
    pub said: usize,
    /// How often the question was put again: the answers of two rounds are two messages.
    pub round: i32,
    /// Whether the answer stands below what was shown while it was made, and not in its place.
    pub below: bool,
}

impl<'a> Utterance<'a> {
    /// A stored text of Pedro's own.
    pub fn reply(place: &'a Place, to: &'a ReplyTarget, text: &'a str) -> Self {
        Self { stored: true, ..Self::unstored(place, Some(to), text) }
    }

    /// A text that is not stored, such as one that will change.
    pub fn unstored(place: &'a Place, to: Option<&'a ReplyTarget>, text: &'a str) -> Self {
        let controls = Controls::default();
        Self { place, to, text, controls, file: None, stored: false, generation: None, answers: None }
    }
}

/// The way to the adapter.
pub struct Voice {
    pool: PgPool,
    adapter: mpsc::Sender<Speech>,
    displays: Displays,
}

impl Voice {
    /// A voice that speaks through an adapter.
    pub fn new(pool: PgPool, adapter: mpsc::Sender<Speech>) -> Self {
        Self { pool, adapter, displays: Displays::default() }
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
            let spoken = self.open(utterance, &piece).await?;
            self.noted(utterance, &piece, 1, &spoken).await?;
            first = Some(spoken);
        }
        for (number, piece) in pieces.filter(|(number, _)| *number >= said_before) {
            let spoken = self.send(utterance, &piece, number, Form::New).await?;
            self.noted(utterance, &piece, number + 1, &spoken).await?;
        }
        if let Some(answers) = utterance.answers {
            self.displays.close(answers.question);
        }
        Ok(first)
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

    /// Shows how a question fares, on the message that will become its answer. Nothing of it is stored. Does nothing
    /// where messages cannot be edited, once the answer is out, or if the text stands there already.
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
        let (id, digest) = (&spoken.platform_message_id, display::digest(piece));
        if let Err(error) = question::note_shown(&self.pool, question, id, &digest).await {
            tracing::warn!(%error, "after a crash the answer would not find the message that it belongs on");
        }
        Ok(())
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

    /// Names the thread that a place is, and opens it again.
    ///
    /// # Errors
    /// When the platform does not do it.
    pub async fn name(&self, place: &Place, name: &str) -> Result<(), NotSpoken> {
        let utterance = Utterance::unstored(place, None, name);
        self.hand_over(&utterance, name, None, Form::Name).await?;
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

    /// Shows for some seconds that Pedro is at it.
    pub fn type_in(&self, place: &Place) {
        // Best effort: where the way is full, people will soon see Pedro speak.
        let _full = self.adapter.try_send(Speech::Typing(place.key.clone()));
    }

    /// Edits the message that shows the question, if there is one; another process may have made it.
    async fn form_of(&self, display: &mut display::Display, question: QuestionId) -> Form {
        if display.is_new() {
            match question::shown(&self.pool, question).await {
                Ok(shown) => display.found(shown),
                Err(error) => tracing::warn!(%error, "what was shown of a question is not known"),
            }
        }
        display.message().map_or(Form::Opening, |id| Form::Edit(id.to_owned()))
    }

    async fn is_shown(&self, question: QuestionId) -> bool {
        let shown = question::shown(&self.pool, question).await;
        shown.ok().flatten().is_some_and(|shown| shown.platform_message_id.is_some())
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

    /// The platform has taken the piece: the note of it outlasts a short absence of the database. From the platform's
    /// word to the end of this call a crash would say the piece again: it is one transaction.
    async fn noted(
        &self,
        utterance: &Utterance<'_>,
        piece: &str,
        said: usize,
        spoken: &Spoken,
    ) -> Result<(), NotSpoken> {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.note(utterance, piece, said, spoken).await {
                Ok(()) => return Ok(()),
                Err(StoreError::LeaseLost) => return Err(NotSpoken::Unwanted),
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "noting what was said waits for the database")
                }
                Err(error) => {
                    tracing::warn!(%error, "a line of Pedro's own was said but not stored");
                    return Ok(());
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Whether a text may be stored, as the rows say now: while it was said, the asker may have opted out, or what it
    /// was made from may have been forgotten.
    async fn may_be_kept(&self, transaction: &mut PgConnection, utterance: &Utterance<'_>) -> Result<bool, StoreError> {
        let mut kept = utterance.stored;
        if let Some(answers) = utterance.answers {
            kept &= !question::is_ephemeral(transaction, answers.question).await?;
        }
        if let Some(generation) = utterance.generation {
            kept &= generation::is_whole(transaction, generation).await?;
        }
        Ok(kept)
    }

    async fn note(
        &self,
        utterance: &Utterance<'_>,
        piece: &str,
        said: usize,
        spoken: &Spoken,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        if self.may_be_kept(&mut transaction, utterance).await? {
            let line = own_line(utterance, piece, spoken);
            let line = NewLine { channel: utterance.place.id, message: &line, generation: utterance.generation };
            message::insert_lines(&mut transaction, &[line]).await?;
        }
        let wanted = match utterance.answers {
            Some(Answers { question, lease: Some(lease), .. }) => {
                question::note_pieces(&mut *transaction, question, lease, said as i32).await
            }
            _ => Ok(()),
        };
        // The line was said, whoever has the question now.
        match wanted {
            Ok(()) | Err(StoreError::LeaseLost) => transaction.commit().await?,
            Err(_) => transaction.rollback().await?,
        }
        wanted
    }
}

/// The number of an answer's first piece where another message opens the reply. Discord's 2,000 characters a piece and
/// the model's few hundred tokens never get there.
const PIECE_BELOW: usize = 9;

/// What a piece of an answer is known by, however often it is sent. At most 25 characters, as Discord wants.
fn nonce(to: &ReplyTarget, round: i32, piece: usize) -> String {
    match round {
        0 => format!("{}-{piece}", to.platform_message_id),
        round => format!("{}-{}{piece}", to.platform_message_id, round % 10),
    }
}

/// A text cut to what the platform takes in one message.
fn pieces(platform: Platform, text: &str) -> Vec<String> {
    match platform {
        // Whatever it is: a stream title may begin with another bot's command, or with one of Twitch's.
        Platform::Twitch => split(text.trim_start_matches(['/', '.', '!', ' ']), TWITCH_LIMIT, TWITCH_PARTS),
        Platform::Discord => split_markdown(text, DISCORD_LIMIT),
        _ => vec![text.to_owned()],
    }
}

fn own_line(utterance: &Utterance<'_>, text: &str, spoken: &Spoken) -> ChatMessage {
    ChatMessage {
        channel: utterance.place.key.clone(),
        platform_message_id: spoken.platform_message_id.clone(),
        author: Author {
            platform_user_id: spoken.own_user_id.clone(),
            login: spoken.own_login.clone(),
            display_name: spoken.own_login.clone(),
            kind: AuthorKind::Pedro,
            role: Role::Viewer,
        },
        text: text.to_owned(),
        sent_at: spoken.at,
        reply_to: utterance.to.map(|to| ReplyTo {
            platform_message_id: to.platform_message_id.clone(),
            platform_user_id: to.platform_user_id.clone(),
        }),
    }
}

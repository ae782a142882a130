//! Pedro's voice: a text is said by the adapter, piece by piece, and stored as Pedro's own lines.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot};

use crate::chat::{Author, AuthorKind, ChatMessage, GenerationId, Platform, QuestionId, ReplyTo, Role};
use crate::places::Place;
use crate::prompt::{TWITCH_LIMIT, TWITCH_PARTS, split};
use crate::speech::{NotSpoken, ReplyTarget, Speech, Spoken};
use crate::store::message::{self, NewLine};
use crate::store::{StoreError, generation, question};

/// What is said.
pub struct Utterance<'a> {
    /// Where.
    pub place: &'a Place,
    /// To whom.
    pub to: Option<&'a ReplyTarget>,
    /// Clean text of any length.
    pub text: &'a str,
    /// Whether it is stored. What answers somebody who opted out of storage is not.
    pub stored: bool,
    /// The generation that it says.
    pub generation: Option<GenerationId>,
    /// The question that it answers, and how many of its pieces were said before a crash.
    pub answers: Option<(QuestionId, usize)>,
}

impl<'a> Utterance<'a> {
    /// A stored text of Pedro's own.
    pub fn reply(place: &'a Place, to: &'a ReplyTarget, text: &'a str) -> Self {
        Self { place, to: Some(to), text, stored: true, generation: None, answers: None }
    }
}

/// The way to the adapter.
pub struct Voice {
    pool: PgPool,
    adapter: mpsc::Sender<Speech>,
}

impl Voice {
    /// A voice that speaks through an adapter.
    pub fn new(pool: PgPool, adapter: mpsc::Sender<Speech>) -> Self {
        Self { pool, adapter }
    }

    /// Says a text, in as many pieces as the platform wants, and waits until the platform has taken them.
    ///
    /// # Errors
    /// When the platform does not take a piece: those before it are out.
    pub async fn say(&self, utterance: &Utterance<'_>) -> Result<(), NotSpoken> {
        let pieces = pieces(utterance.place.key.platform, utterance.text);
        let said_before = utterance.answers.map_or(0, |(_, said)| said);
        for (number, piece) in pieces.iter().enumerate().skip(said_before) {
            let spoken = self.say_piece(utterance, piece).await?;
            // From here to the end of this call a crash would say the piece again: it is one transaction.
            if let Err(error) = self.note_with_patience(utterance, piece, number + 1, &spoken).await {
                tracing::warn!(%error, "a line of Pedro's own was said but not stored");
            }
        }
        Ok(())
    }

    async fn say_piece(&self, utterance: &Utterance<'_>, piece: &str) -> Result<Spoken, NotSpoken> {
        let (outcome, told) = oneshot::channel();
        let speech = Speech {
            channel: utterance.place.key.clone(),
            reply_to: utterance.to.cloned(),
            text: piece.to_owned(),
            outcome,
        };
        self.adapter.send(speech).await.map_err(|_| NotSpoken::Unavailable)?;
        told.await.map_err(|_| NotSpoken::Unavailable)?
    }

    /// The platform has taken the piece: the note of it outlasts a short absence of the database.
    async fn note_with_patience(
        &self,
        utterance: &Utterance<'_>,
        piece: &str,
        said: usize,
        spoken: &Spoken,
    ) -> Result<(), StoreError> {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.note(utterance, piece, said, spoken).await {
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "noting what was said waits for the database")
                }
                done => return done,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Whether a text may be stored, as the rows say now: while it was said, the asker may have opted out, or what it
    /// was made from may have been forgotten.
    async fn may_be_kept(&self, transaction: &mut PgConnection, utterance: &Utterance<'_>) -> Result<bool, StoreError> {
        let mut kept = utterance.stored;
        if let Some((question, _)) = utterance.answers {
            kept &= !question::is_ephemeral(transaction, question).await?;
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
        if let Some((id, _)) = utterance.answers {
            question::note_pieces(&mut *transaction, id, said as i32).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// A text cut to what the platform takes in one message.
fn pieces(platform: Platform, text: &str) -> Vec<String> {
    match platform {
        // Whatever it is: a stream title may begin with another bot's command, or with one of Twitch's.
        Platform::Twitch => split(text.trim_start_matches(['/', '.', '!', ' ']), TWITCH_LIMIT, TWITCH_PARTS),
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

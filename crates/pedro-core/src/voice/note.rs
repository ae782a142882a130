//! What was said is noted: as Pedro's own line, and as a piece of an answer that is out.

use std::time::Duration;

use sqlx::PgConnection;

use super::{Answers, Utterance, Voice};
use crate::chat::{Author, AuthorKind, ChatMessage, ReplyTo, Role};
use crate::speech::{NotSpoken, Spoken};
use crate::store::message::{self, NewLine};
use crate::store::{StoreError, generation, question};

impl Voice {
    /// The platform has taken the piece: the note of it outlasts a short absence of the database. From the platform's
    /// word to the end of this call a crash would say the piece again: it is one transaction.
    pub(super) async fn noted(
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

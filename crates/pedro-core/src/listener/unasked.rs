//! Lines that were not put to Pedro and become questions all the same, some moments after they were written.

use std::time::Duration;

use super::{Line, Listener};
use crate::chat::TrainedPromptId;
use crate::store::question::{self as questions, Accepted};
use crate::store::{StoreError, trained_prompt};
use crate::trigger::{Asked, Why};

/// After a question to the room that it took up, Pedro takes up none in the channel for so long, and none of that person.
const OF_CHANNEL: Duration = Duration::from_secs(60);
const OF_PERSON: Duration = Duration::from_secs(180);

impl Listener {
    /// Writes the question of a line that was taken for a trained prompt, or else put to the room, if that is not in its
    /// cool-down. Nobody is told if it is not, for nobody waits. True if a worker may begin.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn accept_unasked(&self, line: &Line, prompt: Option<TrainedPromptId>) -> Result<bool, StoreError> {
        let asked = Asked { text: line.message.text.trim().to_owned(), why: Why::Name, plan: false };
        let mut transaction = self.pool.begin().await?;
        let has_turn = match prompt {
            Some(prompt) => trained_prompt::take_turn(&mut transaction, prompt, line.place.id).await?,
            None => {
                let place = line.place.id;
                questions::may_overhear(&mut transaction, place, &line.person, OF_CHANNEL, OF_PERSON).await?
            }
        };
        if !has_turn {
            return Ok(false);
        }
        let new = self.question(line, &asked, false);
        let Accepted::Queued { id, .. } = questions::accept(&mut transaction, &new, &self.terms.limits).await? else {
            return Ok(false);
        };
        questions::note_unasked(&mut transaction, id, prompt).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

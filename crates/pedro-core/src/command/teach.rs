//! `!teach question => answer`.

use super::Given;
use crate::knowledge::prompt_file;
use crate::reply;
use crate::store::StoreError;
use crate::store::trained_prompt::{self, Source};

/// The examples get their embeddings from the task that follows the files, within a second or two.
pub(super) async fn teach(question: &str, answer: &str, given: &Given<'_>) -> Result<String, StoreError> {
    let name = prompt_file::name_of(question);
    let examples = vec![question.to_owned()];
    let Ok(prompt) = prompt_file::checked(&name, examples, answer, &[], prompt_file::COOLDOWN) else {
        return Ok(reply::not_taught());
    };
    let mut transaction = given.pool.begin().await?;
    let is_new = trained_prompt::put(&mut transaction, given.place.home.id, &prompt, Source::Taught).await?;
    transaction.commit().await?;
    Ok(reply::taught(&prompt.name, is_new))
}

//! What is taught in chat, question by question, and taken back.

use sqlx::PgConnection;

use super::{NewTrainedPrompt, Source, lock, put};
use crate::chat::{CommunityId, TrainedPromptId};
use crate::store::StoreError;

/// What came of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lesson {
    /// Pedro did not know that.
    New,
    /// The question had another answer. The name of the trained prompt.
    Replaced(String),
    /// The answer was known: the question leads to it now, too.
    Example {
        /// Name of the trained prompt.
        name: String,
        /// How many questions lead to it.
        examples: i64,
    },
    /// Both were known.
    Known(String),
    /// So many questions lead to the answer that one more is not taken.
    Full(String),
}

/// Teaches one question, the first example of `new`, with its answer. Where the answer is known the question is one more
/// example of it, and of no other; where the question is known its answer is another one from now on. What stands in the
/// operator's file is let be, unless it has the name. Belongs in a transaction.
///
/// # Errors
/// When a statement fails.
pub async fn teach(
    connection: &mut PgConnection,
    community: CommunityId,
    new: &NewTrainedPrompt,
    most_examples: i64,
) -> Result<Lesson, StoreError> {
    lock(connection, community).await?;
    let question = new.examples.first().map(String::as_str).unwrap_or_default();
    if let Some(same) = of_answer(connection, community, &new.answer).await? {
        return add_example(connection, community, &same, question, most_examples).await;
    }
    let changed = sqlx::query!(
        r#"update pedro.trained_prompt set answer = $4, source = 'taught', updated_at = now()
           where id = (
               select id from pedro.trained_prompt as known where community_id = $1 and source <> 'file' and (
                   name = lower($2) or exists (
                       select from pedro.trained_prompt_example
                       where trained_prompt_id = known.id and lower(text) = lower($3)
                   )
               ) order by name = lower($2) desc, id limit 1
           ) returning id as "id: TrainedPromptId", name"#,
        community.0,
        new.name,
        question,
        new.answer
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(changed) = changed {
        insert_example(connection, changed.id, question).await?;
        return Ok(Lesson::Replaced(changed.name));
    }
    let is_new = put(connection, community, new, Source::Taught).await?;
    Ok(if is_new { Lesson::New } else { Lesson::Replaced(new.name.clone()) })
}

/// A trained prompt with its number of examples.
struct Known {
    id: TrainedPromptId,
    name: String,
    examples: i64,
}

async fn of_answer(
    connection: &mut PgConnection,
    community: CommunityId,
    answer: &str,
) -> Result<Option<Known>, StoreError> {
    let known = sqlx::query_as!(
        Known,
        r#"select id as "id: TrainedPromptId", name,
               (select count(*) from pedro.trained_prompt_example where trained_prompt_id = trained_prompt.id)
                   as "examples!"
           from pedro.trained_prompt where community_id = $1 and source <> 'file' and lower(answer) = lower($2)
           order by id limit 1"#,
        community.0,
        answer
    );
    Ok(known.fetch_optional(connection).await?)
}

async fn add_example(
    connection: &mut PgConnection,
    community: CommunityId,
    known: &Known,
    question: &str,
    most: i64,
) -> Result<Lesson, StoreError> {
    let (id, name) = (known.id, known.name.clone());
    let is_there = sqlx::query_scalar!(
        r#"select exists (select from pedro.trained_prompt_example
                          where trained_prompt_id = $1 and lower(text) = lower($2)) as "there!""#,
        id.0,
        question
    );
    if is_there.fetch_one(&mut *connection).await? {
        return Ok(Lesson::Known(name));
    }
    if known.examples >= most {
        return Ok(Lesson::Full(name));
    }
    sqlx::query!(
        "delete from pedro.trained_prompt_example as example using pedro.trained_prompt
         where trained_prompt.id = trained_prompt_id and community_id = $1 and source <> 'file'
             and lower(example.text) = lower($2)",
        community.0,
        question
    )
    .execute(&mut *connection)
    .await?;
    // One that nobody can ask any more.
    sqlx::query!(
        "delete from pedro.trained_prompt where community_id = $1 and source <> 'file'
             and not exists (select from pedro.trained_prompt_example where trained_prompt_id = trained_prompt.id)",
        community.0
    )
    .execute(&mut *connection)
    .await?;
    insert_example(connection, id, question).await?;
    Ok(Lesson::Example { name, examples: known.examples + 1 })
}

async fn insert_example(connection: &mut PgConnection, id: TrainedPromptId, question: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into pedro.trained_prompt_example (trained_prompt_id, text)
         select $1, $2 where not exists (
             select from pedro.trained_prompt_example where trained_prompt_id = $1 and lower(text) = lower($2))",
        id.0,
        question
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes one question from a trained prompt. How many still lead to it.
///
/// # Errors
/// When a statement fails.
pub async fn remove_example(
    connection: &mut PgConnection,
    id: TrainedPromptId,
    question: &str,
) -> Result<i64, StoreError> {
    sqlx::query!("delete from pedro.trained_prompt_example where trained_prompt_id = $1 and text = $2", id.0, question)
        .execute(&mut *connection)
        .await?;
    let left = sqlx::query_scalar!(
        r#"select count(*) as "left!" from pedro.trained_prompt_example where trained_prompt_id = $1"#,
        id.0
    );
    Ok(left.fetch_one(connection).await?)
}

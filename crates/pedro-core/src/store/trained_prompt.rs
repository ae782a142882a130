//! `pedro.trained_prompt` with its examples and their embeddings: what Pedro has been taught to answer.

mod lesson;

use std::collections::HashMap;

pub use lesson::{Lesson, remove_example, teach};
use pgvector::HalfVector;
use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use super::embedding::EmbeddingSpace;
use crate::chat::{ChannelId, CommunityId, TrainedPromptId};

/// Where a trained prompt comes from. Stored as its lower-case name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Source {
    /// The file of the community: it follows the file.
    File,
    /// A moderator taught it in chat.
    Taught,
    /// The operator added it.
    Added,
}

impl Source {
    /// The name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Taught => "taught",
            Self::Added => "added",
        }
    }
}

/// A trained prompt, before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTrainedPrompt {
    /// Lower case, unique in the community, 1 to 60 characters.
    pub name: String,
    /// How people ask it; one at least.
    pub examples: Vec<String>,
    /// How to answer.
    pub answer: String,
    /// Words of which a line must have one, separated by spaces; empty: none is needed.
    pub words: String,
    /// Seconds for which it is not answered again in a channel.
    pub cooldown_seconds: i32,
}

/// A trained prompt as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TrainedPrompt {
    /// Row id.
    #[serde(skip)]
    pub id: TrainedPromptId,
    /// Unique in the community.
    pub name: String,
    /// How people ask it.
    pub examples: Vec<String>,
    /// How to answer.
    pub answer: String,
    /// Words of which a line must have one; may be empty.
    pub words: String,
    /// Seconds for which it is not answered again in a channel.
    pub cooldown_seconds: i32,
    /// Where it comes from.
    pub source: Source,
}

/// How well a line fits a trained prompt.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Fit {
    /// The trained prompt.
    #[serde(skip)]
    pub id: TrainedPromptId,
    /// Its name.
    pub name: String,
    /// The example that is nearest to the line.
    pub example: String,
    /// How to answer.
    pub answer: String,
    /// Cosine similarity of the line and the example (-1 to 1).
    pub similarity: f64,
    /// Which share of the line's words the trained prompt has too (0 to 1).
    pub shared: f64,
    /// The line has one of the words that are demanded, or none is.
    pub has_word: bool,
}

/// All trained prompts of a community, by name.
///
/// # Errors
/// When the statement fails.
pub async fn list(db: impl PgExecutor<'_>, community: CommunityId) -> Result<Vec<TrainedPrompt>, StoreError> {
    let prompts = sqlx::query_as!(
        TrainedPrompt,
        r#"select id as "id: TrainedPromptId", name,
               array(select text from pedro.trained_prompt_example where trained_prompt_id = trained_prompt.id order by id)
                   as "examples!",
               answer, words, cooldown_seconds, source as "source: Source"
           from pedro.trained_prompt where community_id = $1 order by name"#,
        community.0
    );
    Ok(prompts.fetch_all(db).await?)
}

/// The answer of a trained prompt; `None` if it is gone.
///
/// # Errors
/// When the statement fails.
pub async fn answer(db: impl PgExecutor<'_>, id: TrainedPromptId) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("select answer from pedro.trained_prompt where id = $1", id.0).fetch_optional(db).await?)
}

/// Adds a trained prompt, or replaces the one with its name. True if it is new. One of the file gives way to what people
/// say; what people said does not give way to the file: then nothing happens, and it is not new. Belongs in a transaction.
///
/// # Errors
/// When a statement fails.
pub async fn put(
    connection: &mut PgConnection,
    community: CommunityId,
    new: &NewTrainedPrompt,
    source: Source,
) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        r#"insert into pedro.trained_prompt (community_id, name, answer, words, cooldown_seconds, source)
           values ($1, lower($2), $3, $4, $5, $6)
           on conflict (community_id, name) do update
               set answer = excluded.answer, words = excluded.words, cooldown_seconds = excluded.cooldown_seconds,
                   source = excluded.source, updated_at = now()
               where excluded.source <> 'file' or trained_prompt.source = 'file'
           returning id, (xmax = 0) as "is_new!""#,
        community.0,
        new.name,
        new.answer,
        new.words,
        new.cooldown_seconds,
        source as Source
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(false) };
    // Examples that stay keep their embeddings.
    sqlx::query!(
        "delete from pedro.trained_prompt_example where trained_prompt_id = $1 and text <> all($2)",
        row.id,
        &new.examples
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into pedro.trained_prompt_example (trained_prompt_id, text)
         select $1, text from unnest($2::text[]) with ordinality as given (text, place) order by place
         on conflict do nothing",
        row.id,
        &new.examples
    )
    .execute(connection)
    .await?;
    Ok(row.is_new)
}

/// Whoever changes the trained prompts of a community has them alone until the transaction ends.
///
/// # Errors
/// When the statement fails.
pub async fn lock(connection: &mut PgConnection, community: CommunityId) -> Result<(), StoreError> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('pedro.trained_prompt'), $1::bigint::int)", community.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes the rows that come from the file what the file says. Two processes may do so at once. Belongs in a transaction.
///
/// # Errors
/// When a statement fails.
pub async fn follow_file(
    connection: &mut PgConnection,
    community: CommunityId,
    file: &[NewTrainedPrompt],
) -> Result<(), StoreError> {
    lock(connection, community).await?;
    let names: Vec<String> = file.iter().map(|prompt| prompt.name.to_lowercase()).collect();
    sqlx::query!(
        "delete from pedro.trained_prompt where community_id = $1 and source = 'file' and name <> all($2)",
        community.0,
        &names
    )
    .execute(&mut *connection)
    .await?;
    for prompt in file {
        put(connection, community, prompt, Source::File).await?;
    }
    Ok(())
}

/// Removes the trained prompt with this name. Where it came from; `None` if there was none.
///
/// # Errors
/// When the statement fails.
pub async fn remove(db: impl PgExecutor<'_>, community: CommunityId, name: &str) -> Result<Option<Source>, StoreError> {
    let source = sqlx::query_scalar!(
        r#"delete from pedro.trained_prompt where community_id = $1 and name = lower($2)
           returning source as "source: Source""#,
        community.0,
        name
    );
    Ok(source.fetch_optional(db).await?)
}

/// Examples that have no embedding in a space, by their ids.
///
/// # Errors
/// When the statement fails.
pub async fn unembedded(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    count: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query!(
        "select id, text from pedro.trained_prompt_example
         where not exists (select from pedro.trained_prompt_embedding where example_id = id and model_id = $1)
         order by id limit $2",
        space.model_id,
        count
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.id, row.text)).collect())
}

/// Keeps the embeddings of examples, in their order. An example that is gone meanwhile gets none.
///
/// # Errors
/// When the statement fails.
pub async fn put_embeddings(
    db: impl PgExecutor<'_>,
    space: EmbeddingSpace,
    ids: &[i64],
    vectors: &[HalfVector],
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into pedro.trained_prompt_embedding (example_id, model_id, embedding)
         select made.id, $3, embedding from unnest($1::bigint[], $2::halfvec[]) as made (id, embedding)
         join pedro.trained_prompt_example as example on example.id = made.id
         on conflict do nothing",
        ids,
        vectors as &[HalfVector],
        space.model_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How well a line, with its vector, fits the trained prompts of a community, the nearest first.
///
/// # Errors
/// When the statement fails.
pub async fn fits(
    db: impl PgExecutor<'_>,
    community: CommunityId,
    space: EmbeddingSpace,
    line: &str,
    vector: &HalfVector,
    count: i64,
) -> Result<Vec<Fit>, StoreError> {
    let fits = sqlx::query_as!(
        Fit,
        r#"with line as (
               select tsvector_to_array(pedro.chat_words($4)) as words
           ), example as (
               select distinct on (trained_prompt_id) trained_prompt_id, text, 1 - (embedding <=> $3::halfvec) as similarity
               from pedro.trained_prompt
               join pedro.trained_prompt_example on trained_prompt_id = trained_prompt.id
               join pedro.trained_prompt_embedding on example_id = trained_prompt_example.id and model_id = $2
               where community_id = $1
               order by trained_prompt_id, embedding <=> $3::halfvec
           ), near as (
               select * from example order by similarity desc limit $5
           ), known as (
               select trained_prompt.id, name, answer, near.text, similarity, trained_prompt.words as demanded,
                   tsvector_to_array(pedro.chat_words(concat_ws(' ', translate(name, '-', ' '), trained_prompt.words, (
                       select string_agg(example.text, ' ') from pedro.trained_prompt_example as example
                       where example.trained_prompt_id = trained_prompt.id
                   )))) as words
               from near join pedro.trained_prompt on trained_prompt.id = near.trained_prompt_id
           )
           select id as "id!: TrainedPromptId", name as "name!", text as "example!", answer as "answer!",
               similarity as "similarity!",
               coalesce((
                   select avg((word = any(known.words))::int)::float8 from unnest(line.words) as word
               ), 0) as "shared!",
               (demanded = '' or line.words && tsvector_to_array(pedro.chat_words(demanded))) as "has_word!"
           from known, line order by similarity desc, name"#,
        community.0,
        space.model_id,
        vector as &HalfVector,
        line,
        count
    );
    Ok(fits.fetch_all(db).await?)
}

/// Takes the turn to answer a trained prompt in a channel: true for one of all that ask within its cool-down, however
/// many ask at once. Belongs in the transaction that accepts the question: if that is not accepted, nobody took it.
///
/// # Errors
/// When the statement fails.
pub async fn take_turn(
    connection: &mut PgConnection,
    id: TrainedPromptId,
    channel: ChannelId,
) -> Result<bool, StoreError> {
    let taken = sqlx::query!(
        "insert into pedro.trained_prompt_turn as turn (trained_prompt_id, channel_id, last_answered_at)
         select id, $2, now() from pedro.trained_prompt where id = $1
         on conflict (trained_prompt_id, channel_id) do update set last_answered_at = now()
             where turn.last_answered_at < now() - make_interval(secs => (
                 select cooldown_seconds from pedro.trained_prompt where id = $1))",
        id.0,
        channel.0
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// When each trained prompt of a community was last answered anywhere.
///
/// # Errors
/// When the statement fails.
pub async fn last_answered(
    db: impl PgExecutor<'_>,
    community: CommunityId,
) -> Result<HashMap<TrainedPromptId, chrono::DateTime<chrono::Utc>>, StoreError> {
    let rows = sqlx::query!(
        r#"select trained_prompt_id as "id!: TrainedPromptId", max(last_answered_at) as "at!"
           from pedro.trained_prompt_turn join pedro.trained_prompt on id = trained_prompt_id
           where community_id = $1 group by trained_prompt_id"#,
        community.0
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.id, row.at)).collect())
}

/// Whether a community has any trained prompt.
///
/// # Errors
/// When the statement fails.
pub async fn are_there(db: impl PgExecutor<'_>, community: CommunityId) -> Result<bool, StoreError> {
    let there = sqlx::query_scalar!(
        r#"select exists (select from pedro.trained_prompt where community_id = $1) as "there!""#,
        community.0
    );
    Ok(there.fetch_one(db).await?)
}

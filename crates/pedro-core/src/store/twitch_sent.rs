//! `pedro.twitch_sent`: what was sent to Twitch's chat within the last minute. Its send limits outlast a process.

use std::time::Duration;

use sqlx::PgExecutor;

use super::StoreError;

/// A message that was sent, or was about to be when the process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Where.
    pub channel: String,
    /// Of its text.
    pub text_digest: i32,
    /// How long ago, by the database's clock.
    pub age: Duration,
}

/// Notes a message, and removes those that no limit counts any more.
///
/// # Errors
/// When the statement fails.
pub async fn note(db: impl PgExecutor<'_>, bot_login: &str, channel: &str, text_digest: i32) -> Result<(), StoreError> {
    sqlx::query!(
        "with passed as (delete from pedro.twitch_sent where sent_at < now() - interval '1 minute')
         insert into pedro.twitch_sent (bot_login, channel, text_digest) values ($1, $2, $3)",
        bot_login,
        channel,
        text_digest
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What an account sent within the last minute, oldest first, by whatever process.
///
/// # Errors
/// When the statement fails.
pub async fn lately(db: impl PgExecutor<'_>, bot_login: &str) -> Result<Vec<Sent>, StoreError> {
    let rows = sqlx::query!(
        r#"select channel, text_digest, extract(epoch from now() - sent_at)::float8 as "age!"
           from pedro.twitch_sent where bot_login = $1 and sent_at > now() - interval '1 minute' order by sent_at, id"#,
        bot_login
    )
    .fetch_all(db)
    .await?;
    let sent = rows.into_iter().map(|row| Sent {
        channel: row.channel,
        text_digest: row.text_digest,
        age: Duration::try_from_secs_f64(row.age).unwrap_or_default(),
    });
    Ok(sent.collect())
}

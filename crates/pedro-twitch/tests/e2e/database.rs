//! What is in the database.

use anyhow::Result;
use sqlx::{AssertSqlSafe, FromRow, PgPool};

/// A line of chat with what hangs on it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct StoredLine {
    pub(crate) id: i64,
    pub(crate) platform_message_id: String,
    pub(crate) platform_user_id: String,
    pub(crate) channel: String,
    pub(crate) community: String,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) reply_to: Option<String>,
    pub(crate) embedded: bool,
}

/// All lines of chat, in the order in which they were stored.
pub(crate) async fn lines(pool: &PgPool) -> Result<Vec<StoredLine>> {
    // Before the bot has made its tables there are none.
    if !has_tables(pool).await? {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as(
        "select message.id, platform_message_id, platform_user_id, channel.platform_channel_id as channel,
                community.name as community, author_kind as kind, text, reply_to,
                exists (select from pedro.message_embedding where message_id = message.id) as embedded
         from pedro.message join pedro.author on author.id = author_id join pedro.channel on channel.id = channel_id
         join pedro.community on community.id = community_id order by message.id",
    );
    Ok(rows.fetch_all(pool).await?)
}

async fn has_tables(pool: &PgPool) -> Result<bool> {
    let tables: i64 =
        sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'pedro' and tablename = 'gap'")
            .fetch_one(pool)
            .await?;
    Ok(tables > 0)
}

/// One number.
pub(crate) async fn count(pool: &PgPool, sql: &'static str) -> Result<i64> {
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}

/// Every row of every table as text, each with its table's name before it.
pub(crate) async fn dump(pool: &PgPool) -> Result<Vec<String>> {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'pedro'").fetch_all(pool).await?;
    let mut dump = Vec::new();
    for table in tables {
        let sql = format!("select '{table}: ' || row::text from pedro.{table} as row");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await?;
        dump.extend(rows);
    }
    Ok(dump)
}

/// The rows, of whatever table, that hold a text in whatever case.
pub(crate) async fn rows_with(pool: &PgPool, text: &str) -> Result<Vec<String>> {
    let text = text.to_lowercase();
    let mut rows = dump(pool).await?;
    rows.retain(|row| row.to_lowercase().contains(&text));
    Ok(rows)
}

/// Ends what the killed bot left at the server, so that the database can be dropped.
pub(crate) async fn hang_up(pool: &PgPool) -> Result<()> {
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'pedro'",
    )
    .execute(pool)
    .await?;
    Ok(())
}

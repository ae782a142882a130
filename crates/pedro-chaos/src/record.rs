//! What is in the database, and what is done to it.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};

/// A line of chat that is stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredLine {
    pub(crate) platform_message_id: String,
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// A time at which nothing was heard in a channel.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Gap {
    pub(crate) channel: String,
    pub(crate) began_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: DateTime<Utc>,
}

/// A question that was accepted.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Question {
    pub(crate) id: i64,
    pub(crate) platform: String,
    pub(crate) platform_message_id: String,
    pub(crate) text: String,
    pub(crate) status: String,
    pub(crate) answer: Option<String>,
    pub(crate) attempts: i32,
    pub(crate) shown_message_id: Option<String>,
    pub(crate) wants_plan: bool,
}

/// One number.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Count {
    pub(crate) what: String,
    pub(crate) count: i64,
}

pub(crate) async fn lines(pool: &PgPool) -> Result<Vec<StoredLine>> {
    let rows = sqlx::query_as("select platform_message_id, author_kind as kind, text from pedro.message order by id");
    Ok(rows.fetch_all(pool).await?)
}

pub(crate) async fn gaps(pool: &PgPool) -> Result<Vec<Gap>> {
    let rows = sqlx::query_as(
        "select platform_channel_id as channel, began_at, ended_at from pedro.gap join pedro.channel on channel.id = channel_id
         where platform = 'twitch' order by gap.id",
    );
    Ok(rows.fetch_all(pool).await?)
}

pub(crate) async fn questions(pool: &PgPool) -> Result<Vec<Question>> {
    let rows = sqlx::query_as(
        "select id, platform, platform_message_id, text, status, answer, attempts, shown_message_id, wants_plan
         from pedro.question order by id",
    );
    Ok(rows.fetch_all(pool).await?)
}

/// What must come to rest when the trouble is over: the counts that are not zero.
pub(crate) async fn unsettled(pool: &PgPool) -> Result<Vec<Count>> {
    let tables: i64 =
        sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'pedro' and tablename = 'plan'")
            .fetch_one(pool)
            .await?;
    if tables == 0 {
        return Ok(vec![Count { what: "tables are not there".to_owned(), count: 1 }]);
    }
    let rows: Vec<Count> = sqlx::query_as(
        "select 'questions that are open' as what, count(*) as count from pedro.question
             where status in ('queued', 'working', 'sending')
         union all select 'lines without an embedding', count(*) from pedro.message_unembedded
         union all select 'games whose turn is Pedro''s', count(*) from pedro.game where status in ('thinking', 'telling')
         union all select 'plans that run', count(*) from pedro.plan where status = 'running'
         union all select 'steps that run', count(*) from pedro.plan_step where status = 'running'
         union all select 'slots of the model that are held', count(*) from pedro.model_slot
             where holder is not null and lease_until > now()",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().filter(|row| row.count > 0).collect())
}

/// What became of questions, plans and games, for the report.
pub(crate) async fn outcomes(pool: &PgPool) -> Result<Vec<Count>> {
    let rows = sqlx::query_as(
        "select 'questions ' || status as what, count(*) as count from pedro.question group by status
         union all select 'plans ' || status, count(*) from pedro.plan group by status
         union all select 'games ' || status, count(*) from pedro.game group by status
         union all select 'questions asked in games', count(*) from pedro.game_turn
         union all select 'gaps', count(*) from pedro.gap order by 1",
    );
    Ok(rows.fetch_all(pool).await?)
}

/// Questions of a game that were asked twice.
pub(crate) async fn repeated_in_games(pool: &PgPool) -> Result<i64> {
    let sql =
        "select count(*) from (select from pedro.game_turn group by game_id, question having count(*) > 1) as twice";
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}

/// Ends all connections of the bots, with the word that a server that shuts down has for them.
pub(crate) async fn hang_up(pool: &PgPool) -> Result<()> {
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and application_name = 'pedro'";
    sqlx::query(sql).execute(pool).await?;
    Ok(())
}

/// Tables that are written to while people chat, ask and play.
const WRITTEN: [&str; 6] = ["message", "question", "generation", "plan_step", "game_turn", "gap"];

/// From now on nothing more can be written, as on a full disk (`disk_full`). Leaves out tables that are not there, or are
/// held by somebody.
pub(crate) async fn fill_disk(pool: &PgPool) -> Result<()> {
    let full = "create or replace function public.no_room() returns trigger language plpgsql as
        'begin raise exception ''could not extend file: No space left on device'' using errcode = ''53100''; end'";
    sqlx::raw_sql(full).execute(pool).await?;
    for table in WRITTEN {
        let trigger = format!(
            "begin; set local lock_timeout = '1s'; create or replace trigger no_room before insert or update
             on pedro.{table} execute function public.no_room(); commit"
        );
        let mut connection = pool.acquire().await?;
        if sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&mut *connection).await.is_err() {
            sqlx::raw_sql("rollback").execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// There is room again.
pub(crate) async fn empty_disk(pool: &PgPool) -> Result<()> {
    // With the function go its triggers. Whoever writes at this moment may stand in the way.
    for _ in 0..EMPTY_TRIES {
        let emptied = sqlx::raw_sql("drop function if exists public.no_room() cascade").execute(pool).await;
        if emptied.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("the disk cannot be emptied")
}

const EMPTY_TRIES: u32 = 50;

//! The way to the database: connecting, migrating, and what went wrong in words.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgExecutor, PgPool};

use super::search::{MOST_WALKED, MOST_WANTED};

/// The migrations of the workspace. One static for all tests: embedding them again in each would cost build time.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// The oldest pgvector that Pedro runs with: iterative index scans came with it.
pub const OLDEST_PGVECTOR: (u32, u32) = (0, 8);

/// How long a query may wait for a connection. Longer than a short restart of PostgreSQL would only hide it.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection that was just used is trusted to be alive.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long a server may take to answer the first connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// What can go wrong between Pedro and its database. The texts are for operators, never for chat.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed, or the connection did.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration could not be applied.
    #[error("migrations: {0}")]
    Migrate(#[from] MigrateError),
    /// The server has no pgvector to install.
    #[error(
        "the extension pgvector is not installed on this PostgreSQL server: install the package (for example postgresql-17-pgvector) or use an image that carries it (pgvector/pgvector:pg17)"
    )]
    NoVector,
    /// The server's pgvector is older than Pedro needs.
    #[error(
        "pgvector {found} is too old: Pedro needs 0.8 or later; upgrade the package, then run `alter extension vector update`"
    )]
    OldVector {
        /// The version that was found.
        found: String,
    },
    /// A row that something was derived from is gone: it was forgotten meanwhile.
    #[error("a message that this was made from has been forgotten")]
    SourceForgotten,
    /// Another process wrote the same in the same instant: again, and it will be seen.
    #[error("another process was quicker")]
    Raced,
    /// The lease on the row ran out and somebody else has it.
    #[error("the lease on this row was lost")]
    LeaseLost,
}

impl StoreError {
    /// Whether trying again later can help: the server is away, restarting or overloaded.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::Protocol(_)
                | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| is_transient_code(&code)),
                _ => false,
            },
            Self::Raced => true,
            _ => false,
        }
    }

    /// Whether what was to be written is to blame: a value that does not fit (22), a rule of the tables (23), a limit
    /// (54), a value that cannot even be sent. Anything else may be mended without it: a password that was changed, a
    /// right that was taken away.
    pub fn blames_the_data(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Encode(_)) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
            }
            _ => false,
        }
    }
}

/// SQLSTATEs that pass by themselves: connection (08), resources (53), operator intervention (57), the system's disk
/// (58), rolled back by a conflict (40), a lock that was not to be had, a standby that is not promoted yet. <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn is_transient_code(code: &str) -> bool {
    ["08", "53", "57", "58", "40", "55P03", "25006"].iter().any(|class| code.starts_with(class))
}

/// Opens a pool. The server need not be there yet: the first query finds out.
///
/// Every connection gets a search path of schema `pedro` and wherever the extensions are installed, so that their
/// operators are found; tables are always named with their schema.
pub fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| Box::pin(set_search_path(connection)))
        .test_before_acquire(false)
        .before_acquire(|connection, about| Box::pin(is_alive(connection, about)))
        .connect_lazy_with(options.application_name("pedro"))
}

/// A connection that was not used for a while is tried first. Trying each time would double the ways to the database
/// and back, of which one search of the memory makes ten.
async fn is_alive(connection: &mut PgConnection, about: PoolConnectionMetadata) -> Result<bool, sqlx::Error> {
    if about.idle_for > TRUSTED_FOR {
        connection.ping().await?;
    }
    Ok(true)
}

async fn set_search_path(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection
        .execute(
            "select set_config('search_path', concat_ws(', ', 'pedro', (
                 select string_agg(distinct quote_ident(nspname), ', ')
                 from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
                 where extname in ('vector', 'pg_trgm')), 'public'), false)",
        )
        .await?;
    // Searches have parameters that may be null ("of anybody, at any time"). A plan that must serve all of them reads the
    // whole table: 34 ms at 200,000 lines, against 5 with a plan for the values at hand.
    // No statement runs long enough to be worth compiling.
    connection.execute("set plan_cache_mode = 'force_custom_plan'; set jit = off").await?;
    // A filtered search of the vector index goes on until it has enough rows. pgvector's default stops after one scan,
    // and a scan brings 40 rows: one that brings as many as a search wants is faster than three that go on.
    let vectors = format!(
        "set hnsw.iterative_scan = 'relaxed_order'; set hnsw.ef_search = {MOST_WANTED}; set hnsw.max_scan_tuples = {MOST_WALKED}"
    );
    connection.execute(sqlx::AssertSqlSafe(vectors)).await.or_else(|error| match error {
        // No pgvector yet (before the first migration), or an old one: `migrate` and `doctor` say so.
        sqlx::Error::Database(_) => Ok(Default::default()),
        other => Err(other),
    })?;
    Ok(())
}

/// Whether the server answers.
///
/// # Errors
/// When it does not.
pub async fn ask(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query("select 1").execute(db).await?;
    Ok(())
}

/// Applies the migrations; sqlx holds an advisory lock meanwhile, so both bots may start at once.
///
/// # Errors
/// [`StoreError::NoVector`] and [`StoreError::OldVector`] before anything is changed.
pub async fn migrate(options: &PgConnectOptions) -> Result<(), StoreError> {
    // A server that takes the connection and then says nothing would be waited for without end.
    let mut connection = tokio::time::timeout(CONNECT_WITHIN, PgConnection::connect_with(options))
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)??;
    let found = vector_version(&mut connection).await?.ok_or(StoreError::NoVector)?;
    if parse_version(&found) < OLDEST_PGVECTOR {
        return Err(StoreError::OldVector { found });
    }
    // Extensions that are not there yet go where Pedro's tables are.
    // A role that may not create schemas can still start on a database that was made ready for it.
    if sqlx::query_scalar::<_, bool>("select to_regnamespace('pedro') is null").fetch_one(&mut connection).await? {
        sqlx::query("create schema if not exists pedro").execute(&mut connection).await?;
    }
    set_search_path(&mut connection).await?;
    MIGRATOR.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// The installed version of pgvector, else the version that could be installed, else `None`.
///
/// # Errors
/// When the server does not answer.
pub async fn vector_version(connection: &mut PgConnection) -> Result<Option<String>, StoreError> {
    let version: Option<String> = sqlx::query_scalar(
        "select coalesce(installed_version, default_version) from pg_available_extensions where name = 'vector'",
    )
    .fetch_optional(connection)
    .await?;
    Ok(version)
}

/// Major and minor of a version such as `0.8.5`; zeros for what is no number.
pub fn parse_version(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers_not_as_text() {
        assert!(parse_version("0.10.1") > OLDEST_PGVECTOR);
        assert!(parse_version("0.7.4") < OLDEST_PGVECTOR);
        assert_eq!(parse_version("0.8.5"), OLDEST_PGVECTOR);
    }

    #[sqlx::test(migrator = "MIGRATOR")]
    async fn migrations_can_be_taken_back_and_applied_again(pool: PgPool) {
        MIGRATOR.undo(&pool, 0).await.unwrap();
        MIGRATOR.run(&pool).await.unwrap();
    }

    #[sqlx::test(migrations = false)]
    async fn all_tables_lie_in_schema_pedro_and_a_second_migration_changes_nothing(pool: PgPool) {
        let options = (*pool.connect_options()).clone();
        migrate(&options).await.unwrap();
        migrate(&options).await.unwrap();
        let elsewhere: Vec<String> = sqlx::query_scalar(
            "select schemaname || '.' || tablename from pg_tables
             where schemaname not in ('pedro', 'pg_catalog', 'information_schema')",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        assert_eq!(elsewhere, Vec::<String>::new());
    }
}

//! The database, from the start to the end of a process; what is wrong with it in words.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::BootError;
use crate::service::config::DatabaseSettings;
use crate::service::{Readiness, Verdict};
use crate::store::{StoreError, database};

/// How long a start waits for the database.
const DATABASE_WITHIN: Duration = Duration::from_secs(30);

/// How often a start looks whether the database is there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long closing the pool may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Opens the database and brings its tables up to date. Waits a while for a server that is starting; what waiting does
/// not mend is told at once.
///
/// # Errors
/// [`BootError::Database`].
pub async fn open_database(settings: &DatabaseSettings) -> Result<PgPool, BootError> {
    let options = connect_options(settings)?;
    let began = Instant::now();
    let mut told = false;
    loop {
        match database::migrate(&options).await {
            Ok(()) => return Ok(database::pool(options, settings.pool_size)),
            Err(error) if error.is_transient() && began.elapsed() < DATABASE_WITHIN => {
                if !told {
                    tracing::warn!("{}; trying again for {} s", explain(&error, &options), DATABASE_WITHIN.as_secs());
                    told = true;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(error) => return Err(BootError::Database(explain(&error, &options))),
        }
    }
}

/// Tries a part of the start again while the database is away, for as long as a start waits for it: it may go away again
/// while the start is under way.
///
/// # Errors
/// When it fails for another reason, or the time is over.
pub async fn patiently<T>(part: impl AsyncFn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let began = Instant::now();
    loop {
        match part().await {
            Err(error) if error.is_transient() && began.elapsed() < DATABASE_WITHIN => {
                tracing::warn!(%error, "the start waits for the database");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            done => return done,
        }
    }
}

/// How to connect, by the settings.
///
/// # Errors
/// [`BootError::Database`] if the URL cannot be read; it is not quoted, for it holds a password.
pub fn connect_options(settings: &DatabaseSettings) -> Result<PgConnectOptions, BootError> {
    PgConnectOptions::from_str(settings.url.expose()).map_err(|_| {
        BootError::Database(
            "DATABASE_URL cannot be read: it is written postgres://user:password@host:5432/database".to_owned(),
        )
    })
}

/// What is wrong with the database, in a sentence that says how to mend it. Never holds the password.
pub fn explain(error: &StoreError, options: &PgConnectOptions) -> String {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    match error {
        StoreError::Database(sqlx::Error::Database(error)) => match error.code().as_deref() {
            Some("28P01" | "28000") => format!(
                "PostgreSQL at {place} refuses user {:?}: check the user and the password in DATABASE_URL",
                options.get_username()
            ),
            Some("3D000") => format!(
                "PostgreSQL at {place} has no database {:?}: create it (createdb) or correct DATABASE_URL",
                options.get_database().unwrap_or_default()
            ),
            Some("42501") => format!(
                "the user {:?} may not create schema, tables or extensions: grant create on the database to it ({error})",
                options.get_username()
            ),
            _ => format!("PostgreSQL at {place} says: {error}"),
        },
        StoreError::Database(sqlx::Error::PoolTimedOut) => {
            format!(
                "PostgreSQL at {place} takes the connection and then says nothing: see to it, or correct DATABASE_URL"
            )
        }
        StoreError::Database(sqlx::Error::Io(error)) => {
            format!("PostgreSQL does not answer at {place} ({error}): start it, or correct DATABASE_URL")
        }
        // What answers there does not speak PostgreSQL, or the two do not agree on TLS: sqlx's words tell which.
        StoreError::Database(error) => {
            format!(
                "what answers at {place} is no PostgreSQL that can be used ({error}): start it, or correct DATABASE_URL"
            )
        }
        StoreError::Migrate(error) => format!("the tables could not be brought up to date: {error}"),
        other => other.to_string(),
    }
}

/// `/readyz` asks the database.
pub(super) fn watch_database(readiness: &Readiness, pool: PgPool) {
    readiness.check("database", move || {
        let pool = pool.clone();
        async move {
            match database::ask(&pool).await {
                Ok(()) => Verdict::ok("answers"),
                Err(_) => Verdict::red("PostgreSQL does not answer"),
            }
        }
    });
}

/// Closes the pool; connections that hang are left behind.
pub async fn close(pool: &PgPool) {
    if tokio::time::timeout(CLOSE_WITHIN, pool.close()).await.is_err() {
        tracing::warn!("some database connections did not close in time");
    }
}

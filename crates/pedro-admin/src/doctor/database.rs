//! The database: does it answer, is it new enough, is anything in between, are extensions and tables there.

use std::time::Duration;

use pedro_core::boot;
use pedro_core::service::config::DatabaseSettings;
use pedro_core::store::{StoreError, database, inspect};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::report::Report;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// PostgreSQL 15.
const OLDEST: i32 = 150_000;

/// Where Supabase's pooler, and many others, hand out connections for one transaction at a time.
const TRANSACTION_PORT: u16 = 6543;

/// Prepared statements that another client left on the same connection, or that were on another one.
const FOREIGN_STATEMENT: [&str; 2] = ["42P05", "26000"];

/// Checks the database; the connection is for further checks, `None` if they make no sense.
pub(super) async fn check(settings: &DatabaseSettings, report: &mut Report) -> anyhow::Result<Option<PgConnection>> {
    let options = match boot::connect_options(settings) {
        Ok(options) => options,
        Err(error) => {
            report.fail("database", error.to_string(), "correct DATABASE_URL")?;
            return Ok(None);
        }
    };
    let place = format!("{}:{}", options.get_host(), options.get_port());
    let connected = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    let mut connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            let told = boot::explain(&StoreError::Database(error), &options);
            report.fail(
                "database",
                told,
                format!("DATABASE_URL names {place}; is PostgreSQL running, and is the URL right?"),
            )?;
            return Ok(None);
        }
        Err(_) => {
            let told = format!("{place} does not answer within {} s", PATIENCE.as_secs());
            report.fail("database", told, "look at the firewall and at host and port in DATABASE_URL")?;
            return Ok(None);
        }
    };
    report.ok("database", format!("{place} answers"))?;
    let named = options.get_port() == TRANSACTION_PORT || settings.url.expose().contains("pgbouncer=true");
    match behind_pooler(&mut connection, &options).await {
        Err(error) => {
            report.fail("connection", boot::explain(&error, &options), "look at the log of PostgreSQL")?;
            return Ok(None);
        }
        Ok(shared) if shared || named => {
            report.fail("connection", pooler_found(&options, shared), pooler_mend(&options))?;
            // Further answers through it could be anybody's.
            return Ok(None);
        }
        Ok(_) => report.ok("connection", "direct, or a pooler in session mode")?,
    }
    match examine(&mut connection, &options, report).await? {
        Ok(()) => Ok(Some(connection)),
        Err(error) => {
            report.fail("database", boot::explain(&error, &options), "look at the log of PostgreSQL")?;
            Ok(None)
        }
    }
}

/// Whether two open connections end in the same process of the server: a pooler lends it out by the transaction.
async fn behind_pooler(first: &mut PgConnection, options: &PgConnectOptions) -> Result<bool, StoreError> {
    let told = async {
        let mut second = PgConnection::connect_with(options).await?;
        let shared = inspect::backend_pid(first).await? == inspect::backend_pid(&mut second).await?;
        // Hanging up does not wait for a pooler's politeness.
        let _ = second.close_hard().await;
        Ok(shared)
    };
    match told.await {
        Err(StoreError::Database(sqlx::Error::Database(error)))
            if error.code().is_some_and(|code| FOREIGN_STATEMENT.contains(&code.as_ref())) =>
        {
            Ok(true)
        }
        told => told,
    }
}

fn pooler_found(options: &PgConnectOptions, shared: bool) -> String {
    let why = if shared { "two connections share one process of the server" } else { "by its port or parameters" };
    format!(
        "{}:{} is a pooler in transaction mode ({why}): Pedro's settings and prepared statements do not hold there",
        options.get_host(),
        options.get_port()
    )
}

/// The URL to use instead, without the password.
fn pooler_mend(options: &PgConnectOptions) -> String {
    format!(
        "use the URL of session mode, port 5432: DATABASE_URL=postgres://{}:PASSWORD@{}:5432/{} (at Supabase: Connect, Session pooler; without pgbouncer=true)",
        options.get_username(),
        options.get_host(),
        options.get_database().unwrap_or("postgres"),
    )
}

/// A failed statement is the inner error: the connection is of no use then.
async fn examine(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    report: &mut Report,
) -> anyhow::Result<Result<(), StoreError>> {
    let facts = async {
        Ok::<_, StoreError>((
            inspect::server_version(connection).await?,
            inspect::extension(connection, "vector").await?,
            inspect::extension(connection, "pg_trgm").await?,
            inspect::migrations(connection).await?,
            inspect::may_create(connection).await?,
        ))
    };
    let ((number, version), vector, trigrams, migrations, may_create) = match facts.await {
        Ok(facts) => facts,
        Err(error) => return Ok(Err(error)),
    };
    match number >= OLDEST {
        true => report.ok("version", format!("PostgreSQL {version}"))?,
        false => {
            report.fail("version", format!("PostgreSQL {version} is too old"), "upgrade to PostgreSQL 15 or later")?
        }
    }
    let usable = check_vector(vector.as_ref(), report)? & check_trigrams(trigrams.as_ref(), report)?;
    check_migrations(&migrations, may_create, report)?;
    if usable && migrations.applied > 0 {
        check_search_path(options, report).await?;
    }
    Ok(Ok(()))
}

/// Whether it is installed here.
fn check_vector(vector: Option<&inspect::Extension>, report: &mut Report) -> anyhow::Result<bool> {
    let Some(vector) = vector else {
        report.fail("pgvector", StoreError::NoVector.to_string(), "then run `pedro migrate`")?;
        return Ok(false);
    };
    let installed = vector.installed.as_deref();
    let version = installed.or(vector.available.as_deref()).unwrap_or_default();
    if database::parse_version(version) < database::OLDEST_PGVECTOR {
        let error = StoreError::OldVector { found: version.to_owned() };
        report.fail("pgvector", error.to_string(), "0.8.4 or later is best: older ones have faults in vacuum")?;
        return Ok(false);
    }
    placed("pgvector", version, vector, report)
}

fn check_trigrams(trigrams: Option<&inspect::Extension>, report: &mut Report) -> anyhow::Result<bool> {
    let Some(trigrams) = trigrams else {
        let mend = "install PostgreSQL's contrib package (for example postgresql-contrib), then run `pedro migrate`";
        report.fail("pg_trgm", "the extension is not on this server", mend)?;
        return Ok(false);
    };
    let version = trigrams.installed.as_deref().or(trigrams.available.as_deref()).unwrap_or_default();
    placed("pg_trgm", version, trigrams, report)
}

fn placed(
    name: &'static str,
    version: &str,
    extension: &inspect::Extension,
    report: &mut Report,
) -> anyhow::Result<bool> {
    match (&extension.schema, extension.usable) {
        (None, _) => {
            report.warn(
                name,
                format!("{version} is on the server, not installed in this database yet"),
                "`pedro migrate` installs it",
            )?;
            Ok(false)
        }
        (Some(schema), Some(false)) => {
            let mend = format!("grant usage on schema {schema:?} to the role in DATABASE_URL");
            report.fail(name, format!("{version} is in schema {schema:?}, which this role may not use"), mend)?;
            Ok(false)
        }
        (Some(schema), _) => report.ok(name, format!("{version} in schema {schema}")).map(|()| true),
    }
}

fn check_migrations(found: &inspect::Migrations, may_create: bool, report: &mut Report) -> anyhow::Result<()> {
    let inspect::Migrations { applied, pending, unknown, changed } = found;
    if !changed.is_empty() {
        let told = format!("applied with another text than this program has: {}", changed.join(", "));
        report.fail("migrations", told, "use the program that made these tables, or a newer one")?;
    } else if *unknown > 0 {
        let told = format!("{unknown} applied that this program does not know: a newer Pedro was here");
        report.fail("migrations", told, "update this program")?;
    } else if pending.is_empty() {
        report.ok("migrations", format!("all {applied} are applied"))?;
    } else if *applied == 0 && !may_create {
        let told = "none is applied, and this role may not create in the database";
        report.fail("migrations", told, "grant create on the database to the role in DATABASE_URL")?;
    } else {
        let told = format!("{applied} applied, {} pending", pending.len());
        report.warn("migrations", told, "run `pedro migrate`, or start a bot, which does the same")?;
    }
    Ok(())
}

async fn check_search_path(options: &PgConnectOptions, report: &mut Report) -> anyhow::Result<()> {
    let pool = database::pool(options.clone(), 1);
    let tried = async { inspect::try_search_path(&mut *pool.acquire().await.map_err(StoreError::from)?).await };
    match tried.await {
        Ok(path) => report.ok("search path", path)?,
        Err(error) => {
            let told = format!("what the extensions bring is not found: {}", boot::explain(&error, options));
            report.fail(
                "search path",
                told,
                "grant usage on the schema of the extensions to the role in DATABASE_URL",
            )?;
        }
    }
    boot::close(&pool).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_to_use_instead_of_a_poolers_shows_no_password() {
        let options: PgConnectOptions =
            "postgres://pedro.abc:hunter2@aws.pooler.supabase.com:6543/postgres".parse().unwrap();
        let mend = pooler_mend(&options);
        assert!(mend.contains("postgres://pedro.abc:PASSWORD@aws.pooler.supabase.com:5432/postgres"), "{mend}");
        assert!(!mend.contains("hunter2"));
    }

    #[test]
    fn old_and_missing_extensions_are_wrong_and_one_to_come_is_not() {
        let extension = |version: &str, schema: Option<&str>| inspect::Extension {
            installed: schema.map(|_| version.to_owned()),
            available: Some(version.to_owned()),
            schema: schema.map(str::to_owned),
            usable: schema.map(|schema| schema != "locked"),
        };
        for (vector, usable, failed) in [
            (None, false, true),
            (Some(extension("0.7.4", Some("public"))), false, true),
            (Some(extension("0.8.0", Some("locked"))), false, true),
            (Some(extension("0.8.0", None)), false, false),
            (Some(extension("0.10.0", Some("extensions"))), true, false),
        ] {
            let mut report = Report::new(true);
            assert_eq!(check_vector(vector.as_ref(), &mut report).unwrap(), usable, "{vector:?}");
            assert_eq!(report.failed(), failed, "{vector:?}");
        }
    }
}

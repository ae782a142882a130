//! Where the memory lives.

use std::str::FromStr;

use clap::Args;
use sqlx::postgres::PgConnectOptions;

use super::problems::{ConfigProblems, GivenSecret};
use super::values::{parse_count, text};
use crate::service::secret::{self, Secret};

const URL: (&str, &str) = (
    "postgres://user:password@host:port/database, with characters such as @ / # in the password percent-encoded",
    "postgres://pedro:secret@127.0.0.1:5432/pedro",
);

const POOL_SIZE: u32 = 10;

/// The database, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// URL of the PostgreSQL database with pgvector. Required
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
    /// File that holds DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<String>,
    /// Older name of DATABASE_URL, which wins
    #[arg(long, env = "POSTGRES_URL", hide_env_values = true)]
    pub postgres_url: Option<Secret>,
    /// File that holds POSTGRES_URL
    #[arg(long, env = "POSTGRES_URL_FILE")]
    pub postgres_url_file: Option<String>,
    /// No longer used: everything is in DATABASE_URL. Pedro warns if it names another database
    #[arg(long, env = "POSTGRES_VECTOR_URL", hide_env_values = true)]
    pub postgres_vector_url: Option<Secret>,
    /// File that holds POSTGRES_VECTOR_URL
    #[arg(long, env = "POSTGRES_VECTOR_URL_FILE")]
    pub postgres_vector_url_file: Option<String>,
    /// Most connections held at once. Default: 10
    #[arg(long, env = "DATABASE_POOL_SIZE")]
    pub database_pool_size: Option<String>,
}

/// The database, checked.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// URL with the password in it, hence a secret.
    pub url: Secret,
    /// Most connections held at once.
    pub pool_size: u32,
}

impl DatabaseArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> DatabaseSettings {
        let (name, url) = self.url(problems);
        // The reason is not told: sqlx quotes the URL, and with it the password, in some of its errors.
        if !url.is_empty() && !is_postgres_url(&url) {
            problems.add(name, "is no PostgreSQL URL", URL.0, URL.1);
        }
        self.warn_of_vector_url(&url, problems);
        let pool_size = text(self.database_pool_size.as_ref()).map_or(Ok(POOL_SIZE), |size| parse_count(size, 2..=500));
        let pool_size = problems.take(
            "DATABASE_POOL_SIZE",
            pool_size,
            ("a number of connections, within what the server allows", "10"),
            POOL_SIZE,
        );
        DatabaseSettings { url, pool_size }
    }

    /// The canonical name wins; it is also the one that is asked for when both are missing.
    fn url(&self, problems: &mut ConfigProblems) -> (&'static str, Secret) {
        let (file, older_file) = (text(self.database_url_file.as_ref()), text(self.postgres_url_file.as_ref()));
        let (name, url) = problems.renamed_secret(
            GivenSecret { name: "DATABASE_URL", value: self.database_url.as_ref(), file },
            GivenSecret { name: "POSTGRES_URL", value: self.postgres_url.as_ref(), file: older_file },
        );
        if url.is_none() {
            problems.add(name, "is not set", URL.0, URL.1);
        }
        (name, url.unwrap_or_else(|| Secret::new("")))
    }

    /// It is not used, so that nothing about it can be wrong: what is not known to be the same is another.
    fn warn_of_vector_url(&self, url: &Secret, problems: &mut ConfigProblems) {
        let given = secret::given(self.postgres_vector_url.as_ref(), text(self.postgres_vector_url_file.as_ref()));
        if given.is_ok_and(|given| given.is_none_or(|given| given.expose() == url.expose())) {
            return;
        }
        problems.note(
            "POSTGRES_VECTOR_URL names another database than DATABASE_URL and is not used: memory and embeddings \
             live together in DATABASE_URL. To bring old lines along, write them to a file as JSON lines and run \
             `pedro import FILE --community NAME`; then remove POSTGRES_VECTOR_URL",
        );
    }
}

fn is_postgres_url(url: &Secret) -> bool {
    let scheme_fits = ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme));
    scheme_fits && PgConnectOptions::from_str(url.expose()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(args: DatabaseArgs) -> Result<DatabaseSettings, String> {
        let mut problems = ConfigProblems::default();
        let settings = args.resolve(&mut problems);
        problems.into_result(settings).map_err(|problems| problems.to_string())
    }

    fn secret(value: &str) -> Option<Secret> {
        Some(Secret::new(value))
    }

    #[test]
    fn both_names_work_and_the_canonical_one_wins() {
        let (new, old) = ("postgres://new/pedro", "postgresql://old/pedro");
        let cases = [
            (secret(new), None, new),
            (None, secret(old), old),
            (secret(""), secret(old), old),
            (secret(new), secret(old), new),
        ];
        for (database_url, postgres_url, expected) in cases {
            let settings = resolve(DatabaseArgs { database_url, postgres_url, ..Default::default() }).unwrap();
            assert_eq!(settings.url.expose(), expected);
            assert_eq!(settings.pool_size, POOL_SIZE);
        }
    }

    #[test]
    fn the_name_that_was_used_is_the_one_that_is_told_and_the_password_is_not() {
        let wrong = [
            "mysql://pedro:hunter2@host/pedro",
            "pedro:hunter2",
            "postgres://pedro:hunter2#@host/pedro",
            "postgres://h/d?sslmode=hunter2",
        ];
        for url in wrong {
            let told = resolve(DatabaseArgs { postgres_url: secret(url), ..Default::default() }).unwrap_err();
            assert!(told.contains("POSTGRES_URL: is no PostgreSQL URL; expected postgres://user:"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_second_database_is_no_reason_not_to_start() {
        let args = DatabaseArgs {
            database_url: secret("postgres://a/pedro"),
            postgres_vector_url: secret("postgres://b/vectors"),
            ..Default::default()
        };
        assert_eq!(resolve(args).unwrap().url.expose(), "postgres://a/pedro");
    }
}

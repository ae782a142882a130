//! Databases made for a moment, on the server that a URL names: `pedro eval` measures in one and drops it.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::StoreError;

/// Makes an empty database beside the one that the options name, and tells how to connect to it.
///
/// # Errors
/// When the role may not create databases, or the server does not answer.
pub async fn create(beside: &PgConnectOptions, name: &str) -> Result<PgConnectOptions, StoreError> {
    let mut connection = PgConnection::connect_with(beside).await?;
    let statement = format!("create database {}", quoted(name));
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(beside.clone().database(name))
}

/// Drops such a database, whoever is still connected to it.
///
/// # Errors
/// When the server does not answer.
pub async fn drop(beside: &PgConnectOptions, name: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(beside).await?;
    let statement = format!("drop database if exists {} with (force)", quoted(name));
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// A name of a database cannot be a parameter of a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(quoted("eval"), "\"eval\"");
        assert_eq!(quoted("a\"; drop database b; --"), "\"a\"\"; drop database b; --\"");
    }
}

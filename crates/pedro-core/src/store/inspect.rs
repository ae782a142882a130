//! What a database is like, asked without changing it: `pedro doctor` judges by it. The tables may not be there yet, so
//! nothing here is checked against them when it is built.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::{MIGRATOR, StoreError};

/// An extension as the server has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Extension {
    /// The version that is installed in this database.
    pub installed: Option<String>,
    /// The version that could be installed.
    pub available: Option<String>,
    /// The schema that it is installed in.
    pub schema: Option<String>,
    /// Whether this role may use that schema.
    pub usable: Option<bool>,
}

/// How far the migrations are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrations {
    /// Applied, and known to this program.
    pub applied: usize,
    /// Known, and not applied yet.
    pub pending: Vec<String>,
    /// Applied, and not known: a newer Pedro was here.
    pub unknown: usize,
    /// Applied with another text than this program has.
    pub changed: Vec<String>,
}

/// The version as a number, 170002 for 17.2, and as the server writes it.
///
/// # Errors
/// When the server does not answer.
pub async fn server_version(connection: &mut PgConnection) -> Result<(i32, String), StoreError> {
    let row = sqlx::query_as("select current_setting('server_version_num')::int, current_setting('server_version')")
        .fetch_one(connection)
        .await?;
    Ok(row)
}

/// The process of the server that serves this connection. Two open connections never have the same, unless something
/// between them and the server shares one.
///
/// # Errors
/// When the server does not answer.
pub async fn backend_pid(connection: &mut PgConnection) -> Result<i32, StoreError> {
    Ok(sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await?)
}

/// An extension; `None` if the server has none of that name.
///
/// # Errors
/// When the server does not answer.
pub async fn extension(connection: &mut PgConnection, name: &str) -> Result<Option<Extension>, StoreError> {
    let row = sqlx::query_as(
        "select installed_version as installed, default_version as available, nspname::text as schema,
                has_schema_privilege(pg_namespace.oid, 'usage') as usable
         from pg_available_extensions
         left join pg_extension on extname = name left join pg_namespace on pg_namespace.oid = extnamespace
         where name = $1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// Whether this role may make schemas, and with them everything that Pedro needs, in this database.
///
/// # Errors
/// When the server does not answer.
pub async fn may_create(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let may = sqlx::query_scalar("select has_database_privilege(current_database(), 'create')");
    Ok(may.fetch_one(connection).await?)
}

/// Whether types, operators and functions of the extensions are found as every statement of Pedro's finds them: on a
/// connection of [`super::database::pool`].
///
/// # Errors
/// When they are not found.
pub async fn try_search_path(connection: &mut PgConnection) -> Result<String, StoreError> {
    let path = sqlx::query_scalar(
        "select current_setting('search_path')
         where '[1]'::halfvec <=> '[1]'::halfvec >= 0 and similarity('pedro', 'pedro') > 0",
    );
    Ok(path.fetch_one(connection).await?)
}

/// Which migrations are applied.
///
/// # Errors
/// When the server does not answer.
pub async fn migrations(connection: &mut PgConnection) -> Result<Migrations, StoreError> {
    let table: Option<String> =
        sqlx::query_scalar("select to_regclass('pedro._sqlx_migrations')::text").fetch_one(&mut *connection).await?;
    let rows: Vec<(i64, Vec<u8>)> = match table {
        Some(_) => {
            sqlx::query_as("select version, checksum from pedro._sqlx_migrations where success")
                .fetch_all(connection)
                .await?
        }
        None => Vec::new(),
    };
    let mut found = Migrations::default();
    let mut known = HashSet::new();
    for migration in MIGRATOR.iter().filter(|migration| !migration.migration_type.is_down_migration()) {
        known.insert(migration.version);
        let name = format!("{} {}", migration.version, migration.description);
        match rows.iter().find(|(version, _)| *version == migration.version) {
            None => found.pending.push(name),
            Some((_, checksum)) if **checksum != *migration.checksum => found.changed.push(name),
            Some(_) => found.applied += 1,
        }
    }
    found.unknown = rows.iter().filter(|(version, _)| !known.contains(version)).count();
    Ok(found)
}

/// The embedding models whose vectors are stored: name, length of its vectors, how many lines have one.
///
/// # Errors
/// When the server does not answer, or the tables are not there.
pub async fn embedding_models(connection: &mut PgConnection) -> Result<Vec<(String, i32, i64)>, StoreError> {
    let rows = sqlx::query_as(
        "select name, dimension, (select count(*) from pedro.message_embedding where model_id = embedding_model.id)
         from pedro.embedding_model order by id",
    );
    Ok(rows.fetch_all(connection).await?)
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::store::database;

    #[sqlx::test(migrations = false)]
    async fn an_empty_database_has_everything_to_come_and_a_migrated_one_nothing(pool: PgPool) {
        let mut connection = pool.acquire().await.unwrap();
        let before = migrations(&mut connection).await.unwrap();
        assert_eq!((before.applied, before.unknown), (0, 0));
        assert!(!before.pending.is_empty());

        database::migrate(&pool.connect_options()).await.unwrap();
        let after = migrations(&mut connection).await.unwrap();
        assert_eq!(after, Migrations { applied: before.pending.len(), ..Migrations::default() });
        let vector = extension(&mut connection, "vector").await.unwrap().unwrap();
        assert_eq!((vector.schema.as_deref(), vector.usable), (Some("pedro"), Some(true)));
        assert!(embedding_models(&mut connection).await.unwrap().is_empty());
    }

    #[sqlx::test(migrations = false)]
    async fn another_text_and_a_newer_migration_are_told(pool: PgPool) {
        database::migrate(&pool.connect_options()).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        sqlx::raw_sql(
            "update pedro._sqlx_migrations set checksum = '\\x00'
                 where version = (select min(version) from pedro._sqlx_migrations);
             insert into pedro._sqlx_migrations (version, description, success, checksum, execution_time)
                 values (99991231000000, 'from the future', true, '\\x00', 0)",
        )
        .execute(&mut *connection)
        .await
        .unwrap();
        let found = migrations(&mut connection).await.unwrap();
        assert_eq!((found.changed.len(), found.unknown, found.pending.len()), (1, 1, 0));
    }

    #[sqlx::test(migrations = false)]
    async fn an_extension_that_nobody_has_is_none_and_two_connections_are_two_processes(pool: PgPool) {
        let (mut first, mut second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        assert_eq!(extension(&mut first, "no_such_extension").await.unwrap(), None);
        assert_ne!(backend_pid(&mut first).await.unwrap(), backend_pid(&mut second).await.unwrap());
        assert!(server_version(&mut first).await.unwrap().0 >= 150_000);
        assert!(may_create(&mut first).await.unwrap());
    }
}

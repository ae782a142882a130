//! The database in which is measured: made beside the configured one, and dropped again.

use anyhow::Context;
use pedro_core::boot;
use pedro_core::store::{database, scratch};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

/// Connections at once: one query reads several lists side by side.
const CONNECTIONS: u32 = 8;

/// A database of its own.
pub(super) struct Scratch {
    beside: PgConnectOptions,
    options: PgConnectOptions,
    name: String,
}

impl Scratch {
    pub(super) async fn create(beside: &PgConnectOptions) -> anyhow::Result<Self> {
        let name = format!("pedro_eval_{}", Uuid::new_v4().simple());
        let options = scratch::create(beside, &name).await.map_err(|error| {
            let told = boot::explain(&error, beside);
            anyhow::anyhow!("{told} (a scratch database is needed: the role in DATABASE_URL must have createdb)")
        })?;
        Ok(Self { beside: beside.clone(), options, name })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn open(&self) -> anyhow::Result<PgPool> {
        database::migrate(&self.options).await.context("the scratch database got no tables")?;
        Ok(database::pool(self.options.clone(), CONNECTIONS))
    }

    pub(super) async fn drop(&self) -> anyhow::Result<()> {
        let dropped = scratch::drop(&self.beside, &self.name).await;
        dropped.with_context(|| format!("drop the scratch database {} yourself", self.name))
    }
}

//! `pedro migrate`: brings the tables up to date, as every bot does when it starts.

use anyhow::Context;
use clap::Args;
use pedro_core::boot;
use pedro_core::service::config::DatabaseArgs;
use pedro_core::store::inspect;
use sqlx::{Connection, PgConnection};

use crate::{output, target};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let settings = target::resolve_database(options.database).await?;
    let database = boot::connect_options(&settings)?;
    let before = match PgConnection::connect_with(&database).await {
        Ok(mut connection) => inspect::migrations(&mut connection).await?,
        // `open_database` tells what is wrong, or waits for a server that is starting.
        Err(_) => inspect::Migrations::default(),
    };
    let pool = boot::open_database(&settings).await?;
    for migration in &before.pending {
        output::line(format!("applied {migration}"))?;
    }
    let mut connection = pool.acquire().await.context("the database went away")?;
    let after = inspect::migrations(&mut connection).await?;
    output::line(format!("the tables are up to date: {} migrations are applied", after.applied))
}

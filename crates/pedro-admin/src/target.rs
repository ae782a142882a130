//! Which community, in which database: the options that most commands share.

use anyhow::{Context, bail};
use chrono_tz::Tz;
use clap::Args;
use pedro_core::boot;
use pedro_core::chat::CommunityId;
use pedro_core::service::config::{
    Community, CommunityArgs, CommunitySettings, ConfigProblems, DatabaseArgs, DatabaseSettings,
};
use pedro_core::store::channel;
use sqlx::PgPool;

use crate::output;
use crate::settings::settle;

/// Which community, in which database.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Name of the community. Default: the configured one, if there is one only
    #[arg(long, value_name = "NAME")]
    pub(crate) community: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) config: CommunityArgs,
}

/// What is to be listed, and how.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// A community in an open database.
pub(crate) struct Target {
    pub(crate) pool: PgPool,
    pub(crate) id: CommunityId,
    pub(crate) name: String,
    pub(crate) zone: Tz,
}

impl TargetArgs {
    /// Opens the database and finds the community; one that is not there is an error.
    pub(crate) async fn find(self) -> anyhow::Result<Target> {
        let (pool, name, _) = self.open().await?;
        match channel::find_community(&pool, &name).await? {
            Some((id, zone)) => Ok(Target { pool, id, name, zone: zone.parse().unwrap_or(Tz::UTC) }),
            None => bail!(unknown(&pool, &name).await?),
        }
    }

    /// Opens the database and finds the community, or makes it, which is said.
    pub(crate) async fn find_or_make(self) -> anyhow::Result<Target> {
        let (pool, name, config) = self.open().await?;
        if channel::find_community(&pool, &name).await?.is_none() {
            output::note(format!("there was no community {name:?} yet: it is made"));
        }
        let settings = community(&pool, &config, &name).await?;
        let id = channel::ensure_community(&pool, &name, Some(settings.time_zone.name())).await?;
        Ok(Target { pool, id, name, zone: settings.time_zone })
    }

    async fn open(self) -> anyhow::Result<(PgPool, String, CommunitySettings)> {
        let both = |problems: &mut ConfigProblems| {
            (self.database.clone().resolve(problems), self.config.clone().resolve(problems))
        };
        let (database, config) = settle(both).await?;
        let name = chosen(self.community, &config)?;
        Ok((boot::open_database(&database).await?, name, config))
    }
}

/// The name that was given, else that of the only community configured.
pub(crate) fn chosen(given: Option<String>, config: &CommunitySettings) -> anyhow::Result<String> {
    if let Some(name) = given.map(|name| name.trim().to_owned()) {
        anyhow::ensure!(!name.is_empty(), "--community is empty: give the name of a community");
        return Ok(name);
    }
    let mut names = config.communities.iter().map(|community| community.name.as_str());
    match (names.next(), names.next()) {
        (Some(name), None) => Ok(name.to_owned()),
        _ => {
            let names: Vec<&str> = config.communities.iter().map(|community| community.name.as_str()).collect();
            bail!("there are several communities: choose one with --community ({})", names.join(", "))
        }
    }
}

/// The settings of a community: as configured, else everything default, in the time zone that is stored for it.
pub(crate) async fn community(pool: &PgPool, config: &CommunitySettings, name: &str) -> anyhow::Result<Community> {
    if let Some(configured) = config.communities.iter().find(|community| community.name == name) {
        return Ok(configured.clone());
    }
    let stored = channel::find_community(pool, name).await?.and_then(|(_, zone)| zone.parse().ok());
    let configured = config.communities.iter().next().map_or(Tz::UTC, |community| community.time_zone);
    Ok(Community::new(name, stored.unwrap_or(configured)))
}

/// Opens the database that the options name.
pub(crate) async fn open_database(args: DatabaseArgs) -> anyhow::Result<PgPool> {
    let settings = resolve_database(args).await?;
    boot::open_database(&settings).await.context("the database could not be opened")
}

/// Reads the options of the database.
pub(crate) async fn resolve_database(args: DatabaseArgs) -> anyhow::Result<DatabaseSettings> {
    Ok(settle(|problems| args.clone().resolve(problems)).await?)
}

async fn unknown(pool: &PgPool, name: &str) -> anyhow::Result<String> {
    let names = channel::community_names(pool).await?;
    Ok(match names.is_empty() {
        true => format!(
            "there is no community {name:?}, nor any other: `pedro import` makes one, and a bot makes its own when it starts"
        ),
        false => format!("there is no community {name:?}: choose one of {} with --community", names.join(", ")),
    })
}

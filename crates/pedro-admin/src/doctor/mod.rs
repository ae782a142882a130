//! `pedro doctor`: looks at everything Pedro needs, one thing after the other, and says how to mend what is wrong.

mod database;
mod discord;
mod embedder;
mod model;
mod report;
mod search;
mod twitch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::Args;
use pedro_core::service::config::{
    ApiArgs, CommunityArgs, ConfigProblems, DatabaseArgs, EmbeddingArgs, ModelArgs, PageArgs, SearchArgs,
};

use self::report::Report;
use crate::settings::{one_password, settle};

/// Where pages are served is only read here.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the checks as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
    #[command(flatten)]
    community: CommunityArgs,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    pages: PageArgs,
    #[command(flatten)]
    twitch: twitch::TwitchArgs,
    #[command(flatten)]
    discord: discord::DiscordArgs,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { json, database, model, embedding, community, search, api, pages, twitch, discord } = options;
    let mut report = Report::new(json);
    check_one_password(&mut report).await?;
    // Each group on its own: what is wrong with one does not keep the others from being checked.
    let database = resolved(&mut report, |problems| database.clone().resolve(problems)).await?;
    let model = resolved(&mut report, |problems| model.clone().resolve(problems)).await?;
    let embedding = resolved(&mut report, |problems| embedding.clone().resolve(problems)).await?;
    let community = resolved(&mut report, |problems| community.clone().resolve(problems)).await?;
    let search = resolved(&mut report, |problems| search.clone().resolve(problems)).await?;
    let twitch = resolved(&mut report, |problems| twitch.clone().resolve(problems)).await?;
    let discord = resolved(&mut report, |problems| discord.clone().resolve(problems)).await?;
    // Nothing stands behind these that could be asked: only how they are written.
    resolved(&mut report, |problems| api.clone().resolve(problems)).await?;
    resolved(&mut report, |problems| pages.clone().resolve(LISTEN, problems)).await?;
    if !report.failed() {
        let names: Vec<String> = community
            .iter()
            .flat_map(|settings| settings.communities.iter())
            .map(|community| community.name.clone())
            .collect();
        report.ok("configuration", format!("no value is wrong; communities: {}", names.join(", ")))?;
    }
    let connection = match &database {
        Some(settings) => database::check(settings, &mut report).await?,
        None => None,
    };
    if let Some(settings) = embedding {
        embedder::check(settings, connection, &mut report).await?;
    }
    if let Some(settings) = model {
        model::check(&settings, &mut report).await?;
    }
    if let Some(settings) = search {
        search::check(&settings, &mut report).await?;
    }
    if let Some(settings) = twitch {
        let key = community.as_ref().and_then(|community| community.secret_key.as_ref());
        let stored = twitch::stored(&settings, database.as_ref(), key).await;
        twitch::check(settings, stored, &mut report).await?;
    }
    if let Some(settings) = discord {
        discord::check(settings, &mut report).await?;
    }
    report.finish()
}

/// 1Password Connect: does it answer, and may the token read anything.
async fn check_one_password(report: &mut Report) -> anyhow::Result<()> {
    match one_password().check().await {
        None => Ok(()),
        Some(Ok(0)) => report.warn(
            "1Password",
            "1Password Connect answers, and the token may read no vault",
            "give the token of OP_CONNECT_TOKEN access to the vault",
        ),
        Some(Ok(vaults)) => report.ok("1Password", format!("1Password Connect answers, vaults: {vaults}")),
        Some(Err((told, mend))) => report.fail("1Password", told, mend),
    }
}

/// A group of settings; what is wrong with it is told, each value by itself and once.
async fn resolved<T>(report: &mut Report, resolve: impl Fn(&mut ConfigProblems) -> T) -> anyhow::Result<Option<T>> {
    let problems = match settle(resolve).await {
        Ok(settings) => return Ok(Some(settings)),
        Err(problems) => problems,
    };
    for problem in problems.found() {
        let mend = format!("expected {}; for example {}", problem.shape, problem.example);
        report.fail_once("configuration", format!("{}: {}", problem.name, problem.wrong), mend)?;
    }
    Ok(None)
}

//! `pedro doctor`: looks at everything Pedro needs, one thing after the other, and says how to mend what is wrong.

mod database;
mod discord;
mod embedder;
mod model;
mod report;
mod search;
mod twitch;

use std::process::ExitCode;

use clap::Args;
use pedro_core::service::config::{CommunityArgs, ConfigProblems, DatabaseArgs, EmbeddingArgs, ModelArgs, SearchArgs};

use self::report::Report;

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
    twitch: twitch::TwitchArgs,
    #[command(flatten)]
    discord: discord::DiscordArgs,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let Options { json, database, model, embedding, community, search, twitch, discord } = options;
    let mut report = Report::new(json);
    // Each group on its own: what is wrong with one does not keep the others from being checked.
    let database = resolved(&mut report, |problems| database.resolve(problems))?;
    let model = resolved(&mut report, |problems| model.resolve(problems))?;
    let embedding = resolved(&mut report, |problems| embedding.resolve(problems))?;
    let community = resolved(&mut report, |problems| community.resolve(problems))?;
    let search = resolved(&mut report, |problems| search.resolve(problems))?;
    let twitch = resolved(&mut report, |problems| twitch.resolve(problems))?;
    let discord = resolved(&mut report, |problems| discord.resolve(problems))?;
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

/// A group of settings; what is wrong with it is told, each value by itself.
fn resolved<T>(report: &mut Report, resolve: impl FnOnce(&mut ConfigProblems) -> T) -> anyhow::Result<Option<T>> {
    let mut problems = ConfigProblems::default();
    let settings = resolve(&mut problems);
    for problem in problems.found() {
        let mend = format!("expected {}; for example {}", problem.shape, problem.example);
        report.fail("configuration", format!("{}: {}", problem.name, problem.wrong), mend)?;
    }
    Ok(problems.into_result(settings).ok())
}

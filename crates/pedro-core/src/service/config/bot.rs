//! What every bot is told, whatever its platform.

use std::net::SocketAddr;

use clap::Args;

use super::api::{ApiArgs, ApiSettings};
use super::community::{CommunityArgs, CommunitySettings};
use super::database::{DatabaseArgs, DatabaseSettings};
use super::model::{EmbeddingArgs, EmbeddingSettings, ModelArgs, ModelSettings};
use super::pages::{LogArgs, LogSettings, PageArgs, PageSettings};
use super::problems::ConfigProblems;
use super::search::{SearchArgs, SearchSettings};

/// Everything but the platform's own options, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
pub struct BotArgs {
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
    log: LogArgs,
    /// Ask the bot that runs on PEDRO_LISTEN whether it is alive; exit code 0 if it is
    #[arg(long)]
    health: bool,
}

/// Everything but the platform's own settings, checked.
#[derive(Debug, Clone)]
pub struct BotSettings {
    /// Where what it remembers is.
    pub database: DatabaseSettings,
    /// What it thinks with.
    pub model: ModelSettings,
    /// How it finds by meaning.
    pub embedding: EmbeddingSettings,
    /// Where it lives.
    pub community: CommunitySettings,
    /// Where it searches the web.
    pub search: SearchSettings,
    /// The built-in APIs that plans may ask.
    pub api: ApiSettings,
    /// Its pages.
    pub pages: PageSettings,
}

/// What the command line asks for.
pub enum BotTask<T> {
    /// Run the bot with its platform's settings.
    Run(Box<(T, BotSettings)>),
    /// Ask a running bot.
    Health(SocketAddr),
}

impl BotArgs {
    /// Checks everything at once, with the platform's own options: all wrong values are named together. Each bot has a
    /// port of its own.
    pub fn resolve<T>(
        self,
        listen: SocketAddr,
        platform: impl FnOnce(&mut ConfigProblems) -> T,
    ) -> (LogSettings, Result<BotTask<T>, ConfigProblems>) {
        let Self { database, model, embedding, community, search, api, pages, log, health } = self;
        let mut problems = ConfigProblems::default();
        let log = log.resolve(&mut problems);
        let pages = pages.resolve(listen, &mut problems);
        if health {
            return (log, problems.into_result(BotTask::Health(pages.listen)));
        }
        let platform = platform(&mut problems);
        let settings = BotSettings {
            database: database.resolve(&mut problems),
            model: model.resolve(&mut problems),
            embedding: embedding.resolve(&mut problems),
            community: community.resolve(&mut problems),
            search: search.resolve(&mut problems),
            api: api.resolve(&mut problems),
            pages,
        };
        (log, problems.into_result(BotTask::Run(Box::new((platform, settings)))))
    }
}

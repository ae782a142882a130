//! What every bot is told, whatever its platform.

use std::net::SocketAddr;

use clap::Args;

use super::api::{ApiArgs, ApiSettings};
use super::community::{CommunityArgs, CommunitySettings};
use super::database::{DatabaseArgs, DatabaseSettings};
use super::model::{EmbeddingArgs, EmbeddingSettings, ModelArgs, ModelSettings};
use super::one_password::{OnePasswordArgs, settle};
use super::pages::{LogArgs, LogSettings, PageArgs, PageSettings};
use super::problems::ConfigProblems;
use super::search::{SearchArgs, SearchSettings};
use crate::service::one_password::OnePassword;

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
    one_password: OnePasswordArgs,
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
    /// How the log is written: known before everything else, for the rest may have to be waited for. What is wrong with it
    /// is told by [`resolve`](Self::resolve).
    pub fn log(&self) -> LogSettings {
        self.log.clone().resolve(&mut ConfigProblems::default())
    }

    /// Checks everything at once, with the platform's own options: all wrong values are named together. Each bot has a
    /// port of its own. What is kept in 1Password is looked up, which may take a while.
    pub async fn resolve<T>(
        self,
        listen: SocketAddr,
        platform: impl Fn(&mut ConfigProblems) -> T,
    ) -> Result<BotTask<T>, ConfigProblems> {
        if self.health {
            // Asks a bot that runs: nothing else needs to be right, and no secret is needed.
            let mut problems = ConfigProblems::default();
            self.log.resolve(&mut problems);
            let listen = self.pages.listen(listen, &mut problems);
            return problems.into_result(BotTask::Health(listen));
        }
        let one_password = OnePassword::new(self.one_password.clone());
        let settings = settle(&one_password, |problems| {
            self.log.clone().resolve(problems);
            let pages = self.pages.clone().resolve(listen, problems);
            let platform = platform(problems);
            let bot = BotSettings {
                database: self.database.clone().resolve(problems),
                model: self.model.clone().resolve(problems),
                embedding: self.embedding.clone().resolve(problems),
                community: self.community.clone().resolve(problems),
                search: self.search.clone().resolve(problems),
                api: self.api.clone().resolve(problems),
                pages,
            };
            (platform, bot)
        });
        Ok(BotTask::Run(Box::new(settings.await?)))
    }
}

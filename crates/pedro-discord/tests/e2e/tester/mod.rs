//! [`DiscordTester`]: a bot with its world around it, and the verbs that tests are written in.

#[path = "../../../../pedro-twitch/tests/e2e/tester/aftermath.rs"]
mod aftermath;
pub(crate) mod chat;
mod end;
#[path = "../../../../pedro-twitch/tests/e2e/tester/figures.rs"]
mod figures;
#[path = "../../../../pedro-twitch/tests/e2e/tester/model.rs"]
mod model;
#[path = "../../../../pedro-twitch/tests/e2e/tester/process.rs"]
mod process;
#[path = "../../../../pedro-twitch/tests/e2e/tester/store.rs"]
mod store;
mod twitch;
mod twitch_bot;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use pedro_core::testing::ScriptedModelServer;
use pedro_playground::discord::{Snowflake, permission};
use pedro_playground::{Playground, Settings};
use sqlx::{ConnectOptions, PgPool};
use tokio::time::timeout;

use crate::bot::{Bot, Environment, Log};
use crate::proxy::Proxy;
pub(crate) use twitch_bot::TOWN;

pub(crate) use figures::Figures;

/// How long anything is waited for. Far longer than anything takes: who waits in vain has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// How long a test may take.
const TEST_WITHIN: Duration = Duration::from_secs(300);

/// The bot.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_pedro-discord");

/// The user name of the bot's account.
pub(crate) const BOT: &str = "pedro";

/// Must never be seen anywhere.
pub(crate) const TOKEN: &str = "tokenthatnobodymaysee0123456789";

/// The guild where things happen unless a test says otherwise.
const GUILD: &str = "Pedro Town";

/// Members of it without any rights of their own. `maud` may manage it; its owner is `owner`.
const MEMBERS: [&str; 7] = ["alice", "bob", "carol", "dana", "erik", "zoe", "quiltwick"];

/// What a bot starts with, besides the usual.
#[derive(Default)]
pub(crate) struct Setup {
    /// The communities' YAML.
    pub(crate) config: Option<String>,
    /// More variables, or other values for the usual ones.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The bot's way to the database can be cut.
    pub(crate) proxied: bool,
    /// Do not start the bot yet.
    pub(crate) not_started: bool,
}

/// A bot that is not started.
pub(crate) const NOT_STARTED: Setup =
    Setup { config: None, environment: Vec::new(), proxied: false, not_started: true };

/// Runs a test with a bot that is in the guild.
pub(crate) async fn run_test(pool: PgPool, test: impl AsyncFnOnce(&mut DiscordTester) -> Result<()>) -> Result<()> {
    Setup::default().run(pool, test).await
}

impl Setup {
    /// Runs a test with a bot that is in the guild and has its commands. At the end nothing may be left over: see
    /// [`DiscordTester::finish`].
    pub(crate) async fn run(
        self,
        pool: PgPool,
        test: impl AsyncFnOnce(&mut DiscordTester) -> Result<()>,
    ) -> Result<()> {
        let not_started = self.not_started;
        let mut tester = DiscordTester::new(pool, self).await?;
        let run = async {
            if !not_started {
                tester.start().await?;
                tester.until_registered().await?;
            }
            test(&mut tester).await?;
            tester.finish().await
        };
        let result = timeout(TEST_WITHIN, run).await.context("the test took too long").and_then(|result| result);
        tester.failed = result.is_err();
        result
    }
}

/// What the files call it that are the same on Twitch.
pub(crate) type Tester = DiscordTester;

/// A bot, the platform it is on, its model and its database.
pub(crate) struct DiscordTester {
    pub(crate) model: ScriptedModelServer,
    /// The bot's variables; changes count from the next start.
    pub(crate) environment: Environment,
    /// For tests with [`Setup::proxied`].
    pub(crate) proxy: Option<Proxy>,
    /// [`GUILD`].
    pub(crate) guild: Snowflake,
    /// The channel where things happen unless a test says otherwise.
    pub(crate) general: Snowflake,
    /// Another one that everybody reads.
    pub(crate) random: Snowflake,
    /// Whoever has it may manage the guild.
    pub(crate) moderators: Snowflake,
    playground: Playground,
    pool: PgPool,
    log: Log,
    bot: Option<Bot>,
    starts: usize,
    /// The bot's messages that the test has seen.
    read: HashSet<Snowflake>,
    expected_errors: Vec<&'static str>,
    config: Option<PathBuf>,
    http: reqwest::Client,
    failed: bool,
}

impl DiscordTester {
    async fn new(pool: PgPool, setup: Setup) -> Result<Self> {
        let options = pool.connect_options();
        let name = options.get_database().context("the test's database has no name")?.to_owned();
        let playground = Playground::start(Settings::default()).await?;
        let model = ScriptedModelServer::start()?;
        let discord = playground.discord();
        discord.set_token(TOKEN);
        let guild = discord.add_guild(GUILD);
        let moderators = discord.add_role(guild, "moderators", permission::MANAGE_GUILD);
        discord.add_member(guild, "maud", &[moderators]);
        for person in MEMBERS {
            discord.add_member(guild, person, &[]);
        }

        let mut database = options.to_url_lossy();
        let proxy = match setup.proxied {
            true => Some(Proxy::start(options.get_host().to_owned(), options.get_port()).await?),
            false => None,
        };
        if let Some(proxy) = &proxy {
            database.set_ip_host(proxy.address().ip()).ok().context("the database has no host")?;
            database.set_port(Some(proxy.address().port())).ok().context("the database has no port")?;
        }
        let mut environment = Environment::new();
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("DISCORD_TOKEN", TOKEN.to_owned());
        set("DISCORD_API_URL", playground.http_url());
        set("DATABASE_URL", database.to_string());
        set("LLAMA_CPP_PATH", model.url().to_string());
        set("SEARCH_SEARXNG_URL", format!("{}/searx", playground.http_url()));
        set("SEARCH_DUCKDUCKGO_URL", format!("{}/ddg/html/", playground.http_url()));
        set("EMBEDDINGS_MODEL_DIR", embedding_model().display().to_string());
        set("PEDRO_LISTEN", "127.0.0.1:0".to_owned());
        let mut config = None;
        if let Some(yaml) = setup.config {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
            std::fs::write(&path, yaml)?;
            set("PEDRO_CONFIG", path.display().to_string());
            config = Some(path);
        }
        for (name, value) in setup.environment {
            set(name, value);
        }
        Ok(Self {
            guild,
            general: discord.add_channel(guild, "general"),
            random: discord.add_channel(guild, "random"),
            moderators,
            model,
            environment,
            proxy,
            playground,
            pool,
            log: Log::new(&name)?,
            bot: None,
            starts: 0,
            read: HashSet::new(),
            expected_errors: Vec::new(),
            config,
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?,
            failed: false,
        })
    }

    /// Gives the bots this file of communities from their next start on.
    pub(crate) fn configure(&mut self, yaml: &str) -> Result<()> {
        let options = self.pool.connect_options();
        let name = options.get_database().context("the test's database has no name")?;
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
        std::fs::write(&path, yaml)?;
        self.environment.insert("PEDRO_CONFIG".to_owned(), path.display().to_string());
        self.config = Some(path);
        Ok(())
    }

    /// The way to the database that can be cut.
    pub(crate) fn way(&self) -> Result<&Proxy> {
        self.proxy.as_ref().context("the setup has no proxy")
    }
}

/// The embedding model that `dev/bootstrap` installs, unless another is named.
pub(crate) fn embedding_model() -> PathBuf {
    let set = std::env::var_os("EMBEDDINGS_MODEL_DIR").filter(|dir| !dir.is_empty());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/models/all-minilm-l6-v2");
    set.map_or(root, PathBuf::from)
}

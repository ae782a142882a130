//! [`TwitchTester`]: a bot with its world around it, and the verbs that tests are written in.

mod aftermath;
mod chat;
mod end;
mod figures;
mod model;
mod process;
mod store;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use pedro_core::testing::ScriptedModelServer;
use pedro_playground::{Playground, Settings};
use sqlx::{ConnectOptions, PgPool};
use tokio::time::timeout;

use crate::bot::{Bot, Environment, Log};
use crate::proxy::Proxy;

pub(crate) use figures::Figures;

/// How long anything is waited for. Far longer than anything takes: who waits in vain has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// How long a test may take.
const TEST_WITHIN: Duration = Duration::from_secs(300);

/// The bot.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_pedro-twitch");

/// The channel where things happen unless a test says otherwise.
pub(crate) const TOWN: &str = "pedrotown";

/// The bot's account.
pub(crate) const BOT: &str = "pedro_bot";

/// Must never be seen anywhere.
pub(crate) const TOKEN: &str = "tokenthatnobodymaysee0123456789";

/// What a bot starts with, besides the usual.
#[derive(Default)]
pub(crate) struct Setup {
    /// How long the test may take, if it takes longer than others.
    pub(crate) within: Option<Duration>,
    /// Besides [`TOWN`].
    pub(crate) channels: Vec<&'static str>,
    /// The communities' YAML.
    pub(crate) config: Option<String>,
    /// More variables, or other values for the usual ones.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Whether the API may be asked for titles.
    pub(crate) helix: bool,
    /// The bot's way to the database can be cut.
    pub(crate) proxied: bool,
    /// Do not start the bot yet.
    pub(crate) not_started: bool,
}

/// Runs a test with a bot that is in the channel.
pub(crate) async fn run_test(pool: PgPool, test: impl AsyncFnOnce(&mut TwitchTester) -> Result<()>) -> Result<()> {
    Setup::default().run(pool, test).await
}

impl Setup {
    /// Runs a test with a bot that is in its channels. At the end nothing may be left over: see
    /// [`TwitchTester::finish`].
    pub(crate) async fn run(self, pool: PgPool, test: impl AsyncFnOnce(&mut TwitchTester) -> Result<()>) -> Result<()> {
        let (not_started, within) = (self.not_started, self.within.unwrap_or(TEST_WITHIN));
        let mut tester = TwitchTester::new(pool, self).await?;
        let run = async {
            if !not_started {
                tester.start().await?;
            }
            test(&mut tester).await?;
            tester.finish().await
        };
        let result = timeout(within, run).await.context("the test took too long").and_then(|result| result);
        tester.failed = result.is_err();
        result
    }
}

/// What the files call it that are the same on Discord.
type Tester = TwitchTester;

/// A bot, the platform it is on, its model and its database.
pub(crate) struct TwitchTester {
    pub(crate) model: ScriptedModelServer,
    /// The bot's variables; changes count from the next start.
    pub(crate) environment: Environment,
    /// For tests with [`Setup::proxied`].
    pub(crate) proxy: Option<Proxy>,
    playground: Playground,
    pool: PgPool,
    log: Log,
    bot: Option<Bot>,
    starts: usize,
    /// Numbers of the bot's lines that the test has seen.
    read: HashSet<u64>,
    channels: Vec<&'static str>,
    expected_errors: Vec<&'static str>,
    config: Option<PathBuf>,
    http: reqwest::Client,
    failed: bool,
}

impl TwitchTester {
    async fn new(pool: PgPool, setup: Setup) -> Result<Self> {
        let options = pool.connect_options();
        let name = options.get_database().context("the test's database has no name")?.to_owned();
        let playground = Playground::start(Settings::default()).await?;
        let model = ScriptedModelServer::start()?;
        let mut channels = vec![TOWN];
        channels.extend(setup.channels);
        for channel in &channels {
            playground.twitch().add_channel(channel);
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
        set("TWITCH_CHANNEL", channels.join(","));
        set("TWITCH_BOT_LOGIN", BOT.to_owned());
        set("TWITCH_TOKEN", format!("oauth:{TOKEN}"));
        set("TWITCH_IRC_URL", playground.irc_url());
        set("TWITCH_HELIX_URL", format!("{}/helix", playground.http_url()));
        set("TWITCH_OAUTH_URL", format!("{}/oauth2", playground.http_url()));
        set("TWITCH_EVENTSUB_URL", playground.eventsub_url());
        set("TWITCH_POLL_INTERVAL", "1s".to_owned());
        set("DATABASE_URL", database.to_string());
        set("LLAMA_CPP_PATH", model.url().to_string());
        set("SEARCH_SEARXNG_URL", format!("{}/searx", playground.http_url()));
        set("SEARCH_DUCKDUCKGO_URL", format!("{}/ddg/html/", playground.http_url()));
        set("EMBEDDINGS_MODEL_DIR", embedding_model().display().to_string());
        set("PEDRO_LISTEN", "127.0.0.1:0".to_owned());
        if setup.helix {
            set("TWITCH_ID", "a-client-id".to_owned());
        }
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
            model,
            environment,
            proxy,
            playground,
            pool,
            log: Log::new(&name)?,
            bot: None,
            starts: 0,
            read: HashSet::new(),
            channels,
            // The library calls it an error whenever a connection ends.
            expected_errors: vec![" ERROR twitch_irc::"],
            config,
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?,
            failed: false,
        })
    }
}

/// The embedding model that `dev/bootstrap` installs, unless another is named.
pub(crate) fn embedding_model() -> PathBuf {
    let set = std::env::var_os("EMBEDDINGS_MODEL_DIR").filter(|dir| !dir.is_empty());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/models/all-minilm-l6-v2");
    set.map_or(root, PathBuf::from)
}

//! The world of a run: the playground, the model, the database behind its way, and the bots.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use pedro_core::testing::ScriptedModelServer;
use pedro_core::testing::way::Proxy;
use pedro_playground::discord::Snowflake;
use pedro_playground::{Discord, Playground, Settings, Twitch};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::bot::Bot;
use crate::oracle::oracle;

/// The channels on Twitch.
pub(crate) const CHANNELS: [&str; 2] = ["pedrotown", "pedrovillage"];

/// The bot's account on Twitch.
pub(crate) const BOT: &str = "pedro_bot";

/// People on either platform.
pub(crate) const PEOPLE: usize = 24;

/// How often a gateway is to be sent a sign of life: its absence is noticed within a run.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Everything there is.
pub(crate) struct Town {
    pub(crate) twitch: Twitch,
    pub(crate) discord: Discord,
    pub(crate) model: ScriptedModelServer,
    pub(crate) way: Proxy,
    /// Past the way: for faults and for the ledger.
    pub(crate) pool: PgPool,
    /// Twitch's, then Discord's.
    pub(crate) bots: [Bot; 2],
    pub(crate) channels: Vec<Snowflake>,
    pub(crate) http: reqwest::Client,
    _playground: Playground,
    server: PgPool,
    database: String,
}

/// Somebody's name.
pub(crate) fn person(n: usize) -> String {
    format!("viewer{n:02}")
}

impl Town {
    /// Builds the world; the bots do not run yet. `logs` is a directory, `name` the run's alone.
    pub(crate) async fn build(programs: &Path, logs: &Path, name: &str, seed: u64) -> Result<Self> {
        let playground = Playground::start(Settings::default()).await?;
        let (twitch, discord) = (playground.twitch().clone(), playground.discord().clone());
        let channels = settle(&twitch, &discord);

        let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set: run `make db` and `. .local/env`")?;
        let options: PgConnectOptions = url.parse()?;
        let server = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let database = format!("pedro_{}", name.replace('-', "_"));
        sqlx::query(sqlx::AssertSqlSafe(format!("create database {database}"))).execute(&server).await?;
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options.clone().database(&database)).await?;
        let way = Proxy::start(Ipv4Addr::LOCALHOST, options.get_host().to_owned(), options.get_port()).await?;

        let mut seen = options.database(&database).to_url_lossy();
        seen.set_ip_host(way.address().ip()).ok().context("the database has no host")?;
        seen.set_port(Some(way.address().port())).ok().context("the database has no port")?;
        let model = ScriptedModelServer::start()?;
        model.set_slots(2);
        model.reply_with(oracle(seed));

        let usual = usual(&playground, seen.as_str(), model.url().as_str());
        let twitch_bot = Bot::new(
            "pedro-twitch",
            programs.join("pedro-twitch"),
            on_twitch(usual.clone(), &playground),
            logs.join(format!("{name}-twitch.log")),
        )?;
        let discord_bot = Bot::new(
            "pedro-discord",
            programs.join("pedro-discord"),
            on_discord(usual, &playground),
            logs.join(format!("{name}-discord.log")),
        )?;
        Ok(Self {
            twitch,
            discord,
            model,
            way,
            pool,
            bots: [twitch_bot, discord_bot],
            channels,
            http: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?,
            _playground: playground,
            server,
            database,
        })
    }

    /// Removes what the run leaves in the database server.
    pub(crate) async fn tear_down(&self) -> Result<()> {
        self.pool.close().await;
        let drop = format!("drop database if exists {} with (force)", self.database);
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&self.server).await?;
        Ok(())
    }
}

/// People, channels and a guild. Answers Discord's channels.
fn settle(twitch: &Twitch, discord: &Discord) -> Vec<Snowflake> {
    for channel in CHANNELS {
        twitch.add_channel(channel);
    }
    discord.set_heartbeat_interval(HEARTBEAT);
    let guild = discord.add_guild("Pedro Town");
    for n in 0..PEOPLE {
        discord.add_member(guild, &person(n), &[]);
    }
    vec![discord.add_channel(guild, "general"), discord.add_channel(guild, "random")]
}

type Environment = BTreeMap<&'static str, String>;

fn usual(playground: &Playground, database: &str, model: &str) -> Environment {
    let web = playground.http_url();
    BTreeMap::from([
        ("DATABASE_URL", database.to_owned()),
        ("LLAMA_CPP_PATH", model.to_owned()),
        // A model that hangs is given up within a run.
        ("MODEL_TIMEOUT", "10s".to_owned()),
        ("MODEL_STALL_TIMEOUT", "5s".to_owned()),
        ("SEARCH_SEARXNG_URL", format!("{web}/searx")),
        ("SEARCH_DUCKDUCKGO_URL", format!("{web}/ddg/html/")),
        ("EMBEDDINGS_MODEL_DIR", embedding_model().display().to_string()),
        ("PEDRO_LISTEN", "127.0.0.1:0".to_owned()),
    ])
}

fn on_twitch(mut environment: Environment, playground: &Playground) -> Environment {
    let web = playground.http_url();
    environment.extend([
        ("TWITCH_CHANNEL", CHANNELS.join(",")),
        ("TWITCH_BOT_LOGIN", BOT.to_owned()),
        ("TWITCH_TOKEN", "oauth:anything".to_owned()),
        ("TWITCH_IRC_URL", playground.irc_url()),
        ("TWITCH_HELIX_URL", format!("{web}/helix")),
        ("TWITCH_OAUTH_URL", format!("{web}/oauth2")),
        ("TWITCH_EVENTSUB_URL", playground.eventsub_url()),
    ]);
    environment
}

fn on_discord(mut environment: Environment, playground: &Playground) -> Environment {
    environment.extend([("DISCORD_TOKEN", "anything".to_owned()), ("DISCORD_API_URL", playground.http_url())]);
    environment
}

/// The embedding model that `dev/bootstrap` installs, unless another is named.
fn embedding_model() -> PathBuf {
    let set = std::env::var_os("EMBEDDINGS_MODEL_DIR").filter(|dir| !dir.is_empty());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/models/all-minilm-l6-v2");
    set.map_or(root, PathBuf::from)
}

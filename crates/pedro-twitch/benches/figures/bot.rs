//! The real program, with a playground for Twitch and a scripted model server.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pedro_core::testing::ScriptedModelServer;
use pedro_playground::{Playground, Search, Settings, Twitch};
use tokio::process::{Child, Command};

use crate::data::CHANNEL;
use crate::memory::{BOT, Memory};

/// How often the start is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Longest start that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the bot talks with.
pub(crate) struct Town {
    playground: Playground,
    /// The stand-in Twitch.
    pub(crate) twitch: Twitch,
    /// The model.
    pub(crate) model: ScriptedModelServer,
}

/// A running bot.
pub(crate) struct Bot {
    child: Child,
    /// From its spawn to `/readyz`.
    pub(crate) ready_after: Duration,
}

impl Town {
    pub(crate) async fn open() -> Result<Self> {
        let playground = Playground::start(Settings::default()).await?;
        let twitch = playground.twitch().clone();
        twitch.set_bot_login(BOT);
        twitch.add_channel(CHANNEL);
        // A moderator may say more, so that the send limit is not what is measured.
        twitch.make_moderator(CHANNEL, BOT);
        Ok(Self { playground, twitch, model: ScriptedModelServer::start()? })
    }

    /// The web.
    pub(crate) fn search(&self) -> &Search {
        self.playground.search()
    }

    /// Starts the bot on a memory and waits until it is ready.
    pub(crate) async fn start(&self, memory: &Memory) -> Result<Bot> {
        self.start_with(memory, self.model.url().as_str()).await
    }

    /// As [`Town::start`], with another model server.
    pub(crate) async fn start_with(&self, memory: &Memory, model: &str) -> Result<Bot> {
        let listen = free_address()?;
        let dir = crate::root().join(".local/log");
        std::fs::create_dir_all(&dir)?;
        let log = File::options().create(true).append(true).open(dir.join("bench-bot.log"))?;
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_pedro-twitch"))
            .env_clear()
            .env("DATABASE_URL", memory.url.as_str())
            .env("LLAMA_CPP_PATH", model)
            .env("SEARCH_SEARXNG_URL", format!("{}/searx", self.playground.http_url()))
            .env("SEARCH_PROVIDERS", "searxng")
            .env("SEARCH_CACHE_HOURS", "0")
            .env("MODEL_MAX_TOKENS", "64")
            .env("EMBEDDINGS_MODEL_DIR", crate::model_dir()?)
            .env("TWITCH_CHANNEL", CHANNEL)
            .env("TWITCH_BOT_LOGIN", BOT)
            .env("TWITCH_TOKEN", "anything")
            .env("TWITCH_ID", "playground")
            .env("TWITCH_IRC_URL", self.playground.irc_url())
            .env("TWITCH_HELIX_URL", format!("{}/helix", self.playground.http_url()))
            .env("TWITCH_OAUTH_URL", format!("{}/oauth2", self.playground.http_url()))
            .env("TWITCH_EVENTSUB_URL", self.playground.eventsub_url())
            .env("PEDRO_LISTEN", listen.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut bot = Bot { child, ready_after: Duration::ZERO };
        let ready = format!("http://{listen}/readyz");
        let client = reqwest::Client::new();
        while !client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            if let Some(status) = bot.child.try_wait()? {
                bail!("the bot ended: {status}; see .local/log/bench-bot.log");
            }
            ensure!(began.elapsed() < PATIENCE, "the bot does not get ready; see .local/log/bench-bot.log");
            tokio::time::sleep(LOOK).await;
        }
        bot.ready_after = began.elapsed();
        Ok(bot)
    }

    /// Ends what the bot talked with.
    pub(crate) async fn close(self) {
        self.playground.shutdown().await;
    }
}

impl Bot {
    /// Resident memory, now and at its highest, in MB (of a million bytes).
    pub(crate) fn resident(&self) -> Result<(u64, u64)> {
        let pid = self.child.id().context("the bot has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such field")?;
            let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
            Ok::<u64, anyhow::Error>(kib * 1024 / 1_000_000)
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// Asks it to end, and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().context("the bot has ended")?;
        Command::new("kill").arg(pid.to_string()).status().await?;
        let status = self.child.wait().await?;
        ensure!(status.success(), "the bot ended badly: {status}; see .local/log/bench-bot.log");
        Ok(())
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

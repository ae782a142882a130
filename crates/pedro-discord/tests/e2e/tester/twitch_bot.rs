//! The community's other bot: `pedro-twitch` as a process of its own, on the same playground, model and database.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pedro_playground::Twitch;
use serde_json::{Value, json};

use super::{DiscordTester, PROGRAM};
use crate::bot::{Bot, Environment, Log};

/// The channel that it is in.
pub(crate) const TOWN: &str = "pedrotown";

const BOT: &str = "pedro_bot";

/// A bot that is in [`TOWN`].
pub(crate) struct TwitchBot {
    /// Kept for its end: dropping it kills the process.
    bot: Bot,
    log: Log,
}

impl TwitchBot {
    /// Asks it to stop: it ends cleanly, and nothing went wrong.
    pub(crate) async fn end(self) -> Result<()> {
        let status = self.bot.terminate().await?;
        let log = self.log.text();
        let errors: Vec<&str> =
            log.lines().filter(|line| line.contains(" ERROR ") && !line.contains(" ERROR twitch_irc::")).collect();
        ensure!(status.success() && errors.is_empty(), "pedro-twitch ended with {status}: {errors:#?}");
        Ok(())
    }
}

impl DiscordTester {
    /// The other platform.
    pub(crate) fn twitch(&self) -> &Twitch {
        self.playground.twitch()
    }

    /// Starts the bot on Twitch, and waits until it is in its channel and told of the stream.
    pub(crate) async fn start_twitch(&mut self) -> Result<TwitchBot> {
        self.twitch().set_bot_login(BOT);
        self.twitch().add_channel(TOWN);
        let here = self.playground.http_url();
        let mut environment: Environment =
            self.environment.clone().into_iter().filter(|(name, _)| !name.starts_with("DISCORD_")).collect();
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("TWITCH_CHANNEL", TOWN.to_owned());
        set("TWITCH_BOT_LOGIN", BOT.to_owned());
        set("TWITCH_TOKEN", "anything".to_owned());
        set("TWITCH_ID", "a-client-id".to_owned());
        set("TWITCH_IRC_URL", self.playground.irc_url());
        set("TWITCH_HELIX_URL", format!("{here}/helix"));
        set("TWITCH_OAUTH_URL", format!("{here}/oauth2"));
        set("TWITCH_EVENTSUB_URL", self.playground.eventsub_url());
        // What is known later than at once was told.
        set("TWITCH_POLL_INTERVAL", "1h".to_owned());
        let name = self.pool.connect_options().get_database().context("the test's database has no name")?.to_owned();
        let log = Log::new(&format!("{name}-twitch"))?;
        let bot = TwitchBot { bot: Bot::start_program(&program()?, &environment, &[], &log)?, log };
        self.until("the bot on Twitch is ready and told of the stream", async |t| {
            let Some(address) = bot.log.address(1) else { return Ok(None) };
            let page = |path: &str| t.http.get(format!("http://{address}/{path}")).send();
            let is_ready = page("readyz").await?.status().is_success();
            let metrics = page("metrics").await?.text().await?;
            Ok((is_ready && metrics.contains("pedro_twitch_channels_watched 1")).then_some(()))
        })
        .await
        .with_context(|| format!("--- the log of pedro-twitch ---\n{}", bot.log.text()))?;
        Ok(bot)
    }

    /// What the page's switch does: the stream is on, or off.
    pub(crate) async fn page_live(&self, live: bool) -> Result<()> {
        self.page_says("title", json!({ "channel": TOWN, "live": live })).await
    }

    /// What the page's composer does.
    pub(crate) async fn page_chat(&self, login: &str, text: &str) -> Result<()> {
        self.page_says("say", json!({ "channel": TOWN, "login": login, "text": text })).await
    }

    /// What the page sends for its Twitch side.
    pub(crate) async fn page_says(&self, path: &str, body: Value) -> Result<()> {
        let url = format!("{}/api/twitch/{path}", self.playground.http_url());
        self.http.post(url).json(&body).send().await?.error_for_status()?;
        Ok(())
    }
}

/// The other bot's binary, beside this one's. Whoever tests the whole workspace has it; else it is built now.
fn program() -> Result<PathBuf> {
    let beside = Path::new(PROGRAM).with_file_name("pedro-twitch");
    if !beside.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo).args(["build", "-p", "pedro-twitch", "--bin", "pedro-twitch"]).status()?;
        ensure!(built.success(), "pedro-twitch could not be built");
    }
    ensure!(beside.exists(), "there is no {}: cargo build -p pedro-twitch", beside.display());
    Ok(beside)
}

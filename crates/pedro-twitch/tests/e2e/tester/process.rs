//! The bot's process and its pages.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::timeout;

use super::Tester;
use crate::bot::{Bot, Environment};

impl Tester {
    /// Starts the bot without waiting for anything but its pages.
    pub(crate) async fn launch(&mut self) -> Result<()> {
        ensure!(self.bot.is_none(), "the bot runs already");
        self.bot = Some(Bot::start(&self.environment, &[], &self.log)?);
        self.starts += 1;
        self.until("the pages are served", async |t| Ok(t.log.address(t.starts))).await.map(drop)
    }

    /// Starts the bot and waits until it is ready.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.launch().await?;
        self.until_ready().await
    }

    /// Starts the bot if it does not run.
    pub(crate) async fn start_if_down(&mut self) -> Result<()> {
        if self.bot.is_some() { Ok(()) } else { self.start().await }
    }

    /// Kills the bot (SIGKILL).
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.bot.take().context("no bot runs")?.kill().await
    }

    /// Asks the bot to stop (SIGTERM) and waits for its end.
    pub(crate) async fn terminate(&mut self) -> Result<ExitStatus> {
        self.bot.take().context("no bot runs")?.terminate().await
    }

    /// Runs the binary until it ends. How it ended and what it wrote.
    pub(crate) async fn run_to_its_end(
        &self,
        arguments: &[&str],
        environment: &Environment,
    ) -> Result<(ExitStatus, String)> {
        let before = self.log().len();
        let status = Bot::start(environment, arguments, &self.log)?.wait().await?;
        Ok((status, self.log()[before..].to_owned()))
    }

    /// Waits until `/readyz` is green.
    pub(crate) async fn until_ready(&mut self) -> Result<()> {
        self.until("the bot is ready", async |t| Ok((t.readyz().await?.0 == 200).then_some(()))).await
    }

    /// Waits until `/readyz` is red, and answers with what it says about one of its checks.
    pub(crate) async fn until_red(&mut self, check: &str) -> Result<String> {
        let what = format!("{check} is red");
        self.until(&what, async |t| {
            let (status, page) = t.readyz().await?;
            let found = &page["checks"][check];
            Ok((status == 503 && found["ok"] == false).then(|| text_of(&found["detail"])))
        })
        .await
    }

    /// What the bot wrote to its log.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    pub(crate) fn address(&self) -> Result<String> {
        self.log.address(self.starts).context("the bot's pages are not served")
    }

    /// A page of the bot: status and text.
    pub(crate) async fn page(&self, path: &str) -> Result<(u16, String)> {
        let answer = self.http.get(format!("http://{}{path}", self.address()?)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Where the pages are.
    pub(crate) fn listen(&self) -> Result<String> {
        self.address()
    }

    /// `/readyz`.
    pub(crate) async fn readyz(&self) -> Result<(u16, Value)> {
        let (status, text) = self.page("/readyz").await?;
        Ok((status, serde_json::from_str(&text)?))
    }

    /// The sum of a metric over its labels.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let (_, text) = self.page("/metrics").await?;
        let mut sum = None;
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').context("a line of metrics without a value")?;
            if series.split('{').next() == Some(name) {
                sum = Some(sum.unwrap_or(0.0) + value.parse::<f64>()?);
            }
        }
        sum.with_context(|| format!("there is no metric {name}"))
    }

    pub(super) fn ensure_alive(&mut self) -> Result<()> {
        if let Some(bot) = &mut self.bot
            && let Some(status) = bot.ended()?
        {
            self.bot = None;
            bail!("the bot ended by itself: {status}");
        }
        Ok(())
    }

    /// A bot that ends meanwhile ends the wait.
    pub(super) async fn while_alive<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        loop {
            match timeout(Duration::from_millis(500), &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) => self.ensure_alive()?,
            }
        }
    }
}

pub(super) fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

//! What a bot leaves behind, on whatever platform.

use anyhow::{Result, ensure};
use sqlx::ConnectOptions;

use super::{TOKEN, Tester};
use crate::database;

impl Tester {
    /// Allows errors in the log that have this in them.
    pub(crate) fn expect_error(&mut self, words: &'static str) {
        self.expected_errors.push(words);
    }

    /// Stops the bot, which must end cleanly.
    pub(super) async fn end_bot(&mut self) -> Result<()> {
        self.ensure_alive()?;
        if self.bot.is_some() {
            // A generation that never ends would only use up the time to drain, which tests of their own look at.
            if self.model.in_flight() > 0 {
                self.kill().await?;
            } else {
                let status = self.terminate().await?;
                ensure!(status.success(), "the bot ended with {status}");
            }
        }
        database::hang_up(&self.pool).await
    }

    /// No panic, no unexpected error, no secret, and nothing of what was said.
    pub(super) fn look_at_log(&self, said: impl Iterator<Item = String>) -> Result<()> {
        let log = self.log();
        ensure!(!log.contains("panicked"), "the bot panicked");
        let expected = |line: &&str| self.expected_errors.iter().any(|words| line.contains(words));
        let errors: Vec<&str> =
            log.lines().filter(|line| line.contains(" ERROR ")).filter(|line| !expected(line)).collect();
        ensure!(errors.is_empty(), "errors were logged: {errors:#?}");
        ensure!(!log.contains(TOKEN), "the token is in the log");
        let password = self.pool.connect_options().to_url_lossy().password().unwrap_or_default().to_owned();
        ensure!(password.len() < 4 || !log.contains(&password), "the database's password is in the log");
        for text in said {
            // Short lines may be words of the log's own.
            ensure!(text.len() <= 12 || !log.contains(&text), "what was said in chat is in the log: {text:?}");
        }
        Ok(())
    }
}

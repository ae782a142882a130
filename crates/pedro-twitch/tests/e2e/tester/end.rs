//! The end of a test: what must not be left over, and what is shown when it failed.

use anyhow::{Result, ensure};
use pedro_playground::Line;
use sqlx::ConnectOptions;

use super::chat::is_on_it;
use super::{TOKEN, TwitchTester};
use crate::database;

impl TwitchTester {
    /// Allows errors in the log that have this in them.
    pub(crate) fn expect_error(&mut self, words: &'static str) {
        self.expected_errors.push(words);
    }

    /// Stops the bot and looks at what is left: a clean end, nothing said that the test did not read, nothing that
    /// Twitch punishes, no panic, no unexpected error, nothing in the log that does not belong there.
    pub(super) async fn finish(&mut self) -> Result<()> {
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
        database::hang_up(&self.pool).await?;
        self.look_back()
    }

    fn look_back(&self) -> Result<()> {
        let lines = self.channels.iter().flat_map(|channel| self.twitch().bot_lines(channel));
        let unread: Vec<Line> = lines.filter(|line| !self.read.contains(&line.seq) && !is_on_it(line)).collect();
        ensure!(unread.is_empty(), "the bot said what the test did not expect: {unread:#?}");
        let violations = self.twitch().violations();
        ensure!(violations.is_empty(), "Twitch would have punished: {violations:#?}");
        self.look_at_log()
    }

    fn look_at_log(&self) -> Result<()> {
        let log = self.log();
        ensure!(!log.contains("panicked"), "the bot panicked");
        // The library calls it an error whenever a connection ends.
        let expected = |line: &&str| {
            line.contains(" ERROR twitch_irc::") || self.expected_errors.iter().any(|words| line.contains(words))
        };
        let errors: Vec<&str> =
            log.lines().filter(|line| line.contains(" ERROR ")).filter(|line| !expected(line)).collect();
        ensure!(errors.is_empty(), "errors were logged: {errors:#?}");
        ensure!(!log.contains(TOKEN), "the token is in the log");
        let password = self.pool.connect_options().to_url_lossy().password().unwrap_or_default().to_owned();
        ensure!(password.len() < 4 || !log.contains(&password), "the database's password is in the log");
        for line in self.channels.iter().flat_map(|channel| self.twitch().lines(channel)) {
            // Short lines may be words of the log's own.
            let is_told = line.text.len() > 12 && log.contains(&line.text);
            ensure!(!is_told, "what was said in chat is in the log: {:?}", line.text);
        }
        Ok(())
    }
}

impl Drop for TwitchTester {
    #[expect(clippy::print_stdout, reason = "shown by the test runner when a test fails")]
    fn drop(&mut self) {
        if self.failed || std::thread::panicking() {
            let said: Vec<String> =
                self.channels.iter().flat_map(|channel| self.twitch().lines(channel)).map(shown).collect();
            println!("--- the chat ---\n{}\n--- the bot's log ---\n{}", said.join("\n"), self.log());
        }
        if let Some(config) = &self.config {
            let _ = std::fs::remove_file(config);
        }
    }
}

fn shown(line: Line) -> String {
    let to = line.reply_to.map(|id| format!(" (to {id})")).unwrap_or_default();
    format!("{} {}{to}: {}", line.id, line.login, line.text)
}

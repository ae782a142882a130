//! The end of a test: what must not be left over, and what is shown when it failed.

use anyhow::{Result, ensure};
use pedro_playground::Line;

use super::TwitchTester;
use super::chat::is_on_it;

impl TwitchTester {
    /// Stops the bot and looks at what is left: a clean end, nothing said that the test did not read, nothing that
    /// Twitch punishes, no panic, no unexpected error, nothing in the log that does not belong there.
    pub(super) async fn finish(&mut self) -> Result<()> {
        self.end_bot().await?;
        let lines = self.channels.iter().flat_map(|channel| self.twitch().bot_lines(channel));
        let unread: Vec<Line> = lines.filter(|line| !self.read.contains(&line.seq) && !is_on_it(line)).collect();
        ensure!(unread.is_empty(), "the bot said what the test did not expect: {unread:#?}");
        let violations = self.twitch().violations();
        ensure!(violations.is_empty(), "Twitch would have punished: {violations:#?}");
        let said = self.channels.iter().flat_map(|channel| self.twitch().lines(channel));
        self.look_at_log(said.map(|line| line.text))
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

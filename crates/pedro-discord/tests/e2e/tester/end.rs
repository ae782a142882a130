//! The end of a test: what must not be left over, and what is shown when it failed.

use anyhow::{Result, ensure};
use pedro_playground::discord::{InteractionState, Message};

use super::DiscordTester;

impl DiscordTester {
    /// Stops the bot and looks at what is left: a clean end, nobody who still sees it thinking, nothing said that the test
    /// did not read, nothing that Discord punishes, no panic, no unexpected error, nothing in the log that does not
    /// belong there.
    pub(super) async fn finish(&mut self) -> Result<()> {
        let is_busy = self.model.in_flight() > 0;
        self.end_bot().await?;
        let mut hanging = self.discord().interactions();
        hanging.retain(|interaction| interaction.state != InteractionState::Answered);
        ensure!(is_busy || hanging.is_empty(), "somebody was left hanging: {hanging:#?}");
        let said = self.everywhere().into_iter().flat_map(|channel| self.discord().bot_messages(channel));
        let unread = |message: &Message| !message.content.is_empty() && !self.read.contains(&message.id);
        let unread: Vec<String> = said.filter(unread).map(shown).collect();
        ensure!(unread.is_empty(), "the bot said what the test did not expect: {unread:#?}");
        let violations = self.discord().violations();
        ensure!(violations.is_empty(), "Discord would have punished: {violations:#?}");
        let pings: Vec<Message> =
            self.everywhere().into_iter().flat_map(|id| self.discord().bot_messages(id)).collect();
        ensure!(!pings.iter().any(|message| message.pinged.everyone), "everybody was pinged");
        let said = self.everywhere().into_iter().flat_map(|channel| self.discord().messages(channel));
        self.look_at_log(said.map(|message| message.content))
    }
}

impl Drop for DiscordTester {
    #[expect(clippy::print_stdout, reason = "shown by the test runner when a test fails")]
    fn drop(&mut self) {
        if self.failed || std::thread::panicking() {
            println!("--- the server ---");
            for channel in self.everywhere() {
                let said: Vec<String> = self.discord().messages(channel).into_iter().map(shown).collect();
                println!("# {channel}\n{}", said.join("\n"));
            }
            println!("--- the bot's log ---\n{}", self.log());
        }
        if let Some(config) = &self.config {
            let _ = std::fs::remove_file(config);
        }
    }
}

fn shown(message: Message) -> String {
    let to = message.reply_to.map(|id| format!(" (to {id})")).unwrap_or_default();
    let gone = if message.deleted { " [deleted]" } else { "" };
    let versions = message.versions.len();
    format!("{} {}{to}{gone} v{versions}: {}", message.id, message.author, message.content)
}

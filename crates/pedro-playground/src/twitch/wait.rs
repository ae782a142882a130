//! Waiting for what a bot does, and counting it.

use std::time::Duration;

use anyhow::{Result, anyhow};

use super::people::normal_login;
use super::world::World;
use super::{Line, Twitch};

/// Lines shown where a wait was in vain.
const LINES_SHOWN: usize = 5;

impl Twitch {
    /// The next line a bot says in the channel: each is handed out once, in order. An error says what was said instead.
    ///
    /// # Errors
    /// If no bot says anything in time.
    pub async fn next_bot_line(&self, channel: &str, timeout: Duration) -> Result<Line> {
        let name = normal_login(channel);
        let line = self.wait_for(timeout, |world| world.hand_out_bot_line(&name)).await;
        line.ok_or_else(|| self.in_vain(&name, "a line from a bot", timeout))
    }

    /// Returns as soon as a bot is in the channel.
    ///
    /// # Errors
    /// If none comes in time.
    pub async fn joined(&self, channel: &str, timeout: Duration) -> Result<()> {
        let name = normal_login(channel);
        let is_there = |world: &mut World| world.connections.in_channel(&name).next().map(|_| ());
        self.wait_for(timeout, is_there).await.ok_or_else(|| self.in_vain(&name, "a bot to join", timeout))
    }

    /// Chat connections at the moment.
    pub fn connections(&self) -> usize {
        self.read(|world| world.connections.count())
    }

    /// Chat connections accepted so far.
    pub fn connections_total(&self) -> u64 {
        self.read(|world| world.connections.total)
    }

    /// Chat connections turned away so far (see [`Twitch::set_unavailable`]).
    pub fn connections_refused(&self) -> u64 {
        self.read(|world| world.connections.refused)
    }

    /// Channels joined so far, each join counted.
    pub fn joins_seen(&self) -> u64 {
        self.read(|world| world.connections.joins)
    }

    /// Looks again after every change until there is something, or the time is over.
    async fn wait_for<T>(&self, timeout: Duration, mut look: impl FnMut(&mut World) -> Option<T>) -> Option<T> {
        let mut changes = self.shared.changes.subscribe();
        let watching = async {
            loop {
                // Marked as seen before looking: a change in between wakes the wait below.
                changes.mark_unchanged();
                if let Some(found) = look(&mut self.lock()) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, watching).await.ok().flatten()
    }

    fn in_vain(&self, channel: &str, what: &str, timeout: Duration) -> anyhow::Error {
        let lines = self.lines(channel);
        let last: Vec<String> = lines
            .iter()
            .skip(lines.len().saturating_sub(LINES_SHOWN))
            .map(|line| format!("{}: {}", line.login, line.text))
            .collect();
        anyhow!(
            "waited {timeout:?} for {what} in #{channel}; {} connection(s), last lines: {last:?}, violations: {:?}",
            self.connections(),
            self.violations()
        )
    }
}

impl World {
    fn hand_out_bot_line(&mut self, channel: &str) -> Option<Line> {
        let handed_out = self.channel(channel).handed_out;
        let mut lines = self.lines.iter();
        let line = lines.find(|line| line.by_bot && line.channel == channel && line.seq > handed_out)?.clone();
        self.channel(channel).handed_out = line.seq;
        Some(line)
    }
}

//! What people say, what the bot says, and what its model is asked.

use anyhow::{Result, ensure};
use pedro_playground::{ChatLine, Line, Search, Twitch};

use super::{PATIENCE, TOWN, TwitchTester};

impl TwitchTester {
    /// The platform.
    pub(crate) fn twitch(&self) -> &Twitch {
        self.playground.twitch()
    }

    /// The web.
    pub(crate) fn search(&self) -> &Search {
        self.playground.search()
    }

    /// One of the bot's pages while it still comes.
    pub(crate) async fn stream(&self, path: &str) -> Result<reqwest::Response> {
        Ok(self.http.get(format!("http://{}{path}", self.address()?)).send().await?)
    }

    /// Somebody says something in [`TOWN`]. Answers the line's id.
    pub(crate) fn chat(&self, login: &str, text: &str) -> String {
        self.chat_in(TOWN, login, text)
    }

    /// Somebody says something in a channel.
    pub(crate) fn chat_in(&self, channel: &str, login: &str, text: &str) -> String {
        self.twitch().say(channel, login, text)
    }

    /// Somebody with these badges says something in [`TOWN`].
    pub(crate) fn chat_with_badge(&self, login: &str, badge: &str, text: &str) -> String {
        let badges = vec![(badge.to_owned(), "1".to_owned())];
        let line =
            ChatLine { channel: TOWN.into(), login: login.into(), text: text.into(), badges, ..ChatLine::default() };
        self.twitch().say_as(line)
    }

    /// Somebody answers a line in [`TOWN`].
    pub(crate) fn reply(&self, login: &str, text: &str, reply_to: &str) -> String {
        self.twitch().reply(TOWN, login, text, reply_to)
    }

    /// So much talk that what was said before is no longer among the last lines.
    pub(crate) fn small_talk(&self) {
        for text in [
            "good evening everybody",
            "the new keyboard sounds nice",
            "my cat is asleep on the printer",
            "did somebody order pizza",
            "I like this song a lot",
            "it rains here since noon",
            "brb, tea is ready",
            "the bus was late again today",
            "that colour scheme is lovely",
        ] {
            self.chat("erik", text);
        }
    }

    /// The next line of the bot in [`TOWN`], whatever it is.
    pub(crate) async fn next_line(&mut self) -> Result<Line> {
        self.next_line_in(TOWN).await
    }

    /// The next line of the bot in a channel, whatever it is.
    pub(crate) async fn next_line_in(&mut self, channel: &str) -> Result<Line> {
        let twitch = self.twitch().clone();
        let line = self.while_alive(twitch.next_bot_line(channel, PATIENCE)).await??;
        self.read.insert(line.seq);
        Ok(line)
    }

    /// The next line of the bot in [`TOWN`] that is more than "on it": a busy machine may make it say that at any time.
    pub(crate) async fn next_reply(&mut self) -> Result<Line> {
        self.next_reply_in(TOWN).await
    }

    /// As [`Self::next_reply`], in a channel.
    pub(crate) async fn next_reply_in(&mut self, channel: &str) -> Result<Line> {
        loop {
            let line = self.next_line_in(channel).await?;
            if !is_on_it(&line) {
                return Ok(line);
            }
        }
    }

    /// The text of the next reply in [`TOWN`], which must be to this line.
    pub(crate) async fn next_reply_to(&mut self, id: &str) -> Result<String> {
        let line = self.next_reply().await?;
        ensure!(line.reply_to.as_deref() == Some(id), "expected a reply to {id}, but {line:?} came");
        Ok(line.text)
    }

    /// Whatever the bot has said so far was expected.
    pub(crate) fn read_all(&mut self) {
        let lines: Vec<Line> = self.channels.iter().flat_map(|channel| self.twitch().bot_lines(channel)).collect();
        self.read.extend(lines.into_iter().map(|line| line.seq));
    }

    /// What the bot said to a line, "on it" left out.
    pub(crate) fn replies_to(&self, id: &str) -> Vec<String> {
        let mut lines: Vec<Line> = self.channels.iter().flat_map(|channel| self.twitch().bot_lines(channel)).collect();
        lines.retain(|line| line.reply_to.as_deref() == Some(id) && !is_on_it(line));
        lines.into_iter().map(|line| line.text).collect()
    }

    /// As [`Self::settle`], in a channel.
    pub(crate) async fn until_stored_in(&mut self, channel: &str) -> Result<()> {
        let id = self.chat_in(channel, "zoe", "nothing to see here");
        self.until_stored(id).await.map(drop)
    }
}

/// Whether a line only says that an answer takes longer.
pub(crate) fn is_on_it(line: &Line) -> bool {
    line.text.starts_with("on it, ")
}

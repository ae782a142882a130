//! The people: they chat, ask, want plans, play, change and delete what they said.

use std::time::Duration;

use pedro_playground::discord::{Message, Snowflake};
use pedro_playground::{Discord, Twitch};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::time::sleep;

use crate::oracle::token;
use crate::town::{CHANNELS, PEOPLE, person};

/// The longest pause between two things that people do.
const PAUSE_MS: u64 = 260;

/// Games begun at most: their channel's limit of messages is shared with everything else.
const GAMES: usize = 6;

/// Of so many lines one may be changed or deleted.
const CHANGED_LATELY: usize = 30;

/// The people, who know what they have done so far.
pub(crate) struct Crowd {
    twitch: Twitch,
    discord: Discord,
    channels: Vec<Snowflake>,
    chance: StdRng,
    /// Numbers lines and things, so that each is known again.
    count: usize,
    /// What was said on Discord and may be changed.
    said: Vec<Snowflake>,
    /// Players and how they began.
    games: Vec<(String, Snowflake)>,
}

impl Crowd {
    pub(crate) fn new(twitch: Twitch, discord: Discord, channels: Vec<Snowflake>, seed: u64) -> Self {
        let chance = StdRng::seed_from_u64(seed ^ 0xc0_ffee);
        Self { twitch, discord, channels, chance, count: 0, said: Vec::new(), games: Vec::new() }
    }

    /// Lives until it is dropped.
    pub(crate) async fn live(mut self) {
        loop {
            self.act();
            sleep(Duration::from_millis(self.chance.random_range(20..PAUSE_MS))).await;
        }
    }

    fn act(&mut self) {
        self.count += 1;
        let who = person(self.chance.random_range(0..PEOPLE));
        match self.chance.random_range(0..100) {
            0..42 => self.chat_on_twitch(&who),
            42..72 => self.chat_on_discord(&who),
            72..76 => self.ask_on_twitch(&who),
            76..80 => self.ask_in_discords_chat(&who),
            80..84 => self.ask_by_command(&who),
            84..87 => self.change(),
            87..96 => self.play(),
            _ => self.begin_game(&who),
        }
    }

    fn line(&mut self) -> String {
        let topics = ["the stream", "my cat", "that keyboard", "the compiler", "tea", "the weather", "this song"];
        let topic = topics.choose(&mut self.chance).unwrap_or(&topics[0]);
        format!("line {} is about {topic}", self.count)
    }

    fn chat_on_twitch(&mut self, who: &str) {
        let (channel, line) = (self.chance.random_range(0..CHANNELS.len()), self.line());
        let id = self.twitch.say(CHANNELS[channel], who, &line);
        if self.chance.random_bool(0.02) {
            self.twitch.redeliver(&id);
        }
    }

    fn chat_on_discord(&mut self, who: &str) {
        let (channel, line) = (self.chance.random_range(0..self.channels.len()), self.line());
        let id = self.discord.say(self.channels[channel], who, &line);
        if self.chance.random_bool(0.02) {
            self.discord.redeliver(id);
        }
        self.said.push(id);
    }

    fn question(&mut self) -> String {
        format!("what is the colour of {}?", token(self.count))
    }

    fn ask_on_twitch(&mut self, who: &str) {
        let question = self.question();
        let text =
            if self.chance.random_bool(0.3) { format!("!plan {question}") } else { format!("pedro, {question}") };
        self.twitch.say(CHANNELS[self.chance.random_range(0..CHANNELS.len())], who, &text);
    }

    fn ask_in_discords_chat(&mut self, who: &str) {
        let text = format!("pedro, {}", self.question());
        self.discord.say(self.channels[1], who, &text);
    }

    fn ask_by_command(&mut self, who: &str) {
        let (question, plan) = (self.question(), self.chance.random_bool(0.4));
        let options = [("question", question.into()), ("plan", plan.into())];
        // Before the bot has registered its commands there is none to use.
        let _not_yet = self.discord.slash(self.channels[0], who, "askpedro", &options);
    }

    fn change(&mut self) {
        // Only what was said lately: Discord tells nobody afterwards what was changed long ago.
        let lately = &self.said[self.said.len().saturating_sub(CHANGED_LATELY)..];
        let Some(id) = lately.choose(&mut self.chance).copied() else { return };
        if self.chance.random_bool(0.5) {
            self.said.retain(|said| *said != id);
            self.discord.delete(id);
        } else {
            let text = format!("{}, on second thought", self.line());
            self.discord.edit(id, &text);
        }
    }

    fn begin_game(&mut self, who: &str) {
        if self.games.len() < GAMES
            && let Ok(begun) = self.discord.slash(self.channels[0], who, "stumppedro", &[("thing", "a lantern".into())])
        {
            self.games.push((who.to_owned(), begun));
        }
    }

    /// A player answers the question at hand, if there is one.
    fn play(&mut self) {
        let Some((player, begun)) = self.games.choose(&mut self.chance).cloned() else { return };
        let Some(thread) = self.discord.interaction(begun).and_then(|begun| begun.response) else { return };
        let asked = self.discord.bot_messages(thread).into_iter().rev().find(|message| !buttons(message).is_empty());
        let Some(asked) = asked else { return };
        // The last buttons are not for answers.
        if let Some(button) = buttons(&asked).into_iter().take(4).collect::<Vec<_>>().choose(&mut self.chance) {
            // It may have been answered in this very moment.
            let _too_late = self.discord.press(asked.id, button, &player);
        }
    }
}

/// The ids of a message's buttons.
fn buttons(message: &Message) -> Vec<String> {
    let rows = message.components.iter().flat_map(|row| row["components"].as_array().into_iter().flatten());
    rows.filter_map(|button| button["custom_id"].as_str().map(str::to_owned)).collect()
}

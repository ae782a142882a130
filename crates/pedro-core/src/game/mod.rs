//! Twenty questions: a player thinks of a thing, and Pedro finds it out.
//!
//! The state is in the database (`store::game`): `thinking` is Pedro's turn, which a worker takes under a lease (`worker`,
//! `turn`), `asking` the player's, `telling` a game that is decided and whose last word is to be said. A crash loses nothing; one
//! between "the platform took the question" and the note of it says that question once more where the platform does not
//! know it by its nonce. What is pure is in files of
//! its own: `answer` (what a player says), `question` (what a model writes), `guess` (whether it is right), `words`.
//!
//! The model that asks never sees the thing: a guess is judged here. Nor does it see a word of the player's, for of an
//! answer only its meaning is kept. So no generation of a game is stored: its questions are, and go with the game.

mod answer;
mod ask;
mod guess;
mod question;
mod reply;
mod turn;
mod words;
mod worker;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use sqlx::PgPool;
use tokio::sync::Notify;

use crate::chat::{AuthorKind, ChannelId, GameId, Platform};
use crate::embedder::Embedder;
use crate::listener::Line;
use crate::llm::{LanguageModel, Slots};
use crate::memory::PersonHasher;
use crate::places::{Place, Places};
use crate::prompt::{self, CleanRules};
use crate::service::metrics::catalog::GameStatus;
use crate::service::metrics::record;
use crate::speech::ReplyTarget;
use crate::store::StoreError;
use crate::store::game::{self as games, NewGame};
use crate::store::question::Reach;
use crate::voice::Voice;

/// Characters of a thing.
const LONGEST_THING: usize = 60;

/// What games are played with.
pub struct Games {
    /// The database.
    pub pool: PgPool,
    /// The platform that this process speaks on.
    pub platform: Platform,
    /// Whether one process can speak in every channel of the platform, or only in those that it is in.
    pub everywhere: bool,
    /// Communities and channels.
    pub places: Arc<Places>,
    /// Says questions.
    pub voice: Arc<Voice>,
    /// Makes questions.
    pub model: Arc<dyn LanguageModel>,
    /// Where there is room for that.
    pub slots: Arc<Slots>,
    /// Tells whether a guess means the thing.
    pub embedder: Arc<dyn Embedder>,
    /// Hashes people.
    pub hasher: PersonHasher,
    /// Told when it is Pedro's turn.
    pub wake: Notify,
    /// What the workers of this process hold.
    pub held: Held,
}

/// The games that the workers of a process hold.
#[derive(Debug, Default)]
pub struct Held(Mutex<HashSet<i64>>);

/// Who plays.
#[derive(Debug, Clone, Copy)]
pub struct Player<'a> {
    /// The platform's id of the account.
    pub platform_user_id: &'a str,
}

/// What became of the wish to play. The text is for the player, and may be seen by all: it does not tell the thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The first question comes soon.
    Begun {
        /// What to say.
        text: String,
    },
    /// The player has an open game that was begun in the same channel.
    AlreadyPlaying {
        /// What to say.
        text: String,
    },
    /// Nothing that can be guessed.
    NotAThing {
        /// What to say.
        text: String,
    },
}

/// What became of a button that was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pressed {
    /// It answers the question; the message that shows it will be changed.
    Taken,
    /// It is another player's.
    NotYours(String),
    /// The question is answered, or the game is over.
    Stale(String),
}

impl Games {
    /// What speaks against a game, if anything does. For adapters that open a thread for it first.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn refusal(
        &self,
        begun_in: &Place,
        player: Player<'_>,
        thing: &str,
    ) -> Result<Option<Started>, StoreError> {
        if sayable(thing, begun_in).is_none() {
            return Ok(Some(Started::NotAThing { text: reply::not_a_thing() }));
        }
        let played_in = self.open_game(begun_in, player).await?;
        Ok(played_in.map(|_| Started::AlreadyPlaying { text: reply::already_playing() }))
    }

    /// Where the open game is played that a player began in a channel: the row, and the platform's id.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn open_game(
        &self,
        begun_in: &Place,
        player: Player<'_>,
    ) -> Result<Option<(ChannelId, String)>, StoreError> {
        let player_hash = self.hasher.hash(self.platform, player.platform_user_id);
        games::open_game(&self.pool, begun_in.id, &player_hash).await
    }

    /// Begins a game that is played where it is begun. Questions reply to the line of `target`, if it is one.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn start(
        &self,
        place: &Place,
        player: Player<'_>,
        thing: &str,
        target: Option<&ReplyTarget>,
    ) -> Result<Started, StoreError> {
        self.start_in_thread(place, place, player, thing, target).await
    }

    /// Begins a game that is played in a thread of the channel where it is begun.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn start_in_thread(
        &self,
        thread: &Place,
        begun_in: &Place,
        player: Player<'_>,
        thing: &str,
        target: Option<&ReplyTarget>,
    ) -> Result<Started, StoreError> {
        let Some(thing) = sayable(thing, begun_in) else {
            return Ok(Started::NotAThing { text: reply::not_a_thing() });
        };
        let player_hash = self.hasher.hash(self.platform, player.platform_user_id);
        // What was begun by a command has no line to reply to, and its response is not the game's to change.
        let target =
            target.filter(|target| target.is_line).map(|target| ReplyTarget { interaction: None, ..target.clone() });
        let new = NewGame {
            community: begun_in.home.id,
            channel: thread.id,
            begun_in: begun_in.id,
            platform: self.platform,
            player_hash: &player_hash,
            thing: &thing,
            reply_target: target.and_then(|target| serde_json::to_value(target).ok()),
        };
        if games::insert(&self.pool, &new).await?.is_none() {
            return Ok(Started::AlreadyPlaying { text: reply::already_playing() });
        }
        record::games(GameStatus::Started, 1);
        self.wake.notify_one();
        let score = games::score(&self.pool, begun_in.home.id, &player_hash).await?;
        Ok(Started::Begun { text: reply::begun(&score) })
    }

    /// A button was pressed, under a message. `None`: it is none of a game's.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn press(
        &self,
        button_id: &str,
        platform_user_id: &str,
        under: Option<&str>,
    ) -> Result<Option<Pressed>, StoreError> {
        let Some(press) = answer::pressed(button_id) else { return Ok(None) };
        let Some(standing) = games::standing(&self.pool, press.game).await? else {
            return Ok(Some(Pressed::Stale(reply::over_already())));
        };
        if standing.player_hash != self.hasher.hash(self.platform, platform_user_id) {
            return Ok(Some(Pressed::NotYours(reply::not_yours())));
        }
        if !standing.is_open {
            return Ok(Some(Pressed::Stale(reply::over_already())));
        }
        if let Some(message_id) = under {
            // A crash may have come before the note of it: the answer is to be written there, all the same.
            games::note_seen(&self.pool, press.game, press.number, message_id).await?;
        }
        let taken = self.take_answer(press.game, press.number, press.answer).await?;
        Ok(Some(if taken { Pressed::Taken } else { Pressed::Stale(reply::answered_already()) }))
    }

    /// A line that may be an answer in words. True if it is one: it asks Pedro nothing then. While Pedro thinks, a second
    /// "yes" is one too, and changes nothing.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn hear(&self, line: &Line) -> Result<bool, StoreError> {
        let ear = &line.place.home.ear;
        let message = &line.message;
        let to_somebody_else =
            message.reply_to.as_ref().is_some_and(|reply_to| !ear.user_ids.contains(&reply_to.platform_user_id));
        if message.author.kind != AuthorKind::Person || to_somebody_else {
            return Ok(false);
        }
        let Some(answer) = answer::said(&message.text, &ear.names) else { return Ok(false) };
        let Some(standing) = games::standing_in(&self.pool, line.place.id, &line.person).await? else {
            return Ok(false);
        };
        if standing.is_players_turn {
            self.take_answer(standing.id, standing.asked, answer).await?;
        }
        Ok(true)
    }

    async fn take_answer(&self, id: GameId, number: i32, answer: games::Answer) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let taken = games::take_answer(&mut transaction, id, number, answer).await?;
        transaction.commit().await?;
        if taken {
            self.wake.notify_one();
        }
        Ok(taken)
    }

    /// Ends the open games that were begun in a channel, or are played there, and takes their buttons away. How many
    /// there were.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn stop_channel(&self, channel: ChannelId) -> Result<u64, StoreError> {
        let stopped = games::stop_channel(&self.pool, channel).await?;
        let count = stopped.len() as u64;
        record::games(GameStatus::Abandoned, count);
        for id in stopped {
            self.close_stopped(id).await;
        }
        Ok(count)
    }

    fn reach(&self) -> Reach {
        self.places.reach(self.platform, self.everywhere)
    }
}

/// The thing as it may be shown at the end of a game; `None` if it may not, or is nothing that can be guessed.
fn sayable(thing: &str, place: &Place) -> Option<String> {
    let home = &place.home;
    let rules = CleanRules { platform: place.key.platform, links_allowed: true, own_names: &[] };
    let thing: String = thing.chars().filter(|c| *c != '\0').collect();
    let thing = prompt::clean(&thing, &rules).split_whitespace().collect::<Vec<_>>().join(" ");
    let is_thing = !words::words(&thing).is_empty() && thing.chars().count() <= LONGEST_THING && !thing.contains("://");
    (is_thing && !home.deny.hit(&thing) && !prompt::is_abusive(&thing)).then_some(thing)
}

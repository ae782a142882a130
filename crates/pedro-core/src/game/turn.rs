//! Pedro's turn: a question is made, kept, said; a decided game gets its last word.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ask::{Made, in_reserve};
use super::worker::record_end;
use super::{Games, answer, reply, sayable};
use crate::chat::GameId;
use crate::places::Place;
use crate::speech::{Button, Controls, NotSpoken, ReplyTarget};
use crate::store::StoreError;
use crate::store::game::{self as games, Game, NewTurn, Notice, Outcome, Turn};

/// How often a turn waits for a model that does not do it, before a question in reserve is asked.
const PATIENCE: i32 = 3;

/// Why a turn is not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Told to stop.
    #[error("stopped")]
    Stopped,
    /// The model server is away.
    #[error("the model server is away")]
    ModelAway,
    /// The platform did not take it.
    #[error(transparent)]
    Unsent(#[from] NotSpoken),
    /// The database failed, or the lease is lost.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Trouble {
    /// How long to wait before the turn is tried again, and whether this was one of the tries.
    pub(super) fn wait(&self) -> (Duration, bool) {
        match self {
            Self::Stopped => (Duration::ZERO, false),
            Self::ModelAway => (Duration::from_secs(3), true),
            Self::Unsent(_) => (Duration::from_secs(5), false),
            Self::Store(_) => (Duration::from_secs(2), false),
        }
    }
}

/// A game at its place.
#[derive(Clone, Copy)]
struct Table<'a> {
    game: &'a Game,
    place: &'a Place,
}

/// What is said in which game.
struct Target<'a> {
    game: GameId,
    /// What it replies to, if anything.
    line: Option<&'a serde_json::Value>,
    /// One word for what is said, or a question's number.
    what: String,
}

impl Games {
    /// Pedro's turn in a game that a worker holds.
    pub(super) async fn turn(&self, game: &Game, stop: &CancellationToken) -> Result<(), Trouble> {
        // Another process has this channel; it will find the game.
        let Some(place) = self.places.find(game.channel_id).await? else { return Err(NotSpoken::Unavailable.into()) };
        let table = Table { game, place: &place };
        let mut turns = games::turns(&self.pool, game.id).await?;
        if let Some(answered) = turns.iter().rfind(|turn| turn.answer.is_some()) {
            self.close(&place, game.id, answered).await;
        }
        if game.outcome.is_some() {
            return self.tell_end(table, &turns).await;
        }
        let kept = turns.last().filter(|turn| turn.answer.is_none()).cloned();
        let (turn, is_right) = match kept {
            Some(turn) => (turn, false),
            None => {
                self.voice.type_in(&place);
                self.make_turn(table, &turns, stop).await?
            }
        };
        if is_right {
            turns.push(turn);
            let won = Game { outcome: Some(Outcome::Won), ..game.clone() };
            return self.tell_end(Table { game: &won, place: &place }, &turns).await;
        }
        if stop.is_cancelled() {
            return Err(Trouble::Stopped);
        }
        let text = reply::question(turn.number, &turn.question, turn.is_guess);
        let target = Target { game: game.id, line: game.reply_target.as_ref(), what: turn.number.to_string() };
        let spoken = self.say(&place, &target, &text, answer::buttons(game.id, turn.number)).await?;
        let mut transaction = self.pool.begin().await?;
        games::note_shown(&mut transaction, game.id, game.lease_owner, turn.number, &spoken).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Makes the next question and keeps it. True if it names the thing.
    async fn make_turn(
        &self,
        table: Table<'_>,
        turns: &[Turn],
        stop: &CancellationToken,
    ) -> Result<(Turn, bool), Trouble> {
        let Table { game, place } = table;
        let made = match self.ask_model(place, turns, stop).await {
            Ok(Some(question)) => self.judge(question, &game.thing).await,
            Ok(None) => in_reserve(turns),
            Err(Trouble::ModelAway) if game.attempts >= PATIENCE => in_reserve(turns),
            Err(trouble) => return Err(trouble),
        };
        let Made { question, is_guess, is_right } = made;
        let number = game.asked + 1;
        let new = NewTurn { number, question: &question, is_guess, is_right };
        let mut transaction = self.pool.begin().await?;
        games::keep_turn(&mut transaction, game.id, game.lease_owner, &new).await?;
        transaction.commit().await?;
        let turn = Turn { number, question, is_guess, answer: None, shown_message_id: None, closed: is_right };
        Ok((turn, is_right))
    }

    /// Says how it ended, and ends it.
    async fn tell_end(&self, table: Table<'_>, turns: &[Turn]) -> Result<(), Trouble> {
        let Table { game, place } = table;
        let Some(outcome) = game.outcome else { return Ok(()) };
        let score = games::score(&self.pool, game.community_id, &game.player_hash).await?;
        // The list of what is not said may have grown since it began.
        let thing = sayable(&game.thing, place);
        let text = match outcome {
            Outcome::Won => {
                let last = turns.last().filter(|turn| turn.answer.is_none());
                let last = last.map(|turn| reply::question(turn.number, &turn.question, true));
                reply::won(game.asked.max(turns.len() as i32), last.as_deref(), thing.as_deref(), &score)
            }
            Outcome::Lost => reply::lost(thing.as_deref(), &score),
            Outcome::Abandoned => {
                if let Some(open) = turns.last() {
                    self.close(place, game.id, open).await;
                }
                reply::abandoned()
            }
        };
        let target = Target { game: game.id, line: game.reply_target.as_ref(), what: "end".to_owned() };
        self.say(place, &target, &text, Vec::new()).await?;
        games::finish(&self.pool, game.id, game.lease_owner).await?;
        record_end(outcome);
        Ok(())
    }

    /// Tells a player that Pedro waits.
    pub(super) async fn tell_paused(&self, notice: Notice) {
        let Ok(Some(place)) = self.places.find(notice.channel_id).await else { return };
        let what = format!("paused-{}", notice.asked);
        let target = Target { game: notice.id, line: notice.reply_target.as_ref(), what };
        if let Err(error) = self.say(&place, &target, &reply::paused(), Vec::new()).await {
            tracing::debug!(%error, game.id = %notice.id, "a player was not told that the game is paused");
        }
    }

    /// Says something in a game. It is not stored as a line: a game's words are in its own tables, and go with it.
    async fn say(
        &self,
        place: &Place,
        target: &Target<'_>,
        text: &str,
        buttons: Vec<Button>,
    ) -> Result<String, NotSpoken> {
        let to: Option<ReplyTarget> = target.line.and_then(|line| serde_json::from_value(line.clone()).ok());
        // The channel too: another database has other games under these numbers.
        let channel: String = place.key.platform_channel_id.chars().rev().take(6).collect();
        let nonce = format!("g{}-{channel}-{}", target.game, target.what);
        let spoken = self.voice.say_unstored(place, to.as_ref(), text, buttons, nonce).await?;
        Ok(spoken.platform_message_id)
    }

    /// Takes the buttons away from a question and writes its answer to it. Best effort: a press on an old button does
    /// nothing.
    pub(super) async fn close(&self, place: &Place, game: GameId, turn: &Turn) {
        let Some(message_id) = turn.shown_message_id.as_deref().filter(|_| !turn.closed) else {
            return;
        };
        let text = reply::question(turn.number, &turn.question, turn.is_guess);
        let text = turn.answer.map_or(text.clone(), |answer| reply::answered(&text, answer));
        match self.voice.change(place, message_id, &text, Controls::default(), None).await {
            Ok(()) => {
                if let Err(error) = games::close_turn(&self.pool, game, turn.number).await {
                    tracing::debug!(%error, game.id = %game, "that a question's buttons are gone was not noted");
                }
            }
            Err(error) => tracing::debug!(%error, game.id = %game, "a question's buttons stay"),
        }
    }

    /// Takes the buttons away from the last question of a game that was stopped.
    pub(super) async fn close_stopped(&self, id: GameId) {
        let Ok(turns) = games::turns(&self.pool, id).await else { return };
        let Ok(Some(standing)) = games::standing(&self.pool, id).await else { return };
        let Ok(Some(place)) = self.places.find(standing.channel_id).await else { return };
        if let Some(last) = turns.last() {
            self.close(&place, id, last).await;
        }
    }
}

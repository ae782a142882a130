//! Everything that Pedro says in a game, one function a message. The thing is in none of them before the end.

use super::answer;
use crate::store::game::{Answer, QUESTIONS, Score};

/// The game begins.
pub(super) fn begun(score: &Score) -> String {
    format!(
        "Challenge taken! Keep your thing in mind: I find it out with at most {QUESTIONS} questions. Answer with the buttons, or \
         with words like yes, no, sometimes, idk; only your answers count. {}",
        self::score(score)
    )
}

/// How often Pedro won and lost.
fn score(score: &Score) -> String {
    let Score { won, lost, won_with_player, lost_with_player } = score;
    match (won + lost, won_with_player + lost_with_player) {
        (0, _) => "This is the first game here.".to_owned(),
        (_, 0) => format!("Score: Pedro {won}, this community {lost}. You and me: our first game."),
        _ => format!(
            "Score: Pedro {won}, this community {lost}. You and me: Pedro {won_with_player}, you {lost_with_player}."
        ),
    }
}

/// The player has an open game in the channel.
pub(super) fn already_playing() -> String {
    "we are in the middle of a game already. Answer my last question there first, then I am all yours for the next one!"
        .to_owned()
}

/// What was given cannot be guessed.
pub(super) fn not_a_thing() -> String {
    "I need one thing to guess, in a few words and fit for everybody's eyes. Try /stumppedro with something like a bicycle."
        .to_owned()
}

/// Somebody else pressed a button.
pub(super) fn not_yours() -> String {
    "this is somebody else's game, only they can answer. Start your own with /stumppedro!".to_owned()
}

/// A button of a question that is answered.
pub(super) fn answered_already() -> String {
    "that question has its answer already.".to_owned()
}

/// A button of a game that has ended.
pub(super) fn over_already() -> String {
    "that game is over. Start a new one with /stumppedro!".to_owned()
}

/// A question.
pub(super) fn question(number: i32, text: &str, is_guess: bool) -> String {
    match is_guess {
        true => format!("{number}/{QUESTIONS}: I have a guess! {text}"),
        false => format!("{number}/{QUESTIONS}: {text}"),
    }
}

/// A question with its answer.
pub(super) fn answered(question: &str, answer: Answer) -> String {
    format!("{question} {}.", answer::label(answer))
}

/// The player has not answered for a while.
pub(super) fn paused() -> String {
    "Still there? I wait for your answer. Take your time: any answer goes on with the game.".to_owned()
}

/// Pedro guessed it. `last` is the question that did it, unless the player has just seen it.
pub(super) fn won(number: i32, last: Option<&str>, thing: Option<&str>, score: &Score) -> String {
    let last = last.map(|last| format!("{last} ")).unwrap_or_default();
    let thing = thing.map(|thing| format!(" You thought of: {thing}.")).unwrap_or_default();
    let count = if number == 1 { "1 question".to_owned() } else { format!("{number} questions") };
    format!("{last}Got it, with {count}!{thing} Thanks for playing. {}", self::score(score))
}

/// Pedro did not guess it.
pub(super) fn lost(thing: Option<&str>, score: &Score) -> String {
    let thing = thing.map(|thing| format!(" It was: {thing}.")).unwrap_or_default();
    format!("That were all my {QUESTIONS} questions: you have stumped me!{thing} Well played. {}", self::score(score))
}

/// The player went away.
pub(super) fn abandoned() -> String {
    "I have waited for an hour, so I end this game. Nobody won, and your secret is safe. Come back with /stumppedro!"
        .to_owned()
}

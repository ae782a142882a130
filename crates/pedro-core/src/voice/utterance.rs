//! What is to be said: where, to whom, and what becomes of it.

use uuid::Uuid;

use crate::chat::{GenerationId, QuestionId};
use crate::places::Place;
use crate::speech::{Controls, File, ReplyTarget};

/// What is said.
#[derive(Clone)]
pub struct Utterance<'a> {
    /// Where.
    pub place: &'a Place,
    /// To whom.
    pub to: Option<&'a ReplyTarget>,
    /// Clean text of any length.
    pub text: &'a str,
    /// What can be pressed and chosen under it.
    pub controls: Controls,
    /// A file that hangs on its first piece.
    pub file: Option<File>,
    /// Whether it is stored. What answers somebody who opted out of storage is not.
    pub stored: bool,
    /// The generation that it says.
    pub generation: Option<GenerationId>,
    /// The question that it answers.
    pub answers: Option<Answers>,
}

/// The question that an utterance answers.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// The question.
    pub question: QuestionId,
    /// The lease under which it is answered; `None` for a last word about a question that nobody holds any more.
    pub lease: Option<Uuid>,
    /// How many pieces were said before a crash.
    pub said: usize,
    /// How often the question was put again: the answers of two rounds are two messages.
    pub round: i32,
    /// Whether the answer stands below what was shown while it was made, and not in its place.
    pub below: bool,
}

impl<'a> Utterance<'a> {
    /// A stored text of Pedro's own.
    pub fn reply(place: &'a Place, to: &'a ReplyTarget, text: &'a str) -> Self {
        Self { stored: true, ..Self::unstored(place, Some(to), text) }
    }

    /// A text that is not stored, such as one that will change.
    pub fn unstored(place: &'a Place, to: Option<&'a ReplyTarget>, text: &'a str) -> Self {
        let controls = Controls::default();
        Self { place, to, text, controls, file: None, stored: false, generation: None, answers: None }
    }
}

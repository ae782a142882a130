//! The next question: by the model, or from the reserve; and whether it names the thing.

use tokio_util::sync::CancellationToken;

use super::guess::{self, Guess};
use super::turn::Trouble;
use super::{Games, answer, question};
use crate::llm::{GenerationRequest, LlmError, ModelServer, Priority, Purpose};
use crate::places::Place;
use crate::prompt::{self, CleanRules, GameInput, GameNote, PromptMessage, PromptRole};
use crate::store::game::{QUESTIONS, Turn};

/// Tokens of a question: what comes after the first sentence is thrown away.
const MAX_TOKENS: u32 = 48;

/// The first try is the careful one.
const TEMPERATURES: [f32; 2] = [0.5, 0.9];

/// A question that can be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) question: String,
    /// A yes to it is the end.
    pub(super) is_guess: bool,
    /// It names the thing.
    pub(super) is_right: bool,
}

impl Games {
    /// A question by the model; one more try if it cannot be asked. `None` if that is of no use either.
    pub(super) async fn ask_model(
        &self,
        place: &Place,
        turns: &[Turn],
        stop: &CancellationToken,
    ) -> Result<Option<String>, Trouble> {
        let work = async |server: ModelServer| {
            let mut refused: Option<String> = None;
            for temperature in TEMPERATURES {
                let messages = messages(turns, refused.as_deref());
                let Some(text) = self.generate(&server, &messages, temperature).await? else { continue };
                match askable(&text, place, turns, &messages) {
                    Ok(question) => return Ok(Some(question)),
                    Err(why) => {
                        tracing::debug!(why, "what the model wrote cannot be asked");
                        // What must not be said is not repeated to the model either.
                        refused = question::question_in(&text).filter(|_| why == "repeated");
                    }
                }
            }
            Ok(None)
        };
        self.slots.with(Priority::Interactive, stop, work).await.map_err(|_| Trouble::Stopped)?
    }

    /// One generation; `None` if the model did not do it and may do it better next time.
    async fn generate(
        &self,
        server: &ModelServer,
        messages: &[PromptMessage],
        temperature: f32,
    ) -> Result<Option<String>, Trouble> {
        let request = GenerationRequest {
            messages: messages.to_vec(),
            max_tokens: MAX_TOKENS,
            temperature,
            json_schema: None,
            purpose: Purpose::Game,
        };
        match self.model.generate(server, &request, None).await {
            Ok(generation) => Ok(Some(generation.text)),
            Err(LlmError::Unavailable { .. } | LlmError::Loading) => {
                self.slots.avoid(&server.url);
                Err(Trouble::ModelAway)
            }
            Err(error) => {
                tracing::info!(%error, "the model made no question");
                Ok(None)
            }
        }
    }

    /// Whether a question names the thing, by text or by meaning; where that is in doubt the player decides.
    pub(super) async fn judge(&self, question: String, thing: &str) -> Made {
        let Some(Guess { what, is_specific }) = guess::guess_of(&question) else {
            return Made { question, is_guess: false, is_right: false };
        };
        let is_right = guess::names_thing(&what, thing) || is_specific && self.means(&what, thing).await;
        Made { question, is_guess: is_specific || is_right, is_right }
    }

    async fn means(&self, guess: &str, thing: &str) -> bool {
        let vectors = tokio::try_join!(self.embedder.embed_query(guess), self.embedder.embed_query(thing));
        match vectors {
            Ok((guess, thing)) => guess::likeness(&guess, &thing) >= guess::SAME_MEANING,
            Err(error) => {
                tracing::debug!(%error, "the player decides whether a guess is right");
                false
            }
        }
    }
}

/// The prompt of the next question. It holds nothing that the player wrote.
fn messages(turns: &[Turn], refused: Option<&str>) -> Vec<PromptMessage> {
    let notes: Vec<GameNote<'_>> = turns.iter().map(note).collect();
    prompt::game_messages(&GameInput { notes: &notes, limit: QUESTIONS as usize, refused })
}

fn note(turn: &Turn) -> GameNote<'_> {
    GameNote { question: &turn.question, answer: turn.answer.map_or("unknown", answer::name), is_guess: turn.is_guess }
}

/// What can be asked of what the model wrote, or why nothing can.
fn askable(output: &str, place: &Place, turns: &[Turn], prompt: &[PromptMessage]) -> Result<String, &'static str> {
    let home = &place.home;
    let rules = CleanRules { platform: place.key.platform, links_allowed: true, own_names: &home.ear.names };
    let text = prompt::clean(output, &rules);
    let question = question::question_in(&text).ok_or("no question")?;
    let system = prompt.iter().find(|message| message.role == PromptRole::System);
    if home.deny.hit(&question) || prompt::is_abusive(&question) {
        Err("denied")
    } else if system.is_some_and(|system| prompt::leaks_system(&question, &system.content)) {
        Err("leak")
    } else if turns.iter().any(|turn| question::asks_same(&turn.question, &question)) {
        Err("repeated")
    } else {
        Ok(question)
    }
}

/// The first question in reserve that was not asked yet.
pub(super) fn in_reserve(turns: &[Turn]) -> Made {
    let is_new = |question: &&str| !turns.iter().any(|turn| question::asks_same(&turn.question, question));
    // There are more of them than turns; one may be the same as two that were asked, but not all.
    let question =
        prompt::game_fallbacks().find(is_new).or_else(|| prompt::game_fallbacks().last()).unwrap_or_default();
    Made { question: question.to_owned(), is_guess: false, is_right: false }
}

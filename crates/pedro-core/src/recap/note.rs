//! Notes of windows, and fewer notes of notes.

use std::time::Instant;

use super::{Progress, Recaps, Wanted, Window, tokens as cost};
use crate::answer::Sizes;
use crate::chat::{MessageId, Platform};
use crate::llm::{Generation, GenerationRequest, LlmError, Priority, Purpose, keep};
use crate::prompt::{self, CleanRules, PromptMessage, Quoted};
use crate::question::Failure;
use crate::store::generation;
use crate::store::question as questions;

/// Tokens that the model may write as a note: five short lines.
const NOTE_TOKENS: u32 = 150;

/// Lines of a note, and characters of each.
const NOTE_LINES: usize = 6;
const NOTE_LINE_LIMIT: usize = 240;

/// So many notes fit into every prompt: else merging them would come to no end.
const NOTES_IN_A_PROMPT: usize = 3;

/// Tokens of the line before a note that tells when it was.
const HEAD_TOKENS: usize = 24;

/// Tokens that a note may have.
pub(super) fn tokens(sizes: Sizes) -> u32 {
    NOTE_TOKENS.min(sizes.max_tokens)
}

/// What one window came to.
type Note = Vec<Quoted>;

impl Recaps {
    /// Notes of each window with all messages behind them. Nobody waits for a single one of these calls: questions go first.
    pub(super) async fn read(
        &self,
        wanted: Wanted<'_>,
        windows: Vec<Window>,
    ) -> Result<(Vec<Note>, Vec<MessageId>), Failure> {
        let (mut notes, mut sources, mut failed) = (Vec::new(), Vec::new(), None);
        let of = windows.len();
        for (done, window) in windows.into_iter().enumerate() {
            wanted.progress.send_replace(Progress { done, of });
            match self.note(wanted, prompt::note_messages(&window.lines), &window.sources).await {
                Ok(mut note) => {
                    // When it was, as far as the window tells.
                    note.splice(0..0, window.lines.into_iter().take(1));
                    notes.push(note);
                    sources.extend(window.sources);
                }
                // One part that the model has no words for does not spoil the others.
                Err(Failure::Model(error)) => failed = Some(error),
                Err(failure) => return Err(failure),
            }
        }
        wanted.progress.send_replace(Progress { done: of, of });
        match failed {
            Some(error) if notes.is_empty() => Err(Failure::Model(error)),
            _ => Ok((notes, sources)),
        }
    }

    /// Makes notes of notes until all of them fit into one prompt.
    pub(super) async fn merged(
        &self,
        wanted: Wanted<'_>,
        notes: Vec<Note>,
        sources: &[MessageId],
        fits: usize,
    ) -> Result<Vec<Quoted>, Failure> {
        let mut notes = notes;
        while notes.iter().map(|note| cost(note)).sum::<usize>() > fits {
            let groups = groups(notes, self.window_tokens());
            notes = Vec::with_capacity(groups.len());
            for group in groups {
                let lines: Vec<Quoted> = group.into_iter().flatten().collect();
                // Which line a note was made from is not told any more: all of them are behind it.
                notes.push(self.note(wanted, prompt::merge_messages(&lines), sources).await?);
            }
            if notes.len() == 1 {
                break;
            }
        }
        Ok(notes.into_iter().flatten().collect())
    }

    /// One note: that of an earlier attempt if there is one.
    async fn note(
        &self,
        wanted: Wanted<'_>,
        messages: Vec<PromptMessage>,
        sources: &[MessageId],
    ) -> Result<Note, Failure> {
        let question = wanted.question;
        let prompt = serde_json::to_value(&messages).unwrap_or_default();
        let text = match generation::output_of(&self.pool, question.id, Purpose::Recap.as_str(), &prompt).await? {
            Some(text) => text,
            None => {
                let max_tokens = tokens(self.sizes);
                let began = Instant::now();
                let written = self.run(wanted, Priority::Background, &messages, max_tokens).await;
                let mut transaction = self.pool.begin().await?;
                let ephemeral = questions::is_ephemeral(&mut transaction, question.id).await?;
                let row = match &written {
                    Ok(written) => keep::row(question, Purpose::Recap, written, &messages, sources, ephemeral),
                    Err(Failure::Model(error)) => {
                        keep::failed_row(question, Purpose::Recap, error.reason(), began.elapsed(), sources)
                    }
                    Err(_) => return Err(written.err().unwrap_or(Failure::Stopped)),
                };
                generation::insert(&mut transaction, &row).await?;
                transaction.commit().await?;
                written?.text
            }
        };
        let home = &wanted.place.home;
        // As Discord has it: lines stay lines.
        let rules = CleanRules { platform: Platform::Discord, links_allowed: true, own_names: &home.ear.names };
        let room = (self.window_tokens() / NOTES_IN_A_PROMPT).saturating_sub(HEAD_TOKENS);
        Ok(short(&prompt::clean(&text, &rules), room))
    }

    /// One call of the model.
    pub(super) async fn run(
        &self,
        wanted: Wanted<'_>,
        priority: Priority,
        messages: &[PromptMessage],
        max_tokens: u32,
    ) -> Result<Generation, Failure> {
        let request = GenerationRequest {
            messages: messages.to_vec(),
            max_tokens,
            temperature: 0.3,
            json_schema: None,
            purpose: Purpose::Recap,
        };
        let work = async |server: crate::llm::ModelServer| {
            let written = self.model.generate(&server, &request, None).await;
            written.map_err(|error| match error {
                LlmError::Unavailable { .. } | LlmError::Loading => {
                    self.slots.avoid(&server.url);
                    Failure::ModelAway
                }
                error => Failure::Model(error),
            })
        };
        self.slots.with(priority, wanted.stop, work).await.map_err(|_| Failure::Stopped)?
    }
}

/// Neighbours that are merged together: as many as a prompt holds, and at least [`NOTES_IN_A_PROMPT`] (but at the end).
fn groups(notes: Vec<Note>, tokens: usize) -> Vec<Vec<Note>> {
    let mut groups: Vec<Vec<Note>> = Vec::new();
    let mut used = 0;
    for note in notes {
        let own = cost(&note);
        match groups.last_mut() {
            Some(group) if used + own <= tokens || group.len() < NOTES_IN_A_PROMPT => {
                group.push(note);
                used += own;
            }
            _ => {
                groups.push(vec![note]);
                used = own;
            }
        }
    }
    groups
}

/// What the model wrote as a note, within so many tokens.
fn short(text: &str, tokens: usize) -> Note {
    let mut left = tokens;
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['-', '*', '•', ' ']));
    let lines = lines.filter(|line| !line.is_empty()).take(NOTE_LINES);
    let quoted = lines.map(|line| Quoted::text(line, NOTE_LINE_LIMIT));
    let mut note: Note = Vec::new();
    for line in quoted {
        match left.checked_sub(cost(std::slice::from_ref(&line))) {
            Some(rest) => left = rest,
            // A first line is never left out, only shortened.
            None if note.is_empty() => {
                note.push(Quoted::text(line.as_str(), left / 2));
                break;
            }
            None => break,
        }
        note.push(line);
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_few_short_lines_however_much_the_model_writes() {
        let text = "- Ann got a keyboard\n\n* Bob asked why\n".to_owned() + &"so it goes\n".repeat(50);
        let note = short(&text, 400);
        assert_eq!(note[0].as_str(), "Ann got a keyboard");
        assert_eq!(note.len(), NOTE_LINES);
        for tokens in [16, 33, 100, 600] {
            let note = short(&"word ".repeat(400).repeat(3), tokens);
            assert!(!note.is_empty() && cost(&note) <= tokens, "{} of {tokens}", cost(&note));
        }
    }

    #[test]
    fn notes_are_merged_in_their_order_and_become_fewer() {
        let note = |text: &str| short(text, 100);
        let all: Vec<Note> = ["a a a", "b b b", "c c c", "d d d", "e e e", "f f f", "g g g"].map(note).into();
        for tokens in [0, 10, 20, 1_000] {
            let groups = groups(all.clone(), tokens);
            assert!(groups.len() <= 3, "{tokens}");
            assert_eq!(groups.concat(), all);
        }
    }
}

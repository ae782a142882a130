//! The JSON in a model's output that looks most like a plan.

use serde_json::Value;

use super::super::Problem;
use super::super::problem::excerpt;

/// Far more than eight steps take.
const READ_LIMIT: usize = 64 * 1024;
/// Commas too many that are passed over.
const MOST_MENDS: usize = 32;

/// What may be a plan.
pub(super) struct Found {
    /// Lists of steps (or what stands in their place), the most plan-like first.
    pub(super) plans: Vec<Value>,
    /// What is said if there are none.
    pub(super) problem: Problem,
}

/// Passes over the text once: what was read as JSON, or broke, is not looked at again, so that neither the inside of a
/// plan nor the rest of a broken one is taken for a plan.
pub(super) fn find(output: &str) -> Found {
    let mut text = beginning(without_thoughts(output)).to_owned();
    let mut seen = Seen::default();
    let (mut at, mut mends) = (0, 0);
    while let Some(start) = text[at..].find(['{', '[']).map(|found| at + found) {
        match parse(&text[start..]) {
            Ok((value, length)) => {
                seen.take(value);
                at = start + length;
            }
            Err(broken) => {
                let end = text.floor_char_boundary(start + broken.at);
                if let Some(comma) = comma_too_many(&text, start, end)
                    && mends < MOST_MENDS
                {
                    text.replace_range(comma..=comma, " ");
                    mends += 1;
                    continue;
                }
                seen.miss(&text[start..end], &broken);
                at = end.max(start + 1);
            }
        }
    }
    seen.found()
}

#[derive(Default)]
struct Seen {
    /// Of `{"steps": ..}`.
    whole: Vec<Value>,
    /// Bare lists of steps.
    bare: Vec<Value>,
    /// Steps that stand alone.
    alone: Vec<Value>,
    /// The first thing that could have been a plan and is no JSON.
    problem: Option<Problem>,
}

impl Seen {
    fn take(&mut self, value: Value) {
        match value {
            Value::Object(mut object) => {
                if let Some(steps) = object.remove("steps") {
                    self.whole.push(steps);
                } else if object.contains_key("action") {
                    self.alone.push(Value::Object(object));
                } else if let Some(plan @ (Value::Object(_) | Value::Array(_))) = object.remove("plan") {
                    self.take(plan);
                }
            }
            Value::Array(list) if list.iter().any(|step| step.get("action").is_some()) => {
                self.bare.push(Value::Array(list));
            }
            _ => (),
        }
    }

    fn miss(&mut self, text: &str, broken: &Broken) {
        if self.problem.is_none() && [r#""steps""#, r#""action""#].iter().any(|key| text.contains(key)) {
            self.problem = Some(if broken.breaks_off {
                Problem::BreaksOff
            } else {
                let end = text.char_indices().rev().nth(30).map_or(0, |(at, _)| at);
                Problem::Broken { after: excerpt(&text[end..]) }
            });
        }
    }

    fn found(self) -> Found {
        let Self { whole: mut plans, bare, alone, problem } = self;
        // Beside something broken, a list or a step may be no more than a part of it.
        if problem.is_none() {
            plans.extend(bare);
            if plans.is_empty() && !alone.is_empty() {
                plans.push(Value::Array(alone));
            }
        }
        Found { plans, problem: problem.unwrap_or(Problem::NoPlan) }
    }
}

/// Where a text stops to be JSON.
struct Broken {
    /// The first byte that does not fit.
    at: usize,
    breaks_off: bool,
}

/// The value at the beginning of a text, and its length. serde_json's limit of depth holds.
fn parse(text: &str) -> Result<(Value, usize), Broken> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok((value, values.byte_offset())),
        Some(Err(error)) => Err(Broken { at: offset(text, &error), breaks_off: error.is_eof() }),
        None => Err(Broken { at: text.len(), breaks_off: true }),
    }
}

/// serde_json counts lines from 1, and in a line the bytes up to and with the one that does not fit.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line: usize = lines.map(str::len).sum();
    (line + error.column().saturating_sub(1)).min(text.len())
}

/// The comma in front of a closing bracket at `end`, if that is what does not fit.
fn comma_too_many(text: &str, start: usize, end: usize) -> Option<usize> {
    let before = text[start..end].trim_end();
    (text[end..].starts_with(['}', ']']) && before.ends_with(',')).then(|| start + before.len() - 1)
}

/// What follows the thoughts. A text that begins with JSON has none: what looks like their end is a word in it.
fn without_thoughts(output: &str) -> &str {
    const END: &[u8] = b"</think";
    let output = output.trim_start();
    if output.starts_with(['{', '[', '`']) {
        return output;
    }
    match output.as_bytes().windows(END.len()).rposition(|part| part.eq_ignore_ascii_case(END)) {
        Some(end) => output[end..].split_once('>').map_or("", |(_, after)| after).trim_start(),
        None if output.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("<think")) => "",
        None => output,
    }
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(READ_LIMIT)]
}

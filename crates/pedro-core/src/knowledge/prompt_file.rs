//! The YAML file of trained prompts: read, checked, and told with its line if it is wrong.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::service::config::TrainedPromptFile;
use crate::service::config::parse_duration;
use crate::store::trained_prompt::NewTrainedPrompt;

/// Cool-down of a trained prompt that names none.
pub const COOLDOWN: Duration = Duration::from_secs(300);

/// Characters of a name, of an example and of an answer.
const NAME: usize = 60;
const EXAMPLE: usize = 300;
const ANSWER: usize = 1_000;

/// Examples of one trained prompt.
const EXAMPLES: usize = 40;

/// The same, as the database counts.
pub const MOST_EXAMPLES: i64 = EXAMPLES as i64;

const SOYPETETECH: &str = include_str!("files/soypetetech.yaml");

/// What is wrong with a trained prompt or a file of them, in words for the operator.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct PromptFileError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    trained_prompts: Vec<RawPrompt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrompt {
    name: Spanned<String>,
    examples: Vec<String>,
    answer: String,
    #[serde(default)]
    words: Vec<String>,
    cooldown: Option<String>,
}

/// Reads a file, or the one that is shipped.
///
/// # Errors
/// What is wrong with it.
pub fn read(file: &TrainedPromptFile) -> Result<Vec<NewTrainedPrompt>, PromptFileError> {
    match file {
        TrainedPromptFile::SoyPeteTech => parse(SOYPETETECH),
        TrainedPromptFile::File(path) => read_path(path),
    }
}

fn read_path(path: &Path) -> Result<Vec<NewTrainedPrompt>, PromptFileError> {
    let yaml = std::fs::read_to_string(path).map_err(|error| PromptFileError(format!("it cannot be read: {error}")))?;
    parse(&yaml)
}

/// Reads a text of YAML.
///
/// # Errors
/// What is wrong with it, with the line.
pub fn parse(yaml: &str) -> Result<Vec<NewTrainedPrompt>, PromptFileError> {
    let raw: RawFile = serde_saphyr::from_str(yaml).map_err(|error| {
        let line = error.location().map_or(String::new(), |location| format!("line {}: ", location.line()));
        let words = error.without_snippet().to_string();
        PromptFileError(format!("{line}{}", words.split_whitespace().collect::<Vec<_>>().join(" ")))
    })?;
    let mut names = HashSet::new();
    let mut prompts = Vec::new();
    for raw in raw.trained_prompts {
        let line = raw.name.referenced.line();
        let prompt = one(raw).map_err(|wrong| PromptFileError(format!("line {line}: {wrong}")))?;
        if !names.insert(prompt.name.clone()) {
            return Err(PromptFileError(format!("line {line}: the name {:?} is there twice", prompt.name)));
        }
        prompts.push(prompt);
    }
    Ok(prompts)
}

fn one(raw: RawPrompt) -> Result<NewTrainedPrompt, PromptFileError> {
    let cooldown = match raw.cooldown.as_deref().map(str::trim) {
        None => COOLDOWN,
        Some(text) => parse_duration(text).map_err(|wrong| PromptFileError(format!("cooldown: {wrong}")))?,
    };
    checked(&raw.name.value, raw.examples, &raw.answer, &raw.words, cooldown)
}

/// A trained prompt as it is stored.
///
/// # Errors
/// What is wrong with it.
pub fn checked(
    name: &str,
    examples: Vec<String>,
    answer: &str,
    words: &[String],
    cooldown: Duration,
) -> Result<NewTrainedPrompt, PromptFileError> {
    let wrong = |what: String| Err(PromptFileError(what));
    let (name, answer) = (name.trim().to_lowercase(), one_line(answer));
    if name.is_empty() || name.contains(char::is_whitespace) || name.chars().count() > NAME {
        return wrong(format!("the name {name:?} is not one word of at most {NAME} characters"));
    }
    let mut examples: Vec<String> =
        examples.iter().map(|text| one_line(text)).filter(|text| !text.is_empty()).collect();
    let mut seen = HashSet::new();
    examples.retain(|text| seen.insert(text.clone()));
    if examples.is_empty() || examples.len() > EXAMPLES {
        return wrong(format!("{name} has {} examples: 1 to {EXAMPLES} are wanted", examples.len()));
    }
    if let Some(long) = examples.iter().find(|text| text.chars().count() > EXAMPLE) {
        let begin: String = long.chars().take(40).collect();
        return wrong(format!("an example of {name} has more than {EXAMPLE} characters: {begin}..."));
    }
    if answer.is_empty() || answer.chars().count() > ANSWER {
        return wrong(format!("the answer of {name} is empty, or has more than {ANSWER} characters"));
    }
    let cooldown_seconds = i32::try_from(cooldown.as_secs()).unwrap_or(i32::MAX);
    Ok(NewTrainedPrompt { name, examples, answer, words: one_line(&words.join(" ")), cooldown_seconds })
}

/// The name that a question gets which somebody teaches: its words.
pub fn name_of(question: &str) -> String {
    let words = question.to_lowercase();
    let words = words.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        if name.chars().count() + 1 + word.chars().count() > NAME {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(word);
    }
    name
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_can_be_read_and_has_what_people_ask() {
        let prompts = parse(SOYPETETECH).unwrap();
        let names: Vec<&str> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
        for name in ["youtube", "schedule", "learn-go", "meetups", "setup", "editor", "pedro", "support"] {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn everything_that_can_be_said_of_a_trained_prompt_is_read() {
        let yaml = "trained_prompts:\n  - {name: Desk, examples: [' what  desk? ', what desk?], answer: wood, words: [desk, table], cooldown: 10m}\n";
        let expected = NewTrainedPrompt {
            name: "desk".to_owned(),
            examples: vec!["what desk?".to_owned()],
            answer: "wood".to_owned(),
            words: "desk table".to_owned(),
            cooldown_seconds: 600,
        };
        assert_eq!(parse(yaml).unwrap(), [expected]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (yaml, told) in [
            ("trained_prompts:\n  - {name: a b, examples: [x], answer: y}", "line 2: the name \"a b\" is not one word"),
            ("trained_prompts:\n  - {name: a, examples: [], answer: y}", "line 2: a has 0 examples"),
            ("trained_prompts:\n  - {name: a, examples: [x], answer: ''}", "line 2: the answer of a is empty"),
            ("trained_prompts:\n  - {name: a, examples: [x], answer: y, cooldown: soon}", "line 2: cooldown:"),
            ("trained_prompts:\n  - {name: a, examples: [x], answer: y, color: red}", "unknown field"),
            (
                "trained_prompts:\n  - {name: a, examples: [x], answer: y}\n  - {name: A, examples: [x], answer: y}",
                "line 3: the name \"a\" is there twice",
            ),
        ] {
            let error = parse(yaml).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_taught_question_is_named_by_its_words() {
        assert_eq!(name_of("What's the *desk* made of?"), "what-s-the-desk-made-of");
        assert_eq!(name_of("???"), "");
        assert!(name_of(&"word ".repeat(40)).chars().count() <= NAME);
    }
}

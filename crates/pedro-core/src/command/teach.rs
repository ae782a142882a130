//! `!teach question => answer` and `!unteach name or question`.

use super::Given;
use crate::knowledge::prompt_file;
use crate::reply::lesson;
use crate::store::StoreError;
use crate::store::trained_prompt::{self, Source, TrainedPrompt};

/// The examples get their embeddings from the task that follows the files, within a second or two.
pub(super) async fn teach(question: &str, answer: &str, given: &Given<'_>) -> Result<String, StoreError> {
    let name = prompt_file::name_of(question);
    let examples = vec![question.to_owned()];
    let Ok(prompt) = prompt_file::checked(&name, examples, answer, &[], prompt_file::COOLDOWN) else {
        return Ok(lesson::not_taught());
    };
    let mut transaction = given.pool.begin().await?;
    let community = given.place.home.id;
    let learned = trained_prompt::teach(&mut transaction, community, &prompt, prompt_file::MOST_EXAMPLES).await?;
    transaction.commit().await?;
    Ok(lesson::taught(&prompt.name, &learned))
}

/// What has the name goes as a whole. A question goes alone where others lead to the same answer.
pub(super) async fn unteach(what: &str, given: &Given<'_>) -> Result<String, StoreError> {
    let community = given.place.home.id;
    let mut transaction = given.pool.begin().await?;
    trained_prompt::lock(&mut transaction, community).await?;
    let known = trained_prompt::list(&mut *transaction, community).await?;
    let Some((prompt, example)) = find(&known, what) else {
        let taught: Vec<&str> =
            known.iter().filter(|prompt| prompt.source != Source::File).map(|prompt| prompt.name.as_str()).collect();
        return Ok(lesson::unknown(&taught));
    };
    if prompt.source == Source::File {
        return Ok(lesson::of_the_file(&prompt.name));
    }
    let left = match example {
        Some(example) => trained_prompt::remove_example(&mut transaction, prompt.id, example).await?,
        None => 0,
    };
    if left == 0 {
        trained_prompt::remove(&mut *transaction, community, &prompt.name).await?;
    }
    transaction.commit().await?;
    Ok(lesson::untaught(&prompt.name, left))
}

/// By its name, else by one of its questions; what people taught before what stands in the file.
fn find<'a>(known: &'a [TrainedPrompt], what: &str) -> Option<(&'a TrainedPrompt, Option<&'a str>)> {
    let name = what.trim().to_lowercase();
    if let Some(prompt) = known.iter().find(|prompt| prompt.name == name) {
        return Some((prompt, None));
    }
    // Signs and case do not matter: the name of a question is its words.
    let words = prompt_file::name_of(what);
    let example_of = |prompt: &'a TrainedPrompt| {
        let example = prompt.examples.iter().find(|text| prompt_file::name_of(text) == words)?;
        Some((prompt, Some(example.as_str())))
    };
    if words.is_empty() {
        return None;
    }
    let (file, taught): (Vec<_>, Vec<_>) = known.iter().partition(|prompt| prompt.source == Source::File);
    taught.into_iter().chain(file).find_map(example_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::TrainedPromptId;

    fn prompt(name: &str, examples: &[&str], source: Source) -> TrainedPrompt {
        let examples = examples.iter().map(|&text| text.to_owned()).collect();
        let (answer, words) = (String::new(), String::new());
        TrainedPrompt {
            id: TrainedPromptId(1),
            name: name.to_owned(),
            examples,
            answer,
            words,
            cooldown_seconds: 1,
            source,
        }
    }

    #[test]
    fn what_was_taught_is_found_by_its_name_and_by_its_questions() {
        let known = [
            prompt("desk", &["What desk is it?", "which desk?"], Source::File),
            prompt("what-desk-is-it", &["what desk is it", "what is the desk?"], Source::Taught),
            prompt("lamp", &["what lamp?"], Source::File),
        ];
        let found = |what: &str| find(&known, what).map(|(prompt, example)| (prompt.name.as_str(), example));
        assert_eq!(found(" DESK "), Some(("desk", None)));
        assert_eq!(found("what-desk-is-it"), Some(("what-desk-is-it", None)));
        assert_eq!(
            found("What desk is it?"),
            Some(("what-desk-is-it", Some("what desk is it"))),
            "what was taught first"
        );
        assert_eq!(found("WHAT IS THE DESK"), Some(("what-desk-is-it", Some("what is the desk?"))));
        assert_eq!(found("which desk"), Some(("desk", Some("which desk?"))));
        assert_eq!((found("chair"), found("???")), (None, None));
    }
}

//! What of a text may be said in a place. Pure.

use super::Sizes;
use super::gather::links_allowed;
use crate::llm::Generation;
use crate::places::Place;
use crate::prompt::{self, CleanRules, PromptMessage, PromptRole};

/// What can be said of what the model wrote, or why nothing can.
pub(crate) fn presentable(output: &str, asked: &[PromptMessage], place: &Place) -> Result<String, &'static str> {
    let text = cleaned(output, place)?;
    let system = asked.iter().find(|message| message.role == PromptRole::System);
    if system.is_some_and(|system| prompt::leaks_system(&text, &system.content)) { Err("leak") } else { Ok(text) }
}

/// Without half a sentence at its end, where the limit of tokens cut a text short.
pub(crate) fn whole(text: String, generation: &Generation, sizes: Sizes) -> String {
    let is_cut = generation.completion_tokens.is_some_and(|tokens| tokens >= sizes.max_tokens);
    if is_cut { prompt::whole_sentences(&text) } else { text }
}

/// A text as it may be said in a place: clean, not empty, and nothing that must not be said.
pub(super) fn cleaned(text: &str, place: &Place) -> Result<String, &'static str> {
    let home = &place.home;
    let rules =
        CleanRules { platform: place.key.platform, links_allowed: links_allowed(place), own_names: &home.ear.names };
    let text = prompt::clean(text, &rules);
    if text.is_empty() {
        Err("empty")
    } else if home.deny.hit(&text) || prompt::is_abusive(&text) {
        Err("denied")
    } else {
        Ok(text)
    }
}

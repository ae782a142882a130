//! `/links [word]`: helpful links.

use pedro_core::store::link;
use pedro_core::trigger::Command as Word;
use twilight_model::application::command::{CommandOptionChoice, CommandOptionChoiceValue};
use twilight_model::http::interaction::{InteractionResponseData, InteractionResponseType};
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{anywhere, carry_out};
use crate::call::Call;
use crate::rest::Trouble;

/// The most that Discord shows while somebody types.
const OFFERED: usize = 25;

pub(super) fn definition() -> CommandBuilder {
    anywhere("links", "Helpful links")
        .option(StringBuilder::new("word", "Name, or a word of it").autocomplete(true).max_length(100))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    let word = call.text("word").filter(|word| !word.is_empty());
    carry_out(call, Word::Links(word), false).await
}

/// Offers the names of links that hold what was typed so far.
pub(super) async fn complete(call: &Call) -> Result<(), Trouble> {
    let typed = call.text("word").or_else(|| call.text("name")).unwrap_or_default().to_lowercase();
    let choices = names(call).await.into_iter().filter(|name| name.contains(&typed)).take(OFFERED).map(choice);
    let data = InteractionResponseData { choices: Some(choices.collect()), ..Default::default() };
    call.respond(InteractionResponseType::ApplicationCommandAutocompleteResult, data).await
}

async fn names(call: &Call) -> Vec<String> {
    let Some(place) = call.bot.place(call.channel).await else { return Vec::new() };
    let links = link::list(&call.bot.pedro.pool, place.home.id).await.unwrap_or_default();
    links.into_iter().map(|link| link.name).collect()
}

fn choice(name: String) -> CommandOptionChoice {
    CommandOptionChoice { name: name.clone(), name_localizations: None, value: CommandOptionChoiceValue::String(name) }
}

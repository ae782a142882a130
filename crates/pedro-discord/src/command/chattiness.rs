//! `/pedro-chattiness level`: how much Pedro speaks in a channel.

use pedro_core::chat::Chattiness;
use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    let levels = [
        ("quiet: commands only", Chattiness::Quiet.as_str()),
        ("named: also when named, and what I was taught", Chattiness::Named.as_str()),
        ("questions: also questions to everybody", Chattiness::Questions.as_str()),
    ];
    for_managers("pedro-chattiness", "How much Pedro speaks in this channel")
        .option(StringBuilder::new("level", "When Pedro answers").required(true).choices(levels))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    // Discord sends one of the choices.
    let level = call.text("level").and_then(|level| Chattiness::from_name(&level)).unwrap_or_default();
    carry_out(call, Word::Chattiness(level), false).await
}

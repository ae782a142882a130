//! `/pedro-event mode name`: whether Pedro knows of an event now, whatever its dates say.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    for_managers("pedro-event", "Let Pedro know that an event is on, or over")
        .option(StringBuilder::new("mode", "On or off").required(true).choices([("on", "on"), ("off", "off")]))
        .option(StringBuilder::new("name", "Its name in the file of events").required(true).max_length(40))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    let is_on = call.text("mode").is_none_or(|mode| mode != "off");
    let name = call.text("name").unwrap_or_default().to_lowercase();
    carry_out(call, Word::Event { name, is_on }, false).await
}

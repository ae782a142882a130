//! `/pedro-agentic-mode mode`: whether Pedro plans harder questions in a channel.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    for_managers("pedro-agentic-mode", "Let Pedro plan harder questions in this channel, or not")
        .option(StringBuilder::new("mode", "On or off").required(true).choices([("on", "on"), ("off", "off")]))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    let on = call.text("mode").is_none_or(|mode| mode != "off");
    carry_out(call, Word::AgenticMode(on), false).await
}

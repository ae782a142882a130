//! `/dellink name`: removes a link.

use pedro_core::reply;
use pedro_core::trigger::{self, Command as Word};
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    for_managers("dellink", "Remove a link")
        .option(StringBuilder::new("name", "Which one").required(true).autocomplete(true).max_length(40))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    match trigger::command::read("dellink", &call.text("name").unwrap_or_default()) {
        Some(word @ Word::DelLink(_)) => carry_out(call, word, false).await,
        _ => {
            call.answer_at_once(&reply::usage("/dellink name:go")).await;
            Ok(())
        }
    }
}

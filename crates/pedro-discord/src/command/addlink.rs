//! `/addlink name url [words]`: adds or replaces a link.

use pedro_core::reply;
use pedro_core::trigger::{self, Command as Word};
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    for_managers("addlink", "Add a link, or replace it")
        .option(StringBuilder::new("name", "One word by which it is called").required(true).max_length(40))
        .option(StringBuilder::new("url", "Where it leads").required(true).max_length(500))
        .option(StringBuilder::new("words", "Words by which it is found").max_length(200))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    let given = ["name", "url", "words"].map(|option| call.text(option).unwrap_or_default());
    // The same rules as in chat: one word, a URL that leads where it seems to.
    match trigger::command::read("addlink", given.join(" ").trim()) {
        Some(word @ Word::AddLink { .. }) => carry_out(call, word, false).await,
        _ => {
            call.answer_at_once(&reply::usage("/addlink name:go url:https://go.dev words:golang language")).await;
            Ok(())
        }
    }
}

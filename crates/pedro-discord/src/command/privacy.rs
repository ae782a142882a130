//! `/privacy`: what is stored, and what somebody wants of it. Only the person sees the answer, and nothing of it is stored.

use pedro_core::reply;
use pedro_core::trigger::{Command as Word, OptOutOf};
use twilight_model::application::command::CommandOptionType;
use twilight_model::application::interaction::application_command::CommandOptionValue;
use twilight_util::builder::command::{CommandBuilder, StringBuilder, SubCommandBuilder};

use super::{WRITE_WITHIN, anywhere};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    let of = StringBuilder::new("of", "Of being stored (unless you say so), or of being answered")
        .choices([("storage", "storage"), ("replies", "replies")]);
    anywhere("privacy", "What Pedro stores of you, and how to change that")
        .option(SubCommandBuilder::new("what", "What is stored"))
        .option(SubCommandBuilder::new("optout", "Nothing you write is stored from now on").option(of))
        .option(SubCommandBuilder::new("optin", "Take an opt-out back"))
        .option(SubCommandBuilder::new("export", "Get everything Pedro has of you as a file"))
        .option(SubCommandBuilder::new("forget", "Delete everything Pedro has of you"))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    call.defer(true).await?;
    let (wish, of) = wish(&call);
    let word = match wish.as_str() {
        "export" => return export(&call).await,
        "optout" if of.as_deref() == Some("replies") => Word::OptOut(OptOutOf::Replies),
        "optout" => Word::OptOut(OptOutOf::Storage),
        "optin" => Word::OptIn,
        "forget" | "forgetme" => Word::ForgetMe,
        _ => return call.finish(&reply::privacy::what_is_stored(), &[]).await.map(|_| ()),
    };
    let done = call.bot.pedro.carry_out_privately(&word, &call.author.platform_user_id);
    let text = tokio::time::timeout(WRITE_WITHIN, done).await.unwrap_or_else(|_| reply::command_failed());
    call.finish(&text, &[]).await.map(|_| ())
}

async fn export(call: &Call) -> Result<(), Trouble> {
    match tokio::time::timeout(WRITE_WITHIN, call.bot.pedro.export(&call.author.platform_user_id)).await {
        Ok(Ok(data)) => {
            let file = serde_json::to_vec(&data).unwrap_or_default();
            match call.finish_with_file(&reply::privacy::exported(), "pedro.json", file).await {
                Ok(()) => Ok(()),
                // Too large, most likely.
                Err(_) => call.finish(&reply::command_failed(), &[]).await.map(|_| ()),
            }
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "an export failed");
            call.finish(&reply::command_failed(), &[]).await.map(|_| ())
        }
        Err(_) => call.finish(&reply::command_failed(), &[]).await.map(|_| ()),
    }
}

/// The subcommand, and of what somebody opts out. One option with the same words as its value is understood too.
fn wish(call: &Call) -> (String, Option<String>) {
    let Some(first) = call.options.first() else { return ("what".to_owned(), None) };
    let plain = |text: &str| text.to_lowercase().replace([' ', '-', '_'], "");
    match &first.value {
        CommandOptionValue::SubCommand(options) => {
            let of = options.iter().find_map(|option| match &option.value {
                CommandOptionValue::String(text) => Some(text.clone()),
                _ => None,
            });
            (plain(&first.name), of)
        }
        CommandOptionValue::String(text) => (plain(text), None),
        other => {
            debug_assert!(other.kind() != CommandOptionType::SubCommand);
            ("what".to_owned(), None)
        }
    }
}

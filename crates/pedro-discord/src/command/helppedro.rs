//! `/helppedro`: what Pedro can do, and what it stores.

use pedro_core::chat::Platform;
use pedro_core::reply;
use twilight_util::builder::command::CommandBuilder;

use super::{anywhere, for_everybody};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    anywhere("helppedro", "What Pedro can do, and what he stores")
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    call.answer_at_once(&reply::help(&for_everybody(), Platform::Discord)).await;
    Ok(())
}

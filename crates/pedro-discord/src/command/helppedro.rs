//! `/helppedro`: what Pedro can do, and what it stores.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::CommandBuilder;

use super::{anywhere, carry_out};
use crate::interaction::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    anywhere("helppedro", "What Pedro can do, and what he stores")
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    carry_out(call, Word::Help, true).await
}

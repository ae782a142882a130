//! `/title`: the stream's title.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::CommandBuilder;

use super::{anywhere, carry_out};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    anywhere("title", "What the stream is called")
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    carry_out(call, Word::Title, false).await
}

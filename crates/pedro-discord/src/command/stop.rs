//! `/pedro-stop`: cancels everything that Pedro works on in a channel.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::CommandBuilder;

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    for_managers("pedro-stop", "Cancel everything Pedro works on in this channel")
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    carry_out(call, Word::Stop, false).await
}

//! `/pedro-pause [minutes]`: keeps Pedro quiet in a channel.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::{CommandBuilder, IntegerBuilder};

use super::{carry_out, for_managers};
use crate::call::Call;
use crate::rest::Trouble;

/// Minutes unless one says so, and the most.
const MINUTES: i64 = 10;
const MOST: i64 = 1_440;

pub(super) fn definition() -> CommandBuilder {
    for_managers("pedro-pause", "Keep Pedro quiet in this channel for a while")
        .option(IntegerBuilder::new("minutes", "How long; 0 ends the pause").min_value(0).max_value(MOST))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    let minutes = call.number("minutes").unwrap_or(MINUTES).clamp(0, MOST);
    carry_out(call, Word::Pause(u32::try_from(minutes).unwrap_or(0)), false).await
}

//! `/titles [count]`: the latest titles of the stream.

use pedro_core::trigger::Command as Word;
use twilight_util::builder::command::{CommandBuilder, IntegerBuilder};

use super::{anywhere, carry_out};
use crate::call::Call;
use crate::rest::Trouble;

/// How many there are unless one says so.
const COUNT: u8 = 5;

pub(super) fn definition() -> CommandBuilder {
    anywhere("titles", "What the last streams were called")
        .option(IntegerBuilder::new("count", "How many").min_value(1).max_value(10))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    let count = call.number("count").and_then(|count| u8::try_from(count).ok()).unwrap_or(COUNT).clamp(1, 10);
    carry_out(call, Word::Titles(count), false).await
}

//! `/recap [hours]`: what happened in the last stream, or in the last hours. A question like any other, answered in place.

use std::time::Duration;

use pedro_core::reply;
use pedro_core::trigger::history::{HOURS, recap_question};
use twilight_util::builder::command::{CommandBuilder, IntegerBuilder};

use super::askpedro::line;
use super::{WRITE_WITHIN, anywhere, place};
use crate::call::Call;
use crate::rest::Trouble;

pub(super) fn definition() -> CommandBuilder {
    let hours = IntegerBuilder::new("hours", "Of how many hours; without a number, of the last stream");
    anywhere("recap", "What happened while you were not here")
        .option(hours.min_value(i64::from(*HOURS.start())).max_value(i64::from(*HOURS.end())))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    call.defer(false).await?;
    let hours = call.number("hours").and_then(|hours| u16::try_from(hours).ok());
    let accepting = async {
        let place = place(&call).await;
        let line = line(&call, &place, &recap_question(hours));
        call.bot.pedro.accept(line, call.deferred(), Duration::ZERO, false).await
    };
    let refusal = match tokio::time::timeout(WRITE_WITHIN, accepting).await {
        Err(_) => Some(reply::command_failed()),
        Ok(refusal) => refusal,
    };
    match refusal {
        Some(text) => call.finish(&text, &[]).await.map(|_| ()),
        None => Ok(()),
    }
}

//! `/askpedro question`: acknowledged, written down, and answered in a thread of its own where there can be one.

use std::time::Duration;

use chrono::Utc;
use pedro_core::chat::ChatMessage;
use pedro_core::places::Place;
use pedro_core::reply;
use pedro_core::speech::ReplyTarget;
use twilight_util::builder::command::{BooleanBuilder, CommandBuilder, StringBuilder};

use super::{WRITE_WITHIN, anywhere, place};
use crate::call::Call;
use crate::convert::line_id;
use crate::rest::Trouble;

/// Characters of a question, as Discord keeps them.
const LONGEST: u16 = 1_000;

/// How long a question waits for its thread: if that takes longer, or we die, it is answered in place.
const HOLD: Duration = Duration::from_secs(10);

/// How long before the end of the hold the thread is given up.
const MARGIN: Duration = Duration::from_secs(3);

pub(super) fn definition() -> CommandBuilder {
    anywhere("askpedro", "Ask Pedro something: he remembers what was said here")
        .option(
            StringBuilder::new("question", "What do you want to know?")
                .required(true)
                .min_length(1)
                .max_length(LONGEST),
        )
        .option(BooleanBuilder::new("plan", "Make a plan first, for a harder question"))
}

pub(super) async fn run(call: Call) -> Result<(), Trouble> {
    call.defer(false).await?;
    let question = call.text("question").unwrap_or_default();
    let plan = call.is_set("plan");
    let accepting = async {
        let place = place(&call).await;
        let refusal = call.bot.pedro.accept(line(&call, &place, &question), call.deferred(), HOLD, plan).await;
        (place, refusal)
    };
    match tokio::time::timeout(WRITE_WITHIN, accepting).await {
        Err(_) => call.finish(&reply::command_failed(), &[]).await.map(|_| ()),
        Ok((_, Some(refusal))) => call.finish(&refusal, &[]).await.map(|_| ()),
        Ok((place, None)) => {
            settle(&call, &place, &question).await;
            Ok(())
        }
    }
}

/// Finds the place of the answer: a thread under the question, else here.
async fn settle(call: &Call, here: &Place, question: &str) {
    let id = line_id(call.interaction.id);
    // Later the question is being answered in place, and what is shown there must not be touched.
    let opening = tokio::time::timeout(HOLD.saturating_sub(MARGIN), open(call, question));
    let thread = match call.bot.can_open_thread(call) {
        true => opening.await.unwrap_or_default(),
        false => None,
    };
    match thread {
        Some(thread) => {
            let target = ReplyTarget { interaction: None, ..target(call) };
            call.bot.pedro.settle(&id, &thread, &target).await;
        }
        None => call.bot.pedro.settle(&id, here, &target(call)).await,
    }
}

async fn open(call: &Call, question: &str) -> Option<std::sync::Arc<Place>> {
    let asked = call.finish(&reply::asked(&call.author.display_name, question), &[]).await;
    let message = asked.inspect_err(|error| tracing::warn!(%error, "the question could not be shown")).ok()?;
    call.bot.open_thread(call, message, question).await
}

fn target(call: &Call) -> ReplyTarget {
    ReplyTarget {
        platform_message_id: line_id(call.interaction.id),
        platform_user_id: call.author.platform_user_id.clone(),
        display_name: call.author.display_name.clone(),
        is_line: false,
        interaction: Some(call.deferred()),
    }
}

/// The question as a line of its asker: the talk that follows in the thread begins with it.
pub(super) fn line(call: &Call, place: &Place, question: &str) -> ChatMessage {
    ChatMessage {
        channel: place.key.clone(),
        platform_message_id: line_id(call.interaction.id),
        author: call.author.clone(),
        text: question.to_owned(),
        sent_at: Utc::now(),
        reply_to: None,
    }
}

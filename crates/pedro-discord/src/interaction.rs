//! What people press and command: acknowledged at once, whatever the database and the model do, and then seen to.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pedro_core::pedro::Wish;
use pedro_core::reply;
use pedro_core::service::metrics::record;
use pedro_core::service::telemetry;
use twilight_model::application::interaction::application_command::CommandData;
use twilight_model::application::interaction::message_component::MessageComponentInteractionData;
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};

use crate::bot::Bot;
use crate::call::Call;
use crate::command;

/// Sees to an interaction in a task of its own.
pub(crate) fn take(bot: &Arc<Bot>, interaction: Interaction) {
    let bot = Arc::clone(bot);
    let _pressed = telemetry::of_message(&interaction.id.to_string()).entered();
    bot.shutdown.clone().spawn("interaction", async move {
        let kind = interaction.kind;
        let data = interaction.data.clone();
        let Some(call) = Call::new(bot, interaction) else { return };
        match (kind, data) {
            (InteractionType::ApplicationCommand, Some(InteractionData::ApplicationCommand(data))) => {
                run(call, *data).await;
            }
            (InteractionType::ApplicationCommandAutocomplete, Some(InteractionData::ApplicationCommand(data))) => {
                command::complete(Call { options: data.options, ..call }, &data.name).await;
            }
            (InteractionType::MessageComponent, Some(InteractionData::MessageComponent(data))) => {
                press(&call, &data).await;
            }
            _ => {}
        }
    });
}

async fn run(call: Call, data: CommandData) {
    let call = Call { options: data.options, ..call };
    let Some(command) = command::find(&data.name) else {
        // It was registered by a newer Pedro, or another one.
        return call.answer_at_once(&reply::command_unknown()).await;
    };
    record::discord_command(command.name);
    let (name, began, apologised) = (command.name, call.began, Arc::clone(&call.apologised));
    let done = (command.run)(call).await;
    // A question's answer comes later, and is timed then.
    if name != command::ASK {
        record::discord_command_took(name, began.elapsed());
    }
    // What the database refused was logged where that was noticed, and ends in an apology.
    if done.is_err() || apologised.load(Ordering::Relaxed) {
        record::discord_command_failed(name);
    }
    if let Err(error) = done {
        tracing::warn!(%error, command = name, "a command failed");
    }
}

/// A button, or something chosen from a list: acknowledged first; what came of it, or is wrong with it, is whispered.
async fn press(call: &Call, data: &MessageComponentInteractionData) {
    call.acknowledge_press().await;
    if let Some((question, wish)) = Wish::read(&data.custom_id, data.values.first().map(String::as_str)) {
        let granting = async {
            let place = command::place(call).await;
            call.bot.pedro.grant(question, &wish, &call.author, &place).await
        };
        let text = tokio::time::timeout(command::WRITE_WITHIN, granting).await;
        return call.whisper(&text.unwrap_or_else(|_| reply::command_failed())).await;
    }
    let under = call.interaction.message.as_ref().map(|message| message.id.to_string());
    let pressed = call.bot.pedro.games.press(&data.custom_id, &call.author.platform_user_id, under.as_deref());
    let text = match pressed.await {
        Ok(Some(pressed)) => command::stumppedro::answer_of(pressed),
        Ok(None) => Some(reply::button_unknown()),
        Err(error) => {
            tracing::warn!(%error, "a button did nothing");
            Some(reply::command_failed())
        }
    };
    if let Some(text) = text {
        call.whisper(&text).await;
    }
}

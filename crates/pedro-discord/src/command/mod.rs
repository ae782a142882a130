//! The slash commands, one file each: its definition and what it does.
//!
//! To add one: a file here with `definition` and `run`, a row in [`COMMANDS`]. It is registered at the next start.

mod addlink;
mod agentic;
mod askpedro;
mod chattiness;
mod dellink;
mod event;
mod helppedro;
mod links;
mod pause;
mod privacy;
mod recap;
mod stop;
pub(crate) mod stumppedro;
mod title;
mod titles;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pedro_core::places::Place;
use pedro_core::reply;
use pedro_core::trigger::Command as Word;
use serde_json::Value;
use twilight_model::application::command::{Command, CommandType};
use twilight_model::application::interaction::InteractionContextType;
use twilight_model::guild::Permissions;
use twilight_util::builder::command::CommandBuilder;

use crate::bot::Bot;
use crate::call::Call;
use crate::rest::Trouble;

/// How long the database may take before an acknowledged command becomes an apology.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(30);

/// The command that puts questions.
pub(crate) const ASK: &str = "askpedro";

type Running = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send>>;

/// A command.
pub(crate) struct SlashCommand {
    pub(crate) name: &'static str,
    definition: fn() -> CommandBuilder,
    pub(crate) run: fn(Call) -> Running,
}

/// All of them.
const COMMANDS: &[SlashCommand] = &[
    SlashCommand { name: ASK, definition: askpedro::definition, run: |call| Box::pin(askpedro::run(call)) },
    SlashCommand {
        name: "stumppedro",
        definition: stumppedro::definition,
        run: |call| Box::pin(stumppedro::run(call)),
    },
    SlashCommand { name: "helppedro", definition: helppedro::definition, run: |call| Box::pin(helppedro::run(call)) },
    SlashCommand { name: "recap", definition: recap::definition, run: |call| Box::pin(recap::run(call)) },
    SlashCommand { name: "links", definition: links::definition, run: |call| Box::pin(links::run(call)) },
    SlashCommand { name: "addlink", definition: addlink::definition, run: |call| Box::pin(addlink::run(call)) },
    SlashCommand { name: "dellink", definition: dellink::definition, run: |call| Box::pin(dellink::run(call)) },
    SlashCommand { name: "title", definition: title::definition, run: |call| Box::pin(title::run(call)) },
    SlashCommand { name: "titles", definition: titles::definition, run: |call| Box::pin(titles::run(call)) },
    SlashCommand { name: "privacy", definition: privacy::definition, run: |call| Box::pin(privacy::run(call)) },
    SlashCommand {
        name: "pedro-agentic-mode",
        definition: agentic::definition,
        run: |call| Box::pin(agentic::run(call)),
    },
    SlashCommand {
        name: "pedro-chattiness",
        definition: chattiness::definition,
        run: |call| Box::pin(chattiness::run(call)),
    },
    SlashCommand { name: "pedro-event", definition: event::definition, run: |call| Box::pin(event::run(call)) },
    SlashCommand { name: "pedro-pause", definition: pause::definition, run: |call| Box::pin(pause::run(call)) },
    SlashCommand { name: "pedro-stop", definition: stop::definition, run: |call| Box::pin(stop::run(call)) },
];

/// The names of all commands, for their metrics.
pub(crate) fn names() -> Vec<&'static str> {
    COMMANDS.iter().map(|command| command.name).collect()
}

/// The commands that everybody may use, as people type them.
fn for_everybody() -> Vec<String> {
    let open = definitions().into_iter().filter(|command| command.default_member_permissions.is_none());
    open.map(|command| format!("/{}", command.name)).collect()
}

/// The command with this name.
pub(crate) fn find(name: &str) -> Option<&'static SlashCommand> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// What Discord is to be told of all commands.
fn definitions() -> Vec<Command> {
    COMMANDS.iter().map(|command| (command.definition)().build()).collect()
}

/// Registers the commands in a task of its own, if Discord has others.
pub(crate) fn register_in_background(bot: &Arc<Bot>) {
    let bot = Arc::clone(bot);
    bot.shutdown.clone().spawn("command registration", async move {
        if let Err(error) = register(&bot).await {
            tracing::error!(%error, "the slash commands could not be registered");
        }
    });
}

async fn register(bot: &Bot) -> Result<(), Trouble> {
    let client = bot.rest.http.interaction(bot.me.application_id);
    let (ours, theirs) = (definitions(), bot.rest.value(|| client.global_commands()).await?);
    // What is not understood is replaced.
    let theirs: Vec<Command> = serde_json::from_value(theirs).unwrap_or_default();
    if are_registered(&ours, &theirs) {
        return Ok(());
    }
    bot.rest.call(|| client.set_global_commands(&ours)).await?;
    tracing::info!("{} slash commands were registered", ours.len());
    Ok(())
}

/// Offers what a person may mean while they type.
pub(crate) async fn complete(call: Call, name: &str) {
    if let "links" | "dellink" = name
        && let Err(error) = links::complete(&call).await
    {
        tracing::debug!(%error, "nothing was offered while somebody typed");
    }
}

/// A command that is used in servers and in direct messages.
fn anywhere(name: &str, description: &str) -> CommandBuilder {
    CommandBuilder::new(name, description, CommandType::ChatInput)
        .contexts([InteractionContextType::Guild, InteractionContextType::BotDm])
}

/// A command for those who may change the server.
fn for_managers(name: &str, description: &str) -> CommandBuilder {
    CommandBuilder::new(name, description, CommandType::ChatInput)
        .contexts([InteractionContextType::Guild])
        .default_member_permissions(Permissions::MANAGE_GUILD)
}

/// Acknowledges, carries out what tables answer, and shows the result.
async fn carry_out(call: Call, word: Word, ephemeral: bool) -> Result<(), Trouble> {
    call.defer(ephemeral).await?;
    if call.author.role < word.needs() && !call.may_command() {
        return call.finish(&reply::managers_only(), &[]).await.map(|_| ());
    }
    let done = tokio::time::timeout(WRITE_WITHIN, async {
        let place = place(&call).await;
        call.bot.pedro.carry_out(&word, &place).await
    });
    let text = done.await.unwrap_or_else(|_| reply::command_failed());
    call.finish(&text, &[]).await.map(|_| ())
}

/// The place of a call, as soon as the database gives it.
pub(crate) async fn place(call: &Call) -> Arc<Place> {
    loop {
        if let Some(place) = call.bot.place_of(call).await {
            return place;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Whether Discord has exactly these commands. It adds much of its own to what it was told.
fn are_registered(ours: &[Command], theirs: &[Command]) -> bool {
    let told = |commands: &[Command]| serde_json::to_value(commands).unwrap_or_default();
    let find = |name: &str| theirs.iter().find(|command| command.name == name);
    ours.len() == theirs.len()
        && ours.iter().all(|command| {
            find(&command.name)
                .is_some_and(|found| covers(&told(std::slice::from_ref(command)), &told(std::slice::from_ref(found))))
        })
}

/// Whether everything that we say stands there too. What is empty, false or null may be left out.
fn covers(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => ours.iter().all(|(key, value)| {
            let ignored = matches!(key.as_str(), "id" | "version" | "application_id" | "guild_id");
            ignored || covers(value, theirs.get(key).unwrap_or(&Value::Null))
        }),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| covers(ours, theirs))
        }
        (ours, theirs) => ours == theirs || (is_nothing(ours) && is_nothing(theirs)),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discord_takes_every_definition_and_each_has_the_name_it_is_found_by() {
        for command in COMMANDS {
            let built = (command.definition)().validate().unwrap().build();
            assert_eq!(built.name, command.name);
        }
    }

    #[test]
    fn commands_are_registered_again_only_if_they_changed() {
        let ours = definitions();
        let mut theirs = ours.clone();
        for command in &mut theirs {
            command.id = Some(twilight_model::id::Id::new(5));
            command.nsfw = Some(false);
        }
        theirs.reverse();
        assert!(are_registered(&ours, &theirs));
        theirs[0].description.push('!');
        assert!(!are_registered(&ours, &theirs));
        assert!(!are_registered(&ours, &ours[1..]));
    }
}

//! What holds for the options of every program.

use std::any::TypeId;

use crate::service::Secret;

/// The secret options of a command and those below it that cannot be read from a file, or that the help would show.
pub fn secrets_without_file(command: &clap::Command) -> Vec<String> {
    let named = |argument: &clap::Arg| argument.get_env().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let names: Vec<String> = command.get_arguments().map(named).collect();
    let secrets =
        command.get_arguments().filter(|argument| argument.get_value_parser().type_id() == TypeId::of::<Secret>());
    let wrong = secrets.filter(|secret| {
        let has_file = names.contains(&format!("{}_FILE", named(secret)));
        !has_file || !secret.is_hide_env_values_set()
    });
    let here = wrong.map(|secret| format!("{} {}", command.get_name(), named(secret)));
    here.chain(command.get_subcommands().flat_map(secrets_without_file)).collect()
}

//! Configuration: what the operator wrote (`...Args`, parsed by clap) and what it means (`...Settings`).
//!
//! clap takes every value as text, so that an empty variable can count as unset and all wrong values are named at once:
//! each group's `resolve` collects what is wrong into one [`ConfigProblems`], puts a placeholder where a value is
//! missing, and [`ConfigProblems::into_result`] hands the settings out only when nothing was wrong.
//!
//! A flag is the variable's name in lower case with dashes: `DATABASE_URL` is `--database-url`. Where a default is given
//! here and not through clap, the help text names it.

mod api;
mod api_template;
mod api_tool;
mod bot;
mod community;
mod community_file;
mod community_reader;
mod database;
mod discord;
mod model;
mod one_password;
mod pages;
mod problems;
mod search;
mod values;

pub use api::{ApiArgs, ApiServer, ApiSettings, OpenAiSettings};
pub use api_template::{BodyTemplate, UrlTemplate, text_of};
pub use api_tool::{ApiMethod, ApiSecret, ApiToolSettings, TOOL};
pub use bot::{BotArgs, BotSettings, BotTask};
pub use community::{Community, CommunityArgs, CommunityFile, CommunitySettings, Persona, TrainedPromptFile};
pub use database::{DatabaseArgs, DatabaseSettings};
pub use discord::{DiscordApiArgs, DiscordApiSettings};
pub use model::{EmbeddingArgs, EmbeddingSettings, ModelArgs, ModelSettings};
pub use one_password::{OnePasswordArgs, OnePasswordSettings, settle};
pub use pages::{LogArgs, LogFormat, LogSettings, PageArgs, PageSettings};
pub use problems::{ConfigProblem, ConfigProblems, GivenSecret};
pub use search::{SearchArgs, SearchProvider, SearchSettings};
pub use values::{parse_duration, text};

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use clap::{CommandFactory, Parser};

    use super::*;

    /// As a binary does it.
    #[derive(Debug, Parser)]
    struct Everything {
        #[command(flatten)]
        log: LogArgs,
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        model: ModelArgs,
        #[command(flatten)]
        embedding: EmbeddingArgs,
        #[command(flatten)]
        pages: PageArgs,
        #[command(flatten)]
        community: CommunityArgs,
        #[command(flatten)]
        search: SearchArgs,
        #[command(flatten)]
        api: ApiArgs,
        #[command(flatten)]
        one_password: OnePasswordArgs,
        #[command(flatten)]
        discord: DiscordApiArgs,
    }

    fn problems(flags: &[&str]) -> String {
        let args = Everything::try_parse_from(["pedro"].iter().chain(flags)).unwrap();
        let mut problems = ConfigProblems::default();
        args.log.resolve(&mut problems);
        args.database.resolve(&mut problems);
        args.model.resolve(&mut problems);
        args.embedding.resolve(&mut problems);
        args.pages.resolve(SocketAddr::from(([0, 0, 0, 0], 6061)), &mut problems);
        args.community.resolve(&mut problems);
        args.search.resolve(&mut problems);
        args.api.resolve(&mut problems);
        problems.into_result(()).map_or_else(|problems| problems.to_string(), |()| String::new())
    }

    #[test]
    fn the_arguments_fit_together_and_flags_are_the_variables_in_lower_case() {
        let command = Everything::command();
        command.clone().debug_assert();
        assert_eq!(command.get_about().map(ToString::to_string).as_deref(), Some("As a binary does it"));
        for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
            let variable = argument.get_env().unwrap().to_str().unwrap();
            assert_eq!(argument.get_long().unwrap(), variable.to_lowercase().replace('_', "-"));
            assert!(argument.get_help().is_some(), "{variable} has no line of help");
        }
    }

    #[test]
    fn values_that_may_be_secret_are_not_shown_by_the_help() {
        let secret = ["KEY", "TOKEN", "DATABASE_URL", "POSTGRES_URL", "POSTGRES_VECTOR_URL"];
        let command = Everything::command();
        for argument in command.get_arguments() {
            let variable = argument.get_env().and_then(|name| name.to_str()).unwrap_or_default();
            let holds_secret = secret.iter().any(|end| variable.ends_with(end));
            assert!(!holds_secret || argument.is_hide_env_values_set(), "{variable}");
        }
    }

    #[test]
    fn every_secret_may_be_in_a_file() {
        let nothing: [String; 0] = [];
        assert_eq!(crate::testing::secrets_without_file(&Everything::command()), nothing);
    }

    #[test]
    fn help_needs_no_environment() {
        let help = Everything::try_parse_from(["pedro", "--help"]).unwrap_err();
        assert_eq!(help.kind(), clap::error::ErrorKind::DisplayHelp);
    }

    #[test]
    fn all_wrong_values_are_named_at_once_and_no_secret_is_shown() {
        let told = problems(&[
            "--database-url=mysql://pedro:hunter2@localhost/pedro",
            "--llama-cpp-path=http://127.0.0.1:8080,localhost:8081",
            "--model-timeout=soon",
            "--model-max-tokens=-3",
            "--embeddings-url=https://example.org/v1",
            "--pedro-listen=6061",
            "--pedro-secret-key=hunter2",
            "--pedro-time-zone=Utah",
            "--pedro-log=pedro=loud",
            "--pedro-log-format=xml",
        ]);
        let names = [
            "DATABASE_URL: ",
            "LLAMA_CPP_PATH: ",
            "MODEL_TIMEOUT: ",
            "MODEL_MAX_TOKENS: ",
            "EMBEDDINGS_MODEL: ",
            "PEDRO_LISTEN: ",
            "PEDRO_SECRET_KEY: ",
            "PEDRO_TIME_ZONE: ",
            "PEDRO_LOG: ",
            "PEDRO_LOG_FORMAT: ",
        ];
        for name in names {
            assert_eq!(told.lines().filter(|line| line.trim_start().starts_with(name)).count(), 1, "{name} in\n{told}");
        }
        assert_eq!(told.lines().count(), names.len() + 1, "{told}");
        assert!(told.lines().skip(1).all(|line| line.contains("; for example ")), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn only_the_database_is_required_and_empty_is_unset() {
        // Named, so that what the machine has in its environment does not count.
        assert!(problems(&["--database-url=", "--postgres-url="]).contains("DATABASE_URL: is not set"));
        let empty = ["--database-url=", "--llama-cpp-path=", "--model-timeout=", "--pedro-listen=", "--pedro-config="];
        let flags: Vec<&str> = empty.into_iter().chain(["--postgres-url=postgres://localhost/pedro"]).collect();
        assert_eq!(problems(&flags), "");
    }
}

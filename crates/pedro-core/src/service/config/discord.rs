//! The way to Discord: what the bot needs, and the operator's command looks at.

use clap::Args;
use url::Url;

use super::problems::{ConfigProblems, GivenSecret};
use super::values::text;
use crate::service::secret::Secret;

const API: &str = "https://discord.com";

/// Token and address, as the operator names them.
#[derive(Debug, Clone, Default, Args)]
pub struct DiscordApiArgs {
    /// Token of the bot, with or without `Bot `
    #[arg(long, env = "DISCORD_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub discord_token: Option<Secret>,
    /// File that holds DISCORD_TOKEN
    #[arg(long, env = "DISCORD_TOKEN_FILE", value_name = "PATH")]
    pub discord_token_file: Option<String>,
    /// Older name of DISCORD_TOKEN, which wins
    #[arg(long, env = "DISCORD_SECRET", value_name = "TOKEN", hide_env_values = true)]
    pub discord_secret: Option<Secret>,
    /// File that holds DISCORD_SECRET
    #[arg(long, env = "DISCORD_SECRET_FILE", value_name = "PATH")]
    pub discord_secret_file: Option<String>,
    /// Base URL of Discord's REST API, without `/api/v10`. Default: `https://discord.com`
    #[arg(long, env = "DISCORD_API_URL", value_name = "URL")]
    pub discord_api_url: Option<String>,
}

/// Token and address, checked.
#[derive(Debug, Clone)]
pub struct DiscordApiSettings {
    /// Without `Bot `. `None`: not set.
    pub token: Option<Secret>,
    /// The variable that the token is in, or belongs in.
    pub token_name: &'static str,
    /// Without `/api/v10`.
    pub api_url: Url,
}

impl DiscordApiArgs {
    /// Checks the values; what is wrong goes into `problems`. That there is no token is for whoever needs one.
    pub fn resolve(&self, problems: &mut ConfigProblems) -> DiscordApiSettings {
        let (file, older_file) = (text(self.discord_token_file.as_ref()), text(self.discord_secret_file.as_ref()));
        let (token_name, token) = problems.renamed_secret(
            GivenSecret { name: "DISCORD_TOKEN", value: self.discord_token.as_ref(), file },
            GivenSecret { name: "DISCORD_SECRET", value: self.discord_secret.as_ref(), file: older_file },
        );
        let bare = |token: Secret| Secret::new(token.expose().trim().trim_start_matches("Bot "));
        DiscordApiSettings {
            token: token.map(bare),
            token_name,
            api_url: api_url(text(self.discord_api_url.as_ref()).unwrap_or(API), problems),
        }
    }
}

fn api_url(value: &str, problems: &mut ConfigProblems) -> Url {
    let bare = value.trim_end_matches('/').trim_end_matches("/v10").trim_end_matches("/api");
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    Url::parse(bare).ok().filter(usable).unwrap_or_else(|| {
        problems.add("DISCORD_API_URL", format!("{value:?} is no URL"), "an http or https URL", API);
        #[expect(clippy::expect_used, reason = "a constant")]
        Url::parse("http://invalid").expect("a URL")
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Options {
        #[command(flatten)]
        discord: DiscordApiArgs,
    }

    #[test]
    fn the_older_name_counts_where_the_canonical_one_is_unset() {
        let path = std::env::temp_dir().join(format!("pedro-discord-secret-{}", std::process::id()));
        std::fs::write(&path, "Bot from-a-file\n").unwrap();
        let file = path.to_str().unwrap();
        for (flags, expected) in [
            (vec!["--discord-secret=older"], "older"),
            (vec!["--discord-token=Bot new", "--discord-secret=older"], "new"),
            (vec!["--discord-token=", "--discord-secret-file", file], "from-a-file"),
            (vec!["--discord-token-file", file, "--discord-secret=older"], "from-a-file"),
        ] {
            // What the machine has in its environment does not count: each is given, or empty.
            let all = ["--discord-token=", "--discord-token-file=", "--discord-secret=", "--discord-secret-file="];
            let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
            let unset = all.into_iter().filter(|flag| !flags.iter().any(|given| name(given) == name(flag)));
            let options = Options::parse_from(["pedro-discord"].into_iter().chain(unset).chain(flags.iter().copied()));
            let mut problems = ConfigProblems::default();
            let token = options.discord.resolve(&mut problems).token.unwrap();
            assert_eq!((token.expose(), problems.found().len()), (expected, 0), "{flags:?}");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn without_a_token_the_canonical_name_is_told() {
        let mut problems = ConfigProblems::default();
        let settings = DiscordApiArgs::default().resolve(&mut problems);
        assert!(settings.token.is_none() && problems.found().is_empty());
        assert_eq!((settings.token_name, settings.api_url.as_str()), ("DISCORD_TOKEN", "https://discord.com/"));
    }

    #[test]
    fn the_api_may_be_written_with_its_version() {
        let mut problems = ConfigProblems::default();
        for written in ["http://127.0.0.1:7070", "http://127.0.0.1:7070/", "http://127.0.0.1:7070/api/v10/"] {
            assert_eq!(api_url(written, &mut problems).as_str(), "http://127.0.0.1:7070/", "{written}");
        }
        assert!(problems.found().is_empty());
        api_url("discord.com", &mut problems);
        assert_eq!(problems.found().len(), 1);
    }
}

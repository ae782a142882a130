//! The Discord token: whose it is, and whether the bot may read what is written.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use pedro_core::service::config::{ConfigProblems, GivenSecret, text};
use pedro_core::service::secret::{Secret, shown_url};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use url::Url;

use super::report::Report;

const API: &str = "https://discord.com";

/// How long Discord may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Flags of an application that may read the content of messages: in more than 75 servers, in fewer.
/// <https://docs.discord.com/developers/resources/application#application-object-application-flags>
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Discord")]
pub(crate) struct DiscordArgs {
    /// Token of the bot, with or without `Bot `. Unset: Discord is not checked
    #[arg(long, env = "DISCORD_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    discord_token: Option<Secret>,
    /// File that holds DISCORD_TOKEN
    #[arg(long, env = "DISCORD_TOKEN_FILE", value_name = "PATH")]
    discord_token_file: Option<String>,
    /// Older name of DISCORD_TOKEN, which wins
    #[arg(long, env = "DISCORD_SECRET", value_name = "TOKEN", hide_env_values = true)]
    discord_secret: Option<Secret>,
    /// File that holds DISCORD_SECRET
    #[arg(long, env = "DISCORD_SECRET_FILE", value_name = "PATH")]
    discord_secret_file: Option<String>,
    /// Base URL of Discord's REST API, without `/api/v10`. Default: `https://discord.com`
    #[arg(long, env = "DISCORD_API_URL", value_name = "URL")]
    discord_api_url: Option<String>,
}

/// Discord, checked.
pub(super) struct DiscordSettings {
    token: Option<Secret>,
    api: Option<Url>,
}

impl DiscordArgs {
    pub(super) fn resolve(self, problems: &mut ConfigProblems) -> DiscordSettings {
        let written = text(self.discord_api_url.as_ref()).unwrap_or(API);
        let bare = written.trim_end_matches('/').trim_end_matches("/v10").trim_end_matches("/api");
        let api = Url::parse(bare).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if api.is_none() {
            problems.add("DISCORD_API_URL", "is no URL", "an http or https URL", API);
        }
        let (_, token) = problems.renamed_secret(
            GivenSecret {
                name: "DISCORD_TOKEN",
                value: self.discord_token.as_ref(),
                file: text(self.discord_token_file.as_ref()),
            },
            GivenSecret {
                name: "DISCORD_SECRET",
                value: self.discord_secret.as_ref(),
                file: text(self.discord_secret_file.as_ref()),
            },
        );
        DiscordSettings { token, api }
    }
}

/// What Discord says of the bot's application.
#[derive(Debug, Deserialize)]
struct Application {
    name: String,
    #[serde(default)]
    flags: u64,
}

pub(super) async fn check(settings: DiscordSettings, report: &mut Report) -> anyhow::Result<()> {
    let (Some(token), Some(api)) = (settings.token, settings.api) else { return Ok(()) };
    let token = token.expose().trim().trim_start_matches("Bot ").to_owned();
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client can be made")?;
    let url = format!("{}/api/v10/applications/@me", api.as_str().trim_end_matches('/'));
    let shown = shown_url(&api);
    let answer = match client.get(url).header("Authorization", format!("Bot {token}")).send().await {
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            let mend = "give the bot's token from the developer portal (Bot, Reset Token)";
            return report.fail("Discord token", "Discord refuses it", mend);
        }
        Ok(answer) if !answer.status().is_success() => {
            let told = format!("{shown} answers {}", answer.status());
            return report.warn("Discord token", told, "try again later, or correct DISCORD_API_URL");
        }
        Ok(answer) => answer,
        Err(_) => return report.warn("Discord token", format!("{shown} does not answer"), "is this machine online?"),
    };
    match answer.json().await {
        Ok(application) => judge(&application, report),
        Err(_) => {
            let told = format!("{shown} answers something else than Discord");
            report.warn("Discord token", told, "correct DISCORD_API_URL")
        }
    }
}

fn judge(application: &Application, report: &mut Report) -> anyhow::Result<()> {
    report.ok("Discord token", format!("that of {}", application.name))?;
    if application.flags & MESSAGE_CONTENT == 0 {
        let mend = "switch on MESSAGE CONTENT INTENT in the developer portal (Bot, Privileged Gateway Intents)";
        return report.fail("Discord messages", "the bot may not read what is written", mend);
    }
    report.ok("Discord messages", "the bot may read what is written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_that_may_not_read_messages_is_told() {
        for (flags, fails) in [(0, true), (1 << 18, false), (1 << 19, false), (1 << 12, true)] {
            let mut report = Report::new(true);
            judge(&Application { name: "pedro".to_owned(), flags }, &mut report).unwrap();
            assert_eq!(report.failed(), fails, "{flags}");
        }
    }
}

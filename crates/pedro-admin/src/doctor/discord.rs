//! The Discord token: whose it is, and whether the bot may read what is written.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use pedro_core::service::config::{ConfigProblems, DiscordApiArgs, DiscordApiSettings};
use pedro_core::service::secret::shown_url;
use reqwest::{Client, StatusCode};
use serde::Deserialize;

use super::report::Report;

/// How long Discord may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Flags of an application that may read the content of messages: in more than 75 servers, in fewer.
/// <https://docs.discord.com/developers/resources/application#application-object-application-flags>
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Discord")]
pub(crate) struct DiscordArgs {
    #[command(flatten)]
    api: DiscordApiArgs,
}

impl DiscordArgs {
    pub(super) fn resolve(self, problems: &mut ConfigProblems) -> DiscordApiSettings {
        self.api.resolve(problems)
    }
}

/// What Discord says of the bot's application.
#[derive(Debug, Deserialize)]
struct Application {
    name: String,
    #[serde(default)]
    flags: u64,
}

pub(super) async fn check(settings: DiscordApiSettings, report: &mut Report) -> anyhow::Result<()> {
    let DiscordApiSettings { token, api_url: api, .. } = settings;
    let Some(token) = token else { return Ok(()) };
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client can be made")?;
    let url = format!("{}/api/v10/applications/@me", api.as_str().trim_end_matches('/'));
    let shown = shown_url(&api);
    let answer = match client.get(url).header("Authorization", format!("Bot {}", token.expose())).send().await {
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

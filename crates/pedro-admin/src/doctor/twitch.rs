//! The Twitch token: whose it is, what it may do, how long it lasts.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use pedro_core::boot;
use pedro_core::service::Seal;
use pedro_core::service::config::{ConfigProblems, DatabaseSettings};
use pedro_core::service::secret::{Secret, shown_url};
use pedro_twitch::options::{SignInArgs, SignInSettings};
use pedro_twitch::token::{Shelf, Token};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use sqlx::PgPool;

use super::report::Report;

/// How long Twitch may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What reading and writing chat needs.
const SCOPES: [&str; 2] = ["chat:read", "chat:edit"];

/// Less is worth a word.
const SOON_DAYS: i64 = 7;

const MEND: &str = "make a new user token of the bot's account with the scopes chat:read and chat:edit";

const SIGN_IN: &str = "start the bot and do what its log says, or run `pedro login twitch`";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Twitch")]
pub(crate) struct TwitchArgs {
    #[command(flatten)]
    sign_in: SignInArgs,
}

impl TwitchArgs {
    pub(super) fn resolve(self, problems: &mut ConfigProblems) -> SignInSettings {
        self.sign_in.resolve(problems)
    }
}

/// The token that the bot keeps, unless one was given by hand. What is wrong with the database is told elsewhere.
pub(super) async fn stored(
    settings: &SignInSettings,
    database: Option<&DatabaseSettings>,
    key: Option<&Secret>,
) -> Option<Token> {
    let database = database.filter(|_| settings.token.is_none())?;
    let pool = PgPool::connect_lazy_with(boot::connect_options(database).ok()?);
    let shelf = Shelf { pool, seal: Seal::new(key), login: settings.bot_login.clone() };
    Some(shelf.load().await.ok()??.0)
}

/// What Twitch says of a valid token. <https://dev.twitch.tv/docs/authentication/validate-tokens/>
#[derive(Debug, Deserialize)]
struct Validated {
    client_id: String,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// Seconds; 0 for a token that does not end.
    #[serde(default)]
    expires_in: i64,
}

/// `stored` is the token that the bot keeps.
pub(super) async fn check(settings: SignInSettings, stored: Option<Token>, report: &mut Report) -> anyhow::Result<()> {
    let SignInSettings { token, application, oauth_url: oauth, .. } = settings;
    let is_renewed = stored.as_ref().is_some_and(|token| token.refresh.is_some());
    let Some(token) = token.or(stored.map(|token| token.access)) else {
        return match application {
            Some(_) => report.warn("Twitch token", "nobody has let Pedro into Twitch yet", SIGN_IN),
            None => Ok(()),
        };
    };
    let token = token.expose();
    let client = Client::builder().timeout(PATIENCE).build().context("no HTTP client can be made")?;
    let url = format!("{}/validate", oauth.as_str().trim_end_matches('/'));
    let answer = client.get(url).header("Authorization", format!("OAuth {token}")).send().await;
    let shown = shown_url(&oauth);
    let answer = match answer {
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED && is_renewed => {
            return report.warn(
                "Twitch token",
                "the stored one has ended; the bot exchanges it when it starts",
                SIGN_IN,
            );
        }
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            return report.fail("Twitch token", "Twitch refuses it: it is wrong, has ended, or was taken back", MEND);
        }
        Ok(answer) if !answer.status().is_success() => {
            let told = format!("{shown} answers {}", answer.status());
            return report.warn("Twitch token", told, "try again later, or correct TWITCH_OAUTH_URL");
        }
        Ok(answer) => answer,
        Err(_) => return report.warn("Twitch token", format!("{shown} does not answer"), "is this machine online?"),
    };
    match answer.json().await {
        Ok(validated) => {
            let client_id = application.map(|application| application.client_id);
            judge(&validated, client_id.as_deref(), is_renewed, report)
        }
        Err(_) => report.warn(
            "Twitch token",
            format!("{shown} answers something else than Twitch"),
            "correct TWITCH_OAUTH_URL",
        ),
    }
}

fn judge(token: &Validated, client_id: Option<&str>, is_renewed: bool, report: &mut Report) -> anyhow::Result<()> {
    let Some(login) = &token.login else {
        return report.fail("Twitch token", "it is an app token, which cannot read chat", MEND);
    };
    let days = token.expires_in / 86_400;
    let lasts = match token.expires_in {
        _ if is_renewed => "renewed by the bot".to_owned(),
        0 => "does not end".to_owned(),
        seconds if days == 0 => format!("ends in {} h", seconds / 3_600),
        _ => format!("ends in {days} days"),
    };
    let has = token.scopes.as_deref().unwrap_or_default();
    let missing: Vec<&str> = SCOPES.into_iter().filter(|scope| !has.iter().any(|has| has == scope)).collect();
    if !missing.is_empty() {
        report.fail("Twitch token", format!("{login}'s token lacks {}", missing.join(" and ")), MEND)?;
    } else if token.expires_in > 0 && days < SOON_DAYS && !is_renewed {
        report.warn("Twitch token", format!("{login}'s, {}, {lasts}", has.join(" ")), "make a new one in time")?;
    } else {
        report.ok("Twitch token", format!("{login}'s, {}, {lasts}", has.join(" ")))?;
    }
    match client_id {
        Some(id) if id != token.client_id => {
            let told = "the token was made by another application: Twitch's API will refuse it";
            report.fail(
                "Twitch client id",
                told,
                format!("set TWITCH_ID={}, or make the token with your application", token.client_id),
            )
        }
        Some(_) => report.ok("Twitch client id", "the token was made by this application"),
        None => report.warn(
            "Twitch client id",
            "TWITCH_ID is not set: title and live state are not known",
            format!("set TWITCH_ID={}", token.client_id),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(json: &str, client_id: Option<&str>) -> bool {
        let mut report = Report::new(true);
        judge(&serde_json::from_str(json).unwrap(), client_id, false, &mut report).unwrap();
        report.failed()
    }

    #[test]
    fn a_token_needs_an_account_both_scopes_and_the_right_application() {
        let good = r#"{"client_id":"abc","login":"pedro","scopes":["chat:edit","chat:read"],"expires_in":864000}"#;
        assert!(!failed(good, Some("abc")) && !failed(good, None));
        assert!(failed(good, Some("other")));
        assert!(failed(&good.replace(r#","chat:read""#, ""), Some("abc")));
        assert!(failed(r#"{"client_id":"abc","scopes":null,"expires_in":100}"#, Some("abc")));
        assert!(!failed(&good.replace("864000", "3600"), Some("abc")));
    }
}

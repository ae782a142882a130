//! What signing in needs to be told: by the bot, and by the operator's command.

use clap::Args;
use pedro_core::service::Secret;
use pedro_core::service::config::{ConfigProblems, text};
use url::Url;

use crate::oauth::Application;
use crate::token::hash_of_given;

const OAUTH: &str = "https://id.twitch.tv/oauth2";

/// How to sign in, as the operator names it.
#[derive(Debug, Clone, Default, Args)]
pub struct SignInArgs {
    /// Login of the bot's account
    #[arg(long, env = "TWITCH_BOT_LOGIN", value_name = "LOGIN")]
    pub twitch_bot_login: Option<String>,
    /// User access token of the bot's account, with or without `oauth:`. Unset: somebody signs in (needs TWITCH_ID)
    #[arg(long, env = "TWITCH_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub twitch_token: Option<Secret>,
    /// File that holds TWITCH_TOKEN
    #[arg(long, env = "TWITCH_TOKEN_FILE", value_name = "PATH")]
    pub twitch_token_file: Option<String>,
    /// What TWITCH_TOKEN is exchanged for a new one with
    #[arg(long, env = "TWITCH_REFRESH_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub twitch_refresh_token: Option<Secret>,
    /// File that holds TWITCH_REFRESH_TOKEN
    #[arg(long, env = "TWITCH_REFRESH_TOKEN_FILE", value_name = "PATH")]
    pub twitch_refresh_token_file: Option<String>,
    /// Client id of the Twitch application: for signing in, title and live state
    #[arg(long, env = "TWITCH_ID", value_name = "ID")]
    pub twitch_id: Option<String>,
    /// Client secret of the Twitch application, if Twitch calls it confidential
    #[arg(long, env = "TWITCH_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub twitch_secret: Option<Secret>,
    /// File that holds TWITCH_SECRET
    #[arg(long, env = "TWITCH_SECRET_FILE", value_name = "PATH")]
    pub twitch_secret_file: Option<String>,
    /// Base URL of Twitch's sign-in. Default: `https://id.twitch.tv/oauth2`
    #[arg(long, env = "TWITCH_OAUTH_URL", value_name = "URL")]
    pub twitch_oauth_url: Option<String>,
    /// Webhook of the Discord channel that is told when somebody must sign in
    #[arg(long, env = "TWITCH_SIGN_IN_WEBHOOK", value_name = "URL", hide_env_values = true)]
    pub twitch_sign_in_webhook: Option<Secret>,
    /// File that holds TWITCH_SIGN_IN_WEBHOOK
    #[arg(long, env = "TWITCH_SIGN_IN_WEBHOOK_FILE", value_name = "PATH")]
    pub twitch_sign_in_webhook_file: Option<String>,
}

/// How to sign in, checked.
#[derive(Debug, Clone)]
pub struct SignInSettings {
    /// Lower-case login of the bot.
    pub bot_login: String,
    /// Given by hand, without `oauth:`.
    pub token: Option<Secret>,
    /// Given by hand.
    pub refresh_token: Option<Secret>,
    /// `None`: nobody can be asked to sign in, and the API cannot be used.
    pub application: Option<Application>,
    /// Base URL.
    pub oauth_url: Url,
    /// Where Discord takes messages.
    pub webhook: Option<Secret>,
}

impl SignInArgs {
    /// Checks the values; what is wrong goes into `problems`.
    pub fn resolve(self, problems: &mut ConfigProblems) -> SignInSettings {
        let token = problems.secret("TWITCH_TOKEN", self.twitch_token.as_ref(), text(self.twitch_token_file.as_ref()));
        let token = token.map(|token| Secret::new(token.expose().trim_start_matches("oauth:")));
        let file = text(self.twitch_refresh_token_file.as_ref());
        let refresh_token = problems.secret("TWITCH_REFRESH_TOKEN", self.twitch_refresh_token.as_ref(), file);
        let secret =
            problems.secret("TWITCH_SECRET", self.twitch_secret.as_ref(), text(self.twitch_secret_file.as_ref()));
        let file = text(self.twitch_sign_in_webhook_file.as_ref());
        let webhook = problems.secret("TWITCH_SIGN_IN_WEBHOOK", self.twitch_sign_in_webhook.as_ref(), file);
        let is_url = |webhook: &Secret| Url::parse(webhook.expose()).is_ok_and(|url| is_web(&url, &["http", "https"]));
        if webhook.as_ref().is_some_and(|webhook| !is_url(webhook)) {
            let example = "https://discord.com/api/webhooks/123/abc";
            problems.add("TWITCH_SIGN_IN_WEBHOOK", "is no URL", "the URL of a Discord channel's webhook", example);
        }
        let client_id = problems.plain("TWITCH_ID", text(self.twitch_id.as_ref()));
        let oauth_url = text(self.twitch_oauth_url.as_ref()).unwrap_or(OAUTH);
        SignInSettings {
            token,
            refresh_token,
            bot_login: bot_login(text(self.twitch_bot_login.as_ref()), problems),
            application: client_id.map(|client_id| Application { client_id, client_secret: secret }),
            oauth_url: http_url("TWITCH_OAUTH_URL", oauth_url, OAUTH, problems),
            webhook,
        }
    }
}

impl SignInSettings {
    /// Tells the tokens in the configuration from those that stood there before, without keeping them. `None`: there are
    /// none.
    pub fn hash_of_given(&self) -> Option<Vec<u8>> {
        hash_of_given(self.token.as_ref(), self.refresh_token.as_ref())
    }
}

fn bot_login(value: Option<&str>, problems: &mut ConfigProblems) -> String {
    let login = value.unwrap_or("pedro_el_asistente").trim().to_lowercase();
    if !is_login(&login) {
        let wrong = format!("{login:?} is no login");
        problems.add("TWITCH_BOT_LOGIN", wrong, "the login of the bot's Twitch account", "pedro_el_asistente");
    }
    login
}

/// Whether a name can be an account's.
pub fn is_login(name: &str) -> bool {
    (1..=25).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A base URL over HTTP; what is wrong goes into `problems`.
pub fn http_url(name: &str, value: &str, example: &'static str, problems: &mut ConfigProblems) -> Url {
    web_url(name, value.trim_end_matches('/'), &["http", "https"], ("an http or https URL", example), problems)
}

/// A URL with one of these schemes; what is wrong goes into `problems`.
pub fn web_url(
    name: &str,
    value: &str,
    schemes: &[&str],
    (shape, example): (&'static str, &'static str),
    problems: &mut ConfigProblems,
) -> Url {
    Url::parse(value).ok().filter(|url| is_web(url, schemes)).unwrap_or_else(|| {
        problems.add(name, format!("{value:?} is no URL"), shape, example);
        #[expect(clippy::expect_used, reason = "a constant")]
        Url::parse("http://invalid").expect("a URL")
    })
}

fn is_web(url: &Url, schemes: &[&str]) -> bool {
    schemes.contains(&url.scheme()) && url.has_host()
}

//! Options of `pedro-twitch`: those of every bot, and Twitch's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, Parser};
use pedro_core::service::config::{BotArgs, BotTask, ConfigProblems, LogSettings, parse_duration, text};
use pedro_core::service::secret::Secret;
use url::Url;

use crate::transport::Address;

const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 6061);

/// Pedro in Twitch chat: remembers what is said and answers from it.
///
/// Every option can be given as an environment variable; an empty variable counts as unset.
#[derive(Debug, Parser)]
#[command(name = "pedro-twitch", version)]
pub(crate) struct Options {
    #[command(flatten)]
    twitch: TwitchArgs,
    #[command(flatten)]
    bot: BotArgs,
}

/// Twitch's own options.
#[derive(Debug, Args)]
struct TwitchArgs {
    /// Channels to sit in, separated by commas
    #[arg(long, env = "TWITCH_CHANNEL", value_name = "LOGINS")]
    twitch_channel: Option<String>,
    /// Login of the bot's account
    #[arg(long, env = "TWITCH_BOT_LOGIN", value_name = "LOGIN")]
    twitch_bot_login: Option<String>,
    /// User access token of the bot's account, with or without `oauth:`
    #[arg(long, env = "TWITCH_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    twitch_token: Option<Secret>,
    /// File that holds TWITCH_TOKEN
    #[arg(long, env = "TWITCH_TOKEN_FILE", value_name = "PATH")]
    twitch_token_file: Option<String>,
    /// Client id of the Twitch application; without it title and live state are not known
    #[arg(long, env = "TWITCH_ID", value_name = "ID")]
    twitch_id: Option<String>,
    /// Chat server: `ircs://` is encrypted, `irc://` is not
    #[arg(long, env = "TWITCH_IRC_URL", value_name = "URL", default_value = "ircs://irc.chat.twitch.tv:6697")]
    twitch_irc_url: String,
    /// Base URL of Twitch's API
    #[arg(long, env = "TWITCH_HELIX_URL", value_name = "URL", default_value = "https://api.twitch.tv/helix")]
    twitch_helix_url: String,
    /// How often title and live state are asked for
    #[arg(long, env = "TWITCH_POLL_INTERVAL", value_name = "TIME", default_value = "30s")]
    twitch_poll_interval: String,
}

/// Twitch's own settings.
#[derive(Debug)]
pub(crate) struct TwitchSettings {
    /// Lower-case logins, at least one.
    pub(crate) channels: Vec<String>,
    /// Lower-case login of the bot.
    pub(crate) bot_login: String,
    /// Without `oauth:`.
    pub(crate) token: Secret,
    /// What the API needs; `None` without a client id.
    pub(crate) client_id: Option<String>,
    pub(crate) irc: Address,
    pub(crate) helix_url: Url,
    pub(crate) poll_interval: Duration,
}

impl Options {
    /// Checks everything at once: all wrong values are named together.
    pub(crate) fn resolve(self) -> (LogSettings, Result<BotTask<TwitchSettings>, ConfigProblems>) {
        let Self { twitch, bot } = self;
        bot.resolve(LISTEN, |problems| twitch.resolve(problems))
    }
}

impl TwitchArgs {
    fn resolve(self, problems: &mut ConfigProblems) -> TwitchSettings {
        let token = problems.required_secret(
            "TWITCH_TOKEN",
            self.twitch_token.as_ref(),
            self.twitch_token_file.as_deref(),
            ("a user access token with the scopes chat:read and chat:edit", "oauth:0123456789abcdefghijklmnopqrst"),
        );
        TwitchSettings {
            channels: channels(text(self.twitch_channel.as_ref()), problems),
            bot_login: bot_login(text(self.twitch_bot_login.as_ref()), problems),
            token: Secret::new(token.expose().trim_start_matches("oauth:")),
            client_id: text(self.twitch_id.as_ref()).map(str::to_owned),
            irc: irc_address(&self.twitch_irc_url, problems),
            helix_url: url(&self.twitch_helix_url, problems),
            poll_interval: poll_interval(&self.twitch_poll_interval, problems),
        }
    }
}

fn channels(value: Option<&str>, problems: &mut ConfigProblems) -> Vec<String> {
    let names: Vec<String> = value
        .unwrap_or_default()
        .split(',')
        .map(|name| name.trim().trim_start_matches('#').to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let wrong = match names.iter().find(|name| !is_login(name)) {
        Some(name) => Some(format!("{name:?} is no login")),
        None if names.is_empty() => Some("is not set".to_owned()),
        None => None,
    };
    if let Some(wrong) = wrong {
        problems.add(
            "TWITCH_CHANNEL",
            wrong,
            "logins of Twitch channels, separated by commas",
            "soypetetech,anotherchannel",
        );
    }
    names
}

fn bot_login(value: Option<&str>, problems: &mut ConfigProblems) -> String {
    let login = value.unwrap_or("pedro_el_asistente").trim().to_lowercase();
    if !is_login(&login) {
        let wrong = format!("{login:?} is no login");
        problems.add("TWITCH_BOT_LOGIN", wrong, "the login of the bot's Twitch account", "pedro_el_asistente");
    }
    login
}

fn is_login(name: &str) -> bool {
    (1..=25).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn irc_address(value: &str, problems: &mut ConfigProblems) -> Address {
    let parsed = Url::parse(value).ok().and_then(|url| {
        let tls = match url.scheme() {
            "ircs" => true,
            "irc" => false,
            _ => return None,
        };
        let port = url.port().unwrap_or(if tls { 6697 } else { 6667 });
        Some(Address { host: url.host_str()?.trim_matches(['[', ']']).to_owned(), port, tls })
    });
    parsed.unwrap_or_else(|| {
        problems.add(
            "TWITCH_IRC_URL",
            format!("{value:?} is no address of a chat server"),
            "irc:// or ircs:// with host and port",
            "ircs://irc.chat.twitch.tv:6697",
        );
        Address { host: String::new(), port: 0, tls: false }
    })
}

fn url(value: &str, problems: &mut ConfigProblems) -> Url {
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    Url::parse(value.trim_end_matches('/')).ok().filter(usable).unwrap_or_else(|| {
        problems.add(
            "TWITCH_HELIX_URL",
            format!("{value:?} is no URL"),
            "an http or https URL",
            "https://api.twitch.tv/helix",
        );
        #[expect(clippy::expect_used, reason = "a constant")]
        Url::parse("http://invalid").expect("a URL")
    })
}

fn poll_interval(value: &str, problems: &mut ConfigProblems) -> Duration {
    match parse_duration(value) {
        Ok(interval) if interval >= Duration::from_secs(1) => return interval,
        Ok(_) => problems.add("TWITCH_POLL_INTERVAL", "is shorter than a second", "a length of time", "30s"),
        Err(wrong) => problems.add("TWITCH_POLL_INTERVAL", wrong, "a length of time", "30s"),
    }
    Duration::from_secs(30)
}

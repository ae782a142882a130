//! Options of `pedro-twitch`: those of every bot, and Twitch's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, Parser};
use pedro_core::service::config::{BotArgs, BotTask, ConfigProblems, LogSettings, parse_duration, text};
use pedro_twitch::options::{SignInArgs, SignInSettings, http_url, is_login, web_url};
use url::Url;

use crate::transport::Address;

const HELIX: &str = "https://api.twitch.tv/helix";

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
    sign_in: SignInArgs,
    #[command(flatten)]
    bot: BotArgs,
}

/// Twitch's own options.
#[derive(Debug, Clone, Args)]
struct TwitchArgs {
    /// Channels to sit in, separated by commas
    #[arg(long, env = "TWITCH_CHANNEL", value_name = "LOGINS")]
    twitch_channel: Option<String>,
    /// Chat server: `ircs://` is encrypted, `irc://` is not
    #[arg(long, env = "TWITCH_IRC_URL", value_name = "URL", default_value = "ircs://irc.chat.twitch.tv:6697")]
    twitch_irc_url: String,
    /// Base URL of Twitch's API
    #[arg(long, env = "TWITCH_HELIX_URL", value_name = "URL", default_value = "https://api.twitch.tv/helix")]
    twitch_helix_url: String,
    /// Where Twitch tells of changed titles as they happen (EventSub over websocket)
    #[arg(long, env = "TWITCH_EVENTSUB_URL", value_name = "URL", default_value = "wss://eventsub.wss.twitch.tv/ws")]
    twitch_eventsub_url: String,
    /// How messages are sent: `irc`, or `helix`, with the bot badge (needs TWITCH_ID and TWITCH_SECRET)
    #[arg(long, env = "TWITCH_SEND", value_name = "WAY", default_value = "irc")]
    twitch_send: String,
    /// How often title and live state are asked for
    #[arg(long, env = "TWITCH_POLL_INTERVAL", value_name = "TIME", default_value = "30s")]
    twitch_poll_interval: String,
}

/// Twitch's own settings.
#[derive(Debug)]
pub(crate) struct TwitchSettings {
    /// Lower-case logins, at least one.
    pub(crate) channels: Vec<String>,
    pub(crate) sign_in: SignInSettings,
    pub(crate) irc: Address,
    pub(crate) helix_url: Url,
    pub(crate) eventsub_url: Url,
    pub(crate) poll_interval: Duration,
    /// Messages are sent through the API, with the application's own token.
    pub(crate) sends_by_api: bool,
}

impl Options {
    /// How the log is written.
    pub(crate) fn log(&self) -> LogSettings {
        self.bot.log()
    }

    /// Checks everything at once: all wrong values are named together.
    pub(crate) async fn resolve(self) -> Result<BotTask<TwitchSettings>, ConfigProblems> {
        let Self { twitch, sign_in, bot } = self;
        bot.resolve(LISTEN, |problems| twitch.clone().resolve(sign_in.clone(), problems)).await
    }
}

impl TwitchArgs {
    fn resolve(self, sign_in: SignInArgs, problems: &mut ConfigProblems) -> TwitchSettings {
        let sign_in = sign_in.resolve(problems);
        if sign_in.token.is_none() && sign_in.refresh_token.is_none() && sign_in.application.is_none() {
            let shape = "a user access token with the scopes chat:read and chat:edit, or TWITCH_ID to sign in with";
            problems.add("TWITCH_TOKEN", "is not set", shape, "oauth:0123456789abcdefghijklmnopqrst");
        }
        let sends_by_api = sends_by_api(&self.twitch_send, &sign_in, problems);
        TwitchSettings {
            channels: channels(text(self.twitch_channel.as_ref()), problems),
            sign_in,
            irc: irc_address(&self.twitch_irc_url, problems),
            helix_url: http_url("TWITCH_HELIX_URL", &self.twitch_helix_url, HELIX, problems),
            eventsub_url: web_url(
                "TWITCH_EVENTSUB_URL",
                &self.twitch_eventsub_url,
                &["ws", "wss"],
                ("a ws or wss URL", "wss://eventsub.wss.twitch.tv/ws"),
                problems,
            ),
            poll_interval: poll_interval(&self.twitch_poll_interval, problems),
            sends_by_api,
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

fn sends_by_api(way: &str, sign_in: &SignInSettings, problems: &mut ConfigProblems) -> bool {
    let has_secret = sign_in.application.as_ref().is_some_and(|application| application.client_secret.is_some());
    let wrong = match way.trim() {
        "irc" | "" => return false,
        "helix" if has_secret => return true,
        "helix" => "is helix, which needs TWITCH_ID and TWITCH_SECRET".to_owned(),
        other => format!("{other:?} is no way to send"),
    };
    problems.add("TWITCH_SEND", wrong, "irc, or helix with the application's id and secret", "irc");
    false
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

fn poll_interval(value: &str, problems: &mut ConfigProblems) -> Duration {
    match parse_duration(value) {
        Ok(interval) if interval >= Duration::from_secs(1) => return interval,
        Ok(_) => problems.add("TWITCH_POLL_INTERVAL", "is shorter than a second", "a length of time", "30s"),
        Err(wrong) => problems.add("TWITCH_POLL_INTERVAL", wrong, "a length of time", "30s"),
    }
    Duration::from_secs(30)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_secret_may_be_in_a_file() {
        let nothing: [String; 0] = [];
        assert_eq!(pedro_core::testing::secrets_without_file(&Options::command()), nothing);
    }
}

//! The bot's own pages, and its log.

use std::net::SocketAddr;

use clap::Args;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::problems::ConfigProblems;
use super::values::{parse_base_url, shown, text};
use crate::service::secret::Secret;

/// Libraries that log every passing failure, or whole chat lines, are kept short.
const FILTER: &str =
    "info,sqlx::postgres::notice=warn,sqlx_core::pool=off,twitch_irc=off,async_openai=off,langchain_rust=error";

/// The pages the bot serves, as the operator names them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Pages")]
pub struct PageArgs {
    /// Address the bot's pages are served on. Default: 0.0.0.0:6060 (Discord bot), 0.0.0.0:6061 (Twitch bot)
    #[arg(long, env = "PEDRO_LISTEN")]
    pub pedro_listen: Option<String>,
    /// URL under which people reach these pages, for links to workflows. Unset: no links
    #[arg(long, env = "PEDRO_PUBLIC_URL")]
    pub pedro_public_url: Option<String>,
    /// Token that callers of the HTTP API present. Unset: no HTTP API
    #[arg(long, env = "PEDRO_API_TOKEN", hide_env_values = true)]
    pub pedro_api_token: Option<Secret>,
    /// File that holds PEDRO_API_TOKEN
    #[arg(long, env = "PEDRO_API_TOKEN_FILE")]
    pub pedro_api_token_file: Option<String>,
}

/// The pages the bot serves, checked.
#[derive(Debug, Clone)]
pub struct PageSettings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// URL under which people reach the pages, ending in a slash.
    pub public_url: Option<Url>,
    /// Token of the HTTP API.
    pub api_token: Option<Secret>,
}

impl PageArgs {
    /// Checks the values; what is wrong goes into `problems`. Each binary has a port of its own.
    pub fn resolve(self, default_listen: SocketAddr, problems: &mut ConfigProblems) -> PageSettings {
        let listen = self.listen(default_listen, problems);
        let public_url = text(self.pedro_public_url.as_ref()).map(parse_base_url).transpose();
        let shape = ("the http:// or https:// URL that people open", "https://pedro.example.org");
        let public_url = problems.take("PEDRO_PUBLIC_URL", public_url, shape, None);

        let token_file = text(self.pedro_api_token_file.as_ref());
        let api_token = problems.secret("PEDRO_API_TOKEN", self.pedro_api_token.as_ref(), token_file);
        PageSettings { listen, public_url, api_token }
    }

    /// The address alone.
    pub(super) fn listen(&self, default: SocketAddr, problems: &mut ConfigProblems) -> SocketAddr {
        let listen = text(self.pedro_listen.as_ref()).map_or(Ok(default), |value| {
            value.parse().map_err(|_| format!("{} is no address with a port", shown(value)))
        });
        let shape = ("IP address, colon, port (0.0.0.0: reachable from outside)", "127.0.0.1:6061");
        problems.take("PEDRO_LISTEN", listen, shape, default)
    }
}

/// The log, as the operator wants it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// What is logged: a level, or levels per module. What people say is logged at debug only. Default: info
    #[arg(long, env = "PEDRO_LOG")]
    pub pedro_log: Option<String>,
    /// How it is written: text or json. Default: text
    #[arg(long, env = "PEDRO_LOG_FORMAT")]
    pub pedro_log_format: Option<String>,
}

/// The log, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A filter as `tracing-subscriber` reads it.
    pub filter: String,
    /// How it is written.
    pub format: LogFormat,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for Loki.
    Json,
}

impl LogArgs {
    /// Checks the values; what is wrong goes into `problems`. The settings can be used even then: logging starts first,
    /// so that warnings of the other groups are seen.
    pub fn resolve(self, problems: &mut ConfigProblems) -> LogSettings {
        let filter = text(self.pedro_log.as_ref()).map_or(Ok(FILTER.to_owned()), |filter| {
            let is_right = EnvFilter::try_new(filter).is_ok();
            is_right.then(|| filter.to_owned()).ok_or_else(|| format!("{} is no filter", shown(filter)))
        });
        let shape = ("off, error, warn, info, debug or trace, also per module", "info,pedro_core=debug");
        let filter = problems.take("PEDRO_LOG", filter, shape, FILTER.to_owned());

        let format = match text(self.pedro_log_format.as_ref()) {
            None | Some("text") => Ok(LogFormat::Text),
            Some("json") => Ok(LogFormat::Json),
            Some(other) => Err(format!("{} is no format", shown(other))),
        };
        let format = problems.take("PEDRO_LOG_FORMAT", format, ("text or json", "json"), LogFormat::Text);
        LogSettings { filter, format }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn each_binary_has_its_own_address_and_the_operator_has_the_last_word() {
        let default: SocketAddr = "0.0.0.0:6061".parse().unwrap();
        for (value, expected) in
            [(None, "0.0.0.0:6061"), (some(""), "0.0.0.0:6061"), (some("[::1]:7000"), "[::1]:7000")]
        {
            let mut problems = ConfigProblems::default();
            let settings = PageArgs { pedro_listen: value, ..Default::default() }.resolve(default, &mut problems);
            assert_eq!(settings.listen.to_string(), expected);
            assert!(problems.found().is_empty());
        }
    }

    #[test]
    fn a_public_url_keeps_its_path() {
        let mut problems = ConfigProblems::default();
        let args = PageArgs { pedro_public_url: some("https://example.org/pedro"), ..Default::default() };
        let settings = args.resolve("127.0.0.1:0".parse().unwrap(), &mut problems);
        let workflow = settings.public_url.unwrap().join("workflows/1").unwrap();
        assert_eq!(workflow.as_str(), "https://example.org/pedro/workflows/1");
    }

    #[test]
    fn a_wrong_log_setting_is_told_and_logging_starts_all_the_same() {
        let mut problems = ConfigProblems::default();
        let args = LogArgs { pedro_log: some("pedro=loud"), pedro_log_format: some("xml") };
        let settings = args.resolve(&mut problems);
        assert_eq!(settings, LogSettings { filter: FILTER.to_owned(), format: LogFormat::Text });
        assert_eq!(problems.found().len(), 2);
    }
}

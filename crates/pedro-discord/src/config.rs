//! Options of `pedro-discord`: those of every bot, and Discord's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

use clap::{Args, Parser};
use pedro_core::service::config::{
    BotArgs, BotTask, ConfigProblems, DiscordApiArgs, DiscordApiSettings, LogSettings, text,
};
use pedro_core::service::secret::Secret;
use url::Url;

const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 6060);

/// Pedro on Discord: remembers what is said and answers from it.
///
/// Every option can be given as an environment variable; an empty variable counts as unset.
#[derive(Debug, Parser)]
#[command(name = "pedro-discord", version)]
pub(crate) struct Options {
    #[command(flatten)]
    discord: DiscordArgs,
    #[command(flatten)]
    bot: BotArgs,
}

/// Discord's own options.
#[derive(Debug, Clone, Args)]
struct DiscordArgs {
    #[command(flatten)]
    api: DiscordApiArgs,
    /// Gateway; unset: the one that the REST API names
    #[arg(long, env = "DISCORD_GATEWAY_URL", value_name = "URL")]
    discord_gateway_url: Option<String>,
    /// Shards that this process runs, for example 0-3/8: the first four of eight. Unset: all that Discord recommends
    #[arg(long, env = "DISCORD_SHARDS", value_name = "RANGE")]
    discord_shards: Option<String>,
    /// Messages fetched of a channel that was never heard before
    #[arg(long, env = "DISCORD_BACKFILL", value_name = "COUNT", default_value = "500")]
    discord_backfill: String,
}

/// Discord's own settings.
#[derive(Debug)]
pub(crate) struct DiscordSettings {
    /// Without `Bot `.
    pub(crate) token: Secret,
    /// Without `/api/v10`.
    pub(crate) api_url: Url,
    /// `None`: as the REST API says.
    pub(crate) gateway_url: Option<Url>,
    /// `None`: all that are recommended.
    pub(crate) shards: Option<Shards>,
    /// Messages fetched of a channel that was never heard before.
    pub(crate) backfill: usize,
}

/// Some of all shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shards {
    pub(crate) numbers: RangeInclusive<u32>,
    pub(crate) total: u32,
}

impl Options {
    /// How the log is written.
    pub(crate) fn log(&self) -> LogSettings {
        self.bot.log()
    }

    /// Checks everything at once: all wrong values are named together.
    pub(crate) async fn resolve(self) -> Result<BotTask<DiscordSettings>, ConfigProblems> {
        let Self { discord, bot } = self;
        bot.resolve(LISTEN, |problems| discord.clone().resolve(problems)).await
    }
}

impl DiscordArgs {
    fn resolve(self, problems: &mut ConfigProblems) -> DiscordSettings {
        let DiscordApiSettings { token, token_name, api_url } = self.api.resolve(problems);
        let token = token.unwrap_or_else(|| {
            let shape = "the bot's token from Discord's developer portal";
            problems.add(token_name, "is not set", shape, "MTIzNDU2Nzg5.example.example");
            Secret::new("")
        });
        let gateway = text(self.discord_gateway_url.as_ref());
        DiscordSettings {
            token,
            api_url,
            gateway_url: gateway.and_then(|value| gateway_url(value, problems)),
            shards: text(self.discord_shards.as_ref()).and_then(|value| shards(value, problems)),
            backfill: self.discord_backfill.trim().parse().unwrap_or_else(|_| {
                problems.add("DISCORD_BACKFILL", "is no count", "a number of messages", "500");
                0
            }),
        }
    }
}

fn gateway_url(value: &str, problems: &mut ConfigProblems) -> Option<Url> {
    let usable = |url: &Url| matches!(url.scheme(), "ws" | "wss") && url.has_host();
    let url = Url::parse(value.trim_end_matches('/')).ok().filter(usable);
    if url.is_none() {
        let wrong = format!("{value:?} is no address of a gateway");
        problems.add("DISCORD_GATEWAY_URL", wrong, "a ws or wss URL", "wss://gateway.discord.gg");
    }
    url
}

/// `0-3/8`, or `2/8` for a single one.
fn shards(value: &str, problems: &mut ConfigProblems) -> Option<Shards> {
    let parsed = value.split_once('/').and_then(|(numbers, total)| {
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (first, last, total) = (first.trim().parse().ok()?, last.trim().parse().ok()?, total.trim().parse().ok()?);
        (first <= last && last < total).then_some(Shards { numbers: first..=last, total })
    });
    if parsed.is_none() {
        let wrong = format!("{value:?} is no range of shards");
        problems.add("DISCORD_SHARDS", wrong, "first-last/total, counted from 0", "0-3/8");
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_may_be_in_a_file() {
        use clap::CommandFactory;
        let nothing: [String; 0] = [];
        assert_eq!(pedro_core::testing::secrets_without_file(&Options::command()), nothing);
    }

    #[test]
    fn a_range_of_shards_is_read_and_a_wrong_one_is_told() {
        let mut problems = ConfigProblems::default();
        assert_eq!(shards("0-3/8", &mut problems), Some(Shards { numbers: 0..=3, total: 8 }));
        assert_eq!(shards("2/8", &mut problems), Some(Shards { numbers: 2..=2, total: 8 }));
        for wrong in ["8/8", "3-1/8", "0-3", "a-b/c", ""] {
            assert_eq!(shards(wrong, &mut problems), None, "{wrong}");
        }
        assert_eq!(problems.found().len(), 5);
    }
}

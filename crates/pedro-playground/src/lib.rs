//! The playground: a local stand-in for the platforms Pedro lives on, to try it and test it without accounts or tokens.
//!
//! It stands in for Twitch (a chat server that speaks IRC as Twitch does, and the parts of Helix and OAuth that a chat bot
//! needs), for Discord (the gateway and REST) and for those who search the web (SearXNG, DuckDuckGo, Brave, Wikipedia),
//! and has a page to chat in as several people. It knows nothing of Pedro; any bot can connect.
//!
//! Tests start one each, on free ports, and drive it with the verbs of [`Twitch`], [`Discord`] and [`Search`]:
//!
//! ```
//! # use pedro_playground::search::{Page, Provider};
//! # use pedro_playground::{Playground, Settings};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> anyhow::Result<()> {
//! let playground = Playground::start(Settings::default()).await?;
//! let twitch = playground.twitch();
//! twitch.add_channel("pedrotown");
//! // ... start a bot against playground.irc_url() and playground.http_url(), wait for twitch.joined(..) ...
//! twitch.say("pedrotown", "alice", "hello!");
//! assert_eq!(twitch.lines("pedrotown")[0].text, "hello!");
//!
//! let discord = playground.discord();
//! let general = discord.add_channel(discord.add_guild("Pedro Town"), "general");
//! // ... start a bot against playground.gateway_url() and playground.http_url(), wait for discord.ready(..) ...
//! discord.say(general, "alice", "hello!");
//! assert_eq!(discord.messages(general)[0].content, "hello!");
//!
//! let search = playground.search();
//! search.set_pages([Page::new("Keyboards", "https://keys.example/", "Clicky ones are loud.")]);
//! search.fail_next(Provider::Searxng, 2);
//! // ... give the bot playground.http_url() + "/searx", and have it ask something ...
//! assert_eq!(search.requests_to(Provider::Searxng).len(), 0);
//! playground.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod discord;
mod hash;
mod page;
mod playground;
pub mod search;
mod socket;
mod twitch;
mod web;

pub use discord::Discord;
pub use page::Overlay;
pub use playground::{Playground, Settings};
pub use search::Search;
pub use twitch::{ChatLine, Line, Twitch, UserId};

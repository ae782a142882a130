//! The playground: a local stand-in for the platforms Pedro lives on, to try it and test it without accounts or tokens.
//!
//! So far it stands in for Twitch: a chat server that speaks IRC as Twitch does, the parts of Helix and OAuth that a chat
//! bot needs, and a page to chat in as several people. It knows nothing of Pedro; any Twitch bot can connect.
//!
//! Tests start one each, on free ports, and drive it with the verbs of [`Twitch`]:
//!
//! ```
//! # use pedro_playground::{Playground, Settings};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> anyhow::Result<()> {
//! let playground = Playground::start(Settings::default()).await?;
//! let twitch = playground.twitch();
//! twitch.add_channel("pedrotown");
//! // ... start a bot against playground.irc_url() and playground.http_url(), wait for twitch.joined(..) ...
//! twitch.say("pedrotown", "alice", "hello!");
//! assert_eq!(twitch.lines("pedrotown")[0].text, "hello!");
//! playground.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod page;
mod playground;
mod twitch;

pub use playground::{Playground, Settings};
pub use twitch::{ChatLine, Line, Twitch, UserId};

//! A playground with a Twitch channel and a Discord guild, and people in both.

use anyhow::Result;
use pedro_playground::discord::{Discord, Snowflake, Whom, permission};
use pedro_playground::{Playground, Settings, Twitch};

use crate::browser::Person;

pub(crate) const CHANNEL: &str = "pedrotown";
pub(crate) const WIDE: (u32, u32) = (1600, 900);
pub(crate) const NARROW: (u32, u32) = (420, 800);

pub(crate) struct Town {
    pub(crate) playground: Playground,
    pub(crate) twitch: Twitch,
    pub(crate) discord: Discord,
    pub(crate) general: Snowflake,
    /// Only moderators see it.
    pub(crate) mods: Snowflake,
}

impl Town {
    pub(crate) async fn new() -> Result<Self> {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Result<Self> {
        let playground = Playground::start(settings).await?;
        let (twitch, discord) = (playground.twitch().clone(), playground.discord().clone());
        twitch.add_channel(CHANNEL);
        twitch.make_moderator(CHANNEL, "modmia");
        let guild = discord.add_guild("Pedro Town");
        let general = discord.add_channel(guild, "general");
        for person in ["alice", "bob", "carol"] {
            discord.add_member(guild, person, &[]);
        }
        let moderators = discord.add_role(guild, "Moderators", permission::MANAGE_GUILD);
        discord.add_member(guild, "modmia", &[moderators]);
        let mods = discord.add_channel(guild, "mods");
        discord.deny(mods, &Whom::Everyone, permission::VIEW_CHANNEL);
        discord.allow(mods, &Whom::Role(moderators), permission::VIEW_CHANNEL);
        Ok(Self { playground, twitch, discord, general, mods })
    }

    /// Somebody opens the page. They are alice, until they choose to be somebody else.
    pub(crate) async fn visitor(&self, (width, height): (u32, u32)) -> Result<Person> {
        Person::at(&self.playground.http_url(), width, height).await
    }
}

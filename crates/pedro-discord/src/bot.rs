//! What every part of the adapter shares.

use std::sync::Arc;
use std::time::Duration;

use pedro_core::pedro::Pedro;
use pedro_core::places::Place;
use pedro_core::service::Shutdown;
use pedro_core::service::config::{Community, CommunityFile};
use pedro_core::store::channel::Audience;
use twilight_model::channel::{Channel, ChannelType};
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, ChannelMarker, UserMarker};

use crate::call::Call;
use crate::directory::{self, Directory, Known, key};
use crate::note::Recorder;
use crate::rest::{Rest, Trouble};
use crate::state::State;

/// How long it holds that somebody is a member of a guild: Discord does not tell when they leave it.
const MEMBERSHIP_HOLDS: Duration = Duration::from_secs(10 * 60);

/// How long Discord is asked for that: others wait for their messages to be written down.
const ASK_WITHIN: Duration = Duration::from_secs(5);

/// Who Pedro is on Discord.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub(crate) user_id: Id<UserMarker>,
    pub(crate) application_id: Id<ApplicationMarker>,
    /// Lower-case user name.
    pub(crate) login: String,
}

/// The adapter.
pub(crate) struct Bot {
    pub(crate) pedro: Arc<Pedro>,
    pub(crate) rest: Arc<Rest>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) recorder: Recorder,
    pub(crate) communities: Arc<CommunityFile>,
    pub(crate) state: Arc<State>,
    pub(crate) me: Me,
    pub(crate) shutdown: Shutdown,
}

impl Bot {
    /// The place of a channel, opened if need be.
    pub(crate) async fn place(self: &Arc<Self>, channel: Id<ChannelMarker>) -> Option<Arc<Place>> {
        if let Some(place) = self.pedro.places.get(&key(channel)) {
            return Some(place);
        }
        let known = self.channel(channel).await?;
        self.open(&known).await
    }

    /// The place of a direct message with somebody.
    pub(crate) async fn direct_place(&self, channel: Id<ChannelMarker>, with: Id<UserMarker>) -> Option<Arc<Place>> {
        let known = self.direct(channel, with).await;
        self.open(&known).await
    }

    /// The place in which somebody gave a command. Commands work where Pedro itself can see nothing, in a private thread
    /// that it is not in: what is said there stays there.
    pub(crate) async fn place_of(self: &Arc<Self>, call: &Call) -> Option<Arc<Place>> {
        let interaction = &call.interaction;
        if let (None, Some(with)) = (interaction.guild_id, interaction.author_id()) {
            return self.direct_place(call.channel, with).await;
        }
        if let Some(place) = self.pedro.places.get(&key(call.channel)) {
            return Some(place);
        }
        let known = match self.look_up(call.channel).await {
            Ok(known) => known?,
            Err(Trouble::Refused { .. }) => {
                let shown = interaction.channel.as_ref()?;
                let channel = Channel { guild_id: interaction.guild_id, ..shown.clone() };
                Known { audience: Audience::Members, ..self.directory.known(&channel, &self.communities)? }
            }
            Err(_) => return None,
        };
        self.open(&known).await
    }

    async fn open(&self, known: &Known) -> Option<Arc<Place>> {
        match self.pedro.places.open(&known.community, &known.seen()).await {
            Ok(place) => Some(place),
            Err(error) => {
                tracing::warn!(%error, "a channel could not be noted");
                None
            }
        }
    }

    /// A channel, asked for where the gateway told nothing of it: an archived thread, a direct message.
    pub(crate) async fn channel(self: &Arc<Self>, id: Id<ChannelMarker>) -> Option<Known> {
        self.look_up(id).await.ok()?
    }

    async fn look_up(self: &Arc<Self>, id: Id<ChannelMarker>) -> Result<Option<Known>, Trouble> {
        if let Some(known) = self.directory.channel(id, &self.communities) {
            return Ok(Some(known));
        }
        let channel = self.rest.channel(|| self.rest.http.channel(id)).await?;
        Ok(match (channel.kind, channel.recipients.as_deref()) {
            (ChannelType::Private, Some([with, ..])) => Some(self.direct(id, with.id).await),
            _ => self.directory.known(&channel, &self.communities),
        })
    }

    /// A direct message with somebody. It sees the memory of a community that they belong to; who belongs to none, or has
    /// left, is alone with Pedro.
    pub(crate) async fn direct(&self, id: Id<ChannelMarker>, with: Id<UserMarker>) -> Known {
        let noted = self.directory.direct_known(id);
        if let Some((known, age)) = &noted
            && *age < MEMBERSHIP_HOLDS
        {
            return known.clone();
        }
        match self.community_of(with).await {
            Ok(Some(community)) => self.directory.note_direct(id, community),
            Ok(None) => self.directory.note_direct(id, self.alone(id)),
            // Discord does not tell now: it is asked again next time.
            Err(error) => {
                tracing::debug!(%error, "to which community somebody belongs is not known now");
                noted.map_or_else(|| directory::direct(id, self.alone(id)), |(known, _)| known)
            }
        }
    }

    /// The community of a guild that somebody is a member of.
    async fn community_of(&self, person: Id<UserMarker>) -> Result<Option<Community>, Trouble> {
        for guild in self.directory.guilds() {
            match self.rest.call_within(ASK_WITHIN, || self.rest.http.guild_member(guild, person)).await {
                Ok(_) => return Ok(Some(self.communities.community_of_discord(guild.get()))),
                Err(Trouble::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A community of one.
    fn alone(&self, direct: Id<ChannelMarker>) -> Community {
        let zone = self.communities.iter().next().map_or(chrono_tz::Tz::UTC, |community| community.time_zone);
        Community::new(format!("direct message {direct}"), zone)
    }
}

//! Guilds, channels and roles as Discord shows them: who can read what, who may do what.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pedro_core::chat::{ChannelKey, Platform, Role};
use pedro_core::service::config::{Community, CommunityFile};
use pedro_core::store::channel::{Audience, Seen};
use sha2::{Digest, Sha256};
use twilight_cache_inmemory::{DefaultInMemoryCache, ResourceType};
use twilight_gateway::Event;
use twilight_model::channel::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::channel::{Channel, ChannelType};
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, GuildMarker, RoleMarker, UserMarker};
use twilight_util::permission_calculator::PermissionCalculator;

/// What everybody must be able to do in a channel for what is said there to be everybody's: past messages too.
const READ: Permissions = Permissions::VIEW_CHANNEL.union(Permissions::READ_MESSAGE_HISTORY);

/// Who commands Pedro: whoever may change the server.
const COMMAND: Permissions = Permissions::MANAGE_GUILD;

/// What a thread is called in memory that Pedro opened.
const OWN_THREAD: &str = "thread";

/// The key of a channel.
pub(crate) fn key(id: Id<ChannelMarker>) -> ChannelKey {
    ChannelKey { platform: Platform::Discord, platform_channel_id: id.to_string() }
}

/// A channel as Pedro needs to know it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: Id<ChannelMarker>,
    pub(crate) name: String,
    pub(crate) audience: Audience,
    pub(crate) own_thread: bool,
    /// The channel that it is a thread of.
    pub(crate) parent: Option<Id<ChannelMarker>>,
    pub(crate) community: Community,
}

impl Known {
    /// A thread that Pedro opened. It is called like its question, which is its asker's to have forgotten.
    pub(crate) fn into_own_thread(self) -> Self {
        Self { name: OWN_THREAD.to_owned(), own_thread: true, ..self }
    }

    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen {
            key: key(self.id),
            name: &self.name,
            audience: self.audience.clone(),
            own_thread: self.own_thread,
            parent: self.parent.map(|parent| parent.to_string()),
        }
    }
}

/// Everything that the gateway told of guilds.
pub(crate) struct Directory {
    own_id: Id<UserMarker>,
    cache: DefaultInMemoryCache,
    /// Direct messages: whose memory answers there, and when that was found out. Held for look-ups only, never over an
    /// await.
    direct: Mutex<HashMap<Id<ChannelMarker>, (Community, Instant)>>,
    /// The guilds that Pedro is in, those too that Discord told nothing of yet. Held as above.
    guilds: Mutex<BTreeSet<Id<GuildMarker>>>,
}

impl Directory {
    pub(crate) fn new(own_id: Id<UserMarker>) -> Self {
        let wanted = ResourceType::GUILD | ResourceType::CHANNEL | ResourceType::ROLE;
        let cache = DefaultInMemoryCache::builder().resource_types(wanted).build();
        Self { own_id, cache, direct: Mutex::default(), guilds: Mutex::default() }
    }

    /// What an event says of guilds.
    pub(crate) fn note(&self, event: &Event) {
        self.cache.update(event);
        let mut guilds = self.guilds.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Ready(ready) => guilds.extend(ready.guilds.iter().map(|guild| guild.id)),
            Event::GuildCreate(created) => {
                guilds.insert(created.id());
            }
            // One that is only out of order is still there.
            Event::GuildDelete(deleted) if deleted.unavailable != Some(true) => {
                guilds.remove(&deleted.id);
            }
            _ => {}
        }
    }

    /// The threads of a channel.
    pub(crate) fn threads_of(&self, channel: Id<ChannelMarker>) -> Vec<Id<ChannelMarker>> {
        let all = self.cache.iter().channels();
        all.filter(|thread| thread.kind.is_thread() && thread.parent_id == Some(channel))
            .map(|thread| thread.id)
            .collect()
    }

    /// The channels and threads of a guild.
    pub(crate) fn channels_of(&self, guild: Id<GuildMarker>) -> Vec<Id<ChannelMarker>> {
        self.cache.guild_channels(guild).map(|channels| channels.iter().copied().collect()).unwrap_or_default()
    }

    /// A channel of a guild; `None` if the gateway told nothing of it, or nobody writes there.
    pub(crate) fn channel(&self, id: Id<ChannelMarker>, communities: &CommunityFile) -> Option<Known> {
        if let Some((known, _)) = self.direct_known(id) {
            return Some(known);
        }
        let channel = self.cache.channel(id)?.clone();
        self.known(&channel, communities)
    }

    /// The same of a channel that was looked up.
    pub(crate) fn known(&self, channel: &Channel, communities: &CommunityFile) -> Option<Known> {
        let guild = channel.guild_id?;
        if matches!(channel.kind, ChannelType::GuildCategory | ChannelType::GuildDirectory) {
            return None;
        }
        let known = Known {
            id: channel.id,
            // A thread is named by what somebody wrote.
            name: if channel.kind.is_thread() { "thread".to_owned() } else { channel.name.clone().unwrap_or_default() },
            audience: self.audience(channel, guild),
            own_thread: false,
            parent: channel.parent_id.filter(|_| channel.kind.is_thread()),
            community: communities.community_of_discord(guild.get()),
        };
        let is_own = channel.kind.is_thread() && channel.owner_id == Some(self.own_id);
        Some(if is_own { known.into_own_thread() } else { known })
    }

    /// Notes a direct message channel and whose memory answers there.
    pub(crate) fn note_direct(&self, id: Id<ChannelMarker>, community: Community) -> Known {
        self.direct().insert(id, (community.clone(), Instant::now()));
        direct(id, community)
    }

    /// A direct message channel that was noted, and how long ago.
    pub(crate) fn direct_known(&self, id: Id<ChannelMarker>) -> Option<(Known, Duration)> {
        let noted = self.direct().get(&id).cloned();
        noted.map(|(community, at)| (direct(id, community), at.elapsed()))
    }

    /// The guilds that Pedro is in.
    pub(crate) fn guilds(&self) -> Vec<Id<GuildMarker>> {
        self.guilds.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// The kind of a channel, if it is known.
    pub(crate) fn kind(&self, id: Id<ChannelMarker>) -> Option<ChannelType> {
        self.cache.channel(id).map(|channel| channel.kind)
    }

    /// A channel's name.
    pub(crate) fn name(&self, id: Id<ChannelMarker>) -> Option<String> {
        self.cache.channel(id).and_then(|channel| channel.name.clone())
    }

    /// A role's name.
    pub(crate) fn role_name(&self, id: Id<RoleMarker>) -> Option<String> {
        self.cache.role(id).map(|role| role.name.clone())
    }

    /// What somebody with these roles may do with Pedro.
    pub(crate) fn role(&self, guild: Id<GuildMarker>, user: Id<UserMarker>, roles: &[Id<RoleMarker>]) -> Role {
        if self.cache.guild(guild).is_some_and(|guild| guild.owner_id() == user) {
            return Role::Streamer;
        }
        let granted = roles.iter().filter_map(|role| self.cache.role(*role)).map(|role| role.permissions);
        let all = granted.fold(self.everyone(guild), Permissions::union);
        of_permissions(all)
    }

    /// Who can read a channel: judged by what `@everyone` may, and else by the list of those who may.
    fn audience(&self, channel: &Channel, guild: Id<GuildMarker>) -> Audience {
        match channel.kind {
            ChannelType::PrivateThread | ChannelType::Private | ChannelType::Group => return Audience::Members,
            kind if kind.is_thread() => {
                let parent = channel.parent_id.and_then(|parent| self.cache.channel(parent).map(|found| found.clone()));
                return parent.map_or(Audience::Members, |parent| self.audience(&parent, guild));
            }
            _ => {}
        }
        let everyone = self.everyone(guild);
        let overwrites = channel.permission_overwrites.as_deref().unwrap_or_default();
        let may = PermissionCalculator::new(guild, Id::new(1), everyone, &[]).in_channel(channel.kind, overwrites);
        if may.contains(READ) {
            return Audience::Everybody;
        }
        Audience::Some(description(guild, everyone, overwrites))
    }

    fn everyone(&self, guild: Id<GuildMarker>) -> Permissions {
        // The role of everybody has the guild's id.
        self.cache.role(guild.cast()).map_or(Permissions::empty(), |role| role.permissions)
    }

    fn direct(&self) -> std::sync::MutexGuard<'_, HashMap<Id<ChannelMarker>, (Community, Instant)>> {
        self.direct.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A direct message channel that sees the memory of a community.
pub(crate) fn direct(id: Id<ChannelMarker>, community: Community) -> Known {
    let name = "direct message".to_owned();
    Known { id, name, audience: Audience::Members, own_thread: true, parent: None, community }
}

/// What somebody with these permissions may do with Pedro.
pub(crate) fn of_permissions(permissions: Permissions) -> Role {
    match permissions.intersects(COMMAND | Permissions::ADMINISTRATOR) {
        true => Role::Moderator,
        false => Role::Viewer,
    }
}

/// The readers of a channel as a digest: the same for two channels exactly if the same rules let people read them.
fn description(guild: Id<GuildMarker>, everyone: Permissions, overwrites: &[PermissionOverwrite]) -> String {
    let mut rules: Vec<String> = overwrites
        .iter()
        .filter(|rule| rule.allow.intersects(READ) || rule.deny.intersects(READ))
        .map(|rule| {
            let kind = match rule.kind {
                PermissionOverwriteType::Member => "member",
                _ => "role",
            };
            format!("{kind} {} +{} -{}", rule.id, (rule.allow & READ).bits(), (rule.deny & READ).bits())
        })
        .collect();
    rules.sort();
    let text = format!("guild {guild} {}: {}", (everyone & READ).bits(), rules.join(", "));
    // It names people, and is only ever compared.
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

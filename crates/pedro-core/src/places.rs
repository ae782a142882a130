//! Where Pedro lives: communities as configured, channels as the database knows them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::chat::{ChannelId, ChannelKey, Chattiness, CommunityId, Platform};
use crate::prompt::{DenyList, Persona};
use crate::service::config::{self, Community, TrainedPromptFile};
use crate::store::StoreError;
use crate::store::channel::{self, ChannelRow, Seen};
use crate::store::question::Reach;
use crate::trigger::Ear;

/// Who Pedro is on a platform.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The login of its account.
    pub login: String,
    /// The platform's ids of its account, as far as known.
    pub user_ids: Vec<String>,
}

/// A community at run time.
pub struct Home {
    /// Row id.
    pub id: CommunityId,
    /// As configured.
    pub settings: Community,
    /// Who Pedro is here.
    pub persona: Persona,
    /// Where its trained prompts stand, if it has a file of them.
    pub trained_prompts: Option<TrainedPromptFile>,
    /// What is never said here.
    pub deny: DenyList,
    /// What Pedro listens for here.
    pub ear: Ear,
}

/// A channel at run time.
pub struct Place {
    /// Row id.
    pub id: ChannelId,
    /// Platform and id.
    pub key: ChannelKey,
    /// A thread that Pedro opened, or a direct message: everything that is said here is for it.
    pub own_thread: bool,
    /// Whose memory it feeds.
    pub home: Arc<Home>,
    /// How much Pedro speaks here: its place among [`Chattiness::ALL`].
    chattiness: AtomicU8,
    /// Pedro keeps quiet until then: microseconds since 1970, 0 for no pause.
    paused_until: AtomicI64,
}

impl Place {
    fn new(row: ChannelRow, home: Arc<Home>) -> Self {
        Self {
            key: row.key(),
            id: row.id,
            chattiness: AtomicU8::new(row.chattiness as u8),
            own_thread: row.own_thread,
            home,
            paused_until: AtomicI64::new(row.paused_until.map_or(0, |until| until.timestamp_micros())),
        }
    }

    /// How much Pedro speaks here.
    pub fn chattiness(&self) -> Chattiness {
        let at = usize::from(self.chattiness.load(Ordering::Relaxed));
        Chattiness::ALL.get(at).copied().unwrap_or_default()
    }

    /// Notes how much Pedro speaks from now on; the row is written by the command.
    pub fn set_chattiness(&self, chattiness: Chattiness) {
        self.chattiness.store(chattiness as u8, Ordering::Relaxed);
    }

    /// Whether Pedro was asked to keep quiet.
    pub fn is_paused(&self, now: DateTime<Utc>) -> bool {
        self.paused_until.load(Ordering::Relaxed) > now.timestamp_micros()
    }

    /// Notes a pause, or its end; the row is written by the command.
    pub fn set_pause(&self, until: Option<DateTime<Utc>>) {
        self.paused_until.store(until.map_or(0, |until| until.timestamp_micros()), Ordering::Relaxed);
    }
}

/// All places of a process.
pub struct Places {
    pool: PgPool,
    identity: Identity,
    /// Held for look-ups only, never over an await.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    homes: HashMap<String, Arc<Home>>,
    by_key: HashMap<ChannelKey, Arc<Place>>,
    by_id: HashMap<ChannelId, Arc<Place>>,
}

impl Places {
    /// No places yet.
    pub fn new(pool: PgPool, identity: Identity) -> Self {
        Self { pool, identity, known: Mutex::default() }
    }

    /// Makes a channel known, with its row and its community's; once more if something about it changed.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn open(&self, community: &Community, seen: &Seen<'_>) -> Result<Arc<Place>, StoreError> {
        let home = self.home(community, Some(&seen.key)).await?;
        let row = channel::ensure(&self.pool, home.id, seen, community.chattiness).await?;
        let place = Arc::new(Place::new(row, home));
        let mut known = self.known();
        known.by_key.insert(seen.key.clone(), Arc::clone(&place));
        known.by_id.insert(place.id, Arc::clone(&place));
        Ok(place)
    }

    /// Makes a community known before any channel of it is.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn settle(&self, community: &Community) -> Result<(), StoreError> {
        self.home(community, None).await.map(|_| ())
    }

    /// Whose askers a process can speak to: those of its places, or of every channel of its own platform.
    pub fn reach(&self, platform: Platform, everywhere: bool) -> Reach {
        let known = self.known();
        let counts = |place: &&Arc<Place>| !(everywhere && place.key.platform == platform);
        Reach {
            everywhere: everywhere.then_some(platform),
            channels: known.by_id.values().filter(counts).map(|place| place.id.0).collect(),
        }
    }

    /// The place with this key, if it was opened.
    pub fn get(&self, key: &ChannelKey) -> Option<Arc<Place>> {
        self.known().by_key.get(key).cloned()
    }

    /// The place with this row, if it was opened.
    pub fn by_id(&self, id: ChannelId) -> Option<Arc<Place>> {
        self.known().by_id.get(&id).cloned()
    }

    /// The place with this row; where it was not opened here, another process of the community did.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn find(&self, id: ChannelId) -> Result<Option<Arc<Place>>, StoreError> {
        if let Some(place) = self.by_id(id) {
            return Ok(Some(place));
        }
        let Some(row) = channel::find(&self.pool, id).await? else { return Ok(None) };
        let home = self.known().homes.values().find(|home| home.id == row.community_id).cloned();
        Ok(home.map(|home| Arc::new(Place::new(row, home))))
    }

    /// All communities that are known.
    pub fn homes(&self) -> Vec<Arc<Home>> {
        self.known().homes.values().cloned().collect()
    }

    /// All places.
    pub fn all(&self) -> Vec<Arc<Place>> {
        self.known().by_key.values().cloned().collect()
    }

    async fn home(&self, settings: &Community, key: Option<&ChannelKey>) -> Result<Arc<Home>, StoreError> {
        if let Some(home) = self.known().homes.get(&settings.name) {
            return Ok(Arc::clone(home));
        }
        let id = channel::ensure_community(&self.pool, &settings.name, Some(settings.time_zone.name())).await?;
        let home = Arc::new(Home {
            id,
            persona: persona(settings, key, &self.identity),
            trained_prompts: trained_prompts(settings, key),
            deny: DenyList::new(settings.deny.iter().cloned()),
            ear: self.ear(settings),
            settings: settings.clone(),
        });
        self.known().homes.insert(settings.name.clone(), Arc::clone(&home));
        Ok(home)
    }

    fn ear(&self, settings: &Community) -> Ear {
        let mut ear = Ear::new(&self.identity.login);
        ear.user_ids.clone_from(&self.identity.user_ids);
        ear.names.extend(settings.nicknames.iter().cloned());
        ear.plan_tags.clone_from(&settings.plan_tags);
        ear.prefix = settings.prefix.clone().unwrap_or(ear.prefix);
        ear.renamed.clone_from(&settings.commands);
        ear.other_bots.extend(settings.other_bots.iter().map(|login| login.to_lowercase()));
        ear
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The persona of a community. Without one configured: Pedro for SoyPeteTech in that streamer's channel, else the
/// neutral one.
fn persona(settings: &Community, key: Option<&ChannelKey>, identity: &Identity) -> Persona {
    match &settings.persona {
        Some(config::Persona::SoyPeteTech) => Persona::soypetetech(),
        Some(config::Persona::Text(text)) => Persona::from_text(text.clone()),
        None if is_soypetetechs(settings, key) => Persona::soypetetech(),
        Some(config::Persona::Neutral) | None => Persona::neutral(&identity.login),
    }
}

/// The file of trained prompts of a community: the one configured, else SoyPeteTech's in her channel.
fn trained_prompts(settings: &Community, key: Option<&ChannelKey>) -> Option<TrainedPromptFile> {
    let shipped = || is_soypetetechs(settings, key).then_some(TrainedPromptFile::SoyPeteTech);
    settings.trained_prompts.clone().or_else(shipped)
}

fn is_soypetetechs(settings: &Community, key: Option<&ChannelKey>) -> bool {
    let mut channels = settings.twitch.iter().chain(key.map(|key| &key.platform_channel_id));
    channels.any(|channel| channel.eq_ignore_ascii_case("soypetetech"))
}

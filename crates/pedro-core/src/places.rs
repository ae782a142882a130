//! Where Pedro lives: communities as configured, channels as the database knows them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::chat::{ChannelId, ChannelKey, Chattiness, CommunityId};
use crate::prompt::{DenyList, Persona};
use crate::service::config::{self, Community};
use crate::store::{StoreError, channel};
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
    /// How much Pedro speaks here.
    pub chattiness: Chattiness,
    /// Whose memory it feeds.
    pub home: Arc<Home>,
    /// Pedro keeps quiet until then: microseconds since 1970, 0 for no pause.
    paused_until: AtomicI64,
}

impl Place {
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

    /// Makes a channel known, with its row and its community's.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn open(&self, community: &Community, key: &ChannelKey, name: &str) -> Result<Arc<Place>, StoreError> {
        let home = self.home(community, key).await?;
        let row = channel::ensure(&self.pool, home.id, key, name, community.chattiness).await?;
        let place = Arc::new(Place {
            id: row.id,
            key: key.clone(),
            chattiness: row.chattiness,
            home,
            paused_until: AtomicI64::new(row.paused_until.map_or(0, |until| until.timestamp_micros())),
        });
        let mut known = self.known();
        known.by_key.insert(key.clone(), Arc::clone(&place));
        known.by_id.insert(place.id, Arc::clone(&place));
        Ok(place)
    }

    /// The place with this key, if it was opened.
    pub fn get(&self, key: &ChannelKey) -> Option<Arc<Place>> {
        self.known().by_key.get(key).cloned()
    }

    /// The place with this row, if it was opened.
    pub fn by_id(&self, id: ChannelId) -> Option<Arc<Place>> {
        self.known().by_id.get(&id).cloned()
    }

    /// All places.
    pub fn all(&self) -> Vec<Arc<Place>> {
        self.known().by_key.values().cloned().collect()
    }

    async fn home(&self, settings: &Community, key: &ChannelKey) -> Result<Arc<Home>, StoreError> {
        if let Some(home) = self.known().homes.get(&settings.name) {
            return Ok(Arc::clone(home));
        }
        let id = channel::ensure_community(&self.pool, &settings.name, Some(settings.time_zone.name())).await?;
        let home = Arc::new(Home {
            id,
            persona: persona(settings, key, &self.identity),
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
        ear.other_bots.extend(settings.other_bots.iter().map(|login| login.to_lowercase()));
        ear
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The persona of a community. Without one configured: Pedro for SoyPeteTech in that streamer's channel, else the
/// neutral one.
fn persona(settings: &Community, key: &ChannelKey, identity: &Identity) -> Persona {
    let mut channels = settings.twitch.iter().chain([&key.platform_channel_id]);
    let at_home = channels.any(|channel| channel.eq_ignore_ascii_case("soypetetech"));
    match &settings.persona {
        Some(config::Persona::SoyPeteTech) => Persona::soypetetech(),
        Some(config::Persona::Text(text)) => Persona::from_text(text.clone()),
        None if at_home => Persona::soypetetech(),
        Some(config::Persona::Neutral) | None => Persona::neutral(&identity.login),
    }
}

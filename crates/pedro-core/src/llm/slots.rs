//! Slots of the model servers, leased through the database: two bots never book one model twice, several servers
//! share the work, and interactive generations go before background ones.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{ModelServer, ServerClient};
use crate::store::{StoreError, model_slot};

/// How often a waiting generation asks again.
const ASK_AGAIN: Duration = Duration::from_millis(150);

/// How long a slot is tried to be given back while the database is away. Its lease is not much longer.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(10);

/// How often a running generation says that it still runs.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// How often the servers are asked how many slots they have.
const COUNT_EVERY: Duration = Duration::from_secs(60);

/// How long a server that did not answer is passed over while another is there.
const AVOID_FOR: Duration = Duration::from_secs(30);

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it.
    Interactive,
    /// Nobody does: recaps, plans made ahead.
    Background,
}

/// Told to stop before, or while, a slot was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// The slots of all configured servers.
pub struct Slots {
    pool: PgPool,
    servers: Vec<Url>,
    client: ServerClient,
    /// Last count of each server and what went wrong with it. Held only for look-ups, never over an await.
    known: Mutex<HashMap<Url, Known>>,
    /// Slots that this process holds: not taken again while the database, and with it the lease, was away.
    held: Mutex<HashSet<Uuid>>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    counted: Option<Instant>,
    avoid_until: Option<Instant>,
}

impl Slots {
    /// Slots of these servers.
    pub fn new(pool: PgPool, servers: Vec<Url>, client: ServerClient) -> Self {
        Self { pool, servers, client, known: Mutex::default(), held: Mutex::default() }
    }

    /// Waits for a slot, runs `work` on its server and gives the slot back, whatever becomes of the work.
    /// While the database is away the wait goes on; a generation that has begun is not disturbed by it.
    ///
    /// # Errors
    /// [`Stopped`] if `stop` comes first: the work is dropped then.
    pub async fn with<T, W, F>(&self, priority: Priority, stop: &CancellationToken, work: W) -> Result<T, Stopped>
    where
        W: FnOnce(ModelServer) -> F,
        F: Future<Output = T>,
    {
        let holder = Uuid::new_v4();
        let waited = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            url = self.take(holder, priority) => Some(url),
        };
        let done = match waited {
            None => Err(Stopped),
            Some(url) => {
                self.held().insert(holder);
                tokio::select! {
                    biased;
                    () = stop.cancelled() => Err(Stopped),
                    done = work(ModelServer { url }) => Ok(done),
                    () = self.renew(holder) => Err(Stopped),
                }
            }
        };
        self.held().remove(&holder);
        if let Err(error) = self.give_back(holder, stop).await {
            tracing::warn!(%error, "a slot was not given back: its lease ends by itself");
        }
        done
    }

    /// Gives a slot back. A database that is only being restarted is waited for: others would wait for the end of the lease.
    async fn give_back(&self, holder: Uuid, stop: &CancellationToken) -> Result<(), StoreError> {
        let began = Instant::now();
        loop {
            match model_slot::release(&self.pool, holder).await {
                Err(error) if error.is_transient() && began.elapsed() < GIVE_BACK_WITHIN && !stop.is_cancelled() => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                done => return done,
            }
        }
    }

    /// Passes a server over for a while.
    pub fn avoid(&self, server: &Url) {
        self.note(server, |known| known.avoid_until = Some(Instant::now() + AVOID_FOR));
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn take(&self, holder: Uuid, priority: Priority) -> Url {
        let priority = match priority {
            Priority::Interactive => 0,
            Priority::Background => 1,
        };
        loop {
            self.count().await;
            let usable = self.usable();
            let urls: Vec<String> = usable.iter().map(Url::to_string).collect();
            let held: Vec<Uuid> = self.held().iter().copied().collect();
            match model_slot::try_take(&self.pool, &urls, holder, priority, &held).await {
                Ok(Some((url, _))) => {
                    if let Some(server) = usable.into_iter().find(|server| server.as_str() == url) {
                        return server;
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "no slot while the database is away"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// The servers that answered lately; all of them if none did.
    fn usable(&self) -> Vec<Url> {
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        let avoided = |url: &Url| known.get(url).and_then(|known| known.avoid_until).is_some_and(|until| until > now);
        let usable: Vec<Url> = self.servers.iter().filter(|url| !avoided(url)).cloned().collect();
        if usable.is_empty() { self.servers.clone() } else { usable }
    }

    async fn count(&self) {
        for server in &self.servers {
            let mut due = false;
            self.note(server, |known| {
                due = known.counted.is_none_or(|at| at.elapsed() > COUNT_EVERY);
                known.counted = Some(Instant::now());
            });
            if !due {
                continue;
            }
            // A server that does not answer keeps the slots that it had; a new one has one.
            let slots = self.client.slots(&ModelServer::new(server.clone())).await.map(|slots| slots as i32);
            if let Err(error) = model_slot::register(&self.pool, server.as_str(), slots).await {
                tracing::debug!(%error, "the slots of a model server could not be noted");
                self.note(server, |known| known.counted = None);
            }
        }
    }

    fn note(&self, server: &Url, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(known.entry(server.clone()).or_default());
    }

    /// Never ends: a lost lease is logged, but what is nearly written is not thrown away for it.
    async fn renew(&self, holder: Uuid) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match model_slot::renew(&self.pool, holder).await {
                Ok(true) => {}
                Ok(false) => tracing::warn!("the lease on a model slot ran out while a generation was running"),
                Err(error) => tracing::warn!(%error, "the lease on a model slot could not be renewed"),
            }
        }
    }
}

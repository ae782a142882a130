//! What the shards and the readiness page know together about the gateway.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pedro_core::service::metrics::{DISCORD, record};
use pedro_core::service::{EventClock, Readiness, Verdict};

/// Discord asks for a heartbeat about every 41 s and acknowledges each: without any word for longer the connection is
/// not alive.
const SILENCE: Duration = Duration::from_secs(90);

/// The state of the gateway.
#[derive(Default)]
pub(crate) struct State {
    clock: EventClock,
    /// Held for look-ups only, never over an await.
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// By number: whether the shard has a session.
    shards: BTreeMap<u32, bool>,
    /// What Discord says that waiting does not mend.
    refused: Option<String>,
}

impl State {
    /// Something was heard.
    pub(crate) fn heard(&self) {
        self.clock.touch();
    }

    /// A shard has a session, or lost it.
    pub(crate) fn shard(&self, number: u32, has_session: bool) {
        let mut inner = self.inner();
        inner.shards.insert(number, has_session);
        if has_session {
            inner.refused = None;
        }
        let all = inner.shards.values().all(|has_session| *has_session);
        record::connected(DISCORD, all);
    }

    /// Discord refuses Pedro; `why` tells how to mend it.
    pub(crate) fn refused(&self, why: &str) {
        self.inner().refused = Some(why.to_owned());
    }

    /// Adds the truth about the gateway: every shard has a session, and something was heard lately.
    pub(crate) fn watch(self: &Arc<Self>, readiness: &Readiness) {
        readiness.clock(DISCORD, self.clock.clone());
        let state = Arc::clone(self);
        readiness.check(DISCORD, move || {
            let verdict = state.verdict().heard(&state.clock);
            async move { verdict }
        });
    }

    fn verdict(&self) -> Verdict {
        let inner = self.inner();
        let without = inner.shards.values().filter(|has_session| !**has_session).count();
        let alive = self.clock.age().is_some_and(|age| age < SILENCE);
        record::connected(DISCORD, without == 0 && alive && !inner.shards.is_empty());
        match &inner.refused {
            Some(why) => Verdict::red(why.clone()),
            None if inner.shards.is_empty() => Verdict::red("not connected to the gateway yet"),
            None if without > 0 => Verdict::red(format!("{without} of {} shards have no session", inner.shards.len())),
            None if !alive => Verdict::red("nothing was heard lately"),
            None => Verdict::ok(format!("{} shards have a session", inner.shards.len())),
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

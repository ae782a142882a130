//! How much Pedro takes from one person before it stops listening for a moment.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::MonotonicClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Commands that one person may give at once, and how long until there is one more.
const COMMANDS: u32 = 5;
const COMMAND_EVERY: Duration = Duration::from_secs(3);

/// How often one person is told the same "not now".
const REFUSAL_EVERY: Duration = Duration::from_secs(30);

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// What each person may still do. Keys are hashes: nobody is named.
pub struct Patience {
    commands: Keyed<Vec<u8>>,
    refusals: Keyed<(Vec<u8>, String)>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { commands: keyed(COMMAND_EVERY, COMMANDS), refusals: keyed(REFUSAL_EVERY, 1) }
    }
}

impl Patience {
    /// Whether another command of this person is carried out.
    pub fn takes_command(&self, person: &[u8]) -> bool {
        self.commands.check_key(&person.to_vec()).is_ok()
    }

    /// Whether the person is told this once more: who keeps asking is not answered each time.
    pub fn tells(&self, person: &[u8], refusal: &str) -> bool {
        self.refusals.check_key(&(person.to_vec(), refusal.to_owned())).is_ok()
    }

    /// Forgets those who have been quiet for a while.
    pub fn tidy(&self) {
        self.commands.retain_recent();
        self.refusals.retain_recent();
    }
}

/// So many questions an hour of one person, counted in this process only.
pub(crate) struct HourlyLimit(Option<Keyed<Vec<u8>>>);

impl HourlyLimit {
    /// `limit` questions an hour; 0 or less: none at all.
    pub(crate) fn new(limit: i64) -> Self {
        let limit = u32::try_from(limit).unwrap_or(0);
        Self((limit > 0).then(|| keyed(Duration::from_secs(3600) / limit, limit)))
    }

    /// Whether this person may ask once more.
    pub(crate) fn allows(&self, person: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|limit| limit.check_key(&person.to_vec()).is_ok())
    }
}

fn keyed<K: std::hash::Hash + Eq + Clone>(every: Duration, at_once: u32) -> Keyed<K> {
    let burst = NonZeroU32::new(at_once).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(every).unwrap_or(Quota::per_hour(NonZeroU32::MIN)).allow_burst(burst);
    RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_commands_is_cut_off_for_its_author_alone() {
        let patience = Patience::default();
        let carried_out = (0..50).filter(|_| patience.takes_command(b"spammer")).count();
        assert_eq!(carried_out, COMMANDS as usize);
        assert!(patience.takes_command(b"somebody else"));
    }

    #[test]
    fn the_same_refusal_is_told_once_and_another_one_too() {
        let patience = Patience::default();
        assert!(patience.tells(b"alice", "one at a time") && !patience.tells(b"alice", "one at a time"));
        assert!(patience.tells(b"alice", "the queue is full") && patience.tells(b"bob", "one at a time"));
    }

    #[test]
    fn an_hourly_limit_of_nothing_allows_nothing() {
        assert!(!HourlyLimit::new(0).allows(b"alice"));
        let two = HourlyLimit::new(2);
        assert!(two.allows(b"alice") && two.allows(b"alice") && !two.allows(b"alice") && two.allows(b"bob"));
    }
}

//! The questions that the workers of a process hold, and whether they still do, as far as this process can know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::chat::QuestionId;
use crate::store::question::LEASE;

/// A lease that ends so soon is not relied on: what is said now arrives later.
const MARGIN: Duration = Duration::from_secs(2);

/// How often is looked whether a lease is good again.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The questions that the workers of a process hold. A process that is cut off from the database cannot renew its leases;
/// once they have run out another may have its questions, and then it must be silent about them.
#[derive(Debug, Clone, Default)]
pub struct Held(Arc<Mutex<HashMap<i64, Hold>>>);

#[derive(Debug, Clone, Copy)]
enum Hold {
    /// Renewed by a statement that was begun then.
    Since(Instant),
    Lost,
}

impl Held {
    /// The ids of all that is held.
    pub(super) fn ids(&self) -> Vec<i64> {
        self.lock().keys().copied().collect()
    }

    /// Holds a question, claimed by a statement that was begun then, until what is returned is dropped.
    pub(super) fn hold(&self, id: QuestionId, since: Instant) -> Holding {
        self.lock().insert(id.0, Hold::Since(since));
        Holding(self.clone(), id)
    }

    pub(super) fn renewed(&self, id: QuestionId, since: Instant) {
        self.lock().insert(id.0, Hold::Since(since));
    }

    pub(super) fn lost(&self, id: QuestionId) {
        self.lock().insert(id.0, Hold::Lost);
    }

    /// Whether this process held a question and somebody else may have it by now. What it does not hold is not its to
    /// doubt.
    pub fn is_doubtful(&self, id: QuestionId) -> bool {
        match self.lock().get(&id.0) {
            None => false,
            Some(Hold::Lost) => true,
            Some(Hold::Since(since)) => since.elapsed() + MARGIN > LEASE,
        }
    }

    /// Waits until there is no doubt: true if the question is still this process's.
    pub async fn is_certain(&self, id: QuestionId) -> bool {
        while self.is_doubtful(id) {
            if matches!(self.lock().get(&id.0), Some(Hold::Lost)) {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a question until it is dropped.
pub(super) struct Holding(Held, QuestionId);

impl Drop for Holding {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: QuestionId = QuestionId(7);

    #[tokio::test]
    async fn a_lease_that_was_not_renewed_in_time_is_in_doubt_until_it_is_renewed_or_lost() {
        let (held, now) = (Held::default(), Instant::now());
        assert!(!held.is_doubtful(ID), "it is not this process's");
        let holding = held.hold(ID, now);
        assert!(!held.is_doubtful(ID) && held.is_certain(ID).await);
        held.renewed(ID, now.checked_sub(LEASE).unwrap());
        assert!(held.is_doubtful(ID));
        let waiting = tokio::spawn({
            let held = held.clone();
            async move { held.is_certain(ID).await }
        });
        held.renewed(ID, now);
        assert!(waiting.await.unwrap());
        held.lost(ID);
        assert!(held.is_doubtful(ID) && !held.is_certain(ID).await);
        assert_eq!(held.ids(), [7]);
        drop(holding);
        assert!(!held.is_doubtful(ID) && held.ids().is_empty());
    }
}

//! Back-off: how long to wait before something that failed is tried again.

use std::time::Duration;

use rand::Rng;
use tokio::time::{Instant, sleep};

/// Doubles with every failure that follows closely on the last one, and forgets when things went well for a while.
#[derive(Debug)]
pub(crate) struct Pause {
    first: Duration,
    longest: Duration,
    next: Duration,
    last: Option<Instant>,
}

impl Pause {
    /// Twitch is in trouble: from a second to a minute.
    pub(crate) fn for_trouble() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Twitch refuses something: from at once to ten minutes.
    pub(crate) fn for_refusals() -> Self {
        Self { next: Duration::ZERO, ..Self::new(Duration::from_secs(1), Duration::from_secs(600)) }
    }

    /// A socket ended: from at once to a minute.
    pub(crate) fn for_sockets() -> Self {
        Self { next: Duration::ZERO, ..Self::for_trouble() }
    }

    fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first, last: None }
    }

    /// Waits, this time longer than last time.
    pub(crate) async fn wait(&mut self) {
        sleep(self.next_wait(Instant::now())).await;
        self.last = Some(Instant::now());
    }

    fn next_wait(&mut self, now: Instant) -> Duration {
        let quiet = self.last.is_some_and(|last| now.duration_since(last) > self.next * 2 + self.longest);
        if quiet {
            self.next = self.first;
        }
        let wait = self.next;
        self.next = (wait * 2).clamp(self.first, self.longest);
        // Those who were cut off together do not come back together.
        wait.mul_f64(rand::rng().random_range(0.8..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_end_and_forgets_after_a_quiet_time() {
        let (mut pause, now) = (Pause::for_trouble(), Instant::now());
        let mut waits: Vec<u64> = Vec::new();
        for _ in 0..8 {
            waits.push(pause.next_wait(now).as_secs_f64().ceil() as u64);
            pause.last = Some(now);
        }
        // At its longest it only varies.
        assert!(waits[..7].windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(waits[0] <= 1 && (48..=60).contains(&waits[7]), "{waits:?}");
        assert!(pause.next_wait(now + Duration::from_secs(200)) <= Duration::from_secs(1));
        assert!(Pause::for_refusals().next_wait(now).is_zero(), "the first refusal is no reason to wait");
    }
}

//! Whether Pedro could do its work right now.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde::Serialize;
use tokio::time::timeout;

use super::metrics::record;

/// A check that takes longer says by this that something is wrong.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Verdict> + Send>> + Send + Sync>;

/// When a platform was last heard. Cheap to clone and to touch: every event of the socket does.
#[derive(Debug, Clone)]
pub struct EventClock {
    started: Instant,
    /// Milliseconds from the start to the last event, plus one; 0 before the first.
    last: Arc<AtomicU64>,
}

impl Default for EventClock {
    fn default() -> Self {
        Self::new()
    }
}

impl EventClock {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self { started: Instant::now(), last: Arc::default() }
    }

    /// An event arrived now.
    pub fn touch(&self) {
        self.last.store(self.now() + 1, Ordering::Relaxed);
    }

    /// Time since the last event; `None` before the first.
    pub fn age(&self) -> Option<Duration> {
        let last = self.last.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(self.now().saturating_sub(last)))
    }

    /// Time since the last event, or since the start if there was none: what an alert wants.
    pub fn silence(&self) -> Duration {
        self.age().unwrap_or_else(|| self.started.elapsed())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// What a check found. The detail is public: words of our own, never an error's text, which may hold a URL with a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    ok: bool,
    detail: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_age_seconds: Option<u64>,
}

impl Verdict {
    /// It works.
    pub fn ok(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { ok: true, detail: detail.into(), last_event_age_seconds: None }
    }

    /// It does not.
    pub fn red(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { ok: false, detail: detail.into(), last_event_age_seconds: None }
    }

    /// Adds when the platform was last heard.
    #[must_use]
    pub fn heard(self, clock: &EventClock) -> Self {
        Self { last_event_age_seconds: clock.age().map(|age| age.as_secs()), ..self }
    }
}

/// The page `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessReport {
    /// Whether every check is.
    pub ready: bool,
    /// By name.
    pub checks: BTreeMap<&'static str, Verdict>,
}

/// The checks that make up readiness, registered by whoever owns the thing checked. Cheap to clone.
#[derive(Clone, Default)]
pub struct Readiness {
    // Never held across an await: checks are cloned out of it.
    checks: Arc<Mutex<BTreeMap<&'static str, Check>>>,
    clocks: Arc<Mutex<BTreeMap<&'static str, EventClock>>>,
}

impl Readiness {
    /// No checks: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a check, or replaces the one of that name. It runs at every request, so it should be cheap.
    pub fn check<F>(&self, name: &'static str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).insert(name, check);
    }

    /// Registers the clock of a platform, for `pedro_last_event_age_seconds`.
    pub fn clock(&self, platform: &'static str, clock: EventClock) {
        self.clocks.lock().unwrap_or_else(PoisonError::into_inner).insert(platform, clock);
    }

    /// Runs all checks side by side. One that does not answer in time, or panics, is red.
    pub async fn report(&self) -> ReadinessReport {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let verdicts = join_all(checks.into_iter().map(async |(name, check)| {
            let asked = AssertUnwindSafe(async { check().await }).catch_unwind();
            let verdict = match timeout(CHECK_TIMEOUT, asked).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_panic)) => Verdict::red("cannot be checked"),
                Err(_elapsed) => Verdict::red("does not answer"),
            };
            (name, verdict)
        }));
        let checks: BTreeMap<_, _> = verdicts.await.into_iter().collect();
        ReadinessReport { ready: checks.values().all(|verdict| verdict.ok), checks }
    }

    /// Whether one check is red now; one that is not there is not.
    pub async fn is_red(&self, name: &str) -> bool {
        self.report().await.checks.get(name).is_some_and(|verdict| !verdict.ok)
    }

    /// Sets the gauges that only a look can tell; before each scrape.
    pub(super) async fn record(&self) {
        for (name, verdict) in self.report().await.checks {
            record::ready(name, verdict.ok);
        }
        for (platform, clock) in &*self.clocks.lock().unwrap_or_else(PoisonError::into_inner) {
            record::last_event_age(platform, clock.silence());
        }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Readiness").field(&checks.keys().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_knows_nothing_before_the_first_event() {
        let clock = EventClock::new();
        assert_eq!(clock.age(), None);
        std::thread::sleep(Duration::from_millis(20));
        assert!(clock.silence() >= Duration::from_millis(20));
        let shared = clock.clone();
        shared.touch();
        assert!(clock.age().unwrap() < Duration::from_millis(20) && clock.silence() < Duration::from_millis(20));
    }

    #[tokio::test]
    async fn one_red_check_makes_it_red_and_the_page_says_which() {
        let readiness = Readiness::new();
        assert!(readiness.report().await.ready);
        let clock = EventClock::new();
        clock.touch();
        readiness.check("database", || async { Verdict::ok("answers") });
        readiness.check("twitch", move || std::future::ready(Verdict::red("not joined").heard(&clock)));
        let page = serde_json::to_value(readiness.report().await).unwrap();
        let expected = serde_json::json!({"ready": false, "checks": {
            "database": {"ok": true, "detail": "answers"},
            "twitch": {"ok": false, "detail": "not joined", "last_event_age_seconds": 0},
        }});
        assert_eq!(page, expected);
        readiness.check("twitch", || async { Verdict::ok("joined") });
        assert!(readiness.report().await.ready);
    }

    #[tokio::test]
    async fn a_check_that_does_not_answer_is_red_and_holds_up_no_other() {
        let readiness = Readiness::new();
        readiness.check("model", std::future::pending);
        readiness.check("embedder", || async { panic!("on purpose") });
        let asked = Instant::now();
        let report = readiness.report().await;
        assert!(!report.ready);
        assert_eq!(report.checks["model"], Verdict::red("does not answer"));
        assert_eq!(report.checks["embedder"], Verdict::red("cannot be checked"));
        assert!(asked.elapsed() < CHECK_TIMEOUT * 2);
    }
}

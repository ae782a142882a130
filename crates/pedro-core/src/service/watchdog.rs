//! Whether the program moves: what systemd's watchdog is fed by.
//!
//! A timer of its own would go on while everything else hangs. So each essential task is woken at every look, and must have
//! been polled by the next one: a task that is stuck in a lock or a blocking call is not, and none is when the runtime has
//! no thread left. Waiting for something that never comes is another way to hang: loops say by a [`Pulse`] when they
//! work, and may not work for long on one thing, unless a neighbour is away for whom they wait.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tracing::{error, info, warn};

/// Looks in the time that systemd allows: one may fail.
const LOOKS: u32 = 4;

/// How many times that long a loop may work on one thing.
const LONGEST_WORK: u32 = 5;

/// How long a start may take until it is said again that it goes on.
const START_WITHIN: Duration = Duration::from_secs(300);

/// How often a start says that it goes on.
const START_EVERY: Duration = Duration::from_secs(60);

/// Whether [`notify_ready`] was called: the state of the process, as systemd's is.
static READY: AtomicBool = AtomicBool::new(false);

type Excuse = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// The tasks that must move. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Watchdog {
    // Held for a moment only, never across an await.
    hearts: Arc<Mutex<Vec<Weak<Heart>>>>,
    excuse: Arc<Mutex<Option<Arc<Excuse>>>>,
}

/// What is known of one task, or of one loop.
#[derive(Debug)]
struct Heart {
    name: &'static str,
    polls: AtomicU64,
    /// `None` before the first poll; a loop without a task of its own has none.
    waker: Mutex<Option<Waker>>,
    /// The polls at the last look, if it was woken then.
    asked: Mutex<Option<u64>>,
    is_task: bool,
    busy_since: Mutex<Option<Instant>>,
}

/// Of a loop that takes one thing after the other: it says when it works.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<Heart>);

impl Pulse {
    /// Works on one thing.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        // Also when the work is dropped in its middle.
        struct Rest<'a>(&'a Heart);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                *lock(&self.0.busy_since) = None;
            }
        }
        *lock(&self.0.busy_since) = Some(Instant::now());
        let _rest = Rest(&self.0);
        work.await
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hearts = lock(&self.hearts);
        f.debug_list().entries(hearts.iter().filter_map(Weak::upgrade).map(|heart| heart.name)).finish()
    }
}

impl Watchdog {
    /// A task that must be polled whenever it is woken.
    pub(super) fn watch<T: Future<Output = ()> + Send>(
        &self,
        name: &'static str,
        task: T,
    ) -> impl Future<Output = ()> + Send + use<T> {
        let heart = self.add(name, true);
        async move {
            let mut task = pin!(task);
            poll_fn(|context| {
                heart.polls.fetch_add(1, Ordering::Relaxed);
                lock(&heart.waker).get_or_insert_with(|| context.waker().clone()).clone_from(context.waker());
                task.as_mut().poll(context)
            })
            .await;
        }
    }

    /// A loop that says when it works.
    pub(super) fn pulse(&self, name: &'static str) -> Pulse {
        Pulse(self.add(name, false))
    }

    /// While this says yes, loops may work on one thing for as long as they like: they wait for a neighbour.
    pub(super) fn excuse<F>(&self, excuse: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = bool> + Send + 'static,
    {
        let excuse: Excuse = Box::new(move || Box::pin(excuse()));
        *lock(&self.excuse) = Some(Arc::new(excuse));
    }

    fn add(&self, name: &'static str, is_task: bool) -> Arc<Heart> {
        let heart = Arc::new(Heart {
            name,
            polls: AtomicU64::new(0),
            waker: Mutex::default(),
            asked: Mutex::default(),
            is_task,
            busy_since: Mutex::default(),
        });
        let mut hearts = lock(&self.hearts);
        hearts.retain(|heart| heart.strong_count() > 0);
        hearts.push(Arc::downgrade(&heart));
        heart
    }

    /// Which of them does not move, if one does not. To be asked regularly; `longest` is for one piece of work.
    async fn stuck(&self, longest: Duration) -> Option<&'static str> {
        let hearts: Vec<Arc<Heart>> = lock(&self.hearts).iter().filter_map(Weak::upgrade).collect();
        let mut stuck = None;
        for heart in hearts.iter().filter(|heart| heart.is_task) {
            if heart.was_not_polled() {
                stuck = Some(heart.name);
            }
            heart.wake();
        }
        if stuck.is_some() {
            return stuck;
        }
        let longer = |than: Duration| {
            move |heart: &&Arc<Heart>| lock(&heart.busy_since).is_some_and(|since| since.elapsed() > than)
        };
        // Long before it is too long: the time in which a neighbour was away does not count.
        let waiting: Vec<&Arc<Heart>> = hearts.iter().filter(longer(longest / LONGEST_WORK)).collect();
        let excuse = lock(&self.excuse).clone();
        if let Some(excuse) = excuse.filter(|_| !waiting.is_empty())
            && excuse().await
        {
            waiting.iter().for_each(|heart| heart.begin_anew());
        }
        Some(hearts.iter().find(longer(longest))?.name)
    }

    /// Feeds systemd's watchdog, if it has one, while everything moves. Says before that that the start goes on. Runs beside
    /// the wait for signals and not as a task: it must go on during the drain without prolonging it.
    pub(super) async fn feed(&self) -> std::convert::Infallible {
        tokio::join!(start_goes_on(), self.feed_while_moving()).1
    }

    async fn feed_while_moving(&self) -> std::convert::Infallible {
        let Some(allowed) = sd_notify::watchdog_enabled().filter(|allowed| !allowed.is_zero()) else {
            return std::future::pending().await;
        };
        let mut looks = tokio::time::interval((allowed / LOOKS).max(Duration::from_millis(1)));
        // A look that comes late is no reason to look twice at once: nobody could have moved in between.
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut told = None;
        loop {
            looks.tick().await;
            let stuck = self.stuck(allowed * LONGEST_WORK).await;
            if stuck.is_none() {
                notify(&[NotifyState::Watchdog]);
            }
            match stuck {
                Some(task) if told != stuck => error!(task, "does not move: the watchdog is not fed while this lasts"),
                None if told.is_some() => info!("everything moves again"),
                _ => {}
            }
            told = stuck;
        }
    }
}

impl Heart {
    /// Counts from now on, if it still works.
    fn begin_anew(&self) {
        if let Some(since) = &mut *lock(&self.busy_since) {
            *since = Instant::now();
        }
    }

    fn was_not_polled(&self) -> bool {
        lock(&self.asked).is_some_and(|polls| polls == self.polls.load(Ordering::Relaxed))
    }

    fn wake(&self) {
        *lock(&self.asked) = Some(self.polls.load(Ordering::Relaxed));
        if let Some(waker) = &*lock(&self.waker) {
            waker.wake_by_ref();
        }
    }
}

/// What is behind these locks stays right whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells systemd that the bot does its work: after the first JOIN or READY, not when the process starts.
pub fn notify_ready() {
    READY.store(true, Ordering::Release);
    notify(&[NotifyState::Ready]);
}

/// Tells systemd that the start may take a while: somebody may have to sign in, or a neighbour to start.
pub fn notify_starting() {
    let within = u32::try_from(START_WITHIN.as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::ExtendTimeoutUsec(within), NotifyState::Status("starting")]);
}

pub(super) fn notify_stopping() {
    notify(&[NotifyState::Stopping]);
}

async fn start_goes_on() {
    while !READY.load(Ordering::Acquire) {
        notify_starting();
        tokio::time::sleep(START_EVERY).await;
    }
}

fn notify(states: &[NotifyState<'_>]) {
    // Without systemd this does nothing; with it, a lost notification ends in a restart that must be explainable.
    if let Err(reason) = sd_notify::notify(states) {
        warn!(%reason, "systemd was not reached");
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    /// Looks until it is so: how fast a task is polled is the machine's matter.
    async fn until(watchdog: &Watchdog, longest: Duration, expected: Option<&'static str>) {
        while watchdog.stuck(longest).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_waits_moves_and_one_that_blocks_its_thread_does_not() {
        let watchdog = Watchdog::default();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let idle = tokio::spawn(watchdog.watch("idle", std::future::pending()));
        until(&watchdog, LONG, None).await;
        let blocked = tokio::spawn(watchdog.watch("blocked", async move { wait.recv().unwrap() }));
        until(&watchdog, LONG, Some("blocked")).await;
        release.send(()).unwrap();
        blocked.await.unwrap();
        until(&watchdog, LONG, None).await;
        idle.abort();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn no_task_moves_when_something_else_holds_every_thread() {
        let watchdog = Watchdog::default();
        let idle = tokio::spawn(watchdog.watch("idle", std::future::pending()));
        until(&watchdog, LONG, None).await;
        let (release, wait) = std::sync::mpsc::channel::<()>();
        // Nobody watches this one.
        let greedy = tokio::spawn(async move { wait.recv().unwrap() });
        // The test itself runs on a thread of its own, as `main` does.
        until(&watchdog, LONG, Some("idle")).await;
        release.send(()).unwrap();
        greedy.await.unwrap();
        until(&watchdog, LONG, None).await;
        idle.abort();
    }

    #[tokio::test]
    async fn a_loop_may_not_work_for_ever_unless_a_neighbour_is_away() {
        let watchdog = Watchdog::default();
        let pulse = watchdog.pulse("inbox");
        assert_eq!(watchdog.stuck(Duration::ZERO).await, None, "it rests");
        let heart = Arc::clone(&pulse.0);
        let (done, work) = oneshot::channel::<()>();
        let working = tokio::spawn(async move { pulse.during(work).await });
        until(&watchdog, Duration::ZERO, Some("inbox")).await;
        assert_eq!(watchdog.stuck(LONG).await, None);
        let away = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&away);
        watchdog.excuse(move || {
            let seen = Arc::clone(&seen);
            async move { seen.load(Ordering::Relaxed) }
        });
        // It begins anew at each look: what it has worked until then does not count.
        let before = lock(&heart.busy_since).unwrap();
        watchdog.stuck(Duration::ZERO).await;
        assert!(lock(&heart.busy_since).unwrap() > before, "it is excused");
        away.store(false, Ordering::Relaxed);
        until(&watchdog, Duration::ZERO, Some("inbox")).await;
        done.send(()).unwrap();
        working.await.unwrap().unwrap();
        assert_eq!(watchdog.stuck(Duration::ZERO).await, None);
    }
}

//! Stopping, in an order that loses nothing: first the input, then the drain, then the rest.

use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, error, info, info_span, warn};

pub use super::watchdog::{Pulse, notify_ready, notify_starting};
use super::watchdog::{Watchdog, notify_stopping};

/// How long tasks have in all, from the first signal to the end of the process. systemd and Docker kill after 10 s.
pub const DRAIN: Duration = Duration::from_secs(8);

/// The last part of the drain: work is cancelled by then, and leases and sockets are given back.
const LONGEST_RELEASE: Duration = Duration::from_secs(2);

/// How long the connections may take to close after everything else has ended.
const CARRIERS_WITHIN: Duration = Duration::from_millis(500);

/// What a shell reports for a program that was interrupted; also says that work was cut off.
const INTERRUPTED: u8 = 130;

/// The one way to start tasks and to end the process. Made in `main`, cloned everywhere.
///
/// Two tokens, so that stopping has two phases:
///
/// 1. [`token`](Self::token), *input*: cancelled at the first signal, or when a task dies. Whoever takes new things (a
///    socket, a listener, a worker that claims questions) stops taking them, finishes what it holds, and returns.
/// 2. [`work_token`](Self::work_token): cancelled when the time to finish is nearly over (the last quarter of the drain,
///    at most 2 s, remains). Whoever still works gives it up, releases its leases, and returns.
///
/// The input token is a child of the work token: work is never cancelled while input still comes in.
/// What has not returned at the end of the drain is dropped with the runtime.
#[derive(Debug, Clone)]
pub struct Shutdown {
    input: CancellationToken,
    work: CancellationToken,
    tracker: TaskTracker,
    carriers: TaskTracker,
    failed: Arc<AtomicBool>,
    watchdog: Watchdog,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Nothing runs, nothing is asked to stop.
    pub fn new() -> Self {
        let work = CancellationToken::new();
        Self {
            input: work.child_token(),
            work,
            tracker: TaskTracker::new(),
            carriers: TaskTracker::new(),
            failed: Arc::default(),
            watchdog: Watchdog::default(),
        }
    }

    /// Starts a task that may end whenever it likes. A panic in it ends the process with a failure.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(self.watched(name, false, task));
    }

    /// Starts a task without which there is no bot: if it ends before it was asked to, the process ends with a failure.
    pub fn spawn_essential(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(self.watched(name, true, self.watchdog.watch(name, task)));
    }

    /// Starts an essential task that the others need in order to finish, such as the connection that carries the last
    /// answers out. It is not waited for in the drain: it works until the [`work_token`](Self::work_token) is
    /// cancelled, which happens when all other tasks have ended, or at the end of their time.
    pub fn spawn_carrier(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.carriers.spawn(self.watched(name, true, self.watchdog.watch(name, task)));
    }

    /// The same for one of several that come and go, such as the queue of a channel: it may end before that.
    pub fn spawn_passing_carrier(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.carriers.spawn(self.watched(name, false, task));
    }

    fn watched<T>(&self, name: &'static str, essential: bool, task: T) -> impl Future<Output = ()> + Send + use<T>
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let shutdown = self.clone();
        let watched = async move {
            // The panic's text is printed by the panic hook; here only its consequence is decided.
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                error!(task = name, "task panicked: the process ends");
                shutdown.fail();
            } else if essential && !shutdown.input.is_cancelled() {
                error!(task = name, "task ended although nobody asked it to: the process ends");
                shutdown.fail();
            }
        };
        watched.instrument(info_span!("task", task = name))
    }

    /// For a loop that takes one thing after the other: systemd's watchdog is not fed while it works on one for very long.
    pub fn pulse(&self, name: &'static str) -> Pulse {
        self.watchdog.pulse(name)
    }

    /// While this says yes, loops may work on one thing for as long as they like: they wait for a neighbour that is away.
    pub fn excuse_loops_while<F>(&self, away: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = bool> + Send + 'static,
    {
        self.watchdog.excuse(away);
    }

    /// Cancelled when nothing new may be taken (phase 1).
    pub fn token(&self) -> CancellationToken {
        self.input.clone()
    }

    /// Cancelled when what is being done must be given up (phase 2).
    pub fn work_token(&self) -> CancellationToken {
        self.work.clone()
    }

    /// Waits for phase 1.
    pub async fn cancelled(&self) {
        self.input.cancelled().await;
    }

    /// Asks for phase 1, as a signal does.
    pub fn begin(&self) {
        self.input.cancel();
    }

    /// Whether a task died: the process will end with a failure, so that systemd starts it again.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn fail(&self) {
        self.failed.store(true, Ordering::Release);
        self.begin();
    }

    /// Waits for SIGINT, SIGTERM, [`begin`](Self::begin) or a dead task, then stops in two phases within `drain`.
    /// A second signal ends at once. Tells systemd that it stops, and feeds its watchdog where one is asked for.
    ///
    /// Give the code to [`std::process::exit`] after the pool is closed: a runtime that is merely dropped waits for
    /// every `spawn_blocking` that still computes.
    pub async fn run_until_signal(self, signals: Signals, drain: Duration) -> ExitCode {
        let watchdog = self.watchdog.clone();
        tokio::select! {
            code = self.run_until(drain, signals.0) => code,
            never = watchdog.feed() => match never {},
        }
    }

    async fn run_until(self, drain: Duration, mut signals: impl Stream<Item = &'static str> + Unpin) -> ExitCode {
        tokio::select! {
            Some(signal) = signals.next() => info!(signal, "asked to stop"),
            () = self.input.cancelled() => info!(failed = self.failed(), "stopping"),
        }
        self.begin();
        notify_stopping();
        self.tracker.close();

        let interrupted = tokio::select! {
            biased;
            Some(signal) = signals.next() => {
                warn!(signal, tasks = self.tracker.len(), "second signal: ending at once");
                true
            }
            () = self.drain(drain) => false,
        };
        // Also after a quiet drain, so that whoever holds this token without being a task learns of the end.
        self.work.cancel();
        self.carriers.close();
        if !interrupted && timeout(CARRIERS_WITHIN, self.carriers.wait()).await.is_err() {
            warn!(tasks = self.carriers.len(), "connections did not close in time and are cut off");
        }
        match (interrupted, self.failed()) {
            (true, _) => ExitCode::from(INTERRUPTED),
            (false, true) => ExitCode::FAILURE,
            (false, false) => ExitCode::SUCCESS,
        }
    }

    async fn drain(&self, drain: Duration) {
        let release = LONGEST_RELEASE.min(drain / 4);
        if timeout(drain - release, self.tracker.wait()).await.is_ok() {
            return;
        }
        info!(tasks = self.tracker.len(), "giving up unfinished work");
        self.work.cancel();
        if timeout(release, self.tracker.wait()).await.is_err() {
            warn!(tasks = self.tracker.len(), "tasks did not stop in time and are cut off");
        }
    }
}

/// SIGINT and SIGTERM, from the moment they are listened for. Before that they end the process on the spot, or, where
/// it is the first process of a container, do nothing: listen first thing.
pub struct Signals(Pin<Box<dyn Stream<Item = &'static str> + Send>>);

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(Self(Box::pin(stream::poll_fn(move |context| {
            if interrupt.poll_recv(context).is_ready() {
                Poll::Ready(Some("SIGINT"))
            } else if terminate.poll_recv(context).is_ready() {
                Poll::Ready(Some("SIGTERM"))
            } else {
                Poll::Pending
            }
        }))))
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        if self.0.next().await.is_none() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::sleep;

    use super::*;

    const SHORT: Duration = Duration::from_millis(400);

    fn one_signal() -> impl Stream<Item = &'static str> + Unpin {
        stream::iter(["SIGTERM"]).chain(stream::pending())
    }

    #[tokio::test]
    async fn a_signal_lets_tasks_finish_and_ends_with_success() {
        let shutdown = Shutdown::new();
        let finished = Arc::new(AtomicBool::new(false));
        let (seen, stop) = (finished.clone(), shutdown.token());
        shutdown.spawn_essential("worker", async move {
            stop.cancelled().await;
            sleep(Duration::from_millis(20)).await;
            seen.store(true, Ordering::SeqCst);
        });
        let code = shutdown.run_until(SHORT, one_signal()).await;
        assert_eq!(code, ExitCode::SUCCESS);
        assert!(finished.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn work_is_cancelled_before_the_drain_is_over_and_still_has_time_to_release() {
        let shutdown = Shutdown::new();
        let released = Arc::new(AtomicBool::new(false));
        let (seen, work) = (released.clone(), shutdown.work_token());
        shutdown.spawn("generation", async move {
            work.cancelled().await;
            sleep(Duration::from_millis(20)).await;
            seen.store(true, Ordering::SeqCst);
        });
        let began = Instant::now();
        let code = shutdown.run_until(SHORT, one_signal()).await;
        assert_eq!(code, ExitCode::SUCCESS);
        assert!(released.load(Ordering::SeqCst));
        assert!(began.elapsed() >= SHORT * 3 / 4 && began.elapsed() < SHORT);
    }

    #[tokio::test]
    async fn a_task_that_never_stops_is_cut_off_when_the_drain_is_over() {
        let shutdown = Shutdown::new();
        shutdown.spawn("deaf", std::future::pending());
        let began = Instant::now();
        assert_eq!(shutdown.run_until(SHORT, one_signal()).await, ExitCode::SUCCESS);
        assert!(began.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn a_panic_anywhere_ends_the_process_with_a_failure() {
        let shutdown = Shutdown::new();
        let stopped = shutdown.token();
        shutdown.spawn("doomed", async { panic!("on purpose") });
        let code = shutdown.clone().run_until(SHORT, stream::pending()).await;
        assert_eq!(code, ExitCode::FAILURE);
        assert!(shutdown.failed() && stopped.is_cancelled());
    }

    #[tokio::test]
    async fn only_an_essential_task_may_not_end_early() {
        let shutdown = Shutdown::new();
        shutdown.spawn("one-off", async {});
        sleep(Duration::from_millis(20)).await;
        assert!(!shutdown.failed() && !shutdown.token().is_cancelled());
        shutdown.spawn_essential("reader", async {});
        assert_eq!(shutdown.run_until(SHORT, stream::pending()).await, ExitCode::FAILURE);
    }

    #[tokio::test]
    async fn a_second_signal_ends_at_once() {
        let shutdown = Shutdown::new();
        shutdown.spawn("deaf", std::future::pending());
        let signals = stream::iter(["SIGINT", "SIGINT"]).chain(stream::pending());
        let began = Instant::now();
        let code = shutdown.run_until(Duration::from_secs(60), signals).await;
        assert_eq!(code, ExitCode::from(INTERRUPTED));
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn begin_stops_input_but_not_work() {
        let shutdown = Shutdown::new();
        shutdown.begin();
        shutdown.cancelled().await;
        assert!(!shutdown.work_token().is_cancelled() && !shutdown.failed());
    }
}

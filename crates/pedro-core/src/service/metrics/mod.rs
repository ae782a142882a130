//! Metrics for Prometheus: [`catalog`] has the names, [`record`] the verbs, this file the start and the page.
//!
//! To add one: a line in the catalog, a verb in `record`, and if its labels are known, a line in [`start`], so that it
//! begins at 0 (a rate cannot see the first event of a series that did not exist before).

pub mod catalog;
pub mod record;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use catalog::*;

use crate::plan::{Action, PlanStatus, StepStatus};

/// Label value of everything that has to do with Twitch.
pub const TWITCH: &str = "twitch";
/// Label value of everything that has to do with Discord.
pub const DISCORD: &str = "discord";
/// `handler` of answered questions among the requests.
const ASK: &str = "ask";

/// How often it is measured how late a task is polled.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);
/// Samples wait in memory until upkeep, every so many intervals, sorts them into buckets; nobody may be scraping.
const UPKEEP_EVERY: u32 = 5;
/// What `/readyz` checks in every process, besides its platforms.
const CHECKS: [&str; 2] = ["database", "model"];

/// The process's recorder: gives the page's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
}

/// Why metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// A metric has no buckets, or another recorder was installed in this process.
    #[error("metrics cannot be recorded")]
    Install(#[from] BuildError),
}

/// Installs the recorder for the whole process, once: a second call (in tests) gets the first one's recorder.
/// Call [`start`] next.
pub fn install() -> Result<Metrics, MetricsError> {
    // A process has one recorder, whatever we would like; the mutex makes two tests that start together share it.
    static INSTALLED: Mutex<Option<Metrics>> = Mutex::new(None);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(metrics) = &*installed {
        return Ok(metrics.clone());
    }
    let metrics = Metrics { handle: builder()?.install_recorder()?, process: Collector::default() };
    describe(&metrics.process);
    *installed = Some(metrics.clone());
    Ok(metrics)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    CATALOG.iter().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(buckets) => builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets),
        Kind::Counter | Kind::Gauge => Ok(builder),
    })
}

fn describe(process: &Collector) {
    for Metric { name, kind, help } in CATALOG {
        match kind {
            Kind::Counter => describe_counter!(*name, *help),
            Kind::Gauge => describe_gauge!(*name, *help),
            Kind::Histogram(_) if name.ends_with("_seconds") => describe_histogram!(*name, Unit::Seconds, *help),
            Kind::Histogram(_) => describe_histogram!(*name, *help),
        }
    }
    process.describe();
}

/// Lets the series of slash commands begin at 0.
pub fn start_commands(names: &[&'static str]) {
    for name in names {
        counter!(DISCORD_COMMANDS, "command" => *name).absolute(0);
        counter!(DISCORD_COMMAND_ERRORS, "command" => *name).absolute(0);
        drop(histogram!(DISCORD_COMMAND_DURATION, "command" => *name));
    }
}

/// Why answers are withheld.
const WITHHELD: [&str; 3] = ["empty", "denied", "leak"];

/// Lets every series whose labels are known begin at 0. `platforms` are those this process speaks to.
pub fn start(platforms: &[&'static str]) {
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION"), "commit" => option_env!("PEDRO_COMMIT").unwrap_or("unknown"))
        .set(1.0);
    for name in [LLM_SUCCESSFUL, LLM_FAILED, LLM_EMPTY, WEB_SEARCH_SUCCESS, WEB_SEARCH_FAIL, MESSAGES_EXPIRED] {
        counter!(name).absolute(0);
    }
    for name in [QUEUE_DEPTH, QUEUE_OLDEST, EMBEDDING_LAG] {
        gauge!(name).set(0.0);
    }
    for check in CHECKS.iter().chain(platforms) {
        gauge!(READY, "check" => *check).set(0.0);
    }
    // Not known yet; 0 would say that it has expired, and NaN is below no alert's bound.
    gauge!(TOKEN_EXPIRY).set(f64::NAN);
    for name in [RETRIEVAL_DURATION, RETRIEVAL_HITS, TOKIO_POLL_DELAY] {
        drop(histogram!(name));
    }
    drop(histogram!(HTTP_DURATION, "handler" => ASK, "method" => "POST", "status" => "200"));
    for reason in WITHHELD {
        counter!(ANSWERS_WITHHELD, "reason" => reason).absolute(0);
    }
    for outcome in EmbeddingOutcome::ALL {
        counter!(EMBEDDINGS, "outcome" => outcome.as_str()).absolute(0);
    }
    for stage in Stage::ALL {
        drop(histogram!(OVERHEAD_DURATION, "stage" => stage.as_str()));
    }
    for status in PlanStatus::ENDS {
        counter!(PLANS, "outcome" => status.as_str()).absolute(0);
    }
    for action in Action::ALL {
        for outcome in [StepStatus::Succeeded, StepStatus::Failed] {
            counter!(PLAN_STEPS, "action" => action.as_str(), "outcome" => outcome.as_str()).absolute(0);
        }
        drop(histogram!(PLAN_STEP_DURATION, "action" => action.as_str()));
    }
    for platform in platforms {
        start_platform(platform);
    }
}

fn start_platform(platform: &'static str) {
    let own: &[&'static str] = match platform {
        TWITCH => &[TWITCH_CONNECTIONS, TWITCH_RECEIVED, TWITCH_SENT, TWITCH_REJECTED],
        DISCORD => &[DISCORD_RECEIVED, DISCORD_SENT],
        _ => &[],
    };
    for name in own {
        counter!(*name).absolute(0);
    }
    if platform == TWITCH {
        gauge!(CHANNELS_WATCHED).set(0.0);
    }
    if platform == DISCORD {
        for status in GameStatus::ALL {
            counter!(GAMES, "status" => status.as_str()).absolute(0);
        }
    }
    for name in [CONNECTED, LAST_EVENT_AGE, MESSAGES_WAITING] {
        gauge!(name, "platform" => platform).set(0.0);
    }
    for name in [MESSAGES_STORED, RATE_LIMIT_WAITS] {
        counter!(name, "platform" => platform).absolute(0);
    }
    for reason in DropReason::ALL {
        counter!(MESSAGES_DROPPED, "platform" => platform, "reason" => reason.as_str()).absolute(0);
    }
    for reason in ReconnectReason::ALL {
        counter!(RECONNECTS, "platform" => platform, "reason" => reason.as_str()).absolute(0);
    }
    for kind in ReplyKind::ALL {
        drop(histogram!(REPLY_DURATION, "platform" => platform, "kind" => kind.as_str()));
    }
}

impl Metrics {
    /// The page `/metrics`. What the process and the runtime know of themselves is read now.
    pub fn render(&self) -> String {
        self.process.collect();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let runtime = runtime.metrics();
            gauge!(TOKIO_WORKERS).set(runtime.num_workers() as f64);
            gauge!(TOKIO_ALIVE_TASKS).set(runtime.num_alive_tasks() as f64);
            gauge!(TOKIO_GLOBAL_QUEUE_DEPTH).set(runtime.global_queue_depth() as f64);
        }
        self.handle.render()
    }

    /// Measures how late a task is polled, and keeps the recorder small, until it is told to stop. A task of its own.
    pub async fn upkeep(self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SAMPLE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = 0_u32;
        while let Some(due) = stop.run_until_cancelled(ticks.tick()).await {
            record::polled_late(due.elapsed());
            count = count.wrapping_add(1);
            if count.is_multiple_of(UPKEEP_EVERY) {
                self.handle.run_upkeep();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{Generation, LlmError, Purpose, measure};

    /// A recorder of the test's own, so that other tests do not count.
    fn page(platforms: &[&'static str], moves: impl FnOnce()) -> String {
        let recorder = builder().unwrap().build_recorder();
        let metrics = Metrics { handle: recorder.handle(), process: Collector::default() };
        metrics::with_local_recorder(&recorder, || {
            describe(&metrics.process);
            start(platforms);
            measure::start();
            moves();
            metrics.render()
        })
    }

    #[tokio::test]
    async fn every_metric_is_on_the_page_with_its_type_and_help_from_the_start() {
        let page = page(&[TWITCH, DISCORD], || start_commands(&["askpedro"]));
        for Metric { name, kind, help } in CATALOG {
            assert!(page.contains(&format!("# TYPE {name} {}\n", kind.as_str())), "{name}\n{page}");
            assert!(page.contains(&format!("# HELP {name} {help}\n")), "{name}\n{page}");
        }
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
            assert!(page.contains(&format!("\n{name} ")), "{name}");
        }
        assert!(!page.contains("quantile="), "{page}");
    }

    #[test]
    fn known_labels_begin_at_zero_and_unknown_platforms_do_not_exist() {
        let page = page(&[TWITCH], || {});
        let zeroes = [
            "successful_llm_gen_count 0",
            "failed_llm_gen_count 0",
            "empty_llm_response_count 0",
            "web_search_fail_count 0",
            "twitch_message_recieved_count 0",
            "pedro_queue_depth 0",
            "pedro_model_requests_total{purpose=\"answer\"} 0",
            "pedro_model_errors_total{purpose=\"answer\"} 0",
            "pedro_model_failures_total{purpose=\"answer\",reason=\"timeout\"} 0",
            "pedro_token_expiry_seconds NaN",
            "pedro_connected{platform=\"twitch\"} 0",
            "pedro_messages_dropped_total{platform=\"twitch\",reason=\"overflow\"} 0",
            "pedro_generation_duration_seconds_bucket{purpose=\"answer\",le=\"600\"} 0",
            "http_request_duration_seconds_bucket{handler=\"ask\",method=\"POST\",status=\"200\",le=\"2\"} 0",
        ];
        for line in zeroes {
            assert!(page.lines().any(|found| found == line), "{line}\nis not in\n{page}");
        }
        assert!(!page.contains("discord"), "{page}");
    }

    #[test]
    fn what_alerts_divide_moves_together() {
        let page = page(&[TWITCH], || {
            let took = Duration::from_secs(90);
            let generation = Generation {
                text: "hello".to_owned(),
                prompt_tokens: Some(700),
                completion_tokens: None,
                first_token: None,
                took,
                model: "m".to_owned(),
            };
            let failures = [LlmError::Timeout, LlmError::Empty];
            for result in failures.map(Err).into_iter().chain([Ok(generation)]) {
                measure::began(Purpose::Answer);
                measure::ended(Purpose::Answer, took, &result);
            }
            record::replied(TWITCH, ReplyKind::Answer, Duration::from_secs(90));
            record::replied(TWITCH, ReplyKind::Command, Duration::from_millis(3));
        });
        let moved = [
            "successful_llm_gen_count 1",
            "failed_llm_gen_count 1",
            "empty_llm_response_count 1",
            "pedro_model_requests_total{purpose=\"answer\"} 3",
            "pedro_model_errors_total{purpose=\"answer\"} 2",
            "pedro_model_failures_total{purpose=\"answer\",reason=\"timeout\"} 1",
            "pedro_generation_tokens_total{kind=\"prompt\"} 700",
            "pedro_generation_duration_seconds_bucket{purpose=\"answer\",le=\"60\"} 0",
            "pedro_generation_duration_seconds_bucket{purpose=\"answer\",le=\"120\"} 3",
            "pedro_reply_duration_seconds_count{platform=\"twitch\",kind=\"command\"} 1",
            "http_request_duration_seconds_count{handler=\"ask\",method=\"POST\",status=\"200\"} 1",
        ];
        for line in moved {
            assert!(page.lines().any(|found| found == line), "{line}\nis not in\n{page}");
        }
    }

    #[tokio::test]
    async fn installing_twice_is_one_recorder_and_upkeep_ends_when_told() {
        let first = install().unwrap();
        let second = install().unwrap();
        start(&[TWITCH]);
        record::messages_stored(TWITCH, 0);
        assert!(first.render().contains(MESSAGES_STORED) && second.render().contains(MESSAGES_STORED));
        let stop = CancellationToken::new();
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(1), first.upkeep(stop)).await.unwrap();
    }
}

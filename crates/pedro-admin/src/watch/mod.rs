//! `pedro watch`: looks at the bots and the model servers, and tells a Discord channel when one is down, and when it is
//! back.

mod record;
mod target;
mod webhook;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use clap::Args;
use pedro_core::service::config::{ConfigProblems, ModelArgs, ModelSettings, parse_duration, text};
use pedro_core::service::{Secret, Shutdown, Signals, shutdown};
use tokio::time::Instant;
use url::Url;

use self::record::{Record, Rules, span};
use self::target::{Looker, Target};
use self::webhook::Webhook;
use crate::output;
use crate::settings::settle;

/// Both bots where they serve their pages by default.
const BOTS: &str = "discord=http://127.0.0.1:6060,twitch=http://127.0.0.1:6061";

/// Written in place of addresses: there are none.
const NONE: &str = "none";

/// How long `--once` tries to say what there is to say; the rest is for the next run.
const ONCE_WITHIN: Duration = Duration::from_secs(30);

/// A message that is under way when the process ends gets so long.
const LAST_MESSAGE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Look once and end: exit code 1 if something is down. For cron: failures are counted from run to run
    #[arg(long)]
    once: bool,
    /// With --once: print JSON
    #[arg(long, requires = "once")]
    json: bool,
    /// Pages of the bots, separated by commas, each with a name or without; or none.
    /// Default: discord=http://127.0.0.1:6060,twitch=http://127.0.0.1:6061
    #[arg(long, env = "PEDRO_WATCH_BOTS", value_name = "URLS")]
    pedro_watch_bots: Option<String>,
    /// Webhook of the Discord channel that is told. Unset: nobody is, what happens is only printed
    #[arg(long, env = "PEDRO_WATCH_WEBHOOK", value_name = "URL", hide_env_values = true)]
    pedro_watch_webhook: Option<Secret>,
    /// File that holds PEDRO_WATCH_WEBHOOK
    #[arg(long, env = "PEDRO_WATCH_WEBHOOK_FILE", value_name = "PATH")]
    pedro_watch_webhook_file: Option<String>,
    /// How often is looked. Default: 30s
    #[arg(long, env = "PEDRO_WATCH_INTERVAL", value_name = "TIME")]
    pedro_watch_interval: Option<String>,
    /// Looks in a row that must fail before anybody is told. Default: 3
    #[arg(long, env = "PEDRO_WATCH_FAILURES", value_name = "COUNT")]
    pedro_watch_failures: Option<String>,
    /// How often it is told again while something is down. Default: 1h
    #[arg(long, env = "PEDRO_WATCH_REMIND", value_name = "TIME")]
    pedro_watch_remind: Option<String>,
    /// How long one look may take. Default: 10s
    #[arg(long, env = "PEDRO_WATCH_TIMEOUT", value_name = "TIME")]
    pedro_watch_timeout: Option<String>,
    /// File that keeps what is down and what is still to be told. Default: watch.json in systemd's state directory, else in ~/.local/state/pedro
    #[arg(long, env = "PEDRO_WATCH_STATE", value_name = "PATH")]
    pedro_watch_state: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Do not look at the model servers
    #[arg(long)]
    no_model: bool,
}

/// The options, checked.
struct Settings {
    targets: Vec<Target>,
    model: ModelSettings,
    webhook: Option<Secret>,
    every: Duration,
    timeout: Duration,
    rules: Rules,
}

impl Options {
    fn resolve(&self, problems: &mut ConfigProblems) -> Settings {
        let model = self.model.clone().resolve(problems);
        let mut targets = bots(text(self.pedro_watch_bots.as_ref()).unwrap_or(BOTS), problems);
        if !self.no_model {
            targets.extend(Target::models(&model));
        }
        let mut names = HashSet::new();
        if targets.is_empty() || !targets.iter().all(|target| names.insert(target.name.clone())) {
            let wrong = if targets.is_empty() { "leaves nothing to look at" } else { "names two by one name" };
            problems.add("PEDRO_WATCH_BOTS", wrong, "addresses of bots, each with a name of its own", BOTS);
        }
        let file = text(self.pedro_watch_webhook_file.as_ref());
        let webhook = problems.secret("PEDRO_WATCH_WEBHOOK", self.pedro_watch_webhook.as_ref(), file);
        let is_url = |url: &Secret| Url::parse(url.expose()).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if webhook.as_ref().is_some_and(|webhook| !is_url(webhook)) {
            let example = "https://discord.com/api/webhooks/123/abc";
            problems.add("PEDRO_WATCH_WEBHOOK", "is no URL", "the URL of a Discord channel's webhook", example);
        }
        let mut time = |name: &str, value: &Option<String>, default: u64| {
            let default = Duration::from_secs(default);
            let parsed = text(value.as_ref()).map_or(Ok(default), parse_duration);
            problems.take(name, parsed, ("a time above zero and up to a day", "30s"), default)
        };
        let every = time("PEDRO_WATCH_INTERVAL", &self.pedro_watch_interval, 30);
        let remind = time("PEDRO_WATCH_REMIND", &self.pedro_watch_remind, 3_600);
        let timeout = time("PEDRO_WATCH_TIMEOUT", &self.pedro_watch_timeout, 10);
        let failures = text(self.pedro_watch_failures.as_ref()).map_or(Ok(3), |count| {
            count.parse().ok().filter(|count| (1..=1_000).contains(count)).ok_or_else(|| "is no such number".to_owned())
        });
        let failures = problems.take("PEDRO_WATCH_FAILURES", failures, ("a number from 1 to 1000", "3"), 3);
        let rules = Rules { failures, remind: TimeDelta::from_std(remind).unwrap_or(TimeDelta::hours(1)) };
        Settings { targets, model, webhook, every, timeout, rules }
    }

    fn state(&self) -> PathBuf {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let given = self.pedro_watch_state.clone().filter(|path| !path.as_os_str().is_empty());
        // systemd's comes from StateDirectory= of the unit; the first, if there are several.
        let systemd = set("STATE_DIRECTORY").map(|path| path.join("watch.json"));
        let user = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
        let user = user.unwrap_or_else(|| PathBuf::from("/var/lib")).join("pedro/watch.json");
        given.or(systemd).unwrap_or(user)
    }
}

fn bots(list: &str, problems: &mut ConfigProblems) -> Vec<Target> {
    let mut bots = Vec::new();
    for written in list.split(',').map(str::trim).filter(|written| !written.is_empty() && *written != NONE) {
        match Target::bot(written) {
            Ok(bot) => bots.push(bot),
            Err(wrong) => {
                let shape = "addresses of bots, separated by commas, each with a name and = before it; or none";
                problems.add("PEDRO_WATCH_BOTS", wrong, shape, BOTS);
            }
        }
    }
    bots
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let signals = Signals::listen()?;
    shutdown::notify_starting();
    let settings = settle(|problems| options.resolve(problems)).await?;
    let path = options.state();
    let record = Record::read(&path).unwrap_or_else(|error| {
        output::note(format!("{} cannot be read ({error}): nothing is known of before", path.display()));
        Record::default()
    });
    if settings.webhook.is_none() {
        output::note("PEDRO_WATCH_WEBHOOK is not set: nobody is told, what happens is only printed");
    }
    let looker = Looker::new(&settings.model, settings.timeout)?;
    let webhook = settings.webhook.clone().map(Webhook::new).transpose()?;
    let mut watch = Watch { settings, looker, webhook, record, path, shown: None, kept: true };
    if options.once {
        return watch.once(options.json).await;
    }
    let shutdown = Shutdown::new();
    let (stop, pulse) = (shutdown.clone(), shutdown.pulse("watch"));
    shutdown.spawn_essential("watch", async move {
        let stop = stop.token();
        let mut looks = tokio::time::interval(watch.settings.every);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut ready = false;
        let mut say_at = Instant::now();
        loop {
            let waits = watch.has_news();
            tokio::select! {
                biased;
                () = stop.cancelled() => return watch.end().await,
                _ = looks.tick() => {
                    pulse.during(watch.look()).await;
                    if !std::mem::replace(&mut ready, true) {
                        shutdown::notify_ready();
                    }
                }
                () = tokio::time::sleep_until(say_at), if waits => {
                    say_at = Instant::now() + pulse.during(watch.say_one()).await;
                }
            }
        }
    });
    Ok(shutdown.run_until_signal(signals, shutdown::DRAIN).await)
}

/// What goes on.
struct Watch {
    settings: Settings,
    looker: Looker,
    /// `None`: nobody is told.
    webhook: Option<Webhook>,
    record: Record,
    path: PathBuf,
    /// What was last printed.
    shown: Option<String>,
    /// Whether the file could be written: told once.
    kept: bool,
}

impl Watch {
    async fn once(mut self, json: bool) -> anyhow::Result<ExitCode> {
        self.see().await;
        match json {
            true => output::json(&self.record.shown())?,
            false => self.print(),
        }
        let until = Instant::now() + ONCE_WITHIN;
        while self.has_news() {
            let pause = self.say_one().await;
            if self.has_news() && Instant::now() + pause >= until {
                output::note("not everything could be told: the next run goes on with it");
                return Ok(ExitCode::FAILURE);
            }
            tokio::time::sleep(pause).await;
        }
        let all_up = self.record.shown().iter().all(|target| target.up);
        Ok(if all_up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn look(&mut self) {
        self.see().await;
        self.print();
    }

    /// Looks at all targets side by side.
    async fn see(&mut self) {
        let looks =
            self.settings.targets.iter().map(async |target| (target.name.clone(), self.looker.look(target).await));
        let seen = futures_util::future::join_all(looks).await;
        self.record.see(&seen, Utc::now(), self.settings.rules);
        self.keep();
    }

    fn has_news(&self) -> bool {
        !self.record.waiting.is_empty()
    }

    /// Tells what has waited longest; it waits on until it was taken. How long to wait until the next.
    async fn say_one(&mut self) -> Duration {
        let Some(text) = self.record.waiting.first() else { return Duration::ZERO };
        if let Some(webhook) = &mut self.webhook
            && let Err(not_taken) = webhook.say(text).await
        {
            let waiting = self.record.waiting.len();
            tracing::warn!(
                waiting,
                "a message waits: {}; trying again in {} s",
                not_taken.why,
                not_taken.pause.as_secs_f32()
            );
            return not_taken.pause;
        }
        self.record.waiting.remove(0);
        self.keep();
        Duration::ZERO
    }

    /// What is still to be told is tried once more, and is in the file in any case.
    async fn end(&mut self) {
        if self.has_news() {
            let _taken = tokio::time::timeout(LAST_MESSAGE_WITHIN, self.say_one()).await;
        }
        self.keep();
    }

    fn keep(&mut self) {
        let kept = self.record.write(&self.path);
        if let Err(error) = &kept
            && self.kept
        {
            output::note(format!(
                "{} cannot be written ({error}): a restart will forget what is down; set PEDRO_WATCH_STATE",
                self.path.display()
            ));
        }
        self.kept = kept.is_ok();
    }

    /// One line a target, whenever something changed.
    fn print(&mut self) {
        let now = Utc::now();
        let shown = self.record.shown();
        let state: Vec<String> =
            shown.iter().map(|target| format!("{}{}{}", target.name, target.up, target.red)).collect();
        let state = state.join("\n");
        if self.shown.as_ref() == Some(&state) {
            return;
        }
        self.shown = Some(state);
        for target in shown {
            let line = match (target.up, target.since) {
                (true, _) => format!("✓ {}: up", target.name),
                (false, Some(since)) => format!("✗ {}: down for {}: {}", target.name, span(now - since), target.red),
                (false, None) => format!("✗ {}: down: {}", target.name, target.red),
            };
            // Nobody may read it: whoever watches goes on.
            let _printed = output::line(format!("{} {}", now.format("%H:%M:%S"), output::one_line(&line)));
        }
    }
}

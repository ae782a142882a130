//! A run: trouble for as long as asked, calm, and the judgement.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::sleep;

use crate::bot::Bot;
use crate::crowd::Crowd;
use crate::fault::{self, Fault};
use crate::town::{CHANNELS, Town};
use crate::trouble::Trouble;
use crate::watch::Watch;
use crate::{facts, ledger, record, report};

/// How often is looked whether a fault is over or a bot has died.
const TICK: Duration = Duration::from_millis(20);

/// The longest pause between two faults.
const PAUSE_MS: u64 = 2_400;

/// How long everything may take to come to rest once nothing goes wrong any more.
const CALM_WITHIN: Duration = Duration::from_secs(240);

/// What a bot's figures say when all is at rest.
const FIGURES: [(&str, f64); 4] = [
    ("pedro_messages_dropped_total", 0.0),
    ("pedro_queue_depth", 0.0),
    ("pedro_embedding_lag_messages", 0.0),
    ("pedro_connected", 1.0),
];

const FIGURES_WITHIN: Duration = Duration::from_secs(30);

/// How long a run is, and where its chances come from.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long there is trouble. Coming to rest takes up to a minute more.
    pub trouble: Duration,
    /// The same faults in the same order come from the same seed.
    pub seed: u64,
    /// Where the bots' programs are.
    pub programs: PathBuf,
    /// Where the bots' logs go; they stay there if something is wrong.
    pub logs: PathBuf,
}

/// Runs. True if nothing is wrong; prints what was done and what came of it.
///
/// # Errors
/// If the world cannot be built, or breaks in a way that is none of the faults.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub async fn run(options: &Options) -> Result<bool> {
    let name = format!("chaos-{}-{}", options.seed, std::process::id());
    println!("chaos: {} s of trouble, SEED={}", options.trouble.as_secs(), options.seed);
    let mut town = Town::build(&options.programs, &options.logs, &name, options.seed).await?;
    let result = tokio::select! {
        result = live(&mut town, options) => result,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    for bot in &mut town.bots {
        bot.kill().await?;
    }
    town.tear_down().await?;
    let complaints = match result {
        Ok(complaints) => complaints,
        Err(error) => vec![format!("{error:#}")],
    };
    if complaints.is_empty() {
        println!("chaos: nothing was lost, doubled or left open, SEED={}", options.seed);
        for bot in &town.bots {
            std::fs::remove_file(&bot.log)?;
        }
        return Ok(true);
    }
    println!("chaos: FAILED with {} complaints, SEED={}", complaints.len(), options.seed);
    println!("  {}", complaints[0]);
    for bot in &town.bots {
        println!("  log: {}", bot.log.display());
    }
    Ok(false)
}

#[expect(clippy::print_stdout, reason = "a report for people")]
async fn live(town: &mut Town, options: &Options) -> Result<Vec<String>> {
    for bot in &mut town.bots {
        bot.start()?;
    }
    until_ready(town).await?;
    let crowd = Crowd::new(town.twitch.clone(), town.discord.clone(), town.channels.clone(), options.seed);
    let crowd = tokio::spawn(crowd.live());
    let mut watch = Watch::default();
    let mut troubles = make_trouble(town, options, &mut watch).await?;
    // It goes on for ever: one that has ended has panicked, and a quiet town would pass.
    ensure!(!crowd.is_finished(), "the crowd fell silent in the middle");
    crowd.abort();
    end_all(town, &mut troubles).await?;
    calm(town, &mut watch).await?;
    let mut complaints = watch.complaints(&troubles);

    let spells = troubles.iter().map(Trouble::spell).collect();
    let facts = facts::collect(town, spells).await?;
    let ledger = ledger::judge(&facts);
    complaints.extend(ledger.complaints.iter().cloned());
    complaints.extend(look_around(town).await?);
    let lasted: Vec<(Fault, f64)> = troubles.iter().map(|trouble| (trouble.fault, trouble.lasted())).collect();
    println!(
        "faults: {}, of them {} times kill -9",
        lasted.len(),
        lasted.iter().filter(|(fault, _)| fault.kills()).count()
    );
    println!("{}", report::faults(&lasted));
    println!("ledger:\n{}", report::ledger(&ledger, &record::outcomes(&town.pool).await?, &complaints));
    for bot in &town.bots {
        println!("    {:<62} {:>6}", format!("most memory of {}, MB", bot.name), bot.largest);
    }
    Ok(complaints)
}

async fn make_trouble(town: &mut Town, options: &Options, watch: &mut Watch) -> Result<Vec<Trouble>> {
    let mut chance = StdRng::seed_from_u64(options.seed);
    let mut troubles: Vec<Trouble> = Vec::new();
    let end = Instant::now() + options.trouble;
    let mut next = Instant::now();
    while Instant::now() < end {
        end_those_due(town, &mut troubles).await?;
        if Instant::now() >= next {
            let fault = fault::choose(&mut chance);
            // Of its own: what this fault draws must not depend on whether the one before could begin.
            let mut its_own = StdRng::seed_from_u64(chance.random());
            let is_free = !troubles.iter().any(|one| one.goes_on() && one.fault.family() == fault.family());
            if is_free {
                troubles.push(Trouble::begin(fault, town, &mut its_own).await?);
            }
            next = Instant::now() + Duration::from_millis(chance.random_range(50..PAUSE_MS));
        }
        watch.look(town)?;
        sleep(TICK).await;
    }
    Ok(troubles)
}

async fn end_those_due(town: &mut Town, troubles: &mut [Trouble]) -> Result<()> {
    let now = Instant::now();
    for trouble in troubles.iter_mut().filter(|one| one.is_due(now)) {
        trouble.end(town).await?;
    }
    Ok(())
}

async fn end_all(town: &mut Town, troubles: &mut [Trouble]) -> Result<()> {
    for trouble in troubles {
        trouble.end(town).await?;
    }
    town.discord.no_trouble();
    Ok(())
}

async fn until_ready(town: &mut Town) -> Result<()> {
    let began = Instant::now();
    loop {
        let mut ready = 0;
        for bot in &town.bots {
            let Some(address) = bot.address() else { continue };
            let page = town.http.get(format!("http://{address}/readyz")).send().await;
            ready += usize::from(page.is_ok_and(|page| page.status().is_success()));
        }
        if ready == town.bots.len() {
            return Ok(());
        }
        ensure!(began.elapsed() < CALM_WITHIN, "the bots do not get ready");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until all is at rest. What does not come to rest is a complaint.
async fn calm(town: &mut Town, watch: &mut Watch) -> Result<()> {
    until_ready(town).await?;
    let began = Instant::now();
    // Said last, it is heard last: all before it has been dealt with then.
    let mut last: Vec<String> =
        CHANNELS.iter().map(|channel| town.twitch.say(channel, "viewer00", "that was it")).collect();
    last.extend(town.channels.iter().map(|channel| town.discord.say(*channel, "viewer00", "that was it").to_string()));
    loop {
        watch.look(town)?;
        let mut unsettled: Vec<String> =
            record::unsettled(&town.pool).await?.iter().map(|one| format!("{}: {}", one.what, one.count)).collect();
        let stored = record::lines(&town.pool).await?;
        let waiting = last.iter().filter(|id| !stored.iter().any(|line| line.platform_message_id == **id)).count();
        if waiting > 0 {
            unsettled.push(format!("last lines that are not stored: {waiting}"));
        }
        if unsettled.is_empty() {
            return Ok(());
        }
        if began.elapsed() > CALM_WITHIN {
            watch.complain(format!("not at rest after {} s: {}", CALM_WITHIN.as_secs(), unsettled.join(", ")));
            return Ok(());
        }
        sleep(Duration::from_millis(300)).await;
    }
}

/// What else must be so: what the bots tell of themselves, what the platforms would punish, how the bots end.
async fn look_around(town: &mut Town) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for bot in &town.bots {
        complaints.extend(wrong_figures(town, bot).await?);
    }
    let repeated = record::repeated_in_games(&town.pool).await?;
    if repeated > 0 {
        complaints.push(format!("{repeated} questions were asked twice in a game"));
    }
    for bot in &mut town.bots {
        if bot.runs() {
            let status = bot.stop().await?;
            if !status.success() {
                complaints.push(format!("{} ended with {status} when it was asked to stop", bot.name));
            }
        }
        if bot.log().contains("panicked at") {
            complaints.push(format!("{} panicked", bot.name));
        }
    }
    Ok(complaints)
}

/// What a bot tells of itself and should not. Some figures are taken every few seconds only.
async fn wrong_figures(town: &Town, bot: &Bot) -> Result<Vec<String>> {
    let address = bot.address().context("no pages")?;
    let began = Instant::now();
    loop {
        let metrics = town.http.get(format!("http://{address}/metrics")).send().await?.text().await?;
        let mut wrong = Vec::new();
        for (name, right) in FIGURES {
            let value = sum(&metrics, name);
            if value != Some(right) {
                wrong.push(format!("{}: {name} is {value:?}", bot.name));
            }
        }
        if wrong.is_empty() || began.elapsed() > FIGURES_WITHIN {
            return Ok(wrong);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// The sum of a metric over its labels.
fn sum(metrics: &str, name: &str) -> Option<f64> {
    let of_it = metrics.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let values: Vec<f64> = of_it.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

/// Where `cargo` puts the programs of the profile that this one was built with.
pub(crate) fn programs_beside(this: &Path) -> Option<PathBuf> {
    // target/debug/deps/chaos-0123
    Some(this.parent()?.parent()?.to_owned())
}

impl Options {
    /// As the environment says: `SECONDS_OF_CHAOS` (60), `SEED` (1).
    ///
    /// # Errors
    /// If a value is no number.
    pub fn from_environment() -> Result<Self> {
        let number = |name: &str| -> Result<Option<u64>> {
            let value = std::env::var(name).unwrap_or_default();
            if value.is_empty() {
                return Ok(None);
            }
            Ok(Some(value.parse().with_context(|| format!("{name} is no number: {value:?}"))?))
        };
        let this = std::env::current_exe()?;
        Ok(Self {
            trouble: Duration::from_secs(number("SECONDS_OF_CHAOS")?.unwrap_or(60)),
            seed: number("SEED")?.unwrap_or(1),
            programs: programs_beside(&this).context("the programs are nowhere")?,
            logs: std::env::temp_dir(),
        })
    }
}

//! `pedro chat`: an adapter for the terminal. A line takes the same way as one from Twitch or Discord.

mod steps;
mod terminal;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use pedro_core::boot::{self, Parts};
use pedro_core::chat::{ChannelKey, Chattiness, Platform};
use pedro_core::memory::inbox;
use pedro_core::places::Identity;
use pedro_core::question::Terms;
use pedro_core::service::config::{
    ApiArgs, Community, CommunityArgs, CommunitySettings, DatabaseArgs, EmbeddingArgs, ModelArgs, SearchArgs,
};
use pedro_core::service::{Readiness, Shutdown, Signals, shutdown};
use pedro_core::speech::speech;
use pedro_core::store::channel::{Audience, Seen};
use pedro_core::store::question::{self, Limits};
use pedro_core::trigger::COMMANDS;

use self::steps::Steps;
use self::terminal::Terminal;
use crate::settings::settle;
use crate::target;

/// Pedro's login and user id in the terminal.
const LOGIN: &str = "pedro";

/// Whoever sits at the terminal owns the model.
const TERMS: Terms = Terms {
    limits: Limits { open_per_person: 1_000, hourly_per_person: 100_000, queue: 1_000 },
    expiry: Duration::from_secs(3_600),
    everywhere: false,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Name of the community whose memory is shared. Default: the configured one, if there is one only
    #[arg(long, value_name = "NAME")]
    community: Option<String>,
    /// Your name in the chat. Default: your account's
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    embedding: EmbeddingArgs,
    #[command(flatten)]
    config: CommunityArgs,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    api: ApiArgs,
}

/// One question.
#[derive(Debug, Args)]
pub(crate) struct PlanOptions {
    /// What to find out
    question: String,
    #[command(flatten)]
    chat: Options,
}

/// A recap.
#[derive(Debug, Args)]
pub(crate) struct RecapOptions {
    /// Of the last so many hours
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=168), conflicts_with = "last_stream")]
    hours: Option<u16>,
    /// Of the last stream, or the one that is on: what is told without --hours, too
    #[arg(long)]
    last_stream: bool,
    /// As JSON: the text, what it was made from, the time, and how many lines it covers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    chat: Options,
}

/// Tells what happened; exit code 1 if there was no answer.
pub(crate) async fn recap(options: RecapOptions) -> anyhow::Result<ExitCode> {
    // Without --hours it is the last stream, whether somebody says so or not.
    let RecapOptions { hours, last_stream: _, json, chat } = options;
    let argument = hours.map_or_else(String::new, |hours| hours.to_string());
    talk(chat, Some(Only { command: "recap", argument, json })).await
}

/// The one thing that is asked.
struct Only {
    /// The command's own name.
    command: &'static str,
    argument: String,
    /// The recap is printed as JSON, and nothing else.
    json: bool,
}

/// Plans and answers one question in the terminal; exit code 1 if there was no answer.
pub(crate) async fn plan(options: PlanOptions) -> anyhow::Result<ExitCode> {
    let PlanOptions { question, chat } = options;
    talk(chat, Some(Only { command: "plan", argument: question, json: false })).await
}

/// Talks in the terminal.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    talk(options, None).await
}

/// `only`: the one question that is put; without it lines are read.
async fn talk(options: Options, only: Option<Only>) -> anyhow::Result<ExitCode> {
    let Options { community, name, database, model, embedding, config, search, api } = options;
    let settings = settle(|problems| {
        let database = database.clone().resolve(problems);
        let (model, embedding) = (model.clone().resolve(problems), embedding.clone().resolve(problems));
        let config = config.clone().resolve(problems);
        (database, model, embedding, config, search.clone().resolve(problems), api.clone().resolve(problems))
    });
    let (database, model, embedding, config, search, api) = settings.await?;
    let community = target::chosen(community, &config)?;

    let shutdown = Shutdown::new();
    let (voice, speeches) = speech();
    let (inbox, lines) = inbox(Platform::Terminal);
    let parts = Parts {
        platform: Platform::Terminal,
        identity: Identity { login: LOGIN.to_owned(), user_ids: vec![LOGIN.to_owned()] },
        terms: TERMS,
        voice,
        database,
        model,
        embedding,
        community: &config,
        search: &search,
        api: &api,
        public_url: None,
        readiness: &Readiness::new(),
    };
    let pedro = boot::boot(parts, &shutdown).await?;
    let key = ChannelKey { platform: Platform::Terminal, platform_channel_id: format!("terminal/{community}") };
    let home = home(&pedro.pool, &config, &community).await?;
    // What the operator types nobody else can read: it must not come up in an answer on Twitch.
    let seen = Seen { audience: Audience::Members, ..Seen::public(key.clone(), "terminal") };
    let place = pedro.places.open(&home, &seen).await?;
    pedro.start(lines);

    let name = name.unwrap_or_else(own_name);
    let json = only.as_ref().is_some_and(|only| only.json);
    let pool = pedro.pool.clone();
    let terminal = Terminal { pool, inbox, speeches, key, name, json, steps: Steps::default() };
    let (pool, ending) = (pedro.pool.clone(), shutdown.clone());
    let only = only.map(|only| {
        let info = COMMANDS.iter().find(|command| command.name == only.command);
        let usage = info.map_or_else(String::new, |command| command.usage(&place.home.ear));
        let command = usage.split(' ').next().unwrap_or_default();
        format!("{command} {}", only.argument)
    });
    let answered = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&answered);
    let is_only = only.is_some();
    shutdown.spawn_carrier("terminal", async move {
        told.store(terminal.run(&ending, only).await, Ordering::Relaxed);
    });
    let code = shutdown.run_until_signal(Signals::listen()?, shutdown::DRAIN).await;
    let code = if is_only && !answered.load(Ordering::Relaxed) { ExitCode::FAILURE } else { code };
    // After an interruption nobody waits for the answers any more.
    question::cancel_channel(&pool, place.id).await?;
    boot::close(&pool).await;
    Ok(code)
}

/// The community as configured; in the terminal Pedro answers however quiet it is elsewhere.
async fn home(pool: &sqlx::PgPool, config: &CommunitySettings, name: &str) -> anyhow::Result<Community> {
    let community = target::community(pool, config, name).await?;
    Ok(Community { chattiness: Chattiness::Questions, ..community })
}

fn own_name() -> String {
    std::env::var("USER").ok().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "streamer".to_owned())
}

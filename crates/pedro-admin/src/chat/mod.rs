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
    ApiArgs, Community, CommunityArgs, CommunitySettings, ConfigProblems, DatabaseArgs, EmbeddingArgs, ModelArgs,
    SearchArgs,
};
use pedro_core::service::{Readiness, Shutdown, Signals, shutdown};
use pedro_core::speech::speech;
use pedro_core::store::channel::{Audience, Seen};
use pedro_core::store::question::{self, Limits};
use pedro_core::trigger::COMMANDS;

use self::steps::Steps;
use self::terminal::Terminal;
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

/// Plans and answers one question in the terminal; exit code 1 if there was no answer.
pub(crate) async fn plan(options: PlanOptions) -> anyhow::Result<ExitCode> {
    let PlanOptions { question, chat } = options;
    talk(chat, Some(question)).await
}

/// Talks in the terminal.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    talk(options, None).await
}

/// `planned`: the one question that is put, by a plan; without it lines are read.
async fn talk(options: Options, planned: Option<String>) -> anyhow::Result<ExitCode> {
    let Options { community, name, database, model, embedding, config, search, api } = options;
    let mut problems = ConfigProblems::default();
    let database = database.resolve(&mut problems);
    let model = model.resolve(&mut problems);
    let embedding = embedding.resolve(&mut problems);
    let config = config.resolve(&mut problems);
    let search = search.resolve(&mut problems);
    let api = api.resolve(&mut problems);
    let (database, model, embedding, config) = problems.into_result((database, model, embedding, config))?;
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
    let terminal = Terminal { pool: pedro.pool.clone(), inbox, speeches, key, name, steps: Steps::default() };
    let (pool, ending) = (pedro.pool.clone(), shutdown.clone());
    let planned = planned.map(|question| {
        let info = COMMANDS.iter().find(|command| command.name == "plan");
        let usage = info.map_or_else(String::new, |command| command.usage(&place.home.ear));
        let command = usage.split(' ').next().unwrap_or_default();
        format!("{command} {question}")
    });
    let answered = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&answered);
    let only = planned.is_some();
    shutdown.spawn_carrier("terminal", async move {
        told.store(terminal.run(&ending, planned).await, Ordering::Relaxed);
    });
    let code = shutdown.run_until_signal(Signals::listen()?, shutdown::DRAIN).await;
    let code = if only && !answered.load(Ordering::Relaxed) { ExitCode::FAILURE } else { code };
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

//! Pedro on Discord: reads the options, opens what it needs, starts the tasks and waits for the end.

mod bot;
mod call;
mod catch_up;
mod command;
mod component;
mod config;
mod convert;
mod directory;
mod interaction;
mod lenient;
mod look_back;
mod note;
mod reader;
mod recorder;
mod rest;
mod sender;
mod state;
mod stream_recap;
mod thread;
mod withdraw;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use pedro_core::api;
use pedro_core::boot::{self, Parts};
use pedro_core::chat::Platform;
use pedro_core::memory::inbox;
use pedro_core::pedro::Booted;
use pedro_core::places::Identity;
use pedro_core::question::DISCORD_TERMS;
use pedro_core::served::Served;
use pedro_core::service::config::BotSettings;
use pedro_core::service::http;
use pedro_core::service::metrics::{self, DISCORD};
use pedro_core::service::{Readiness, Shutdown, Signals, launch, shutdown};
use pedro_core::speech::speech;

use crate::bot::Bot;
use crate::config::{DiscordSettings, Options};
use crate::directory::Directory;
use crate::note::notes;
use crate::recorder::Recording;
use crate::rest::Rest;
use crate::sender::Sender;
use crate::state::State;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let log = options.log();
    launch("pedro-discord", &log, options.resolve(), run).await
}

async fn run(discord: DiscordSettings, bot: BotSettings, mut signals: Signals) -> anyhow::Result<ExitCode> {
    let BotSettings { database, model, embedding, community, search, api: api_settings, pages } = bot;
    let shutdown = Shutdown::new();
    let listener = http::bind(pages.listen).await?;
    let metrics = metrics::install().context("the metrics could not be set up")?;
    metrics::start(&[DISCORD]);
    metrics::start_commands(&command::names());
    shutdown.spawn("metrics", metrics.clone().upkeep(shutdown.token()));

    // The pages come first: while the database is waited for, `/readyz` says so.
    let (readiness, state) = (Readiness::new(), Arc::new(State::default()));
    state.watch(&readiness);
    let booted = Booted::default();
    let served = Served { metrics, readiness: readiness.clone(), booted: Arc::clone(&booted), shutdown: &shutdown };
    let router = served.router(pages.api_token.as_ref(), &community.communities);
    shutdown.spawn_essential("pages", http::serve(listener, router, shutdown.clone()));

    let rest = Arc::new(Rest::new(&discord));
    let me = tokio::select! {
        () = signals.next() => return Ok(ExitCode::SUCCESS),
        me = rest.me(&state) => me?,
    };
    let (voice, speeches) = speech();
    let (inbox, lines) = inbox(Platform::Discord);
    let parts = Parts {
        platform: Platform::Discord,
        identity: Identity { login: me.login.clone(), user_ids: vec![me.user_id.to_string()] },
        terms: DISCORD_TERMS,
        voice,
        database,
        model,
        embedding,
        community: &community,
        search: &search,
        api: &api_settings,
        public_url: pages.public_url.clone(),
        readiness: &readiness,
    };
    let pedro = tokio::select! {
        () = signals.next() => return Ok(ExitCode::SUCCESS),
        pedro = boot::boot(parts, &shutdown) => pedro?,
    };
    // It is set once.
    let _first = booted.set(Arc::clone(&pedro));
    // Every home is known before the first question: one that was accepted before a crash may be of any.
    for home in community.communities.iter() {
        boot::patiently(async || pedro.places.settle(home).await).await?;
    }
    if pages.api_token.is_some() {
        boot::patiently(async || api::open_places(&pedro, &community.communities).await).await?;
    }
    pedro.start(lines);

    let directory = Arc::new(Directory::new(me.user_id));
    let (recorder, notes) = notes();
    let communities = Arc::new(community.communities.clone());
    let bot = Arc::new(Bot { pedro, rest, directory, recorder, communities, state, me, shutdown: shutdown.clone() });
    shutdown.spawn_carrier("sender", Arc::new(Sender::new(&bot)).run(speeches, shutdown.clone()));
    shutdown.spawn_carrier("recorder", Recording::new(notes, inbox).run(Arc::clone(&bot)));
    if community.communities.iter().any(|home| home.recap_channel.is_some()) {
        shutdown.spawn_essential("stream recaps", stream_recap::run(Arc::clone(&bot)));
    }
    command::register_in_background(&bot);
    shutdown.spawn_carrier("reader", reader::run(Arc::clone(&bot), discord));

    let code = shutdown.run_until_signal(signals, shutdown::DRAIN).await;
    boot::close(&bot.pedro.pool).await;
    Ok(code)
}

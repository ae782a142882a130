//! Pedro on Twitch: reads the options, opens what it needs, starts the tasks and waits for the end.

mod app_token;
mod attention;
mod careful;
mod config;
mod convert;
mod eventsub;
mod health;
mod helix;
mod helix_sender;
mod keeper;
mod limiter;
mod pause;
mod reader;
mod sender;
mod state;
mod streams;
mod title_poller;
mod tokens;
mod transport;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use pedro_core::api;
use pedro_core::boot::{self, Parts};
use pedro_core::chat::Platform;
use pedro_core::memory::inbox;
use pedro_core::pedro::Booted;
use pedro_core::places::Identity;
use pedro_core::question::TWITCH_TERMS;
use pedro_core::served::Served;
use pedro_core::service::config::BotSettings;
use pedro_core::service::http;
use pedro_core::service::metrics::{self, TWITCH};
use pedro_core::service::{Readiness, Seal, Secret, Shutdown, Signals, launch, shutdown};
use pedro_core::speech::speech;
use pedro_core::store::channel::Seen;
use pedro_core::store::twitch_sent;
use pedro_twitch::oauth::OAuth;
use pedro_twitch::options::SignInSettings;
use pedro_twitch::token::Shelf;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::app_token::AppToken;
use crate::config::{Options, TwitchSettings};
use crate::eventsub::{EventSub, Watched};
use crate::helix::Helix;
use crate::helix_sender::HelixSender;
use crate::keeper::Keeper;
use crate::limiter::Limiter;
use crate::pause::Pause;
use crate::reader::Reader;
use crate::sender::Sender;
use crate::state::State;
use crate::streams::Streams;
use crate::title_poller::TitlePoller;
use crate::tokens::Tokens;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let log = options.log();
    launch("pedro-twitch", &log, options.resolve(), run).await
}

async fn run(twitch: TwitchSettings, bot: BotSettings, mut signals: Signals) -> anyhow::Result<ExitCode> {
    let BotSettings { database, model, embedding, community, search, api: api_settings, pages } = bot;
    let shutdown = Shutdown::new();
    let listener = http::bind(pages.listen).await?;
    let metrics = metrics::install().context("the metrics could not be set up")?;
    metrics::start(&[TWITCH]);
    shutdown.spawn("metrics", metrics.clone().upkeep(shutdown.token()));

    // The pages come first: while the database is waited for, `/readyz` says so.
    let (readiness, state, tokens) = (Readiness::new(), Arc::new(State::new()), Arc::new(Tokens::new()));
    health::watch_chat(&readiness, &state, &tokens, twitch.channels.clone());
    health::watch_token(&readiness, &tokens, twitch.sign_in.application.is_some());
    let booted = Booted::default();
    let served = Served { metrics, readiness: readiness.clone(), booted: Arc::clone(&booted), shutdown: &shutdown };
    let router = served.router(pages.api_token.as_ref(), &community.communities);
    shutdown.spawn_essential("pages", http::serve(listener, router, shutdown.clone()));

    let (voice, speeches) = speech();
    let (inbox, lines) = inbox(Platform::Twitch);
    let bot_login = twitch.sign_in.bot_login.clone();
    let identity = Identity { login: bot_login.clone(), user_ids: vec![bot_login.clone()] };
    let parts = Parts {
        platform: Platform::Twitch,
        identity,
        terms: TWITCH_TERMS,
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
    for channel in &twitch.channels {
        let home = community.communities.community_of_twitch(channel);
        let seen = Seen::public(convert::channel(channel), channel);
        boot::patiently(async || pedro.places.open(home, &seen).await).await?;
    }
    if pages.api_token.is_some() {
        boot::patiently(async || api::open_places(&pedro, &community.communities).await).await?;
    }
    pedro.start(lines);

    let (client, current_client) = watch::channel(None);
    let app_token = app_token(&twitch)?;
    let api_sender = api_sender(&twitch, app_token.as_ref())?;
    let sends_by_api = api_sender.is_some();
    transport::set_address(twitch.irc);
    let sent = boot::patiently(async || twitch_sent::lately(&pedro.pool, &bot_login).await).await?;
    let sender = Sender {
        bot_login: bot_login.clone(),
        pool: pedro.pool.clone(),
        api: api_sender,
        state: Arc::clone(&state),
        client: current_client,
        limiter: Mutex::new(Limiter::resumed(sent, Instant::now())),
    };
    shutdown.spawn_carrier("sender", Arc::new(sender).run(speeches, shutdown.clone()));
    let reader = Reader {
        bot_login,
        tokens: Arc::clone(&tokens),
        hears_itself: sends_by_api,
        channels: twitch.channels.clone(),
        inbox: Some(inbox),
        state: Arc::clone(&state),
        client,
        ready: Some(Box::new(shutdown::notify_ready)),
    };
    shutdown.spawn_carrier("reader", reader.run(shutdown.token(), shutdown.work_token()));
    let application = twitch.sign_in.application.clone();
    let keeper = keeper(twitch.sign_in, &pedro.pool, community.secret_key.as_ref(), &tokens, &shutdown)?;
    shutdown.spawn_essential("token keeper", keeper.run(shutdown.token()));
    if let Some(application) = application {
        let helix = Helix::new(twitch.helix_url, application.client_id, Arc::clone(&tokens), app_token)?;
        let (streams, watched) = (Arc::new(Streams::new(Arc::clone(&pedro))), Arc::new(Watched::default()));
        let every = twitch.poll_interval;
        let poller =
            TitlePoller { helix: helix.clone(), streams: Arc::clone(&streams), every, watched: watched.subscribe() };
        shutdown.spawn_essential("title poller", poller.run(shutdown.token()));
        let eventsub = EventSub { url: twitch.eventsub_url, helix, tokens, streams, watched };
        shutdown.spawn_essential("eventsub", eventsub.run(shutdown.token()));
    }

    let code = shutdown.run_until_signal(signals, shutdown::DRAIN).await;
    boot::close(&pedro.pool).await;
    Ok(code)
}

/// What sends through the API, if the operator wants that.
fn api_sender(twitch: &TwitchSettings, app: Option<&Arc<AppToken>>) -> anyhow::Result<Option<HelixSender>> {
    let (Some(application), Some(app), true) = (&twitch.sign_in.application, app, twitch.sends_by_api) else {
        return Ok(None);
    };
    let (client_id, login) = (application.client_id.clone(), twitch.sign_in.bot_login.clone());
    Ok(Some(HelixSender::new(twitch.helix_url.clone(), client_id, Arc::clone(app), login)?))
}

/// The application's own token, if it has the secret for one.
fn app_token(twitch: &TwitchSettings) -> anyhow::Result<Option<Arc<AppToken>>> {
    let application = twitch.sign_in.application.clone().filter(|application| application.client_secret.is_some());
    let Some(application) = application else { return Ok(None) };
    let oauth = OAuth::new(twitch.sign_in.oauth_url.clone(), Some(application))?;
    Ok(Some(Arc::new(AppToken::new(oauth))))
}

/// Whoever keeps Pedro signed in, without being started.
fn keeper(
    settings: SignInSettings,
    pool: &PgPool,
    key: Option<&Secret>,
    tokens: &Arc<Tokens>,
    shutdown: &Shutdown,
) -> anyhow::Result<Keeper> {
    let seal = Seal::new(key);
    if !seal.has_key() {
        tracing::warn!("PEDRO_SECRET_KEY is not set: the Twitch token is kept in the database without encryption");
    }
    Ok(Keeper {
        given_hash: settings.hash_of_given(),
        given: (settings.token, settings.refresh_token),
        oauth: OAuth::new(settings.oauth_url, settings.application)?,
        shelf: Shelf { pool: pool.clone(), seal, login: settings.bot_login },
        tokens: Arc::clone(tokens),
        webhook: settings.webhook,
        pause: Pause::for_refusals(),
        shutdown: shutdown.clone(),
    })
}

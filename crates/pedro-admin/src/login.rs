//! `pedro login twitch`: lets Pedro into Twitch. A bot that waits for that notices by itself.

use anyhow::Context;
use clap::{Args, Subcommand};
use pedro_core::boot;
use pedro_core::service::Seal;
use pedro_core::service::config::{CommunityArgs, DatabaseArgs};
use pedro_twitch::oauth::OAuth;
use pedro_twitch::options::SignInArgs;
use pedro_twitch::sign_in::{self, SCOPES};
use pedro_twitch::token::Shelf;

use crate::output;
use crate::settings::settle;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a code, wait until somebody uses it as the bot's account, and keep the token
    Twitch(Box<Options>),
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    sign_in: SignInArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    community: CommunityArgs,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    let Command::Twitch(options) = command;
    let settings = settle(|problems| {
        let sign_in = options.sign_in.clone().resolve(problems);
        if sign_in.application.is_none() {
            let example = "abcdefghijklmnopqrstuvwxyz0123";
            problems.add("TWITCH_ID", "is not set", "the client id of your Twitch application", example);
        }
        let database = options.database.clone().resolve(problems);
        (sign_in, database, options.community.clone().resolve(problems).secret_key)
    });
    let (settings, database, key) = settings.await?;
    // A bot with the same configuration takes this token for newer than the one that stands there.
    let given_hash = settings.hash_of_given();
    let pool = boot::open_database(&database).await?;
    let seal = Seal::new(key.as_ref());
    if !seal.has_key() {
        output::note("PEDRO_SECRET_KEY is not set: the token is kept in the database without encryption");
    }
    let (oauth, login) = (OAuth::new(settings.oauth_url, settings.application)?, settings.bot_login);
    let device = oauth.begin_device(&SCOPES).await.context("Twitch gave no code to sign in with")?;
    let words = sign_in::words(&device, &login);
    output::line(&words)?;
    if let Some(webhook) = &settings.webhook
        && let Err(error) = sign_in::tell_discord(webhook, &words).await
    {
        output::note(format!("TWITCH_SIGN_IN_WEBHOOK could not be told: {error}"));
    }
    let token = sign_in::wait_for(&oauth, &device, &login).await?;
    Shelf { pool, seal, login: login.clone() }.keep(&token, given_hash).await?;
    output::line(format!(
        "{login} is signed in; the token is good {}, and renewed by the bot",
        sign_in::good_for(&token)
    ))
}

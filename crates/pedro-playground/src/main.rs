//! `pedro-playground`: a local stand-in for Twitch, Discord and web search with a page to chat in.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use pedro_playground::discord::{Discord, Snowflake, Whom, permission};
use pedro_playground::{Overlay, Playground, Settings};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A local stand-in for Twitch, Discord and web search: chat, API, and a page to chat in. Needs no account and sends
/// nothing anywhere.
#[derive(Debug, Parser)]
#[command(name = "pedro-playground", version)]
struct Options {
    /// Where the page and the API are; port 0, or a port that is taken, becomes a free one
    #[arg(long, env = "PLAYGROUND_LISTEN", default_value = "127.0.0.1:6080")]
    listen: SocketAddr,

    /// Where Twitch chat (IRC) is
    #[arg(long, env = "PLAYGROUND_IRC_LISTEN", default_value = "127.0.0.1:6667")]
    irc_listen: SocketAddr,

    /// A file to write the addresses to, as JSON, once both are open
    #[arg(long, env = "PLAYGROUND_READY_FILE")]
    ready_file: Option<PathBuf>,

    /// The Twitch channels there are, separated by commas; `modmia` moderates them
    #[arg(long, env = "PLAYGROUND_CHANNEL", value_delimiter = ',', default_value = "pedrotown")]
    channel: Vec<String>,

    /// Whose the tokens are that bots come with: any token is good here
    #[arg(long, env = "PLAYGROUND_BOT_LOGIN", default_value = "pedro_bot")]
    bot_login: String,

    /// The only token that Discord's stand-in takes from bots; any token is good unless this is given
    #[arg(long, env = "PLAYGROUND_DISCORD_TOKEN", hide_env_values = true)]
    discord_token: Option<String>,

    /// The bot's overlay, of which the page shows a preview: http://127.0.0.1:6061/overlay?channel=pedrotown
    #[arg(long, env = "PLAYGROUND_OVERLAY_URL")]
    overlay_url: Option<Overlay>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { listen, irc_listen, ready_file, channel, bot_login, discord_token, overlay_url } = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();

    // Before the ports are open: whoever sees them may end us at once.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let playground = Playground::start(Settings { listen, irc_listen, overlay: overlay_url }).await?;
    if !(listen.ip().is_loopback() && irc_listen.ip().is_loopback()) {
        tracing::warn!("the playground can be reached from other machines, and asks nobody for a password");
    }
    furnish_twitch(&playground, &channel, &bot_login);
    let recaps = furnish_discord(playground.discord(), discord_token.as_deref(), &channel);
    if let Some(path) = &ready_file {
        write_ready_file(path, &playground, recaps)?;
    }
    tracing::info!(
        page = playground.http_url(),
        irc = playground.irc_url(),
        gateway = playground.gateway_url(),
        ?channel,
        "the playground is open"
    );

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("the playground closes");
    playground.shutdown().await;
    if let Some(path) = ready_file {
        // Best effort: what it says is no longer true, but that is no reason to fail.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Puts people and channels into an empty Twitch.
fn furnish_twitch(playground: &Playground, channels: &[String], bot_login: &str) {
    let twitch = playground.twitch();
    twitch.set_bot_login(bot_login);
    for person in ["alice", "bob", "carol"] {
        twitch.user(person);
    }
    for channel in channels.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        twitch.add_channel(channel);
        twitch.make_moderator(channel, "modmia");
    }
}

/// Puts a guild with people and channels into an empty Discord; in one channel, moderators are among themselves. The
/// streamers are members and moderate, as they do in their Twitch channels. Answers the channel for recaps of streams.
fn furnish_discord(discord: &Discord, token: Option<&str>, streamers: &[String]) -> Snowflake {
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        discord.set_token(token);
    }
    let town = discord.add_guild("Pedro Town");
    let moderator = permission::MANAGE_GUILD | permission::MANAGE_MESSAGES | permission::MANAGE_THREADS;
    let moderators = discord.add_role(town, "Moderators", moderator);
    for person in ["alice", "bob", "carol"] {
        discord.add_member(town, person, &[]);
    }
    let streamers = streamers.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    for person in streamers.chain(["modmia"]) {
        discord.add_member(town, person, &[moderators]);
    }
    for channel in ["general", "go-help"] {
        discord.add_channel(town, channel);
    }
    let among_moderators = discord.add_channel(town, "mods");
    discord.deny(among_moderators, &Whom::Everyone, permission::VIEW_CHANNEL);
    for whom in [Whom::Role(moderators), Whom::Bot] {
        discord.allow(among_moderators, &whom, permission::VIEW_CHANNEL);
    }
    discord.add_channel(town, "stream-recaps")
}

/// Writes the addresses so that a reader sees all of the file or nothing.
fn write_ready_file(path: &Path, playground: &Playground, recaps: Snowflake) -> Result<()> {
    let text = json!({
        "http": playground.http_url(), "irc": playground.irc_url(),
        "eventsub": playground.eventsub_url(), "discord": playground.http_url(),
        "gateway": playground.gateway_url(), "search": playground.http_url(), "recap_channel": recaps,
    })
    .to_string();
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, path))
        .with_context(|| format!("cannot write the ready file {}", path.display()))
}

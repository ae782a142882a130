//! Puts the servers on their ports and takes them off again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::discord::Discord;
use crate::page::{self, Overlay};
use crate::search::Search;
use crate::socket::{BreakableListener, Breaker};
use crate::twitch::{Twitch, irc};

/// How long open requests and connections may take to end.
const SHUTDOWN: Duration = Duration::from_secs(3);

/// Where the playground listens. By default on free ports that only this machine can reach.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The page and all that is served over HTTP. Port 0 takes a free one, and so does a port that is taken.
    pub listen: SocketAddr,
    /// Twitch chat. Ports as above.
    pub irc_listen: SocketAddr,
    /// A page of the bot's that is shown over the stream; the playground's page has a preview of it.
    pub overlay: Option<Overlay>,
}

impl Default for Settings {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { listen: free, irc_listen: free, overlay: None }
    }
}

/// A running playground. Dropping it ends it without waiting; see [`Playground::shutdown`].
#[derive(Debug)]
pub struct Playground {
    http: SocketAddr,
    irc: SocketAddr,
    twitch: Twitch,
    discord: Discord,
    search: Search,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Playground {
    /// Starts a playground in which there is nothing yet: no channel, nobody.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start(settings: Settings) -> Result<Self> {
        let http = listen(settings.listen).await?;
        let irc = listen(settings.irc_listen).await?;
        let (shutdown, tracker, address) = (CancellationToken::new(), TaskTracker::new(), http.local_addr()?);
        let twitch = Twitch::new(format!("ws://{address}/eventsub/ws"));
        let (discord, search) = (Discord::new(format!("http://{address}")), Search::new());
        let playground = Self {
            http: address,
            irc: irc.local_addr()?,
            twitch: twitch.clone(),
            discord: discord.clone(),
            search: search.clone(),
            shutdown: shutdown.clone(),
            tracker: tracker.clone(),
        };
        let platforms = twitch.router(shutdown.clone()).merge(discord.router(shutdown.clone(), tracker.clone()));
        let router = page::router(settings.overlay).merge(platforms).merge(search.router(shutdown.clone()));
        tracker.spawn(discord.keep_time(shutdown.clone()));
        tracker.spawn(serve_http(http, router, shutdown.clone()));
        tracker.spawn(irc::serve(irc, twitch, tracker.clone(), shutdown));
        Ok(playground)
    }

    /// The base of everything over HTTP: `http://127.0.0.1:6080`.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Where chat is: `irc://127.0.0.1:6667`.
    pub fn irc_url(&self) -> String {
        format!("irc://{}", self.irc)
    }

    /// Where Twitch's EventSub is: `ws://127.0.0.1:6080/eventsub/ws`.
    pub fn eventsub_url(&self) -> String {
        format!("ws://{}/eventsub/ws", self.http)
    }

    /// Where Discord's gateway is: `ws://127.0.0.1:6080/discord/gateway`. Its REST interface is at [`http_url`] (a bot adds
    /// `/api/v10` to it).
    ///
    /// [`http_url`]: Playground::http_url
    pub fn gateway_url(&self) -> String {
        format!("ws://{}/discord/gateway", self.http)
    }

    /// The stand-in Twitch.
    pub fn twitch(&self) -> &Twitch {
        &self.twitch
    }

    /// The stand-in Discord.
    pub fn discord(&self) -> &Discord {
        &self.discord
    }

    /// The stand-in web search. Providers are below [`http_url`]: `/searx`, `/ddg/html/`, `/ddg/api/`, `/brave`,
    /// `/wikipedia`; addresses that are traps at `/trap`.
    ///
    /// [`http_url`]: Playground::http_url
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// Ends everything, and waits a little for it to end.
    pub async fn shutdown(self) {
        self.shutdown.cancel();
        self.tracker.close();
        if timeout(SHUTDOWN, self.tracker.wait()).await.is_err() {
            tracing::warn!("something in the playground did not end in time");
        }
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Listens where asked, or on a free port of the same address where that one is taken.
async fn listen(wanted: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(wanted).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let listener = TcpListener::bind((wanted.ip(), 0)).await?;
            let taken = listener.local_addr()?;
            tracing::warn!(%wanted, %taken, "the port is taken by another program; the playground takes a free one");
            Ok(listener)
        }
        bound => bound.with_context(|| format!("the playground cannot listen on {wanted}")),
    }
}

async fn serve_http(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<Breaker>();
    let server = axum::serve(BreakableListener(listener), service);
    if let Err(error) = server.with_graceful_shutdown(shutdown.cancelled_owned()).await {
        tracing::error!(%error, "the playground's HTTP server ended");
    }
}

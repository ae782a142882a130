//! What happens, as server-sent events for the page.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::Twitch;
use super::event::Event;
use super::people::normal_login;

/// Tells the page that it missed something and has to read everything again.
const RESYNC: &str = r#"{"type":"resync"}"#;

#[derive(Debug, Deserialize)]
pub(super) struct Watch {
    channel: String,
}

/// Every line, deletion and change of title in a channel, every change of the bots' connections, as it happens.
pub(super) async fn events(
    State(twitch): State<Twitch>,
    State(shutdown): State<CancellationToken>,
    Query(watch): Query<Watch>,
) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let watching =
        Watching { channel: normal_login(&watch.channel), events: twitch.read(|world| world.events()), shutdown };
    let events = unfold(watching, async |mut watching| {
        let text = watching.next().await?;
        Some((Ok(Sent::default().data(text)), watching))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

struct Watching {
    channel: String,
    events: Receiver<Event>,
    /// An open page must not keep the playground from ending.
    shutdown: CancellationToken,
}

impl Watching {
    async fn next(&mut self) -> Option<String> {
        loop {
            let event = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                event = self.events.recv() => event,
            };
            match event {
                Ok(event) if event.channel().is_none_or(|channel| channel == self.channel) => {
                    return serde_json::to_string(&event).ok();
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(RESYNC.to_owned()),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

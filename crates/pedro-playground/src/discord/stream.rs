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

use super::Discord;
use super::event::Event;
use super::people::normal_name;
use super::world::World;

/// Tells the page that it missed something and has to read everything again.
const RESYNC: &str = r#"{"type":"resync"}"#;

#[derive(Debug, Deserialize)]
pub(super) struct Watch {
    person: Option<String>,
}

/// Everything that happens where `person` can see it; without a person, everything.
pub(super) async fn events(
    State(discord): State<Discord>,
    State(shutdown): State<CancellationToken>,
    Query(watch): Query<Watch>,
) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let events = discord.read(World::events);
    let person = watch.person.map(|person| normal_name(&person)).filter(|person| !person.is_empty());
    let watching = Watching { person, events, discord, shutdown };
    let events = unfold(watching, async |mut watching| {
        let text = watching.next().await?;
        Some((Ok(Sent::default().data(text)), watching))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

struct Watching {
    person: Option<String>,
    events: Receiver<Event>,
    discord: Discord,
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
                Ok(event) if self.concerns(&event) => return serde_json::to_string(&event).ok(),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(RESYNC.to_owned()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        let Some(person) = &self.person else { return true };
        let theirs = event.person().is_none_or(|only| only == person);
        theirs
            && event.channel().is_none_or(|channel| {
                self.discord
                    .read(|world| world.people.by_name(person).is_some_and(|user| world.can_see(user.id, channel)))
            })
    }
}

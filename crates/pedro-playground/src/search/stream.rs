//! What happens, as server-sent events for the page.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::error::RecvError;

use super::control::Control;

/// Tells the page that it missed something and has to read everything again.
const RESYNC: &str = r#"{"type":"resync"}"#;

/// Every request and every change, as it happens.
pub(super) async fn events(State(control): State<Control>) -> Sse<impl Stream<Item = Result<Sent, Infallible>>> {
    let events = control.search.read(|world| world.events());
    let events = unfold((events, control.shutdown), async |(mut events, shutdown)| {
        let event = tokio::select! {
            biased;
            // An open page must not keep the playground from ending.
            () = shutdown.cancelled() => return None,
            event = events.recv() => event,
        };
        let text = match event {
            Ok(event) => serde_json::to_string(&event).ok()?,
            Err(RecvError::Lagged(_)) => RESYNC.to_owned(),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Sent::default().data(text)), (events, shutdown)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

//! The overlay: `/overlay?channel=NAME`, a browser source for OBS, and its events at `/overlay/events?channel=NAME`.

use std::future::ready;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;

use super::html::json;
use super::page_of;
use super::view::OverlayView;

/// For how long an answer stays on the screen.
pub const OVERLAY_LINGER: Duration = Duration::from_secs(20);

const OVERLAY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
                              connect-src 'self'; base-uri 'none'; form-action 'none'";

/// An event for the script, not a comment, which it would not see: silence for longer means that nobody is there.
const PING: Duration = Duration::from_secs(15);
const RECONNECT: Duration = Duration::from_secs(2);

/// The page. The same for every channel: its script reads the address, which may also say `corner=br|bl|tr|tl`,
/// `scale=1.5`, and `preview` to see where the card will be.
pub fn overlay_page() -> Response {
    let page = format!(include_str!("files/overlay.html"), linger = OVERLAY_LINGER.as_secs());
    let mut response = page_of(StatusCode::OK, page);
    // It shows what everybody in the chat sees, and nothing on it can be pressed: a preview may frame it.
    let policy = HeaderValue::from_static(OVERLAY_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// What happens in one channel: each view that differs from the one before it. The first comes at once.
pub fn overlay_events(views: impl Stream<Item = OverlayView> + Send + 'static) -> Response {
    let mut shown: Option<OverlayView> = None;
    let events = views.filter_map(move |view| {
        let news = shown.as_ref() != Some(&view);
        let event = news.then(|| event(&view));
        if news {
            shown = Some(view);
        }
        ready(event)
    });
    streamed(events)
}

/// There is nothing to show, and the streamer should know why: a plain sentence.
pub fn overlay_problem(words: &str) -> Response {
    let told = Event::default().event("problem").data(words.replace(['\r', '\n'], " "));
    // It does not end, or the script would ask again and again.
    streamed(stream::once(ready(Ok(told))).chain(stream::pending()))
}

fn event(view: &OverlayView) -> Result<Event, serde_json::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        now: DateTime<Utc>,
        #[serde(flatten)]
        view: &'a OverlayView,
    }
    Ok(Event::default().retry(RECONNECT).data(json(&Shown { now: Utc::now(), view })?))
}

fn streamed(events: impl Stream<Item = Result<Event, serde_json::Error>> + Send + 'static) -> Response {
    let ping = KeepAlive::new().interval(PING).event(Event::default().event("ping").data("still here"));
    // A proxy must not collect events before it hands them on.
    ([("x-accel-buffering", "no")], Sse::new(events).keep_alive(ping)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(waiting: u32) -> OverlayView {
        OverlayView { channel: "pedrotown".into(), bot_name: "Pedro".into(), questions: Vec::new(), waiting }
    }

    async fn sent(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn only_what_changed_is_sent() {
        let sent = sent(overlay_events(stream::iter([1, 1, 2, 2, 1].map(view)))).await;
        let waiting: Vec<&str> = sent.split("\"waiting\":").skip(1).map(|rest| &rest[..1]).collect();
        assert_eq!(waiting, ["1", "2", "1"], "{sent}");
        assert!(sent.starts_with("retry: 2000\ndata: {\"now\":"), "{sent}");
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_in_one_line() {
        let response = overlay_problem("not\nhere");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let first = response.into_body().into_data_stream().next().await.unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&first), "event: problem\ndata: not here\n\n");
    }
}

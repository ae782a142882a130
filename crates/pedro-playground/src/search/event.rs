//! What the page is told as it happens.

use serde::Serialize;

use super::world::Request;

/// Something that changed.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    /// Somebody was asked, or has answered: the same request twice, the second time with its status.
    Request { request: Request },
    /// Other pages, other trouble, another setting.
    State,
}

//! Asking foreign servers: what went wrong, and how much of an answer is read.

use std::error::Error;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Who is asking, as servers are told.
pub(super) const USER_AGENT: &str = concat!("pedro/", env!("CARGO_PKG_VERSION"), " (a chat bot)");

/// Why a server's answer cannot be had. The texts are for the operator's log; they hold no URL.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// It was not complete in time.
    #[error("it took too long")]
    TooSlow,
    /// It goes on and on.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Nobody is there, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TooSlow } else { Self::Unreachable(reasons(&error.without_url())) }
    }
}

/// What an error says, with what is behind it: the outermost alone is mostly "error sending request".
pub(super) fn reasons(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        said = format!("{said}: {error}");
        inner = error.source();
    }
    said
}

/// An answer's body, of which no more is read than may be there.
pub(super) async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > most {
            return Err(HttpError::TooLarge(most));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// How long a server asks to be left alone: `Retry-After`, in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: chrono::DateTime<chrono::Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = chrono::DateTime::parse_from_rfc2822(value).ok()?;
    (date.to_utc() - now).to_std().ok()
}

/// Whether an answer says of itself that it is such a thing (`json`, `html`).
pub(super) fn is_of_type(headers: &HeaderMap, kind: &str) -> bool {
    let named = headers.get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    named.is_some_and(|named| named.to_ascii_lowercase().contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_asks_to_be_left_alone_in_seconds_or_until_a_date() {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("2", Some(2)),
            ("3600", Some(3600)),
            ("Tue, 24 Nov 2026 12:01:00 GMT", Some(60)),
            ("Tue, 24 Nov 2026 11:00:00 GMT", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}

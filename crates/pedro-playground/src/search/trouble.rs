//! The ways in which those who search the web let bots down, as verbs on [`Search`].

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Search;
use super::provider::Provider;

/// What happens to a request instead of what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trouble {
    /// This status, with a body that is not JSON, as a broken proxy in front of the provider gives it.
    Status {
        /// 500, 502, 503, ...
        status: u16,
    },
    /// Nothing is found.
    Empty,
    /// 429: come again after so many seconds.
    RateLimited {
        /// What `Retry-After` says.
        retry_after_s: u64,
    },
    /// Whoever asks is taken for a bot. DuckDuckGo asks them to pick out ducks (status 202), SearXNG answers 200 and
    /// says that its engines do not respond; the others refuse (403).
    Blocked,
    /// The answer breaks off in the middle, with status 200.
    CutOff,
    /// The connection breaks off.
    Reset,
    /// No answer ever comes.
    Hang,
}

/// What goes wrong with one provider at the moment.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Misbehaviour {
    /// What happens to the next requests.
    pub(super) next: VecDeque<Trouble>,
    /// How much later than at once every answer comes.
    #[serde(rename = "delay_ms", serialize_with = "as_ms")]
    pub(super) delay: Duration,
}

fn as_ms<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

impl Search {
    /// Lets the next `count` requests to a provider fail with status 503.
    pub fn fail_next(&self, provider: Provider, count: usize) {
        self.trouble_next(provider, count, Trouble::Status { status: 503 });
    }

    /// Lets a provider find nothing, the next `count` times.
    pub fn empty_next(&self, provider: Provider, count: usize) {
        self.trouble_next(provider, count, Trouble::Empty);
    }

    /// Gets the next `count` requests to a provider into trouble. Several of these add up, in order.
    pub fn trouble_next(&self, provider: Provider, count: usize, trouble: Trouble) {
        self.update(|world| {
            world.misbehaviour(provider).next.extend(std::iter::repeat_n(trouble, count));
            world.tell_state();
        });
    }

    /// From now on every answer of a provider comes so much later.
    pub fn set_delay(&self, provider: Provider, delay: Duration) {
        self.update(|world| {
            world.misbehaviour(provider).delay = delay;
            world.tell_state();
        });
    }

    /// Ends all trouble and all delays.
    pub fn no_trouble(&self) {
        self.update(|world| {
            world.misbehaviour.clear();
            world.tell_state();
        });
    }

    /// Whether SearXNG speaks JSON (it does unless told otherwise). Most public ones do not, and answer 403.
    pub fn set_searxng_json(&self, enabled: bool) {
        self.update(|world| {
            world.searxng_json = enabled;
            world.tell_state();
        });
    }

    /// The only token that Brave takes. Until this is said, any token is good, but there has to be one.
    pub fn set_brave_token(&self, token: &str) {
        self.update(|world| world.brave_token = Some(token.to_owned()));
    }
}

//! What Discord allows a bot: so many requests in so much time, per bucket and in all. Pure: the caller says what time it
//! is.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::hash::fnv1a;

/// Requests in all, save answers to interactions.
const GLOBAL: Allowance = Allowance { count: 50, window: Duration::from_secs(1) };
/// For what has no limit of its own.
const ORDINARY: Allowance = Allowance { count: 50, window: Duration::from_secs(1) };
const MESSAGES: Allowance = Allowance { count: 5, window: Duration::from_secs(5) };
const DELETIONS: Allowance = Allowance { count: 5, window: Duration::from_secs(1) };
const REACTIONS: Allowance = Allowance { count: 1, window: Duration::from_millis(250) };
/// After a refusal, requests that were on their way already are still forgiven for so long.
const ON_THEIR_WAY: Duration = Duration::from_millis(250);
/// How much sooner than told a bot may come again: clocks differ.
const TOO_SOON: Duration = Duration::from_millis(50);

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) count: usize,
    pub(super) window: Duration,
}

/// Which limit a request falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    /// The method and the path without ids: what Discord's bucket hash is made of.
    pub(super) route: String,
    /// The ids that have a limit each: channel, guild, webhook.
    pub(super) major: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    Messages,
    Deletions,
    Reactions,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub(super) limit: usize,
    pub(super) remaining: usize,
    /// Until the bucket is full again.
    pub(super) reset_after: Duration,
    /// Refused: how long to wait, and whether that concerns all requests.
    pub(super) refused: Option<(Duration, bool)>,
    /// It came although an earlier one was told to wait.
    pub(super) disobeys: bool,
}

/// The limits and what is used of them.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) enabled: bool,
    /// Messages, and edits, that a channel takes.
    pub(super) messages: Allowance,
    buckets: HashMap<(String, String), Used>,
    all: Used,
}

#[derive(Debug, Default)]
struct Used {
    requests: VecDeque<Instant>,
    /// When a request was refused, and until when no other may come.
    told: Option<(Instant, Instant)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enabled: true, messages: MESSAGES, buckets: HashMap::new(), all: Used::default() }
    }
}

impl Used {
    /// Counts a request, or tells how long to wait.
    fn take(&mut self, allowance: Allowance, now: Instant) -> Option<Duration> {
        self.requests.retain(|at| now.duration_since(*at) < allowance.window);
        if self.requests.len() < allowance.count {
            self.requests.push_back(now);
            return None;
        }
        self.requests.front().map(|first| (*first + allowance.window).duration_since(now))
    }

    fn tell(&mut self, now: Instant, wait: Duration) {
        let first = self.told.filter(|(_, until)| now < *until).map_or(now, |(at, _)| at);
        self.told = Some((first, now + wait));
    }

    /// Whether a request that comes now had been told to wait longer.
    fn disobeys(&self, now: Instant) -> bool {
        self.told.is_some_and(|(at, until)| now >= at + ON_THEIR_WAY && now + TOO_SOON < until)
    }
}

impl Limits {
    /// Judges a request and counts it.
    pub(super) fn request(&mut self, bucket: &Bucket, now: Instant) -> Verdict {
        let allowance = self.allowance(bucket);
        let used = self.buckets.entry((bucket.route.clone(), bucket.major.clone())).or_default();
        let counts_in_all = !is_interaction(&bucket.route);
        let disobeys = used.disobeys(now) || (counts_in_all && self.all.disobeys(now));
        let mut refused = None;
        if self.enabled {
            if let Some(wait) = counts_in_all.then(|| self.all.take(GLOBAL, now)).flatten() {
                self.all.tell(now, wait);
                refused = Some((wait, true));
            } else if let Some(wait) = used.take(allowance, now) {
                used.tell(now, wait);
                refused = Some((wait, false));
            }
        }
        let oldest = used.requests.front().copied().unwrap_or(now);
        Verdict {
            limit: allowance.count,
            remaining: allowance.count.saturating_sub(used.requests.len()),
            reset_after: (oldest + allowance.window).saturating_duration_since(now),
            refused,
            disobeys,
        }
    }

    /// A request was refused for another reason: its bucket, or all, have been told to wait.
    pub(super) fn told(&mut self, bucket: &Bucket, wait: Duration, global: bool, now: Instant) {
        if global {
            self.all.tell(now, wait);
        } else {
            self.buckets.entry((bucket.route.clone(), bucket.major.clone())).or_default().tell(now, wait);
        }
    }

    fn allowance(&self, bucket: &Bucket) -> Allowance {
        match bucket.kind {
            Kind::Ordinary => ORDINARY,
            Kind::Messages => self.messages,
            Kind::Deletions => DELETIONS,
            Kind::Reactions => REACTIONS,
        }
    }

    /// Forgets what was used and who was told to wait.
    pub(super) fn forget(&mut self) {
        self.buckets.clear();
        self.all = Used::default();
    }
}

impl Bucket {
    /// The bucket of a request; `path` begins after `/api/v10`.
    pub(super) fn of(method: &str, path: &str) -> Self {
        let parts: Vec<&str> =
            path.split('?').next().unwrap_or_default().split('/').filter(|p| !p.is_empty()).collect();
        let mut route = Vec::new();
        let mut major = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let is_major = match parts[0] {
                "channels" | "guilds" => place == 1,
                "webhooks" | "interactions" => place == 1 || place == 2,
                _ => false,
            };
            let before = place.checked_sub(1).map(|before| parts[before]);
            if is_major {
                major.push((*part).to_owned());
                route.push(":major");
            } else if before == Some("reactions") {
                route.push(":emoji");
            } else if part.bytes().all(|byte| byte.is_ascii_digit()) || *part == "@original" {
                route.push(":id");
            } else {
                route.push(part);
            }
        }
        let kind = match (method, route.as_slice()) {
            ("POST", ["channels", _, "messages"] | ["webhooks", _, _]) => Kind::Messages,
            ("PATCH", ["channels", _, "messages", _] | ["webhooks", _, _, "messages", _]) => Kind::Messages,
            ("DELETE", ["channels", _, "messages", _]) => Kind::Deletions,
            ("PUT" | "DELETE", ["channels", _, "messages", _, "reactions", ..]) => Kind::Reactions,
            _ => Kind::Ordinary,
        };
        Self { route: format!("{method} /{}", route.join("/")), major: major.join("/"), kind }
    }

    /// What Discord calls it in `X-RateLimit-Bucket`.
    pub(super) fn hash(&self) -> String {
        format!("{:016x}{:016x}", fnv1a(&self.route), fnv1a(&format!("{}!", self.route)))
    }
}

/// Answers to interactions do not count among all requests.
fn is_interaction(route: &str) -> bool {
    route.contains(" /interactions/") || route.contains(" /webhooks/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Bucket {
        Bucket::of("POST", "/channels/1/messages")
    }

    #[test]
    fn a_bucket_is_a_route_in_one_channel() {
        assert_eq!(post(), Bucket::of("POST", "/channels/1/messages?x=y"));
        assert_ne!(post(), Bucket::of("POST", "/channels/2/messages"));
        assert_eq!(post().hash(), Bucket::of("POST", "/channels/2/messages").hash());
        assert_eq!(
            Bucket::of("PATCH", "/webhooks/1/token/messages/@original"),
            Bucket::of("PATCH", "/webhooks/1/token/messages/55")
        );
        assert_eq!(
            Bucket::of("PUT", "/channels/1/messages/2/reactions/a/@me"),
            Bucket::of("PUT", "/channels/1/messages/3/reactions/b/@me")
        );
    }

    #[test]
    fn the_sixth_message_in_five_seconds_is_refused_in_its_channel_only() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        for used in 1..=5 {
            let verdict = limits.request(&post(), start);
            assert_eq!((verdict.limit, verdict.remaining, verdict.refused), (5, 5 - used, None));
        }
        let refused = limits.request(&post(), start + Duration::from_secs(1)).refused;
        assert_eq!(refused, Some((Duration::from_secs(4), false)));
        assert_eq!(limits.request(&Bucket::of("POST", "/channels/2/messages"), start).refused, None);
        assert_eq!(limits.request(&Bucket::of("PATCH", "/channels/1/messages/7"), start).refused, None);
        assert_eq!(limits.request(&post(), start + Duration::from_secs(5)).refused, None);
    }

    #[test]
    fn fifty_a_second_are_allowed_in_all_but_answers_to_interactions_do_not_count() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        for channel in 0..50 {
            assert_eq!(limits.request(&Bucket::of("GET", &format!("/channels/{channel}")), start).refused, None);
        }
        assert_eq!(limits.request(&Bucket::of("GET", "/users/@me"), start).refused, Some((GLOBAL.window, true)));
        assert_eq!(limits.request(&Bucket::of("POST", "/interactions/1/t/callback"), start).refused, None);
        limits.enabled = false;
        assert_eq!(limits.request(&Bucket::of("GET", "/users/@me"), start).refused, None);
    }

    #[test]
    fn who_comes_again_sooner_than_told_disobeys() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        limits.told(&post(), Duration::from_secs(2), false, start);
        let mut disobeys = |ms| limits.request(&post(), start + Duration::from_millis(ms)).disobeys;
        assert!(!disobeys(10), "it was on its way");
        assert!(disobeys(1_000));
        assert!(!disobeys(2_000));
        limits.told(&post(), Duration::from_secs(2), true, start);
        assert!(limits.request(&Bucket::of("GET", "/users/@me"), start + Duration::from_secs(1)).disobeys);
    }
}

//! Whether Twitch takes what Pedro says. An account that sent too much is ignored for half an hour, without a word: its
//! messages are swallowed while everything else goes on. <https://dev.twitch.tv/docs/chat/#rate-limits>. Pure: time is
//! passed in.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// So many messages in a row that are swallowed are a sign that the account is ignored, and not a text disliked.
const SIGNS: u32 = 2;

/// How long nothing is said before it is tried again, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Texts that are remembered as disliked; more are forgotten together.
const MOST_DISLIKED: usize = 64;

/// What was swallowed lately, by digests of texts.
#[derive(Debug, Default)]
pub(crate) struct Attention {
    in_a_row: u32,
    swallowed: HashSet<i32>,
    /// Swallowed, while what came after them was taken.
    disliked: HashSet<i32>,
    ignored: Option<Ignored>,
}

#[derive(Debug, Clone, Copy)]
struct Ignored {
    since: Instant,
    next_try: Instant,
    pause: Duration,
}

/// What a message that was swallowed tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Nothing yet: it may be said again.
    Unclear,
    /// The account is ignored; `is_new`: since now.
    Ignored { is_new: bool },
    /// It is the text: others were taken after it was swallowed before.
    Disliked,
}

impl Attention {
    /// How long to be silent; zero: a message may be sent. Of those that ask while the account is ignored one is let through
    /// now and then, to see.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        let Some(ignored) = &mut self.ignored else { return Duration::ZERO };
        let wait = ignored.next_try.saturating_duration_since(now);
        if wait.is_zero() {
            ignored.pause = (ignored.pause * 2).min(LONGEST_PAUSE);
            ignored.next_try = now + ignored.pause;
        }
        wait
    }

    /// A text was swallowed.
    pub(crate) fn swallowed(&mut self, digest: i32, now: Instant) -> Sign {
        if self.disliked.contains(&digest) {
            return Sign::Disliked;
        }
        self.in_a_row += 1;
        self.swallowed.insert(digest);
        if self.ignored.is_some() {
            return Sign::Ignored { is_new: false };
        }
        if self.in_a_row < SIGNS {
            return Sign::Unclear;
        }
        self.ignored = Some(Ignored { since: now, next_try: now + FIRST_PAUSE, pause: FIRST_PAUSE });
        Sign::Ignored { is_new: true }
    }

    /// A text was taken. How long the account had been ignored, if it was.
    pub(crate) fn taken(&mut self, digest: i32, now: Instant) -> Option<Duration> {
        if self.disliked.len() > MOST_DISLIKED {
            self.disliked.clear();
        }
        self.disliked.extend(self.swallowed.drain());
        self.disliked.remove(&digest);
        self.in_a_row = 0;
        self.ignored.take().map(|ignored| now.duration_since(ignored.since))
    }

    /// For how long the account has been ignored, if it is.
    pub(crate) fn ignored_for(&self, now: Instant) -> Option<Duration> {
        self.ignored.map(|ignored| now.duration_since(ignored.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_ignored_is_silent_and_tries_ever_more_seldom() {
        let (mut attention, start) = (Attention::default(), Instant::now());
        assert_eq!(attention.wait(start), Duration::ZERO);
        assert_eq!(attention.swallowed(1, start), Sign::Unclear);
        assert_eq!(attention.wait(start), Duration::ZERO);
        assert_eq!(attention.ignored_for(start), None);
        assert_eq!(attention.swallowed(1, start), Sign::Ignored { is_new: true });
        let (mut now, mut tries) = (start, 0);
        while now < start + Duration::from_secs(30 * 60) {
            match attention.wait(now) {
                Duration::ZERO => {
                    tries += 1;
                    assert!(!attention.wait(now).is_zero(), "one is let through");
                    assert_eq!(attention.swallowed(tries, now), Sign::Ignored { is_new: false });
                }
                wait => now += wait,
            }
        }
        assert!((8..=14).contains(&tries), "{tries} tries in half an hour");
        assert_eq!(attention.ignored_for(now), Some(now - start));
        assert_eq!(attention.taken(99, now), Some(now - start));
        assert_eq!((attention.wait(now), attention.ignored_for(now)), (Duration::ZERO, None));
        assert_eq!(attention.taken(98, now), None);
    }

    #[test]
    fn what_was_not_taken_from_an_ignored_account_may_be_said_afterwards() {
        let (mut attention, now) = (Attention::default(), Instant::now());
        for text in [1, 1, 2] {
            attention.swallowed(text, now);
        }
        attention.taken(3, now);
        for text in [1, 2] {
            attention.taken(text, now);
            assert_eq!(attention.swallowed(text, now), Sign::Unclear, "it was taken in the end");
            attention.taken(text, now);
        }
    }

    #[test]
    fn a_text_that_is_swallowed_while_others_are_taken_is_to_blame_itself() {
        let (mut attention, now) = (Attention::default(), Instant::now());
        assert_eq!(attention.swallowed(1, now), Sign::Unclear);
        attention.taken(2, now);
        assert_eq!(attention.swallowed(1, now), Sign::Disliked);
        assert_eq!(attention.swallowed(3, now), Sign::Unclear, "it says nothing of the others");
    }
}

//! What Twitch allows an account: so many messages and joins in so much time. Pure: the caller says what time it is.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Characters in a message; Twitch does not deliver a longer one.
pub(super) const MESSAGE_CHARACTERS: usize = 500;
const MESSAGE_WINDOW: Duration = Duration::from_secs(30);
const MESSAGES: usize = 20;
/// Where the account is the broadcaster or a moderator.
const MESSAGES_AS_MODERATOR: usize = 100;
const JOIN_WINDOW: Duration = Duration::from_secs(10);
const JOINS: usize = 20;
/// How long Twitch does not listen to an account that broke the message limit.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Within the limits.
    Allowed,
    /// The same text was sent to the channel a moment ago.
    Duplicate,
    /// This message broke the limit: from now on the account is not heard.
    Breach,
    /// The account broke the limit earlier and is not heard yet.
    Silenced,
}

/// The limits and what each account has used of them.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) enabled: bool,
    /// How long an account is ignored after a breach.
    pub(super) silence: Duration,
    accounts: HashMap<String, Account>,
}

#[derive(Debug, Default)]
struct Account {
    messages: VecDeque<SentMessage>,
    joins: VecDeque<Instant>,
    silent_until: Option<Instant>,
}

#[derive(Debug)]
struct SentMessage {
    at: Instant,
    channel: String,
    text: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enabled: true, silence: SILENCE, accounts: HashMap::new() }
    }
}

impl Limits {
    /// Judges a message and counts it.
    ///
    /// Two things are stricter here than on Twitch, so that who passes here passes there: messages to all channels
    /// count together, and a text is a duplicate of any in the window, not only of the last one.
    pub(super) fn message(&mut self, login: &str, channel: &str, text: &str, moderator: bool, now: Instant) -> Verdict {
        if !self.enabled {
            return Verdict::Allowed;
        }
        let account = self.accounts.entry(login.to_owned()).or_default();
        if account.silent_until.is_some_and(|until| now < until) {
            return Verdict::Silenced;
        }
        account.messages.retain(|sent| now.duration_since(sent.at) < MESSAGE_WINDOW);
        let allowed = if moderator { MESSAGES_AS_MODERATOR } else { MESSAGES };
        if account.messages.len() >= allowed {
            account.silent_until = Some(now + self.silence);
            return Verdict::Breach;
        }
        let duplicate = account.messages.iter().any(|sent| sent.channel == channel && sent.text == text);
        account.messages.push_back(SentMessage { at: now, channel: channel.to_owned(), text: text.to_owned() });
        if duplicate { Verdict::Duplicate } else { Verdict::Allowed }
    }

    /// Counts a join; false where there were too many.
    pub(super) fn join(&mut self, login: &str, now: Instant) -> bool {
        if !self.enabled {
            return true;
        }
        let account = self.accounts.entry(login.to_owned()).or_default();
        account.joins.retain(|at| now.duration_since(*at) < JOIN_WINDOW);
        if account.joins.len() >= JOINS {
            return false;
        }
        account.joins.push_back(now);
        true
    }

    /// Does not listen to an account from now on, as after a breach; or listens to it again.
    pub(super) fn ignore(&mut self, login: &str, ignored: bool, now: Instant) {
        let account = self.accounts.entry(login.to_owned()).or_default();
        account.silent_until = ignored.then_some(now + self.silence);
    }

    /// Forgets what was used and who is being ignored.
    pub(super) fn forget(&mut self) {
        self.accounts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOWN: &str = "pedrotown";

    fn send(limits: &mut Limits, number: usize, moderator: bool, now: Instant) -> Verdict {
        limits.message("bot", TOWN, &format!("line {number}"), moderator, now)
    }

    #[test]
    fn who_breaks_the_limit_is_not_heard_for_half_an_hour() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        for number in 0..MESSAGES {
            assert_eq!(send(&mut limits, number, false, start), Verdict::Allowed);
        }
        assert_eq!(send(&mut limits, 20, false, start), Verdict::Breach);
        assert_eq!(send(&mut limits, 21, false, start + SILENCE - Duration::from_secs(1)), Verdict::Silenced);
        assert_eq!(send(&mut limits, 22, false, start + SILENCE), Verdict::Allowed);
        assert_eq!(limits.message("other", TOWN, "hi", false, start), Verdict::Allowed);
    }

    #[test]
    fn a_moderator_may_say_more_and_the_window_slides() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        for number in 0..MESSAGES_AS_MODERATOR {
            assert_eq!(send(&mut limits, number, true, start), Verdict::Allowed);
        }
        assert_eq!(send(&mut limits, 100, true, start + MESSAGE_WINDOW), Verdict::Allowed);
    }

    #[test]
    fn the_same_text_within_the_window_is_a_duplicate_of_its_channel() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        let mut say =
            |channel, seconds| limits.message("bot", channel, "hi", false, start + Duration::from_secs(seconds));
        assert_eq!(say(TOWN, 0), Verdict::Allowed);
        assert_eq!(say("other", 1), Verdict::Allowed);
        assert_eq!(say(TOWN, 29), Verdict::Duplicate);
        assert_eq!(say(TOWN, 60), Verdict::Allowed);
    }

    #[test]
    fn joins_are_limited_unless_the_limits_are_off() {
        let (mut limits, start) = (Limits::default(), Instant::now());
        assert!((0..JOINS).all(|_| limits.join("bot", start)));
        assert!(!limits.join("bot", start));
        assert!(limits.join("bot", start + JOIN_WINDOW));
        limits.enabled = false;
        assert!((0..100).all(|_| limits.join("bot", start)));
    }
}

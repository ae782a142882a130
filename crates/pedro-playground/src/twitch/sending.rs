//! What becomes of a message that a bot sends, through the chat protocol or the API: said, or refused as Twitch would.

use std::time::Instant;

use super::connection::ConnectionId;
use super::limits::{MESSAGE_CHARACTERS, Verdict};
use super::line::{ChatLine, Line};
use super::world::World;

/// A bot's message on its way in.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) channel: &'a str,
    pub(super) login: &'a str,
    pub(super) text: &'a str,
    pub(super) reply_to: Option<&'a str>,
    pub(super) badges: Vec<(String, String)>,
    /// The connection it came over, which does not get it back.
    pub(super) from: Option<ConnectionId>,
}

/// Why a message was not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Twitch says nothing about it.
    Silent { reason: &'static str },
    /// Twitch says so.
    Told { msg_id: String, text: String },
}

impl World {
    /// Says a bot's message, or does with it what Twitch would do.
    pub(super) fn accept(&mut self, message: Message<'_>) -> Result<Line, Refusal> {
        self.check_sender(&message)?;
        let text = self.check_text(&message)?;
        let line = ChatLine {
            channel: message.channel.to_owned(),
            login: message.login.to_owned(),
            text,
            badges: message.badges,
            reply_to: message.reply_to.map(str::to_owned),
            ..ChatLine::default()
        };
        Ok(self.speak(line, true, message.from))
    }

    /// May this account say this here and now?
    fn check_sender(&mut self, message: &Message<'_>) -> Result<(), Refusal> {
        let (channel, login) = (message.channel, message.login);
        let moderator = self.is_moderator(channel, login);
        match self.limits.message(login, channel, message.text, moderator, Instant::now()) {
            Verdict::Allowed => {}
            Verdict::Silenced => return Err(Refusal::Silent { reason: "sender_not_heard" }),
            Verdict::Breach => {
                self.violation(format!("rate limit: {login} sent too many messages in 30 s (#{channel})"));
                return Err(Refusal::Silent { reason: "rate_limit" });
            }
            Verdict::Duplicate => {
                self.violation(format!("duplicate: {login} said the same twice in 30 s (#{channel})"));
                return Err(told("msg_duplicate", channel));
            }
        }
        if let Some(msg_id) = self.misbehaviour.rejection(channel) {
            return Err(told(&msg_id, channel));
        }
        match self.channels.get(channel).and_then(|channel| channel.silenced.get(login)) {
            None => Ok(()),
            Some(None) => Err(told("msg_banned", channel)),
            Some(Some(until)) if Instant::now() < *until => Err(told("msg_timedout", channel)),
            Some(Some(_)) => Ok(()),
        }
    }

    /// The text as chat shows it, or why there is none.
    fn check_text(&mut self, message: &Message<'_>) -> Result<String, Refusal> {
        let (channel, login, text) = (message.channel, message.login, message.text);
        let characters = text.chars().count();
        if characters > MESSAGE_CHARACTERS {
            self.violation(format!("too long: {login} sent {characters} characters (#{channel})"));
            return Err(Refusal::Silent { reason: "msg_too_long" });
        }
        if text.contains(['\r', '\n']) {
            self.violation(format!("newline: {login} sent more than one line in a message (#{channel})"));
        }
        match Command::of(text) {
            None => {}
            // An empty command: clients write `. hello` so that nothing in `hello` is taken for one.
            Some(Command { name: "", rest }) => return non_empty(rest),
            Some(Command { name: "me", rest }) => return Ok(format!("\u{1}ACTION {rest}\u{1}")),
            Some(Command { name, .. }) => {
                self.violation(format!("chat command: {login} sent /{name} (#{channel})"));
                let text = format!("Unrecognized command: /{name}");
                return Err(Refusal::Told { msg_id: "unrecognized_cmd".to_owned(), text });
            }
        }
        non_empty(text)
    }
}

/// A chat command in a message, such as `/me` or `.timeout`.
struct Command<'a> {
    name: &'a str,
    rest: &'a str,
}

impl<'a> Command<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let after = text.strip_prefix(['/', '.'])?;
        let (name, rest) = after.split_once(' ').unwrap_or((after, ""));
        // `...` and `.5` are what somebody says, not commands.
        name.chars().all(|character| character.is_ascii_alphabetic()).then_some(Self { name, rest })
    }
}

fn non_empty(text: &str) -> Result<String, Refusal> {
    if text.trim().is_empty() { Err(Refusal::Silent { reason: "empty" }) } else { Ok(text.to_owned()) }
}

/// A refusal in the words Twitch has for it.
fn told(msg_id: &str, channel: &str) -> Refusal {
    let text = match msg_id {
        "msg_banned" => format!("You are permanently banned from talking in {channel}."),
        "msg_timedout" => format!("You are timed out in {channel}."),
        "msg_duplicate" => {
            "Your message was not sent because it is identical to the previous one you sent, less than 30 seconds ago."
                .to_owned()
        }
        "msg_ratelimit" => "Your message was not sent because you are sending messages too quickly.".to_owned(),
        "msg_rejected" => "Your message is being checked by mods and has not been sent.".to_owned(),
        "msg_rejected_mandatory" => "Your message wasn't posted due to conflicts with the channel's moderation settings.".to_owned(),
        "msg_slowmode" => {
            "This room is in slow mode and you are sending messages too quickly. You will be able to talk again in 5 seconds."
                .to_owned()
        }
        "msg_followersonly" => format!("This room is in 10 minutes followers-only mode. Follow {channel} to join the community!"),
        "msg_channel_suspended" => "This channel does not exist or has been suspended.".to_owned(),
        _ => "Your message was not sent.".to_owned(),
    };
    Refusal::Told { msg_id: msg_id.to_owned(), text }
}

/// What Twitch answers to who names a channel that is not there.
pub(super) fn no_such_channel(channel: &str) -> Refusal {
    told("msg_channel_suspended", channel)
}

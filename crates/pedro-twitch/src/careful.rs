//! twitch-irc, handled with care: it panics at some tags that are not as it thinks, and then its tasks are gone without a word.

use std::fmt;
use std::panic::AssertUnwindSafe;

use async_trait::async_trait;
use futures_util::stream::Map;
use futures_util::{FutureExt, Stream, StreamExt};
use twitch_irc::message::IRCMessage;
use twitch_irc::transport::Transport;
use twitch_irc::transport::tcp::{TCPTransport, TCPTransportConnectError};

use crate::transport::Configured;

type Tcp = TCPTransport<Configured>;
type Incoming = <Tcp as Transport>::Incoming;
type Received = <Incoming as Stream>::Item;

/// A connection whose lines are put right before the library reads them.
pub(crate) struct Careful {
    incoming: Map<Incoming, fn(Received) -> Received>,
    outgoing: <Tcp as Transport>::Outgoing,
}

impl fmt::Debug for Careful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Careful")
    }
}

#[async_trait]
impl Transport for Careful {
    type ConnectError = TCPTransportConnectError;
    type IncomingError = <Tcp as Transport>::IncomingError;
    type OutgoingError = <Tcp as Transport>::OutgoingError;
    type Incoming = Map<Incoming, fn(Received) -> Received>;
    type Outgoing = <Tcp as Transport>::Outgoing;

    async fn new() -> Result<Self, Self::ConnectError> {
        let (incoming, outgoing) = Tcp::new().await?.split();
        Ok(Self { incoming: incoming.map(|received| received.map(put_right)), outgoing })
    }

    fn split(self) -> (Self::Incoming, Self::Outgoing) {
        (self.incoming, self.outgoing)
    }
}

/// A line without a colour or emotes that cannot be read: Pedro needs neither, and a line must not be lost for them.
pub(crate) fn put_right(mut message: IRCMessage) -> IRCMessage {
    for (tag, is_good) in [("color", is_colour as fn(&str) -> bool), ("emotes", are_emotes)] {
        if let Some(value) = message.tags.0.get_mut(tag)
            && !is_good(value)
        {
            value.clear();
        }
    }
    message
}

/// `#RRGGBB`.
fn is_colour(value: &str) -> bool {
    value.len() == 7 && value.starts_with('#') && value[1..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// `25:0-4,12-16/1902:6-10`: the places of emotes.
fn are_emotes(value: &str) -> bool {
    let is_range = |range: &str| {
        let (Some(from), Some(to)) = range.split_once('-').map_or((None, None), |(a, b)| (place(a), place(b))) else {
            return false;
        };
        from <= to
    };
    value.split('/').all(|emote| emote.split_once(':').is_some_and(|(_, ranges)| ranges.split(',').all(is_range)))
}

fn place(number: &str) -> Option<u32> {
    number.parse().ok()
}

/// What becomes of a request to the client; `None` if its tasks are gone. It panics then, which must not be the end of whoever
/// asks: the reader replaces it.
pub(crate) async fn ask<T>(request: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(request).catch_unwind().await.ok()
}

#[cfg(test)]
mod tests {
    use twitch_irc::message::{AsRawIRC, ServerMessage};

    use super::*;

    const REST: &str = "badge-info=;badges=moderator/1;display-name=Alice;flags=;id=m1;mod=0;room-id=1;subscriber=0;tmi-sent-ts=1594545155039;turbo=0;user-id=7;user-type=";

    fn heard(color: &str, emotes: &str) -> Option<String> {
        let line = format!("@color={color};emotes={emotes};{REST} :alice!alice@alice PRIVMSG #town :Kappa hello");
        let message = put_right(IRCMessage::parse(&line).unwrap());
        let tags = format!("{}|{}", message.tags.0["color"], message.tags.0["emotes"]);
        match ServerMessage::try_from(message) {
            Ok(ServerMessage::Privmsg(line)) if line.message_text == "Kappa hello" => Some(tags),
            _ => None,
        }
    }

    #[test]
    fn a_line_is_read_whatever_its_colour_and_its_emotes() {
        for color in ["", "#GG", "#12345", "#é1234", "éééa", "日本a", "1234567", "#12345g", "#+1+2+3", "#1234567"]
        {
            assert_eq!(heard(color, "").as_deref(), Some("|"), "{color:?}");
        }
        for emotes in
            ["25:4-0", "25", "25:", "25:-", "25:1-", "x:y-z", "25:0-4/", "25:0-99999999999999999999", "é:０-４"]
        {
            assert_eq!(heard("", emotes).as_deref(), Some("|"), "{emotes:?}");
        }
        for good in ["25:0-4", "25:0-4,6-10/1902:6-10", "emotesv2_x:0-0"] {
            assert_eq!(heard("#FF00aa", good), Some(format!("#FF00aa|{good}")));
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in ["PING :tmi.twitch.tv", "@color=#123456 :tmi.twitch.tv USERSTATE #town", ":x JOIN #town"] {
            let message = IRCMessage::parse(line).unwrap();
            assert_eq!(put_right(message.clone()).as_raw_irc(), message.as_raw_irc());
        }
    }

    #[tokio::test]
    async fn a_request_to_a_client_that_is_gone_has_no_answer() {
        assert_eq!(ask(async { 1 }).await, Some(1));
        let dead = tokio::sync::oneshot::channel::<u8>().1;
        assert_eq!(ask(async { dead.await.unwrap() }).await, None);
    }
}

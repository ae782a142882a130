//! What Twitch says on an EventSub socket. Pure.
//! <https://dev.twitch.tv/docs/eventsub/websocket-reference/>

use serde::Deserialize;
use serde_json::Value;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// The first one: what the session is called, and how many seconds it is never silent for longer than.
    Welcome { session: String, keepalive: u64 },
    /// There is nothing to say.
    Keepalive,
    /// The session goes on at this address.
    Reconnect { url: String },
    /// Something happened. Twitch may say it twice, with the same id.
    Notification { id: String, channel: String, change: Change },
    /// Something is no longer told, for this reason.
    Revocation { status: String },
    /// Nothing that matters here, or not understood.
    Other,
}

/// What happened to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is called differently.
    Renamed { title: String, category: String },
    /// It began.
    Began,
    /// It ended.
    Ended,
}

impl Change {
    /// The types of event that tell of it, with their versions.
    pub(super) const TYPES: [(&str, &str); 3] =
        [("channel.update", "2"), ("stream.online", "1"), ("stream.offline", "1")];
}

#[derive(Deserialize)]
struct Message {
    metadata: Metadata,
    #[serde(default)]
    payload: Value,
}

#[derive(Deserialize)]
struct Metadata {
    message_id: String,
    message_type: String,
    #[serde(default)]
    subscription_type: String,
}

impl Frame {
    /// What a text means; what is not understood is `Other`, for Twitch may say more next year.
    pub(super) fn read(text: &str) -> Self {
        let Ok(Message { metadata, payload }) = serde_json::from_str::<Message>(text) else { return Self::Other };
        let text_at = |path: &str| payload.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let read = match metadata.message_type.as_str() {
            "session_welcome" => text_at("/session/id").map(|session| {
                let keepalive = payload.pointer("/session/keepalive_timeout_seconds").and_then(Value::as_u64);
                Self::Welcome { session, keepalive: keepalive.unwrap_or(10) }
            }),
            "session_keepalive" => Some(Self::Keepalive),
            "session_reconnect" => text_at("/session/reconnect_url").map(|url| Self::Reconnect { url }),
            "revocation" => text_at("/subscription/status").map(|status| Self::Revocation { status }),
            "notification" => {
                let change = match metadata.subscription_type.as_str() {
                    "channel.update" => text_at("/event/title").map(|title| Change::Renamed {
                        title,
                        category: text_at("/event/category_name").unwrap_or_default(),
                    }),
                    "stream.online" => Some(Change::Began),
                    "stream.offline" => Some(Change::Ended),
                    _ => None,
                };
                let channel = text_at("/event/broadcaster_user_login").map(|login| login.to_lowercase());
                channel.zip(change).map(|(channel, change)| Self::Notification {
                    id: metadata.message_id,
                    channel,
                    change,
                })
            }
            _ => None,
        };
        read.unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: &str, subscription: &str, payload: &Value) -> Frame {
        let metadata = json!({ "message_id": "m1", "message_type": kind, "subscription_type": subscription });
        Frame::read(&json!({ "metadata": metadata, "payload": payload }).to_string())
    }

    #[test]
    fn what_twitch_says_is_understood() {
        let session = json!({ "session": { "id": "s", "keepalive_timeout_seconds": 30, "reconnect_url": "wss://x" } });
        assert_eq!(read("session_welcome", "", &session), Frame::Welcome { session: "s".into(), keepalive: 30 });
        assert_eq!(read("session_keepalive", "", &json!({})), Frame::Keepalive);
        assert_eq!(read("session_reconnect", "", &session), Frame::Reconnect { url: "wss://x".into() });
        let revoked = json!({ "subscription": { "status": "authorization_revoked" } });
        assert_eq!(read("revocation", "", &revoked), Frame::Revocation { status: "authorization_revoked".into() });
        let event =
            json!({ "event": { "broadcaster_user_login": "Town", "title": "Rust", "category_name": "Software" } });
        let notified = |change| Frame::Notification { id: "m1".into(), channel: "town".into(), change };
        let renamed = Change::Renamed { title: "Rust".into(), category: "Software".into() };
        assert_eq!(read("notification", "channel.update", &event), notified(renamed));
        assert_eq!(read("notification", "stream.online", &event), notified(Change::Began));
        assert_eq!(read("notification", "stream.offline", &event), notified(Change::Ended));
    }

    #[test]
    fn what_is_new_or_broken_says_nothing() {
        for text in ["", "{}", "[1]", "null", r#"{"metadata":{"message_id":"a","message_type":"session_welcome"}}"#] {
            assert_eq!(Frame::read(text), Frame::Other, "{text}");
        }
        assert_eq!(read("session_party", "", &json!({})), Frame::Other);
        assert_eq!(read("notification", "channel.raid", &json!({ "event": {} })), Frame::Other);
    }
}

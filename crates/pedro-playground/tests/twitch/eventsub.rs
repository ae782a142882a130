//! EventSub, as a bot meets it.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use pedro_playground::{Playground, Twitch};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{PATIENCE, TOWN, request, town};

const SIGNED: &str = "Authorization: Bearer mine\r\nClient-Id: pedro\r\n";

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(url: &str) -> Result<(Self, Value)> {
        let mut socket = Self(connect_async(url).await?.0);
        let welcome = socket.next("session_welcome").await?;
        Ok((socket, welcome["payload"]["session"].clone()))
    }

    /// The next message of this type; those before it are skipped.
    async fn next(&mut self, kind: &str) -> Result<Value> {
        let found = async {
            while let Some(message) = self.0.next().await {
                if let Message::Text(text) = message? {
                    let message: Value = serde_json::from_str(&text)?;
                    if message["metadata"]["message_type"] == kind {
                        return Ok(message);
                    }
                }
            }
            anyhow::bail!("the socket ended")
        };
        timeout(PATIENCE, found).await.with_context(|| format!("waiting for {kind}"))?
    }

    /// The code it ends with, if it says one.
    async fn end(&mut self) -> Result<Option<u16>> {
        let end = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|frame| u16::from(frame.code)),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        Ok(timeout(PATIENCE, end).await?)
    }
}

async fn subscribe(playground: &Playground, twitch: &Twitch, session: &Value, kind: &str) -> Result<u16> {
    let version = if kind == "channel.update" { "2" } else { "1" };
    let body = json!({
        "type": kind, "version": version, "condition": { "broadcaster_user_id": twitch.user(TOWN) },
        "transport": { "method": "websocket", "session_id": session["id"] },
    });
    Ok(request(playground, "POST /helix/eventsub/subscriptions", SIGNED, &body.to_string()).await?.status)
}

#[tokio::test]
async fn who_subscribed_is_told_of_changes() -> Result<()> {
    let (playground, twitch) = town().await?;
    let (mut socket, session) = Socket::open(&playground.eventsub_url()).await?;
    assert_eq!(session["keepalive_timeout_seconds"], 10);
    for kind in ["channel.update", "stream.online", "stream.offline"] {
        assert_eq!(subscribe(&playground, &twitch, &session, kind).await?, 202);
        assert_eq!(subscribe(&playground, &twitch, &session, kind).await?, 409, "once is enough");
    }
    assert_eq!(subscribe(&playground, &twitch, &json!({ "id": "another" }), "channel.update").await?, 400);
    twitch.repeat_events(true);
    twitch.set_title(TOWN, "Rust, slowly", "Software");
    let first = socket.next("notification").await?;
    assert_eq!(first["payload"]["event"]["title"], "Rust, slowly");
    assert_eq!(first["payload"]["event"]["category_name"], "Software");
    assert_eq!(socket.next("notification").await?["metadata"]["message_id"], first["metadata"]["message_id"]);
    twitch.repeat_events(false);
    twitch.set_live(TOWN, true);
    twitch.set_live(TOWN, true);
    twitch.set_live(TOWN, false);
    for kind in ["stream.online", "stream.offline"] {
        assert_eq!(socket.next("notification").await?["metadata"]["subscription_type"], kind);
    }
    twitch.revoke_token("mine");
    let revoked = socket.next("revocation").await?;
    assert_eq!(revoked["payload"]["subscription"]["status"], "authorization_revoked");
    assert_eq!(subscribe(&playground, &twitch, &session, "channel.update").await?, 401);
    Ok(())
}

#[tokio::test]
async fn a_session_moves_with_its_subscriptions() -> Result<()> {
    let (playground, twitch) = town().await?;
    let (mut old, session) = Socket::open(&playground.eventsub_url()).await?;
    assert_eq!(subscribe(&playground, &twitch, &session, "channel.update").await?, 202);
    twitch.reconnect_events();
    twitch.set_title(TOWN, "between", "");
    let asked = old.next("session_reconnect").await?;
    assert_eq!(old.next("notification").await?["payload"]["event"]["title"], "between", "it still holds");
    let url = asked["payload"]["session"]["reconnect_url"].as_str().context("no address")?.to_owned();
    let (mut new, _) = Socket::open(&url).await?;
    twitch.set_title(TOWN, "after", "");
    assert_eq!(new.next("notification").await?["payload"]["event"]["title"], "after");
    assert_eq!(old.end().await?, Some(4004), "who stays on the old socket is put out");
    assert_eq!(twitch.event_sessions(), 1);
    Ok(())
}

#[tokio::test]
async fn signs_of_life_come_until_they_are_withheld_and_sockets_break_when_told() -> Result<()> {
    let (playground, twitch) = town().await?;
    twitch.set_event_keepalive(Duration::from_secs(1));
    let (mut socket, session) = Socket::open(&playground.eventsub_url()).await?;
    assert_eq!(subscribe(&playground, &twitch, &session, "channel.update").await?, 202);
    socket.next("session_keepalive").await?;
    twitch.silence_events(true);
    twitch.set_title(TOWN, "unheard", "");
    assert!(timeout(Duration::from_secs(2), socket.0.next()).await.is_err(), "not a word");
    twitch.silence_events(false);
    socket.next("session_keepalive").await?;
    twitch.drop_event_sessions();
    assert_eq!(socket.end().await?, None);
    let (mut idle, _) = Socket::open(&playground.eventsub_url()).await?;
    assert_eq!(idle.end().await?, Some(4003), "who subscribes to nothing is put out");
    Ok(())
}

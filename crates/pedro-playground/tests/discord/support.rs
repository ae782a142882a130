//! Clients for the tests: one for the gateway, one for REST.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use pedro_playground::discord::{Discord, Snowflake};
use pedro_playground::{Playground, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for the slowest machine; nothing waits for it unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Guilds, messages, reactions, typing, direct messages, and what is in messages.
pub(crate) const INTENTS: u64 = 1 | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 15);
/// The same without what is in messages.
pub(crate) const NO_CONTENT: u64 = INTENTS & !(1 << 15);

/// A playground with a guild, a channel in it, and alice and bob. Rate limits are off (`limits.rs` has them), and the bot
/// has all the time in the world to answer: no machine is too slow.
pub(crate) struct Town {
    pub(crate) playground: Playground,
    pub(crate) discord: Discord,
    pub(crate) guild: Snowflake,
    pub(crate) general: Snowflake,
}

pub(crate) async fn town() -> Result<Town> {
    let playground = Playground::start(Settings::default()).await?;
    let discord = playground.discord().clone();
    discord.set_rate_limits(false);
    discord.set_answer_within(Duration::from_secs(600));
    let guild = discord.add_guild("Pedro Town");
    let general = discord.add_channel(guild, "general");
    for person in ["alice", "bob"] {
        discord.add_member(guild, person, &[]);
    }
    Ok(Town { playground, discord, guild, general })
}

impl Town {
    /// A request as the bot makes it; the path is from after `/api/v10` on.
    pub(crate) async fn bot(&self, method: &str, path: &str, body: Value) -> Result<Answer> {
        let line = format!("{method} /api/v10{path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        request(&self.playground, &line, "Authorization: Bot secret\r\n", &body).await
    }

    /// A request with files (name, kind, content) beside its fields, as a form.
    pub(crate) async fn form(
        &self,
        method: &str,
        path: &str,
        fields: Value,
        files: &[(&str, &str, &str)],
    ) -> Result<Answer> {
        let mut body = format!("--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{fields}\r\n");
        for (number, (name, kind, content)) in files.iter().enumerate() {
            let about = format!("form-data; name=\"files[{number}]\"; filename=\"{name}\"");
            let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
            body.push_str(&format!("--x\r\nContent-Disposition: {about}\r\n{kind}\r\n{content}\r\n"));
        }
        body.push_str("--x--\r\n");
        let headers = "Authorization: Bot secret\r\nContent-Type: multipart/form-data; boundary=x\r\n";
        request(&self.playground, &format!("{method} /api/v10{path}"), headers, &body).await
    }

    /// A request that has to work; answers its body.
    pub(crate) async fn ok(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let answer = self.bot(method, path, body).await?;
        if answer.status >= 300 {
            bail!("{method} {path}: {} {}", answer.status, answer.body);
        }
        if answer.body.is_empty() { Ok(Value::Null) } else { answer.json() }
    }

    /// A request that has to be refused; answers HTTP's status and Discord's code.
    pub(crate) async fn refused(&self, method: &str, path: &str, body: Value) -> Result<(u16, u64)> {
        let answer = self.bot(method, path, body).await?;
        let code = answer.json()?["code"].as_u64().with_context(|| format!("no code in {}", answer.body))?;
        Ok((answer.status, code))
    }

    pub(crate) async fn post_message(&self, channel: Snowflake, text: &str) -> Result<Snowflake> {
        let sent = self.ok("POST", &format!("/channels/{channel}/messages"), json!({ "content": text })).await?;
        id(&sent)
    }

    /// Registers a command for all guilds.
    pub(crate) async fn register(&self, commands: Value) -> Result<Value> {
        self.ok("PUT", &format!("/applications/{}/commands", self.discord.bot()), commands).await
    }
}

/// The paths under which an interaction is answered, and followed up.
pub(crate) fn paths(town: &Town, interaction: &Value) -> (String, String) {
    let text = |key: &str| interaction[key].as_str().unwrap_or_default().to_owned();
    let (id, token) = (text("id"), text("token"));
    (format!("/interactions/{id}/{token}/callback"), format!("/webhooks/{}/{token}", town.discord.bot()))
}

pub(crate) fn id(thing: &Value) -> Result<Snowflake> {
    Ok(thing["id"].as_str().with_context(|| format!("no id in {thing}"))?.parse()?)
}

/// A connection to the gateway.
pub(crate) struct Shard {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The number of the last event.
    pub(crate) seq: u64,
}

impl Shard {
    /// A connection that has been greeted.
    pub(crate) async fn connect(playground: &Playground) -> Result<Self> {
        let url = format!("{}/?v=10&encoding=json&compress=zstd-stream", playground.gateway_url());
        let (socket, _) = connect_async(url).await?;
        let mut shard = Self { socket, seq: 0 };
        let hello = shard.payload().await?;
        if hello["op"] != 10 {
            bail!("no greeting: {hello}");
        }
        Ok(shard)
    }

    /// A connection that has signed in; answers what `READY` said too.
    pub(crate) async fn ready(playground: &Playground, intents: u64) -> Result<(Self, Value)> {
        let mut shard = Self::connect(playground).await?;
        shard.identify(json!({ "token": "secret", "intents": intents, "properties": {} })).await?;
        let ready = shard.event("READY").await?;
        Ok((shard, ready))
    }

    /// A connection that has signed in and knows the guild.
    pub(crate) async fn in_town(town: &Town, intents: u64) -> Result<Self> {
        let (mut shard, _) = Self::ready(&town.playground, intents).await?;
        shard.event("GUILD_CREATE").await?;
        Ok(shard)
    }

    pub(crate) async fn identify(&mut self, data: Value) -> Result<()> {
        self.send(json!({ "op": 2, "d": data })).await
    }

    pub(crate) async fn resume(&mut self, session: &Value, seq: u64) -> Result<()> {
        self.send(json!({ "op": 6, "d": { "token": "secret", "session_id": session, "seq": seq } })).await
    }

    pub(crate) async fn send(&mut self, payload: Value) -> Result<()> {
        Ok(self.socket.send(Message::text(payload.to_string())).await?)
    }

    /// The next payload.
    pub(crate) async fn payload(&mut self) -> Result<Value> {
        match timeout(PATIENCE, self.socket.next()).await.context("nothing came in time")? {
            Some(Ok(Message::Text(text))) => Ok(serde_json::from_str(&text)?),
            other => bail!("no payload but {other:?}"),
        }
    }

    /// The next payload with this op; those before it are skipped.
    pub(crate) async fn op(&mut self, op: u64) -> Result<Value> {
        loop {
            let payload = self.payload().await?;
            if payload["op"] == op {
                return Ok(payload);
            }
        }
    }

    /// What the next event of this name says; those before it are skipped.
    pub(crate) async fn event(&mut self, name: &str) -> Result<Value> {
        let mut skipped = Vec::new();
        loop {
            let waiting = || format!("waiting for {name} after {skipped:?}");
            let payload = self.payload().await.with_context(waiting)?;
            self.seq = payload["s"].as_u64().unwrap_or(self.seq);
            if payload["t"] == name {
                return Ok(payload["d"].clone());
            }
            skipped.push(payload["t"].as_str().unwrap_or_default().to_owned());
        }
    }

    /// The names of all events before the answer to a heartbeat sent now: everything there was to say so far.
    pub(crate) async fn heard(&mut self) -> Result<Vec<String>> {
        self.send(json!({ "op": 1, "d": self.seq })).await?;
        let mut names = Vec::new();
        loop {
            let payload = self.payload().await?;
            if payload["op"] == 11 {
                return Ok(names);
            }
            self.seq = payload["s"].as_u64().unwrap_or(self.seq);
            names.push(payload["t"].as_str().unwrap_or_default().to_owned());
        }
    }

    /// Says goodbye with this code.
    pub(crate) async fn close(mut self, code: u16) -> Result<()> {
        let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() };
        self.socket.close(Some(frame)).await?;
        self.end().await?;
        Ok(())
    }

    /// Reads on until the connection ends; answers the code it was closed with.
    pub(crate) async fn end(&mut self) -> Result<Option<u16>> {
        let ended = async {
            let mut code = None;
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(Some(frame)) = message {
                    code = Some(frame.code.into());
                }
            }
            code
        };
        timeout(PATIENCE, ended).await.context("the connection did not end")
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("status {}, body {}", self.status, self.body))
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends a request; `headers` are lines, the body is JSON unless they say otherwise.
pub(crate) async fn request(playground: &Playground, line: &str, headers: &str, body: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(playground.http_url().replace("http://", "")).await?;
    let kind = if headers.to_lowercase().contains("content-type") { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    let host = playground.http_url().replace("http://", "");
    let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{kind}Content-Length: {length}\r\n");
    stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await?;
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.context("no answer in time")??;
    let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok(Answer { status, head: head.to_lowercase(), body: body.to_owned() })
}

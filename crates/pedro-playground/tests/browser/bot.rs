//! The bot, played by the tests: a gateway connection, and REST.

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use pedro_playground::discord::Snowflake;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::devtools::PATIENCE;
use crate::town::Town;

/// Guilds and messages, with what is in them.
const INTENTS: u64 = 1 | (1 << 9) | (1 << 15);

pub(crate) struct Bot {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    host: String,
    id: Snowflake,
}

impl Bot {
    /// Signs in and registers these commands.
    pub(crate) async fn with(town: &Town, commands: Value) -> Result<Self> {
        let host = town.playground.http_url().replace("http://", "");
        let (mut socket, _) = connect_async(format!("{}/?v=10&encoding=json", town.playground.gateway_url())).await?;
        let identify = json!({ "op": 2, "d": { "token": "secret", "intents": INTENTS, "properties": {} } });
        socket.send(Message::text(identify.to_string())).await?;
        let mut bot = Self { socket, host, id: town.discord.bot() };
        bot.event("READY").await?;
        bot.does("PUT", &format!("/applications/{}/commands", bot.id), commands).await?;
        Ok(bot)
    }

    async fn event(&mut self, name: &str) -> Result<Value> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.with_context(|| format!("no {name} came"))? {
                Some(Ok(Message::Text(text))) => {
                    let payload: Value = serde_json::from_str(&text)?;
                    if payload["t"] == name {
                        return Ok(payload["d"].clone());
                    }
                }
                other => bail!("no payload but {other:?}"),
            }
        }
    }

    /// The next thing that somebody does with the bot.
    pub(crate) async fn interaction(&mut self) -> Result<Value> {
        self.event("INTERACTION_CREATE").await
    }

    /// Answers an interaction for the first time.
    pub(crate) async fn responds(&self, to: &Value, response: Value) -> Result<()> {
        let path = format!("/interactions/{}/{}/callback", text(to, "id"), text(to, "token"));
        self.does("POST", &path, response).await.map(|_| ())
    }

    /// Answers an interaction with a message that brings a file.
    pub(crate) async fn responds_with_file(
        &self,
        to: &Value,
        response: Value,
        name: &str,
        content: &str,
    ) -> Result<()> {
        let path = format!("/interactions/{}/{}/callback", text(to, "id"), text(to, "token"));
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{response}\r\n\
             --x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"{name}\"\r\n\r\n{content}\r\n--x--\r\n"
        );
        self.asks("POST", &path, "multipart/form-data; boundary=x", &body).await.map(|_| ())
    }

    /// Writes what was deferred, or writes it anew.
    pub(crate) async fn answers(&self, to: &Value, message: Value) -> Result<Value> {
        let path = format!("/webhooks/{}/{}/messages/@original", self.id, text(to, "token"));
        self.does("PATCH", &path, message).await
    }

    /// Asks REST; the path is from after `/api/v10` on.
    pub(crate) async fn does(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        self.asks(method, path, "application/json", &body.to_string()).await
    }

    async fn asks(&self, method: &str, path: &str, kind: &str, body: &str) -> Result<Value> {
        let mut stream = TcpStream::connect(&self.host).await?;
        let host = &self.host;
        let head = format!(
            "{method} /api/v10{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bot secret\r\nConnection: close\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).await?;
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.context("no answer in time")??;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        if !head.starts_with("HTTP/1.1 2") {
            bail!("{method} {path}: {answer}");
        }
        if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(body)?) }
    }
}

pub(crate) fn text(thing: &Value, key: &str) -> String {
    thing[key].as_str().unwrap_or_default().to_owned()
}

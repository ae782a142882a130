//! Clients for the tests: one that speaks IRC byte for byte, one that speaks HTTP.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use pedro_playground::{Playground, Settings, Twitch};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for the slowest machine; nothing waits for it unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const TOWN: &str = "pedrotown";
const ALL: &str = "CAP REQ :twitch.tv/tags twitch.tv/commands";

/// A playground with one channel.
pub(crate) async fn town() -> Result<(Playground, Twitch)> {
    let playground = Playground::start(Settings::default()).await?;
    let twitch = playground.twitch().clone();
    twitch.add_channel(TOWN);
    Ok((playground, twitch))
}

/// A chat client.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) async fn connect(playground: &Playground) -> Result<Self> {
        let address = playground.irc_url().replace("irc://", "");
        Ok(Self { stream: BufReader::new(TcpStream::connect(address).await?) })
    }

    /// A client that has signed in with all capabilities and is in the channel.
    pub(crate) async fn in_town(playground: &Playground, login: &str) -> Result<Self> {
        let mut client = Self::connect(playground).await?;
        for line in [ALL, "PASS oauth:secret", &format!("NICK {login}"), &format!("JOIN #{TOWN}")] {
            client.send(line).await?;
        }
        client.expect("ROOMSTATE").await?;
        Ok(client)
    }

    pub(crate) async fn send(&mut self, line: &str) -> Result<()> {
        Ok(self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?)
    }

    pub(crate) async fn say(&mut self, text: &str) -> Result<()> {
        self.send(&format!("PRIVMSG #{TOWN} :{text}")).await
    }

    /// The next line; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.stream.read_line(&mut line)).await.context("no line in time")??;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    /// The next line with this in it; those before it are skipped.
    pub(crate) async fn expect(&mut self, wanted: &str) -> Result<String> {
        let mut skipped = Vec::new();
        loop {
            match self.next().await.with_context(|| format!("waiting for {wanted:?} after {skipped:?}"))? {
                Some(line) if line.contains(wanted) => return Ok(line),
                Some(line) => skipped.push(line),
                None => bail!("the connection ended before {wanted:?} came, after {skipped:?}"),
            }
        }
    }

    /// All that comes before the answer to a `PING` sent now: everything the server had to say so far.
    pub(crate) async fn heard(&mut self) -> Result<Vec<String>> {
        self.send("PING :so-far").await?;
        let mut lines = Vec::new();
        loop {
            match self.next().await? {
                Some(line) if line.ends_with(":so-far") => return Ok(lines),
                Some(line) => lines.push(line),
                None => bail!("the connection ended after {lines:?}"),
            }
        }
    }

    /// Reads on until the connection ends, properly or not.
    pub(crate) async fn end(&mut self) -> Result<()> {
        let ended = async { while matches!(self.next().await, Ok(Some(_))) {} };
        timeout(PATIENCE, ended).await.context("the connection did not end")
    }
}

/// The value of a tag in a raw line.
pub(crate) fn tag<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let tags = line.strip_prefix('@')?.split(' ').next()?;
    tags.split(';').filter_map(|tag| tag.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("status {}, body {}", self.status, self.body))
    }
}

/// Sends a request; `headers` are lines, the body is JSON unless it says otherwise.
pub(crate) async fn request(playground: &Playground, line: &str, headers: &str, body: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(playground.http_url().replace("http://", "")).await?;
    let kind = if headers.to_lowercase().contains("content-type") { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nHost: playground\r\nConnection: close\r\n{kind}Content-Length: {length}\r\n");
    stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await?;
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.context("no answer in time")??;
    let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok(Answer { status, head: head.to_lowercase(), body: body.to_owned() })
}

//! A client for the tests.

use std::time::Duration;

use anyhow::{Context, Result};
use pedro_playground::search::Page;
use pedro_playground::{Playground, Search, Settings};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for the slowest machine; nothing waits for it unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A playground in which three pages can be found.
pub(crate) struct Web {
    pub(crate) playground: Playground,
    pub(crate) search: Search,
}

pub(crate) async fn web() -> Result<Web> {
    let playground = Playground::start(Settings::default()).await?;
    let search = playground.search().clone();
    search.set_pages([
        Page::new("Loud keyboards", "https://keys.example/loud?by=clack&x=1", "Clicky switches <are> loud & proud."),
        Page::new("Quiet keyboards", "https://keys.example/quiet", "Linear switches are quiet."),
        Page { words: vec!["typing".to_owned()], ..Page::new("Rust", "https://rust.example/", "A language.") },
    ]);
    Ok(Web { playground, search })
}

impl Web {
    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(&format!("GET {path}"), "User-Agent: test\r\n", "").await
    }

    /// Posts a form, or JSON to the control interface.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Result<Answer> {
        let kind = if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
        self.ask(&format!("POST {path}"), &format!("Content-Type: {kind}\r\n"), body).await
    }

    /// Sends a request; `headers` are lines.
    pub(crate) async fn ask(&self, line: &str, headers: &str, body: &str) -> Result<Answer> {
        let host = self.playground.http_url().replace("http://", "");
        let mut stream = TcpStream::connect(&host).await?;
        let length = body.len();
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n");
        stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await?;
        let mut text = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut text)).await.context("no answer in time")??;
        let (head, body) = text.split_once("\r\n\r\n").context("no answer")?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
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

    /// A header's value; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

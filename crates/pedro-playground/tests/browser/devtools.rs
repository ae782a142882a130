//! A Chromium that is driven over the DevTools protocol: <https://chromedevtools.github.io/devtools-protocol/>.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Long enough for the slowest machine; nothing waits for it unless it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Under these names it is installed, in the order in which `dev/bootstrap` looks for them.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// The tests run as root in containers, where Chromium cannot lock itself in; and it fetches nothing but the page.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
];

/// A browser that ends with its test, and leaves nothing behind.
struct Chromium {
    process: Child,
    profile: PathBuf,
}

impl Chromium {
    /// Starts one; answers the address of its DevTools too.
    async fn start() -> Result<(Self, String)> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("playground-browser-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&profile)?;
        let program = program().context("there is no Chromium here: dev/bootstrap --browser installs it")?;
        let process = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            // Killed, it leaves its lock there: it goes with the profile.
            .env("TMPDIR", &profile)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Its helpers too: they are ended together.
            .process_group(0)
            .spawn()?;
        let mut chromium = Self { process, profile };
        let stderr = chromium.process.stderr.take().context("its output")?;
        let mut lines = BufReader::new(stderr).lines();
        let found = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, address)) = line.split_once("DevTools listening on ") {
                    return Ok(address.trim().to_owned());
                }
            }
            bail!("Chromium ended at once")
        };
        let address = timeout(PATIENCE, found).await.context("Chromium did not start in time")??;
        // Read on, or it would stop when nobody takes what it writes.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((chromium, address))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(pid) = self.process.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{pid}")]).status();
        }
        // Its helpers may still be writing for a moment.
        for _ in 0..40 {
            if std::fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = NAMES.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    found.into_iter().find(|file| file.is_file())
}

/// One tab, and the browser it is in.
pub(crate) struct Tab {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Value,
    asked: u64,
    /// What went wrong in the page, which nobody may have noticed.
    complaints: Vec<String>,
    /// Ends with the tab.
    _chromium: Chromium,
}

impl Tab {
    pub(crate) async fn open() -> Result<Self> {
        let (_chromium, address) = Chromium::start().await?;
        let (socket, _) = connect_async(address).await?;
        let mut tab = Self { socket, session: Value::Null, asked: 0, complaints: Vec::new(), _chromium };
        let target = tab.call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        tab.session = tab.call("Target.attachToTarget", attach).await?["sessionId"].clone();
        for domain in ["Page", "Runtime", "Log"] {
            tab.call(&format!("{domain}.enable"), json!({})).await?;
        }
        Ok(tab)
    }

    /// Has the browser do something; answers its result.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.asked += 1;
        let mut request = json!({ "id": self.asked, "method": method, "params": params });
        if !self.session.is_null() {
            request["sessionId"] = self.session.clone();
        }
        self.socket.send(Message::text(request.to_string())).await?;
        loop {
            let message =
                timeout(PATIENCE, self.socket.next()).await.with_context(|| format!("no answer to {method}"))?;
            let Some(Ok(message)) = message else { bail!("the browser is gone: {message:?}") };
            let Message::Text(text) = message else { continue };
            let told: Value = serde_json::from_str(&text)?;
            if told["id"] == self.asked {
                return match told.get("error") {
                    Some(error) => bail!("{method}: {error}"),
                    None => Ok(told["result"].clone()),
                };
            }
            self.note(&told);
        }
    }

    fn note(&mut self, event: &Value) {
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => self.complaints.push(event["params"]["exceptionDetails"].to_string()),
            Some("Log.entryAdded") if event["params"]["entry"]["level"] == "error" => {
                self.complaints.push(event["params"]["entry"].to_string());
            }
            _ => {}
        }
    }

    /// Exceptions, refused resources, and violations of the page's policy so far.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }
}

//! The bot as a process of its own.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::tester::{PATIENCE, PROGRAM};

/// The variables of a bot.
pub(crate) type Environment = BTreeMap<String, String>;

/// What the bot says where its pages are.
const PAGES: &str = "pages are served address=";

/// The same in a log of JSON.
const PAGES_JSON: &str = "\"message\":\"pages are served\"";

/// Where the pages are, if a line of the log says so.
fn address(line: &str) -> Option<String> {
    if line.contains(PAGES_JSON) {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        return line["address"].as_str().map(str::to_owned);
    }
    line.split_once(PAGES).map(|(_, address)| address.to_owned())
}

/// A running bot. Dropping it kills it.
pub(crate) struct Bot {
    child: Child,
}

impl Bot {
    /// Starts the binary with these variables, nothing else; what it writes is added to the log.
    pub(crate) fn start(environment: &Environment, arguments: &[&str], log: &Log) -> Result<Self> {
        let child = Command::new(PROGRAM)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(log.append()?)
            .stderr(log.append()?)
            .kill_on_drop(true)
            .spawn()
            .context("the bot cannot be started")?;
        Ok(Self { child })
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Kills it as `kill -9` does.
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop, as systemd does, and waits for the end.
    pub(crate) async fn terminate(self) -> Result<ExitStatus> {
        let id = self.child.id().context("the bot has ended already")?.to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await?;
        anyhow::ensure!(asked.success(), "the bot could not be asked to stop");
        self.wait().await
    }

    /// Waits for its end.
    pub(crate) async fn wait(mut self) -> Result<ExitStatus> {
        Ok(timeout(PATIENCE, self.child.wait()).await.context("the bot did not end")??)
    }
}

/// What the bot writes, over all its restarts.
pub(crate) struct Log(PathBuf);

impl Log {
    /// An empty log; `name` is the test's alone.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
        File::create(&path)?;
        Ok(Self(path))
    }

    fn append(&self) -> Result<File> {
        Ok(OpenOptions::new().append(true).open(&self.0)?)
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.0).unwrap_or_default()).into_owned()
    }

    /// Where the pages are, of so many starts.
    pub(crate) fn address(&self, starts: usize) -> Option<String> {
        let text = self.text();
        let told: Vec<String> = text.lines().filter_map(address).collect();
        (told.len() >= starts).then(|| told.last().cloned())?
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // A log that is left behind harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

//! A bot as a process of its own, which can be killed and frozen.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What a bot says where its pages are.
const PAGES: &str = "pages are served address=";

/// Longest wait for a bot to end by request: the eight seconds that it may take, on a busy machine.
const END_WITHIN: Duration = Duration::from_secs(60);

/// A bot: its program, its environment, and the process, if it runs.
pub(crate) struct Bot {
    pub(crate) name: &'static str,
    program: PathBuf,
    environment: BTreeMap<&'static str, String>,
    pub(crate) log: PathBuf,
    child: Option<Child>,
    starts: usize,
    /// The most memory that was seen, in MB.
    pub(crate) largest: u64,
}

impl Bot {
    pub(crate) fn new(
        name: &'static str,
        program: PathBuf,
        environment: BTreeMap<&'static str, String>,
        log: PathBuf,
    ) -> Result<Self> {
        ensure!(program.exists(), "{} is not built: build the workspace first", program.display());
        File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        Ok(Self { name, program, environment, log, child: None, starts: 0, largest: 0 })
    }

    /// Starts the process, unless it runs.
    pub(crate) fn start(&mut self) -> Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let log = || OpenOptions::new().append(true).open(&self.log);
        let child = Command::new(&self.program)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log()?)
            .stderr(log()?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.name))?;
        self.child = Some(child);
        self.starts += 1;
        Ok(())
    }

    pub(crate) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Stops it where it stands (`STOP`), or lets it go on (`CONT`).
    pub(crate) async fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.as_ref().and_then(Child::id).context("no such process runs")?;
        let done = Command::new("kill").args(["-s", signal, &id.to_string()]).status().await?;
        ensure!(done.success(), "{signal} could not be sent to {}", self.name);
        Ok(())
    }

    /// How it ended, if it ended without being killed. Notes its memory.
    pub(crate) fn look(&mut self) -> Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let ended = child.try_wait()?;
        if let Some(memory) = child.id().and_then(resident) {
            self.largest = self.largest.max(memory);
        }
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(&mut self) -> Result<ExitStatus> {
        self.signal("TERM").await?;
        let mut child = self.child.take().context("no such process runs")?;
        let ended = timeout(END_WITHIN, child.wait()).await;
        Ok(ended.with_context(|| format!("{} does not stop", self.name))??)
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Where the pages are, once they are served.
    pub(crate) fn address(&self) -> Option<String> {
        let log = self.log();
        let told: Vec<&str> = log.split(PAGES).skip(1).filter_map(|rest| Some(rest.split_once('\n')?.0)).collect();
        // A process that was killed early has not told.
        (self.starts > 0).then(|| told.last().map(|address| (*address).trim().to_owned()))?
    }
}

/// Resident memory of a process, in MB (of a million bytes).
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024 / 1_000_000)
}

//! The program itself: started, asked, ended.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// A running program that does not outlive its test.
struct Program {
    child: Child,
    ready_file: PathBuf,
}

impl Program {
    fn start(name: &str, listen: &str) -> Result<Self> {
        let ready_file = std::env::temp_dir().join(format!("playground-{}-{name}.json", std::process::id()));
        let child = Command::new(env!("CARGO_BIN_EXE_pedro-playground"))
            .args(["--listen", listen, "--irc-listen", "127.0.0.1:0", "--channel", "one,two"])
            .env("PLAYGROUND_READY_FILE", &ready_file)
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, ready_file })
    }

    /// The address it wrote into the ready file.
    fn address(&mut self, kind: &str) -> Result<String> {
        let ready = self.ready()?;
        let address = ready[kind].as_str().context("no address")?;
        Ok(address.split_once("://").context("no scheme")?.1.to_owned())
    }

    /// What the ready file says.
    fn ready(&self) -> Result<Value> {
        let ready = wait_for(|| Ok(std::fs::read_to_string(&self.ready_file).ok()))?;
        Ok(serde_json::from_str(&ready)?)
    }

    fn terminate(&mut self) -> Result<ExitStatus> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        wait_for(|| Ok(self.child.try_wait()?))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.ready_file);
    }
}

fn wait_for<T>(mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = look()? {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("waited {PATIENCE:?} in vain")
}

#[test]
fn it_says_where_it_is_and_ends_when_told() -> Result<()> {
    let mut program = Program::start("ends", "127.0.0.1:0")?;
    for kind in ["http", "irc", "discord", "search"] {
        std::net::TcpStream::connect(program.address(kind)?)?;
    }
    assert!(program.address("gateway")?.ends_with("/discord/gateway"));
    assert!(program.address("eventsub")?.ends_with("/eventsub/ws"));
    assert!(program.terminate()?.success());
    assert!(!program.ready_file.exists());
    Ok(())
}

#[test]
fn it_furnishes_a_town_with_a_room_for_moderators() -> Result<()> {
    let mut program = Program::start("town", "127.0.0.1:0")?;
    let address = program.address("http")?;
    let channels = |person: &str| -> Result<Vec<Value>> {
        let mut stream = std::net::TcpStream::connect(&address)?;
        let path = format!("/api/discord/state?person={person}");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: playground\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let state: Value = serde_json::from_str(answer.split_once("\r\n\r\n").context("no answer")?.1)?;
        Ok(state["channels"].as_array().cloned().unwrap_or_default())
    };
    let seen_by = |person: &str| -> Result<Vec<String>> {
        Ok(channels(person)?.iter().filter_map(|channel| channel["name"].as_str()).map(str::to_owned).collect())
    };
    assert_eq!(seen_by("alice")?, ["general", "go-help", "stream-recaps"]);
    assert_eq!(seen_by("modmia")?, ["general", "go-help", "mods", "stream-recaps"]);
    assert_eq!(seen_by("pedro")?, ["general", "go-help", "mods", "stream-recaps"]);
    let recaps = channels("alice")?.into_iter().find(|channel| channel["name"] == "stream-recaps");
    assert_eq!(
        recaps.context("no such channel")?["id"],
        program.ready()?["recap_channel"],
        "whoever starts bots is told"
    );
    Ok(())
}

#[test]
fn it_takes_a_free_port_where_the_wanted_one_is_taken() -> Result<()> {
    let holder = std::net::TcpListener::bind("127.0.0.1:0")?;
    let taken = holder.local_addr()?;
    let mut program = Program::start("taken", &taken.to_string())?;
    let address = program.address("http")?;
    assert_ne!(address, taken.to_string());
    std::net::TcpStream::connect(address)?;
    Ok(())
}

#[test]
fn an_overlay_that_is_no_address_is_refused_with_an_example() -> Result<()> {
    let refused = Command::new(env!("CARGO_BIN_EXE_pedro-playground")).args(["--overlay-url", "overlay"]).output()?;
    let told = String::from_utf8(refused.stderr)?;
    assert!(!refused.status.success() && told.contains("http://127.0.0.1:6061/overlay?channel=pedrotown"), "{told}");
    Ok(())
}

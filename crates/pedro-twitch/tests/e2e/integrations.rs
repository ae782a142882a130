//! The worked examples of `integrations/` as people run them, each with its real orchestrator, against the real bot.
//!
//! The first run installs what they need into `.local/`; later ones find it there.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::api::{API_TOKEN, with_api};
use crate::tester::PATIENCE;

const QUESTION: &str = "where is the meetup?";
const SAID: &str = "the meetup is in the old library on friday";
const PAGE: &str = "The old library opens its reading room to clubs on friday evenings";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `dev/integration NAME`.
fn command(name: &str) -> Command {
    let mut command = Command::new(root().join("dev/integration"));
    command.arg(name).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Installs what an example needs. May take minutes, once.
async fn install(name: &str) -> Result<()> {
    let done = command(name).arg("--install").output().await.context("dev/integration cannot be run")?;
    ensure!(done.status.success(), "not installed: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// A SearXNG that finds one page, whatever it is asked.
async fn answer_searches(listener: TcpListener) -> Result<()> {
    loop {
        let (mut socket, _) = listener.accept().await?;
        let mut request = [0; 8 * 1024];
        // A search is one small GET: it comes in one piece.
        let _read = socket.read(&mut request).await?;
        let body = serde_json::json!({"results": [
            {"title": "Reading room", "url": "https://library.example.org/room", "content": PAGE}
        ]});
        let (body, kind) = (body.to_string(), "Content-Type: application/json\r\nConnection: close");
        let answer = format!("HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        socket.write_all(answer.as_bytes()).await?;
    }
}

/// Runs an example against a bot that has something in its memory and a web to search.
async fn drives_pedros_steps(pool: PgPool, name: &str) -> Result<()> {
    install(name).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut setup = with_api();
    let web = format!("http://{}/", listener.local_addr()?);
    setup.environment.extend([("SEARCH_SEARXNG_URL", web), ("SEARCH_PROVIDERS", "searxng".to_owned())]);
    let test = setup.run(pool, async |t| {
        t.chat("alice", SAID);
        t.small_talk();
        t.until_embedded().await?;
        t.model.reply_with(|_| "In the old library, says alice.".to_owned());
        let address = format!("http://{}", t.listen()?);
        let mut example = command(name);
        example.arg(QUESTION).env("PEDRO_URL", address).env("PEDRO_API_TOKEN", API_TOKEN).env("NO_PROXY", "127.0.0.1");
        let ran = timeout(PATIENCE, example.output()).await.context("the example did not end")??;
        let (told, log) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        ensure!(ran.status.success(), "{}: {told} {log}", ran.status);
        ensure!(told.trim() == "In the old library, says alice.", "it printed {told:?}; {log}");
        // Both results went into the answer.
        let prompt = t.prompts().pop().context("the model was not asked")?;
        ensure!(prompt.contains(SAID) && prompt.contains(PAGE) && prompt.contains(QUESTION), "{prompt}");
        Ok(())
    });
    tokio::select! {
        done = test => done,
        ended = answer_searches(listener) => ended,
    }
}

#[sqlx::test(migrations = false)]
async fn a_langgraph_graph_drives_pedros_steps(pool: PgPool) -> Result<()> {
    drives_pedros_steps(pool, "langgraph").await
}

#[sqlx::test(migrations = false)]
async fn a_dagster_job_drives_pedros_steps(pool: PgPool) -> Result<()> {
    drives_pedros_steps(pool, "dagster").await
}

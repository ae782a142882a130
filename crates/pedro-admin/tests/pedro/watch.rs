//! `pedro watch` against bots and a Discord webhook that are stand-ins.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use pedro_core::testing::{NotifySocket, ScriptedModelServer};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::support::{TempDir, end};

/// How long anything is waited for. Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

const RED: &str = "database (PostgreSQL does not answer)";

/// A part of the webhook's address, which nobody may see.
const SECRET: &str = "webhook-secret-for-the-test";

/// A bot's page and a channel's webhook.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    red: bool,
    looks: usize,
    /// Statuses of the next posts, with the body of each; then 204.
    script: VecDeque<(u16, Value)>,
    refused: usize,
    said: Vec<Value>,
}

impl World {
    async fn serve(&self) -> String {
        let router = Router::new()
            .route("/readyz", get(readyz))
            .route(&format!("/api/webhooks/1/{SECRET}"), post(webhook))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    fn set_red(&self, red: bool) {
        self.0.lock().unwrap().red = red;
    }

    fn script(&self, status: u16, body: Value) {
        self.0.lock().unwrap().script.push_back((status, body));
    }

    fn said(&self) -> Vec<String> {
        let said = self.0.lock().unwrap().said.clone();
        said.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }

    async fn until(&self, what: &str, so: impl Fn(&Inner) -> bool) {
        assert!(until(|| so(&self.0.lock().unwrap())).await, "{what}: {:?}", self.said());
    }

    /// Waits until so many more looks were taken.
    async fn looked(&self, more: usize) {
        let before = self.0.lock().unwrap().looks;
        self.until("it looks", |world| world.looks >= before + more).await;
    }
}

/// Waits until it is so; `false`: in vain.
async fn until(so: impl Fn() -> bool) -> bool {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.is_ok()
}

async fn readyz(State(world): State<World>) -> Response {
    let mut world = world.0.lock().unwrap();
    world.looks += 1;
    let check = json!({ "ok": !world.red, "detail": "PostgreSQL does not answer" });
    let page =
        json!({ "ready": !world.red, "checks": { "database": check, "model": { "ok": true, "detail": "answers" } } });
    let status = if world.red { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(page)).into_response()
}

async fn webhook(State(world): State<World>, Json(message): Json<Value>) -> Response {
    let mut world = world.0.lock().unwrap();
    if let Some((status, body)) = world.script.pop_front() {
        world.refused += 1;
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    world.said.push(message);
    StatusCode::NO_CONTENT.into_response()
}

/// The command, with a bot named twitch and no model server.
fn watch(base: &str, dir: &TempDir, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pedro"));
    command.arg("watch").args(arguments).env_clear().stdin(Stdio::null());
    command.env("PEDRO_WATCH_BOTS", format!("twitch={base}")).env("PEDRO_WATCH_INTERVAL", "20ms");
    command.env("PEDRO_WATCH_WEBHOOK", format!("{base}/api/webhooks/1/{SECRET}"));
    command.env("PEDRO_WATCH_STATE", dir.0.join("state/watch.json"));
    command
}

fn start(command: std::process::Command) -> Child {
    Command::from(command).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

/// Asks it to stop. Everything it wrote.
async fn stop(child: Child) -> String {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let ended = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let wrote = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
    assert!(!wrote.contains(SECRET), "{wrote}");
    wrote
}

#[tokio::test]
async fn a_channel_is_told_that_a_bot_is_down_that_it_still_is_and_that_it_is_back() {
    let (world, dir) = (World::default(), TempDir::new());
    let base = world.serve().await;
    let mut command = watch(&base, &dir, &["--no-model"]);
    command.env("PEDRO_WATCH_REMIND", "150ms");
    let child = start(command);
    world.looked(5).await;
    assert!(world.said().is_empty(), "{:?}", world.said());
    world.set_red(true);
    world.until("the reminder", |world| world.said.len() >= 2).await;
    world.set_red(false);
    world.until("it is back", |world| world.said.last().unwrap()["content"].as_str().unwrap().contains("back")).await;
    let told = world.said();
    assert!(told[0].starts_with("🔴 **twitch** is down since <t:") && told[0].ends_with(RED), "{told:?}");
    assert!(told[1].starts_with("🔴 **twitch** is still down, for ") && told[1].ends_with(RED), "{told:?}");
    assert!(told.last().unwrap().starts_with("🟢 **twitch** is back, after "), "{told:?}");
    assert_eq!(world.0.lock().unwrap().said[0]["allowed_mentions"], json!({ "parse": [] }));
    let wrote = stop(child).await;
    for words in ["✓ twitch: up", "✗ twitch: down for ", RED] {
        assert!(wrote.contains(words), "{words} in {wrote}");
    }
}

#[tokio::test]
async fn two_failures_are_told_to_nobody() {
    let (world, dir) = (World::default(), TempDir::new());
    let base = world.serve().await;
    let once = || watch(&base, &dir, &["--no-model", "--once"]);
    world.set_red(true);
    for _ in 0..2 {
        end(once()).await.failed_with_out();
    }
    world.set_red(false);
    end(once()).await.ok();
    assert!(world.said().is_empty());
}

#[tokio::test]
async fn once_counts_from_run_to_run_and_says_by_its_exit_code_how_it_is() {
    let (world, dir) = (World::default(), TempDir::new());
    let base = world.serve().await;
    let once = || watch(&base, &dir, &["--no-model", "--once"]);
    assert!(end(once()).await.ok().contains("✓ twitch: up"));
    world.set_red(true);
    for run in 1..=4 {
        let out = end(once()).await.failed_with_out();
        assert!(out.contains("✗ twitch: down") && out.contains(RED), "{out}");
        assert_eq!(world.said().len(), usize::from(run >= 3), "{run}");
    }
    world.set_red(false);
    let json = end(watch(&base, &dir, &["--no-model", "--once", "--json"])).await.json();
    assert_eq!(json[0]["up"], true);
    assert!(world.said()[1].contains("is back"), "{:?}", world.said());
}

#[tokio::test]
async fn no_message_is_lost_when_discord_wants_a_pause_fails_or_is_away() {
    let (world, dir) = (World::default(), TempDir::new());
    let base = world.serve().await;
    world.script(429, json!({ "message": "slow down", "retry_after": 0.05 }));
    world.script(500, json!({}));
    world.script(502, json!({}));
    world.set_red(true);
    let child = start(watch(&base, &dir, &["--no-model"]));
    world.until("it was told after all", |world| world.said.len() == 1).await;
    assert_eq!(world.0.lock().unwrap().refused, 3);
    let wrote = stop(child).await;
    assert!(wrote.contains("Discord wants a pause") && wrote.contains("500 Internal Server Error"), "{wrote}");

    // Nobody listens there: what is to be told waits, over a restart too, and comes once and in order.
    let away = |command: &mut std::process::Command| {
        command.env("PEDRO_WATCH_WEBHOOK", format!("http://127.0.0.1:1/api/webhooks/1/{SECRET}"));
    };
    let mut command = watch(&base, &dir, &["--no-model"]);
    away(command.env("PEDRO_WATCH_REMIND", "200ms"));
    let child = start(command);
    let state = dir.0.join("state/watch.json");
    let waiting = || std::fs::read_to_string(&state).unwrap_or_default().matches("still down").count();
    assert!(until(|| waiting() >= 2).await);
    world.set_red(false);
    assert!(until(|| std::fs::read_to_string(&state).unwrap().contains("is back")).await);
    let wrote = stop(child).await;
    assert!(wrote.contains("Discord cannot be reached"), "{wrote}");
    assert_eq!(world.said().len(), 1);
    let waited = waiting();
    let child = start(watch(&base, &dir, &["--no-model"]));
    world.until("everything was told", |world| world.said.len() == waited + 2).await;
    world.looked(5).await;
    stop(child).await;
    let told = world.said();
    assert_eq!(told.len(), waited + 2, "{told:?}");
    assert!(told[1].contains("still down") && told.last().unwrap().contains("is back"), "{told:?}");
}

#[tokio::test]
async fn a_model_server_that_loads_or_is_gone_is_down() {
    let (world, dir) = (World::default(), TempDir::new());
    let base = world.serve().await;
    let mut model = ScriptedModelServer::start().unwrap();
    let url = model.url().to_string();
    let once = || {
        let mut command = watch(&base, &dir, &["--once"]);
        command.env("LLAMA_CPP_PATH", &url);
        command
    };
    assert!(end(once()).await.ok().contains("✓ model server: up"));
    model.set_loading(true);
    assert!(end(once()).await.failed_with_out().contains("it is loading its model"));
    model.stop();
    assert!(end(once()).await.failed_with_out().contains("✗ model server: down for"));
}

#[tokio::test]
async fn what_is_no_bot_or_does_not_answer_is_down() {
    let (world, dir) = (World::default(), TempDir::new());
    let base = world.serve().await;
    let mut command = watch(&base, &dir, &["--no-model", "--once"]);
    command.env("PEDRO_WATCH_BOTS", format!("a={base}/elsewhere,b=http://127.0.0.1:1,c={base}"));
    let out = end(command).await.failed_with_out();
    for line in ["✗ a: down for ", ": it answers 404", "✗ b: down for ", ": it does not answer", "✓ c: up"] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[tokio::test]
async fn wrong_values_are_named_at_once_and_the_webhook_is_not_shown() {
    let dir = TempDir::new();
    let mut command = watch("http://127.0.0.1:1", &dir, &["--once"]);
    command.env("PEDRO_WATCH_BOTS", "twitch").env("PEDRO_WATCH_INTERVAL", "often").env("PEDRO_WATCH_FAILURES", "0");
    command.env("PEDRO_WATCH_WEBHOOK", SECRET);
    let told = end(command).await.failed();
    for name in ["PEDRO_WATCH_BOTS", "PEDRO_WATCH_INTERVAL", "PEDRO_WATCH_FAILURES", "PEDRO_WATCH_WEBHOOK: is no URL"] {
        assert!(told.contains(name), "{name} in {told}");
    }
    assert!(!told.contains(SECRET), "{told}");
}

#[tokio::test]
async fn systemd_is_told_that_it_looks_and_that_it_stops() {
    let (world, dir, systemd) = (World::default(), TempDir::new(), NotifySocket::open().unwrap());
    let base = world.serve().await;
    let mut command = watch(&base, &dir, &["--no-model"]);
    command.envs(systemd.environment(Duration::from_millis(400)));
    let child = start(command);
    for line in ["READY=1", "WATCHDOG=1", "WATCHDOG=1"] {
        assert!(systemd.until(line, PATIENCE).await.unwrap(), "{line}");
    }
    stop(child).await;
    assert!(systemd.until("STOPPING=1", PATIENCE).await.unwrap());
}

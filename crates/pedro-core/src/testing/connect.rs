//! A 1Password Connect server on a real socket.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What it does with one request instead of answering it well.
#[derive(Debug, Clone)]
pub enum ConnectTrouble {
    /// Answers with this status and an error object.
    Status(u16),
    /// Answers well, and late.
    Slow(Duration),
    /// Answers 200 with this text.
    Says(String),
}

/// Speaks the routes of 1Password Connect that read: vaults, items, one item. Filters are as strict as Connect's: they
/// know upper and lower case. Dropping it closes the port.
pub struct ScriptedConnect {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct World {
    token: String,
    vaults: Vec<Vault>,
    troubles: VecDeque<ConnectTrouble>,
    always: Option<ConnectTrouble>,
    requests: Vec<String>,
}

struct Vault {
    id: String,
    name: String,
    readable: bool,
    items: Vec<Value>,
}

impl ScriptedConnect {
    /// Starts on a free port in the test's runtime, with no vault, for this token.
    ///
    /// # Errors
    /// If no port is to be had.
    pub async fn start(token: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(Mutex::new(World { token: token.to_owned(), ..World::default() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&world));
        let task = tokio::spawn(async move {
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self { address, world, task })
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds an item to a vault, which is made if it is not there, with fields outside of any section. The item's id.
    pub fn add(&self, vault: &str, item: &str, fields: &[(&str, &str)]) -> String {
        let fields = fields
            .iter()
            .map(|(label, value)| json!({ "id": id(&format!("f-{label}")), "label": label, "value": value }));
        self.add_item(vault, item, json!({ "fields": fields.collect::<Vec<_>>() }))
    }

    /// Adds an item as Connect would tell it, but for its id and title. The item's id.
    pub fn add_item(&self, vault: &str, item: &str, mut details: Value) -> String {
        let mut world = lock(&self.world);
        let at = world.vaults.iter().position(|one| one.name == vault).unwrap_or_else(|| {
            let items = Vec::new();
            world.vaults.push(Vault { id: id(vault), name: vault.to_owned(), readable: true, items });
            world.vaults.len() - 1
        });
        let item_id = id(&format!("{vault}{item}{}", world.vaults[at].items.len()));
        details["id"] = json!(item_id);
        details["title"] = json!(item);
        world.vaults[at].items.push(details);
        item_id
    }

    /// The id of a vault.
    pub fn vault_id(&self, vault: &str) -> String {
        id(vault)
    }

    /// Lists a vault, and lets nobody read its items.
    pub fn forbid(&self, vault: &str) {
        lock(&self.world).vaults.iter_mut().filter(|one| one.name == vault).for_each(|one| one.readable = false);
    }

    /// Goes wrong once, with the next request.
    pub fn push(&self, trouble: ConnectTrouble) {
        lock(&self.world).troubles.push_back(trouble);
    }

    /// Goes wrong with every request.
    pub fn always(&self, trouble: ConnectTrouble) {
        lock(&self.world).always = Some(trouble);
    }

    /// Paths with queries of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.world).requests.clone()
    }
}

impl Drop for ScriptedConnect {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    // A test that panicked elsewhere has already failed; its state is still good to look at.
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 26 letters and digits, the same for the same name.
fn id(name: &str) -> String {
    let letters = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    format!("{letters:0<26}").chars().take(20).collect::<String>() + &format!("{:06}", checksum(name))
}

fn checksum(name: &str) -> u32 {
    name.bytes().fold(7, |sum, byte| (sum * 31 + u32::from(byte)) % 1_000_000)
}

fn error(status: u16) -> Response {
    let body = json!({ "status": status, "message": "scripted" }).to_string();
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body).into_response()
}

async fn answer(State(world): State<Arc<Mutex<World>>>, request: Request) -> Response {
    let trouble = {
        let mut world = lock(&world);
        world.requests.push(request.uri().to_string());
        world.troubles.pop_front().or(world.always.clone())
    };
    match trouble {
        Some(ConnectTrouble::Status(status)) => return error(status),
        Some(ConnectTrouble::Says(text)) => return text.into_response(),
        Some(ConnectTrouble::Slow(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    let world = lock(&world);
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown != Some(&format!("Bearer {}", world.token)) {
        return error(401);
    }
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let filter = query.iter().find(|(key, _)| key == "filter").map(|(_, filter)| filter.as_str());
    let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
    world.answer(&path, filter).map_or_else(error, |found| axum::Json(found).into_response())
}

impl World {
    fn answer(&self, path: &[&str], filter: Option<&str>) -> Result<Value, u16> {
        let vault = |id: &str| self.vaults.iter().find(|vault| vault.id == id).ok_or(404_u16);
        let readable = |id: &str| vault(id).and_then(|vault| if vault.readable { Ok(vault) } else { Err(403) });
        match path {
            ["v1", "vaults"] => {
                let all = self.vaults.iter().filter(|vault| passes(filter, "name", &vault.name));
                Ok(all.map(|vault| json!({ "id": vault.id, "name": vault.name })).collect())
            }
            ["v1", "vaults", id] => vault(id).map(|vault| json!({ "id": vault.id, "name": vault.name })),
            ["v1", "vaults", id, "items"] => {
                let title = |item: &Value| item["title"].as_str().unwrap_or_default().to_owned();
                let all = readable(id)?.items.iter().filter(|item| passes(filter, "title", &title(item)));
                let summary =
                    |item: &Value| json!({ "id": item["id"], "title": item["title"], "state": item["state"] });
                Ok(all.map(summary).collect())
            }
            ["v1", "vaults", id, "items", item] => {
                readable(id)?.items.iter().find(|one| one["id"] == **item).cloned().ok_or(404)
            }
            _ => Err(404),
        }
    }
}

fn passes(filter: Option<&str>, key: &str, name: &str) -> bool {
    filter.is_none_or(|filter| filter == format!("{key} eq \"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")))
}

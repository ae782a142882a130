use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::support::{Ended, TempDir, end, model_dir, pedro};

const HUB_PATH: &str = "/mirror/sentence-transformers/all-MiniLM-L6-v2/resolve/main/";

/// Stands in for the hub: what was asked of it, and what it gives instead of the real files.
#[derive(Clone, Default)]
struct Hub {
    asked: Arc<Mutex<Vec<String>>>,
    junk: bool,
}

async fn give(State(hub): State<Hub>, uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().strip_prefix(HUB_PATH).unwrap_or_default().to_owned();
    let range = headers.get("range").map(|range| range.to_str().unwrap().to_owned());
    hub.asked.lock().unwrap().push(format!("{name} {}", range.as_deref().unwrap_or("whole")));
    if hub.junk {
        return "not the model".into_response();
    }
    let Ok(content) = std::fs::read(model_dir().join(&name)) else { return StatusCode::NOT_FOUND.into_response() };
    match range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()) {
        Some(from) => (StatusCode::PARTIAL_CONTENT, content[from..].to_vec()).into_response(),
        None => content.into_response(),
    }
}

async fn start(hub: Hub) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(give).with_state(hub)).await });
    format!("http://{address}/mirror")
}

async fn fetch(hub: &str, dir: &Path) -> Ended {
    end(pedro(None, &["model", "fetch", "--hub", hub, "--dir", dir.to_str().unwrap()])).await
}

#[tokio::test]
async fn the_model_is_fetched_going_on_where_it_broke_off_and_only_once() {
    let (hub, dir) = (Hub::default(), TempDir::new());
    let url = start(hub.clone()).await;
    let begun = &std::fs::read(model_dir().join("model.safetensors")).unwrap()[..1_000_000];
    dir.file("model.safetensors.part", begun);
    fetch(&url, &dir.0).await.ok();
    let asked: Vec<String> = std::mem::take(&mut hub.asked.lock().unwrap());
    assert_eq!(asked, ["config.json whole", "tokenizer.json whole", "model.safetensors bytes=1000000-"]);
    assert!(!dir.0.join("model.safetensors.part").exists());
    assert!(fetch(&url, &dir.0).await.ok().contains("was already in"));
    assert!(hub.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn another_file_is_never_taken_for_the_model() {
    let dir = TempDir::new();
    let url = start(Hub { junk: true, ..Hub::default() }).await;
    let told = fetch(&url, &dir.0).await.failed();
    assert!(told.contains("is not the file that Pedro knows"), "{told}");
    assert_eq!(std::fs::read_dir(&dir.0).unwrap().count(), 0);
}

#[tokio::test]
async fn a_hub_that_is_away_gets_a_sentence() {
    let dir = TempDir::new();
    let told = fetch("http://127.0.0.1:1", &dir.0).await.failed();
    assert!(told.contains("config.json was not fetched: the download of http://127.0.0.1:1/"), "{told}");
}

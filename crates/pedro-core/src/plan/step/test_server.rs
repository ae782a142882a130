//! A small server for tests: answers what it is told, in order, and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use url::Url;

/// What it was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    /// As it came: not decoded.
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What it answers.
#[derive(Debug, Clone)]
pub(super) struct Page {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
}

impl Page {
    pub(super) fn new(status: u16, kind: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO }
    }

    pub(super) fn json(body: impl Into<String>) -> Self {
        Self::new(200, "application/json", body)
    }

    pub(super) fn html(body: impl Into<String>) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    pub(super) fn status(status: u16) -> Self {
        Self::new(status, "text/plain", "no")
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

#[derive(Clone)]
pub(super) struct TestServer {
    pub(super) url: Url,
    seen: Arc<Mutex<(VecDeque<Page>, Vec<Asked>)>>,
}

impl TestServer {
    /// Answers with these pages, one after the other, then with 500.
    pub(super) async fn start(pages: impl IntoIterator<Item = Page>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::new(Mutex::new((pages.into_iter().collect(), Vec::new())));
        let server = Self { url, seen };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().1.clone()
    }

    /// The values that a parameter of the query had, in order.
    pub(super) fn queries(&self, name: &str) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.query.get(name).cloned().unwrap_or_default()).collect()
    }
}

async fn answer(State(server): State<TestServer>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000_000).await.unwrap();
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let page = {
        let mut seen = server.seen.lock().unwrap();
        seen.1.push(asked);
        seen.0.pop_front().unwrap_or_else(|| Page::status(500))
    };
    tokio::time::sleep(page.delay).await;
    let mut response = Response::builder().status(page.status);
    for (name, value) in page.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(page.body)).unwrap()
}

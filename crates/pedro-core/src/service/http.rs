//! The pages each bot serves for operators, and the frame for those other rooms add.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tracing::{error, info};

use super::health::Readiness;
use super::metrics::{Metrics, record};
use super::shutdown::Shutdown;

/// How long open requests may still take once the process stops: an overlay's event stream never ends by itself.
const LONGEST_GOODBYE: Duration = Duration::from_secs(2);

/// Longer than the slowest readiness check, shorter than Docker's patience.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The bot's pages.
#[derive(Debug)]
pub struct Pages(Router);

impl Pages {
    /// `/metrics`, `/healthz` and `/readyz`, which are not measured themselves.
    pub fn new(metrics: Metrics, readiness: Readiness) -> Self {
        let state = Operations { metrics, readiness };
        let router = Router::new()
            .route("/metrics", get(metrics_page))
            .route("/healthz", get(async || "ok"))
            .route("/readyz", get(readiness_page))
            .with_state(state);
        Self(router)
    }

    /// Adds another room's pages, measured in `http_request_duration_seconds` under this name: one per room or page, not
    /// the path, which can hold ids.
    #[must_use]
    pub fn extend(self, handler: &'static str, pages: Router) -> Self {
        // `route_layer`: what matches no page belongs to no handler.
        Self(self.0.merge(pages.route_layer(middleware::from_fn_with_state(handler, measure))))
    }

    /// For [`serve`].
    pub fn into_router(self) -> Router {
        self.0
    }
}

#[derive(Debug, Clone)]
struct Operations {
    metrics: Metrics,
    readiness: Readiness,
}

async fn metrics_page(State(operations): State<Operations>) -> impl IntoResponse {
    operations.readiness.record().await;
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], operations.metrics.render())
}

async fn readiness_page(State(operations): State<Operations>) -> impl IntoResponse {
    let report = operations.readiness.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

async fn measure(State(handler): State<&'static str>, request: Request, next: Next) -> Response {
    let method = method_label(request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    // A stream's headers are there at once and its end means nothing: neither is a latency.
    if !is_event_stream(response.headers()) {
        record::http_served(handler, method, response.status().as_u16(), began.elapsed());
    }
    response
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("text/event-stream"))
}

/// Anybody may send a method of their own making; a label must not follow.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Mostly: the bot runs already.
    #[error(
        "{address} is taken by another program: stop it (`ss -ltnp 'sport = :{port}'` names it), or set PEDRO_LISTEN \
         to another address, for example {ip}:{next}",
        port = .address.port(), ip = .address.ip(), next = .address.port().saturating_add(10)
    )]
    Taken {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address is not this machine's, or the port is privileged.
    #[error(
        "cannot listen on {address}: {reason}; set PEDRO_LISTEN to an address of this machine, for example 0.0.0.0:6061"
    )]
    Refused {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        reason: io::Error,
    },
}

/// Takes the address. Apart from [`serve`], so that a bot that runs already is noticed before anything is joined.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken { address },
        _ => BindError::Refused { address, reason },
    })
}

/// Serves until [`Shutdown::token`] is cancelled, and open requests a little longer. An essential task.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    if let Ok(address) = listener.local_addr() {
        info!(%address, "pages are served");
    }
    let goodbye = shutdown.token();
    let server = axum::serve(listener, router).with_graceful_shutdown(goodbye.clone().cancelled_owned());
    let out_of_patience = async {
        goodbye.cancelled().await;
        tokio::time::sleep(LONGEST_GOODBYE).await;
    };
    tokio::select! {
        ended = server => if let Err(reason) = ended {
            error!(%reason, "pages are no longer served");
        },
        () = out_of_patience => {}
    }
}

/// Asks the bot that listens on `address` whether it lives: what `--health` does, in an image that has no curl.
pub async fn health_probe(address: SocketAddr) -> ExitCode {
    match probe(reachable(address)).await {
        Ok(status) if status.is_success() => ExitCode::SUCCESS,
        Ok(status) => {
            error!(%address, %status, "the bot answers, but not well");
            ExitCode::FAILURE
        }
        Err(reason) => {
            error!(%address, %reason, "the bot does not answer");
            ExitCode::FAILURE
        }
    }
}

async fn probe(address: SocketAddr) -> Result<StatusCode, reqwest::Error> {
    // Without a proxy: the bot is on this machine, whatever HTTP_PROXY says.
    let client = reqwest::Client::builder().no_proxy().timeout(PROBE_TIMEOUT).build()?;
    Ok(client.get(format!("http://{address}/healthz")).send().await?.status())
}

/// "All addresses" is one to listen on, not one to ask.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use axum::extract::Path;
    use axum::response::Sse;
    use axum::response::sse::Event;

    use super::super::health::{EventClock, Verdict};
    use super::super::metrics;
    use super::*;

    const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    async fn started(pages: Pages) -> (SocketAddr, Shutdown) {
        let listener = bind(LOCAL).await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        shutdown.spawn_essential("pages", serve(listener, pages.into_router(), shutdown.clone()));
        (address, shutdown)
    }

    async fn fetch(address: SocketAddr, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.get(format!("http://{address}{path}")).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn pages(readiness: Readiness) -> Pages {
        Pages::new(metrics::install().unwrap(), readiness)
    }

    #[tokio::test]
    async fn operators_see_life_readiness_and_metrics() {
        let readiness = Readiness::new();
        readiness.clock(metrics::TWITCH, EventClock::new());
        let (address, _shutdown) = started(pages(readiness.clone())).await;
        assert_eq!(fetch(address, "/healthz").await, (200, "ok".to_owned()));
        assert_eq!(fetch(address, "/readyz").await, (200, r#"{"ready":true,"checks":{}}"#.to_owned()));
        readiness.check("model", || async { Verdict::red("loading") });
        let red = r#"{"ready":false,"checks":{"model":{"ok":false,"detail":"loading"}}}"#;
        assert_eq!(fetch(address, "/readyz").await, (503, red.to_owned()));
        let (status, page) = fetch(address, "/metrics").await;
        assert_eq!(status, 200);
        assert!(page.contains("pedro_last_event_age_seconds{platform=\"twitch\"} "), "{page}");
        assert!(page.contains("tokio_workers "), "{page}");
        assert!(page.contains("pedro_ready{check=\"model\"} 0"), "{page}");
        assert_eq!(fetch(address, "/nowhere").await.0, 404);
    }

    #[tokio::test]
    async fn pages_of_other_rooms_are_measured_by_room_and_streams_are_not() {
        let events =
            || async { Sse::new(futures_util::stream::iter([Ok::<_, io::Error>(Event::default().data("x"))])) };
        let room = Router::new()
            .route("/test-workflows/{id}", get(async |Path(id): Path<String>| id))
            .route("/test-events", get(events));
        let (address, _shutdown) = started(pages(Readiness::new()).extend("test-room", room)).await;
        for path in ["/test-workflows/1", "/test-workflows/2", "/test-events", "/nowhere", "/healthz"] {
            fetch(address, path).await;
        }
        let (_, page) = fetch(address, "/metrics").await;
        let count = "http_request_duration_seconds_count{handler=\"test-room\",method=\"GET\",status=\"200\"} 2";
        assert!(page.lines().any(|line| line == count), "{page}");
        assert!(!page.contains("handler=\"/") && !page.contains("status=\"404\""), "{page}");
    }

    #[tokio::test]
    async fn a_taken_port_is_told_with_the_variable_and_the_way_out() {
        let taken = bind(LOCAL).await.unwrap().into_std().unwrap();
        let address = taken.local_addr().unwrap();
        let told = bind(address).await.unwrap_err().to_string();
        assert!(told.starts_with(&format!("{address} is taken")) && told.contains("PEDRO_LISTEN"), "{told}");
        let foreign = bind("192.0.2.1:6061".parse().unwrap()).await.unwrap_err().to_string();
        assert!(foreign.contains("cannot listen on 192.0.2.1:6061") && foreign.contains("PEDRO_LISTEN"), "{foreign}");
    }

    #[tokio::test]
    async fn the_probe_finds_the_living_and_misses_the_dead() {
        let (address, shutdown) = started(pages(Readiness::new())).await;
        assert_eq!(probe(address).await.unwrap(), StatusCode::OK);
        shutdown.begin();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(probe(address).await.is_err());
        assert!(!shutdown.failed());
    }

    #[test]
    fn all_addresses_are_asked_at_home() {
        for (listen, ask) in [("0.0.0.0:6061", "127.0.0.1:6061"), ("[::]:1", "[::1]:1"), ("10.0.0.2:3", "10.0.0.2:3")] {
            assert_eq!(reachable(listen.parse().unwrap()), ask.parse().unwrap());
        }
    }
}

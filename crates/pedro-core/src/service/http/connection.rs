//! Connections to the pages. axum's own server gives a client all the time in the world to send a request, and takes any
//! number of them: somebody who opens connections and says nothing would take the pages from everybody else.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::super::shutdown::Shutdown;

/// How long open requests may still take once the process stops: an overlay's event stream never ends by itself.
const LONGEST_GOODBYE: Duration = Duration::from_secs(2);

/// How long a client may take for the head of a request, from the connection or the answer before it on.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// Bytes of the head of a request.
const LARGEST_HEAD: usize = 64 * 1024;

/// Connections at once; more wait until one of them ends.
const MOST_CONNECTIONS: usize = 512;

/// How long nothing is accepted after accepting has failed: mostly, there are no more file descriptors.
const BREATH: Duration = Duration::from_millis(500);

/// Serves until [`Shutdown::token`] is cancelled, and open requests a little longer. An essential task.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    serve_within(listener, router, shutdown, HEAD_WITHIN).await;
}

async fn serve_within(listener: TcpListener, router: Router, shutdown: Shutdown, head_within: Duration) {
    if let Ok(address) = listener.local_addr() {
        info!(%address, "pages are served");
    }
    let goodbye = shutdown.token();
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // Dropped at the end, and with it whatever is still open.
    let mut open = JoinSet::new();
    loop {
        while let Some(ended) = open.try_join_next() {
            tell(ended);
        }
        let accepted = tokio::select! {
            () = goodbye.cancelled() => break,
            accepted = async { (Arc::clone(&room).acquire_owned().await, listener.accept().await) } => accepted,
        };
        match accepted {
            (Ok(permit), Ok((stream, _))) => {
                let (router, goodbye) = (router.clone(), goodbye.clone());
                open.spawn(async move {
                    connection(stream, router, goodbye, head_within).await;
                    drop(permit);
                });
            }
            (_, Err(reason)) => {
                warn!(%reason, "a connection to the pages was not accepted");
                tokio::time::sleep(BREATH).await;
            }
            (Err(_), _) => unreachable!("the semaphore is never closed"),
        }
    }
    drop(listener);
    let farewell = async {
        while let Some(ended) = open.join_next().await {
            tell(ended);
        }
    };
    // Whoever takes longer is cut off.
    let _all_ended = tokio::time::timeout(LONGEST_GOODBYE, farewell).await;
}

/// A panic ends its own connection only; it is a fault all the same.
fn tell(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        error!("a request to the pages ended in a panic");
    }
}

async fn connection(stream: TcpStream, router: Router, goodbye: CancellationToken, head_within: Duration) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head_within).max_buf_size(LARGEST_HEAD);
    let mut connection = pin!(server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = goodbye.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(reason) = ended {
        debug!(%reason, "a connection to the pages ended badly");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SOON: Duration = Duration::from_millis(300);

    async fn started() -> (std::net::SocketAddr, Shutdown) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), Shutdown::new());
        let slow = async || {
            tokio::time::sleep(SOON * 4).await;
            "slow"
        };
        let router = Router::new()
            .route("/", get(async || "ok"))
            .route("/slow", get(slow))
            .route("/", post(async |_: String| "ok"));
        let pages = serve_within(listener, router, shutdown.clone(), SOON);
        shutdown.spawn_essential("pages", pages);
        (address, shutdown)
    }

    async fn answer(stream: &mut TcpStream) -> String {
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        read
    }

    #[tokio::test]
    async fn who_never_ends_their_request_is_cut_off_and_others_are_served_meanwhile() {
        let (address, _shutdown) = started().await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        let mut silent = TcpStream::connect(address).await.unwrap();
        // A byte now and then does not help.
        let trickle = async {
            for byte in "GET / HTTP/1.1\r\nHost: x\r\nX-Never-Ending: ".bytes().chain(std::iter::repeat(b'a')) {
                if slow.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON * 100, trickle).await.expect("it was never cut off");
        assert_eq!(answer(&mut silent).await, "");
        let mut other = TcpStream::connect(address).await.unwrap();
        other.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(answer(&mut other).await.starts_with("HTTP/1.1 200 OK"));
    }

    #[tokio::test]
    async fn an_answer_that_takes_long_is_waited_for_on_a_connection_that_stays() {
        let (address, _shutdown) = started().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut head = [0; 15];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
    }

    #[tokio::test]
    async fn a_head_beyond_all_measure_and_nonsense_are_refused() {
        let (address, shutdown) = started().await;
        for (request, status) in [
            (format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(2 * LARGEST_HEAD)), "HTTP/1.1 431"),
            ("\u{16}\u{3}\u{1}\u{0}hello\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            ("GET / HTTP/9.9\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // It may be cut off before all is written.
            let _written = stream.write_all(request.as_bytes()).await;
            let mut read = Vec::new();
            let _ended = stream.read_to_end(&mut read).await;
            let read = String::from_utf8_lossy(&read).into_owned();
            assert!(read.starts_with(status) || read.is_empty(), "{read}");
        }
        assert!(!shutdown.failed());
    }
}

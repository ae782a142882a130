//! One EventSub socket: opened, welcomed, and read until it ends or falls silent.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{error::Elapsed, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::frame::Frame;

/// How long connecting, and the welcome, may take.
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// A sign of life may be late by so much.
const GRACE: Duration = Duration::from_secs(3);

/// A goodbye may take so long.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Why a socket is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    /// No connection.
    #[error("no connection: {0}")]
    NotOpened(String),
    /// Open, and not a word.
    #[error("no welcome within {} s", OPEN_WITHIN.as_secs())]
    NotWelcomed,
    /// It was welcomed, and then nothing was heard.
    #[error("silent for longer than Twitch says it ever is")]
    Silent,
    /// Ended by Twitch, or on the way.
    #[error("it was closed: {0}")]
    Closed(String),
}

/// An open, welcomed socket.
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What subscriptions are made for.
    pub(super) session: String,
    keepalive: Duration,
}

impl Socket {
    /// Connects, and waits to be welcomed.
    pub(super) async fn open(url: &str) -> Result<Self, SocketError> {
        let not_opened = |error: tokio_tungstenite::tungstenite::Error| SocketError::NotOpened(error.to_string());
        let slow = |_: Elapsed| SocketError::NotOpened(format!("nothing within {} s", OPEN_WITHIN.as_secs()));
        let (stream, _) = timeout(OPEN_WITHIN, connect_async(url)).await.map_err(slow)?.map_err(not_opened)?;
        let mut socket = Self { stream, session: String::new(), keepalive: OPEN_WITHIN };
        let welcomed = async {
            loop {
                if let Frame::Welcome { session, keepalive } = socket.read().await? {
                    return Ok((session, Duration::from_secs(keepalive)));
                }
            }
        };
        let (session, keepalive) = timeout(OPEN_WITHIN, welcomed).await.map_err(|_| SocketError::NotWelcomed)??;
        Ok(Self { session, keepalive, ..socket })
    }

    /// The next message. Twitch says something at least as often as it promised, or the socket is dead. Can be dropped
    /// at any time without losing anything.
    pub(super) async fn next(&mut self) -> Result<Frame, SocketError> {
        let within = self.keepalive + GRACE;
        timeout(within, self.read()).await.map_err(|_| SocketError::Silent)?
    }

    async fn read(&mut self) -> Result<Frame, SocketError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(Frame::read(&text)),
                // Pings are answered by the library while it reads.
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame.map(|frame| format!("{} {}", u16::from(frame.code), frame.reason));
                    return Err(SocketError::Closed(reason.unwrap_or_else(|| "without a reason".to_owned())));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(SocketError::Closed(error.to_string())),
                None => return Err(SocketError::Closed("without a word".to_owned())),
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        let goodbye = async {
            let _gone = self.stream.close(None).await;
            let _gone = self.stream.flush().await;
        };
        let _late = timeout(CLOSE_WITHIN, goodbye).await;
    }
}

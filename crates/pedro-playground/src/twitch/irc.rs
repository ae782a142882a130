//! The sockets of the chat server. What is said on them is decided in `session.rs`.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Twitch;
use super::connection::{Accepted, ConnectionId, Outgoing};

/// A line that does not end by then ends the connection: tags may have 8 KiB and the rest half of one.
const LINE_BYTES: u64 = 16 * 1024;
/// About how often Twitch asks its clients for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(270);
/// How long a connection that we close may go on sending before it is cut off.
const CLOSING: Duration = Duration::from_secs(1);
/// Pause after a failed accept (out of file descriptors, usually), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// Everything is written: say goodbye properly.
    Closed,
    /// Break off, so that the client sees a reset.
    Reset,
}

/// Accepts chat clients until `shutdown`.
pub(crate) async fn serve(listener: TcpListener, twitch: Twitch, tracker: TaskTracker, shutdown: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match twitch.let_in() {
                Some(accepted) => {
                    tracker.spawn(serve_client(stream, accepted, twitch.clone(), shutdown.clone()));
                }
                None => reset(&stream),
            },
            Err(error) => {
                tracing::warn!(%error, "could not accept a chat connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Twitch {
    /// A place for a new client, unless chat is unavailable.
    fn let_in(&self) -> Option<Accepted> {
        self.update(|world| {
            if world.misbehaviour.unavailable {
                world.connections.refused += 1;
                return None;
            }
            let accepted = world.connections.accept();
            world.tell_connections();
            Some(accepted)
        })
    }

    fn gone(&self, id: ConnectionId) {
        self.update(|world| {
            if world.connections.forget(id) {
                world.tell_connections();
            }
        });
    }
}

async fn serve_client(mut stream: TcpStream, accepted: Accepted, twitch: Twitch, shutdown: CancellationToken) {
    let Accepted { id, outgoing, reset: broken_off } = accepted;
    // Chat is small lines that somebody waits for.
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.split();
    let ending = tokio::select! {
        biased;
        () = shutdown.cancelled() => Ending::Closed,
        () = broken_off.cancelled() => Ending::Reset,
        ending = write_lines(writer, outgoing, id, &twitch) => ending,
        ending = read_lines(reader, id, &twitch) => ending,
    };
    twitch.gone(id);
    match ending {
        Ending::Reset => reset(&stream),
        Ending::Closed if shutdown.is_cancelled() => {}
        Ending::Closed => say_goodbye(stream).await,
    }
}

/// Writes what the model has for this client, and asks it from time to time whether it is still there.
async fn write_lines(
    mut writer: WriteHalf<'_>,
    mut outgoing: tokio::sync::mpsc::Receiver<Outgoing>,
    id: ConnectionId,
    twitch: &Twitch,
) -> Ending {
    let mut pings = interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let next = tokio::select! {
            next = outgoing.recv() => next,
            _ = pings.tick() => {
                twitch.update(|world| world.ping(id));
                continue;
            }
        };
        match next {
            Some(Outgoing::Line(line)) => {
                if writer.write_all(format!("{line}\r\n").as_bytes()).await.is_err() {
                    return Ending::Reset;
                }
            }
            Some(Outgoing::Close) | None => return Ending::Closed,
        }
    }
}

/// Hands what the client sends to the model.
async fn read_lines(reader: ReadHalf<'_>, id: ConnectionId, twitch: &Twitch) -> Ending {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LINE_BYTES).read_until(b'\n', &mut line).await {
            Ok(0) => return Ending::Closed,
            Ok(_) if line.ends_with(b"\n") => {
                let text = String::from_utf8_lossy(&line);
                twitch.update(|world| world.hear(id, text.trim_end_matches(['\r', '\n'])));
            }
            Ok(_) | Err(_) => return Ending::Reset,
        }
    }
}

/// Closes our side, and waits a little for the other: data still on its way would turn the close into a reset, and the
/// client might lose the last lines, which say why.
async fn say_goodbye(mut stream: TcpStream) {
    let drained = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _: Result<io::Result<u64>, _> = timeout(CLOSING, drained).await;
}

/// Makes the socket end in a reset when it is dropped.
fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection ends with a close, not a reset");
    }
}

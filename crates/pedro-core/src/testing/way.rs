//! The way to a server, be it the database or a model: can be cut, silent or slow.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As it should be.
    Open,
    /// All connections break, and no other is let through.
    Cut,
    /// Nothing arrives any more, and nobody is told.
    Silent,
    /// Whatever is sent takes so much longer.
    Slow(Duration),
}

/// Passes connections on to a server, as the way is. When it is dropped all of them break.
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of `host:port`, at an address of this machine and a port that is free.
    ///
    /// # Errors
    /// If nothing can listen at that address.
    pub async fn start(at: Ipv4Addr, host: String, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((at, 0)).await?;
        let address = listener.local_addr()?;
        let (way, state) = watch::channel(Way::Open);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, (host.clone(), port), state.clone()));
            }
        });
        Ok(Self { address, way, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the way is like this, for the connections that there are and those to come.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, server: (String, u16), way: watch::Receiver<Way>) {
    let mut until_cut = way.clone();
    let cut = async move {
        // The proxy that is gone is cut as well.
        let _ = until_cut.wait_for(|way| *way == Way::Cut).await;
    };
    let connected = async {
        let Ok(server) = TcpStream::connect(server).await else { return };
        let ((client_read, client_write), (server_read, server_write)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = pump(client_read, server_write, way.clone()) => {}
            () = pump(server_read, client_write, way) => {}
        }
    };
    tokio::select! {
        () = connected => {}
        () = cut => {}
    }
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        let now = *way.borrow();
        match now {
            Way::Slow(delay) => tokio::time::sleep(delay).await,
            Way::Silent if way.wait_for(|way| *way != Way::Silent).await.is_err() => return,
            _ => {}
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

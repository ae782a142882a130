//! The way to the chat server: TLS to Twitch, plain TCP to a stand-in. twitch-irc fixes host and port in its types,
//! so the address stands in a static that `main` sets once.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_native_tls::TlsStream;
use tokio_native_tls::native_tls::TlsConnector;
use twitch_irc::transport::tcp::{MakeConnection, TCPTransportConnectError};

use crate::careful::Careful;
use crate::tokens::ChatCredentials;

/// The chat client over [`Address`].
pub(crate) type Client = twitch_irc::TwitchIRCClient<Careful, ChatCredentials>;

/// Where the chat server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Host name or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// Whether the connection is encrypted.
    pub(crate) tls: bool,
}

static ADDRESS: OnceLock<Address> = OnceLock::new();

/// Sets the address for the life of the process; the first one stays.
pub(crate) fn set_address(address: Address) {
    let _already_set = ADDRESS.set(address);
}

/// Connects to the address that was set.
#[derive(Debug)]
pub(crate) struct Configured;

#[async_trait]
impl MakeConnection for Configured {
    type Socket = Socket;

    async fn new_socket() -> Result<Socket, TCPTransportConnectError> {
        let address = ADDRESS.get().ok_or_else(|| std::io::Error::other("no chat server was set"))?;
        let tcp = TcpStream::connect((address.host.as_str(), address.port)).await?;
        tcp.set_nodelay(true)?;
        if !address.tls {
            return Ok(Socket::Plain(tcp));
        }
        let tls = tokio_native_tls::TlsConnector::from(TlsConnector::new()?);
        Ok(Socket::Tls(Box::new(tls.connect(&address.host, tcp).await?)))
    }
}

/// A plain or an encrypted connection.
pub(crate) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(socket) => Pin::new(socket).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(socket) => Pin::new(socket).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}

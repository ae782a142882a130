//! The socket that systemd gives to a service.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::time::timeout;

/// Hears what a process tells systemd. Dropping it removes the socket.
pub struct NotifySocket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl NotifySocket {
    /// Opens a socket of its own in the folder for temporary files: its path must be short.
    ///
    /// # Errors
    /// If the socket cannot be made.
    pub fn open() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("pedro-notify-{}", uuid::Uuid::new_v4().simple()));
        Ok(Self { socket: UnixDatagram::bind(&path)?, path })
    }

    /// What the process is given: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` for a watchdog with this patience.
    pub fn environment(&self, patience: Duration) -> [(&'static str, String); 2] {
        [("NOTIFY_SOCKET", self.path.display().to_string()), ("WATCHDOG_USEC", patience.as_micros().to_string())]
    }

    /// The next datagram: one line or several. `None`: none came within this time.
    ///
    /// # Errors
    /// If the socket cannot be read.
    pub async fn next(&self, within: Duration) -> io::Result<Option<String>> {
        let mut buffer = [0; 4_096];
        match timeout(within, self.socket.recv(&mut buffer)).await {
            Ok(length) => Ok(Some(String::from_utf8_lossy(&buffer[..length?]).into_owned())),
            Err(_elapsed) => Ok(None),
        }
    }

    /// Waits for a datagram with this line; `false`: it did not come within this time.
    ///
    /// # Errors
    /// If the socket cannot be read.
    pub async fn until(&self, line: &str, within: Duration) -> io::Result<bool> {
        let heard = async {
            loop {
                let next = self.next(within).await?;
                match next {
                    Some(datagram) if datagram.lines().any(|one| one == line) => return Ok(true),
                    Some(_) => {}
                    None => return Ok(false),
                }
            }
        };
        timeout(within, heard).await.unwrap_or(Ok(false))
    }
}

impl Drop for NotifySocket {
    fn drop(&mut self) {
        // A socket that is left behind harms nobody.
        let _ = std::fs::remove_file(&self.path);
    }
}

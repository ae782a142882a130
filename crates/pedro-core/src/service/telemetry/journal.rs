//! systemd's journal: a line that begins with `<N>` has that priority.

use std::fmt::{self, Write};
use std::os::unix::fs::MetadataExt;

use tracing::Level;

/// Whether standard error goes to the journal, as systemd tells a service: `JOURNAL_STREAM` is the stream's device and
/// inode. It is inherited by whoever redirects the stream, so that both must be the same.
pub(super) fn is_stderr() -> bool {
    let Ok(told) = std::env::var("JOURNAL_STREAM") else { return false };
    let stream = std::fs::metadata("/proc/self/fd/2");
    stream.is_ok_and(|stream| told == format!("{}:{}", stream.dev(), stream.ino()))
}

/// syslog's levels, as `sd-daemon(3)` has them.
pub(super) fn write_priority(writer: &mut impl Write, level: Level) -> fmt::Result {
    let priority = match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    };
    write!(writer, "<{priority}>")
}

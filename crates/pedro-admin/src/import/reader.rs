//! The file, read on a thread of its own while the database writes, so that one does not wait for the other.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, ensure};
use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc;

use super::line::Record;

/// Lines written in one statement.
const BATCH: usize = 256;

/// Batches that may wait for the database; when full the file waits.
const CAPACITY: usize = 4;

/// Nothing longer is held in memory as one line.
const LONGEST_LINE: u64 = 1024 * 1024;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Lines that stand together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// What is wrong with each of the others.
    pub(super) unreadable: Vec<String>,
}

/// A file that is read.
pub(super) struct Reader {
    batches: mpsc::Receiver<anyhow::Result<Batch>>,
    size: u64,
    position: Arc<AtomicU64>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let file = File::open(path).with_context(|| format!("{shown} cannot be opened"))?;
        let metadata = file.metadata().with_context(|| format!("{shown} cannot be read"))?;
        ensure!(!metadata.is_dir(), "{shown} is a directory: name a file of JSON lines");
        let position = Arc::new(AtomicU64::new(0));
        let lines = decoded(Counted { file, position: Arc::clone(&position) })
            .with_context(|| format!("{shown} cannot be read"))?;
        let (sender, batches) = mpsc::channel(CAPACITY);
        // It ends with the file, or when nobody takes the batches any more.
        thread::Builder::new().name("import reader".to_owned()).spawn(move || read(lines, &shown, &sender))?;
        Ok(Self { batches, size: metadata.len(), position })
    }

    /// The next lines; `None` at the end of the file.
    pub(super) async fn next(&mut self) -> Option<anyhow::Result<Batch>> {
        self.batches.recv().await
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of the file that were read.
    pub(super) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }
}

/// Counts what is read, to know how far the work is.
struct Counted {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A gzip file is known by its content: names lie.
fn decoded(file: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(256 * 1024, file);
    let is_gzip = file.fill_buf()?.starts_with(&GZIP);
    Ok(if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}

fn read(mut lines: Box<dyn BufRead + Send>, shown: &str, sender: &mpsc::Sender<anyhow::Result<Batch>>) {
    let mut batch = Batch::default();
    let mut number = 0;
    loop {
        number += 1;
        match next_line(&mut lines) {
            Ok(Line::End) => break,
            Ok(Line::TooLong) => batch.unreadable.push(format!("line {number}: longer than {LONGEST_LINE} bytes")),
            Ok(Line::Read(line)) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(Line::Read(line)) => match Record::read(&line, number) {
                Ok(record) => batch.records.push(record),
                Err(wrong) => batch.unreadable.push(wrong),
            },
            Err(error) => {
                let error = anyhow::Error::from(error).context(format!("{shown} cannot be read on from line {number}"));
                // What was read before the damage is stored.
                let _ = sender.blocking_send(Ok(batch));
                let _ = sender.blocking_send(Err(error));
                return;
            }
        }
        if batch.records.len() + batch.unreadable.len() >= BATCH
            && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err()
        {
            return;
        }
    }
    let _ = sender.blocking_send(Ok(batch));
}

enum Line {
    Read(Vec<u8>),
    TooLong,
    End,
}

fn next_line(lines: &mut dyn BufRead) -> io::Result<Line> {
    let mut line = Vec::new();
    lines.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(Line::End);
    }
    if line.ends_with(b"\n") || (line.len() as u64) < LONGEST_LINE {
        return Ok(Line::Read(line));
    }
    // The rest of it, piece by piece.
    loop {
        line.clear();
        lines.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() || line.ends_with(b"\n") {
            return Ok(Line::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::write::GzEncoder;

    use super::*;

    fn all(content: &[u8]) -> Vec<Line> {
        let mut lines = decoded(Cursor::new(content.to_vec())).unwrap();
        let mut found = Vec::new();
        loop {
            match next_line(&mut lines).unwrap() {
                Line::End => return found,
                line => found.push(line),
            }
        }
    }

    fn texts(content: &[u8]) -> Vec<String> {
        let told = |line| match line {
            Line::Read(line) => String::from_utf8(line).unwrap(),
            Line::TooLong => "(too long)".to_owned(),
            Line::End => String::new(),
        };
        all(content).into_iter().map(told).collect()
    }

    #[test]
    fn gzip_is_known_by_its_content_and_may_have_several_members() {
        let gz = |text: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Default::default());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(texts(&[gz("a\n"), gz("b\nc")].concat()), ["a\n", "b\n", "c"]);
        assert_eq!(texts(b"a\nb\n"), ["a\n", "b\n"]);
        assert!(texts(b"").is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_whole() {
        let content = [b"a\n".to_vec(), vec![b'x'; 2_500_000], b"\nb\n".to_vec()].concat();
        assert_eq!(texts(&content), ["a\n", "(too long)", "b\n"]);
        assert_eq!(texts(&vec![b'x'; 2_500_000]), ["(too long)"]);
    }
}

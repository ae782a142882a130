//! Facts about the machine, without which a figure says nothing.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};

/// Where and when, and with which data.
pub(crate) async fn facts(source: &str) -> Result<Vec<(&'static str, String)>> {
    let cores = std::thread::available_parallelism()?;
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory: u64 = field("/proc/meminfo", "MemTotal")
        .and_then(|total| total.trim_end_matches(" kB").parse().ok())
        .context("the size of the memory is not known")?;
    Ok(vec![
        ("date", chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string()),
        ("cores", format!("{cores} ({processor}), shared by the bot, the database and this benchmark")),
        ("memory", format!("{:.0} GB", memory as f64 * 1024.0 / 1e9)),
        ("load at the start", load()),
        ("code", revision()),
        ("profile", profile()),
        ("database", database().await?),
        ("lines", source.to_owned()),
    ])
}

/// How many processes wanted a core in the last minute.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// The commit, and whether the code differs from it.
fn revision() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(crate::root()).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short", "HEAD"]), git(&["status", "--porcelain", "--", "crates/*/src", "migrations"]))
    {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} with changes that were not committed"),
        (None, _) => "unknown".to_owned(),
    }
}

/// Cargo names the directory after the profile, but `dev`'s.
fn profile() -> String {
    let directory = Path::new(env!("CARGO_BIN_EXE_pedro-twitch")).parent().and_then(Path::file_name);
    match directory.and_then(|name| name.to_str()) {
        Some("debug") => "dev: only the embedder's arithmetic is optimised".to_owned(),
        Some(name) => name.to_owned(),
        None => "unknown".to_owned(),
    }
}

async fn database() -> Result<String> {
    let mut connection = PgConnection::connect(&crate::setting("DATABASE_URL")?).await?;
    let words: String = sqlx::query_scalar(
        "select format('PostgreSQL %s, pgvector %s, shared_buffers %s, fsync %s',
             split_part(current_setting('server_version'), ' ', 1),
             (select default_version from pg_available_extensions where name = 'vector'),
             current_setting('shared_buffers'), current_setting('fsync'))",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(words)
}

/// The first value with this name in one of the kernel's files.
fn field(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':').map(|value| value.trim().to_owned()))
}

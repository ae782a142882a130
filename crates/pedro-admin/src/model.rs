//! `pedro model fetch`: the embedding model, from the hub into the directory where the bots look for it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use pedro_core::boot;
use reqwest::header::RANGE;
use reqwest::{Client, StatusCode};
use sha2::{Digest, Sha256};
use url::Url;

use crate::output;
use crate::progress::Progress;

/// How often a broken download is taken up again.
const ATTEMPTS: usize = 3;

/// The longest silence of the hub.
const SILENCE: Duration = Duration::from_secs(30);

/// Where the model lies on the hub.
const PATH: &str = "sentence-transformers/all-MiniLM-L6-v2/resolve/main/";

/// The files, with their SHA-256: another model's vectors must never be mixed with those that are stored.
const FILES: [(&str, &str); 3] = [
    ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Download all-MiniLM-L6-v2 (91 MB), unless it is there already
    Fetch(Fetch),
}

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// Where to put it. Default: where the bots look without EMBEDDINGS_MODEL_DIR
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Base URL of the hub, or of a mirror
    #[arg(long, value_name = "URL", default_value = "https://huggingface.co")]
    hub: Url,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    let Command::Fetch(options) = command;
    let named = options.dir.is_some();
    let dir = options.dir.unwrap_or_else(boot::default_model_dir);
    fs::create_dir_all(&dir)
        .with_context(|| format!("{} cannot be made: choose another place with --dir", dir.display()))?;
    let mut base = options.hub;
    if !base.path().ends_with('/') {
        let path = format!("{}/", base.path());
        base.set_path(&path);
    }
    let client = Client::builder()
        .connect_timeout(SILENCE)
        .read_timeout(SILENCE)
        .build()
        .context("no HTTP client can be made")?;
    let mut fetched = false;
    for (name, sum) in FILES {
        let file = dir.join(name);
        if checksum(&file).await?.as_deref() == Some(sum) {
            continue;
        }
        let url = base.join(&format!("{PATH}{name}")).context("--hub is no base URL")?;
        fetch(&client, url, &file, sum).await.with_context(|| format!("{name} was not fetched"))?;
        fetched = true;
    }
    output::line(format!("the embedding model {} in {}", if fetched { "is" } else { "was already" }, dir.display()))?;
    if named {
        output::note(format!("start the bots with EMBEDDINGS_MODEL_DIR={}", dir.display()));
    }
    Ok(())
}

/// Downloads beside the file, checks, and only then gives it its name: a reader never sees half a model.
async fn fetch(client: &Client, url: Url, file: &Path, sum: &str) -> anyhow::Result<()> {
    let part = file.with_added_extension("part");
    let mut attempt = 1;
    while let Err(error) = download(client, &url, &part).await {
        if attempt == ATTEMPTS || !error.is::<Broken>() {
            return Err(error);
        }
        output::note(format!("{error:#}; going on where it broke off"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        attempt += 1;
    }
    let found = checksum(&part).await?.unwrap_or_default();
    if found != sum {
        // Going on from a wrong beginning would never end well.
        fs::remove_file(&part).with_context(|| format!("{} cannot be removed", part.display()))?;
        bail!("{url} is not the file that Pedro knows (SHA-256 {found}): try again, or another --hub");
    }
    fs::rename(&part, file).with_context(|| format!("{} cannot be written", file.display()))
}

/// The connection broke: what came before it is kept.
#[derive(Debug)]
struct Broken(String);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

async fn download(client: &Client, url: &Url, part: &Path) -> anyhow::Result<()> {
    let there = part.metadata().map_or(0, |metadata| metadata.len());
    let mut request = client.get(url.clone());
    if there > 0 {
        request = request.header(RANGE, format!("bytes={there}-"));
    }
    let broken = |error: reqwest::Error| Broken(format!("the download of {url} broke off: {}", error.without_url()));
    let mut response = request.send().await.map_err(broken)?;
    let goes_on = match response.status() {
        StatusCode::PARTIAL_CONTENT => true,
        // All of it was there already; the checksum has the last word.
        StatusCode::RANGE_NOT_SATISFIABLE => return Ok(()),
        status if status.is_success() => false,
        status if status.is_server_error() => bail!(Broken(format!("{url} answers {status}"))),
        status => bail!("{url} answers {status}: is --hub right?"),
    };
    let mut file = OpenOptions::new().create(true).append(goes_on).write(true).truncate(!goes_on).open(part);
    let file = file.as_mut().map_err(|error| anyhow::anyhow!("{} cannot be written: {error}", part.display()))?;
    let mut done = if goes_on { there } else { 0 };
    let total = response.content_length().map_or(0, |length| done + length);
    let progress = Progress::new("kB", total);
    while let Some(bytes) = response.chunk().await.map_err(broken)? {
        file.write_all(&bytes).with_context(|| format!("{} cannot be written", part.display()))?;
        done += bytes.len() as u64;
        progress.set(done, done / 1000);
    }
    progress.finish();
    file.sync_all()?;
    ensure!(total == 0 || done == total, Broken(format!("the download of {url} broke off")));
    Ok(())
}

/// SHA-256 of a file, in hexadecimal; `None` if there is no such file.
async fn checksum(path: &Path) -> anyhow::Result<Option<String>> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
        loop {
            let count = file.read(&mut buffer).with_context(|| format!("{} cannot be read", path.display()))?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
        }
        Ok(Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    })
    .await?
}

//! The figures of `docs/benchmarks.md`, measured through the real path: `make bench`, or a part of them with
//! `cargo bench -p pedro-twitch --bench figures -- recall` (`store`, `embed`, `recall`, `answer`, `process`, `plan`).
//!
//! Only a run of all parts writes the page. `scale` is for itself: it takes ten minutes, and writes `docs/scale.md`.
//! `BENCH_KEEP=1` leaves the databases for a look with psql.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod answer;
mod bot;
mod data;
mod embed;
mod machine;
mod memory;
mod plan;
mod process;
mod recall;
mod report;
mod scale;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use pedro_core::embedder::{CandleEmbedder, Embedder};

use crate::memory::Memory;
use crate::report::Report;

/// Lines of the small memory. Each has its real embedding.
const SMALL: usize = 10_000;

/// Lines of the large memory.
const LARGE: usize = 200_000;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("figures are measured by `make bench`");
        return Ok(());
    }
    arguments.retain(|argument| !argument.starts_with('-'));
    let wants = |part: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == part);
    let wants_any = |parts: &[&str]| parts.iter().any(|part| wants(part));

    let embedder = load_embedder().await?;
    if arguments == ["scale"] {
        return scale::measure(&embedder).await;
    }
    let chat = data::read(LARGE)?;
    let mut report = Report::new(machine::facts(&chat.source).await?);

    if wants("embed") {
        report.add(embed::measure(&embedder, &chat).await?);
    }
    if wants_any(&["store", "recall"]) {
        let large = Memory::create("large", &embedder).await?;
        let took = large.hear(&chat.lines, || ()).await?;
        if wants("store") {
            report.add(store::measure(&took, &embedder, &chat).await?);
        }
        if wants("recall") {
            let vectors = embed::sample(&embedder, &chat.lines[..SMALL]).await?;
            let small = Memory::create("small", &embedder).await?;
            small.hear(&chat.lines[..SMALL], || ()).await?;
            small.put(&chat.lines[..SMALL], vectors.iter().cloned()).await?;
            large.put(&chat.lines, data::derived(&vectors, LARGE)).await?;
            report.add(recall::measure(&[&small, &large], &embedder, &chat).await?);
            small.drop().await?;
        }
        large.drop().await?;
    }
    if wants_any(&["answer", "process", "plan"]) {
        let vectors = embed::sample(&embedder, &chat.lines[..SMALL]).await?;
        let memory = Memory::create("bot", &embedder).await?;
        memory.hear(&chat.lines[..SMALL], || ()).await?;
        memory.put(&chat.lines[..SMALL], vectors.into_iter()).await?;
        if wants("answer") {
            report.add(answer::measure(&memory, &chat).await?);
        }
        if wants("process") {
            report.add(process::measure(&memory, &chat).await?);
        }
        if wants("plan") {
            report.add(plan::measure(&memory, &chat).await?);
        }
        memory.drop().await?;
    }
    report.fact("load at the end", machine::load());
    if arguments.is_empty() {
        report.write(&root().join("docs/benchmarks.md"))?;
    }
    Ok(())
}

async fn load_embedder() -> Result<Arc<dyn Embedder>> {
    let dir = model_dir()?;
    Ok(Arc::new(tokio::task::spawn_blocking(move || CandleEmbedder::load(&dir)).await??))
}

/// The embedding model's files.
fn model_dir() -> Result<PathBuf> {
    setting("EMBEDDINGS_MODEL_DIR").map(PathBuf::from)
}

/// An environment variable that `dev/up` tells.
fn setting(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: run `make bench`, or `. .local/env` first"))
}

/// The root of the repository.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

//! Lines stored per second.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use pedro_core::embedder::Embedder;
use pedro_core::memory::EmbedWorker;
use pedro_core::store::embedding;
use tokio_util::sync::CancellationToken;

use crate::LARGE;
use crate::data::Chat;
use crate::memory::Memory;
use crate::report::{Part, Spread, ms, rate};

/// Lines that are stored while the embedder works.
const BESIDE: usize = 40_960;

/// `took` is how long the batches of the large memory took, from an empty one on.
pub(crate) async fn measure(took: &[Duration], embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<Part> {
    let mut part = Part::new("Lines stored per second");
    let all = rate(LARGE, took.iter().sum());
    part.aimed(
        format!("an empty memory grows to {LARGE} lines"),
        format!("{all:.0} lines/s"),
        "5,000 lines/s",
        all >= 5_000.0,
    );
    let batches = Spread::of(took.iter().copied());
    part.row("a batch of 256 lines, median / p95", format!("{} / {}", ms(batches.median()), ms(batches.p95())));
    let tail = took.len() / 10;
    let last = rate(LARGE / 10, took[took.len() - tail..].iter().sum());
    part.row("the last tenth of them", format!("{last:.0} lines/s"));

    let same_lines = took.iter().take(BESIDE / 256).sum();
    let alone = rate(BESIDE, same_lines);
    let memory = Memory::create("beside", embedder).await?;
    let worker = EmbedWorker::new(memory.pool.clone(), Arc::clone(embedder), memory.space);
    let (wake, stop) = (worker.waker(), CancellationToken::new());
    let working = tokio::spawn(worker.run(stop.clone()));
    let beside = memory.hear(&chat.lines[..BESIDE], || wake.notify_one()).await?;
    let embedded = BESIDE as i64 - embedding::lag(&memory.pool).await?;
    stop.cancel();
    working.await?;
    memory.drop().await?;
    let beside = rate(BESIDE, beside.iter().sum());
    part.row(format!("the first {BESIDE} of them"), format!("{alone:.0} lines/s"));
    part.row("the same lines while the embedder works", format!("{beside:.0} lines/s"));
    part.row("ratio of the two", format!("{:.2}", beside / alone));
    part.note(format!(
        "Through `Listener::hear` in batches of 256, one after the other. Meanwhile the embedder made {embedded} embeddings."
    ));
    Ok(part)
}

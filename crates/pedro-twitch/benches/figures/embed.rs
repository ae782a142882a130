//! Embeddings per second, and how long a question waits for its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pedro_core::chat::ChatMessage;
use pedro_core::embedder::Embedder;

use crate::data::Chat;
use crate::report::{Part, Spread, ms, rate};

/// Lines that the embed worker takes at once.
const TAKEN: usize = 64;

/// Lines that the rate is measured with.
const LINES: usize = 30 * TAKEN;

/// Queries that are timed.
const QUERIES: usize = 200;

pub(crate) async fn measure(embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<Part> {
    let mut part = Part::new("Embeddings");
    let every = chat.lines.len() / LINES;
    let texts: Vec<String> = chat.lines.iter().step_by(every).take(LINES).map(|line| line.text.clone()).collect();
    let began = Instant::now();
    for batch in texts.chunks(TAKEN) {
        embedder.embed(batch).await?;
    }
    part.row("embeddings per second", format!("{:.0}", rate(LINES, began.elapsed())));

    let questions = chat.questions(QUERIES, 0);
    let idle = Spread::of(queries(embedder, &questions).await?);
    part.row("a question's embedding, idle: median / p95", format!("{} / {}", ms(idle.median()), ms(idle.p95())));
    let background = {
        let embedder = Arc::clone(embedder);
        tokio::spawn(async move {
            for batch in texts.chunks(TAKEN).cycle() {
                if embedder.embed(batch).await.is_err() {
                    return;
                }
            }
        })
    };
    let busy = queries(embedder, &questions).await;
    background.abort();
    let busy = Spread::of(busy?);
    part.row("the same while the background is busy", format!("{} / {}", ms(busy.median()), ms(busy.p95())));
    part.note("all-MiniLM-L6-v2 by candle, in this process. Busy: a question waits for the pass that is under way.");
    Ok(part)
}

async fn queries(embedder: &Arc<dyn Embedder>, questions: &[&str]) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    for question in questions {
        // Between the background's batches, wherever it is.
        tokio::time::sleep(Duration::from_millis(took.len() as u64 % 17)).await;
        let began = Instant::now();
        embedder.embed_query(question).await?;
        took.push(began.elapsed());
    }
    Ok(took)
}

/// The real vectors of lines, kept in `.local/bench/` between runs.
pub(crate) async fn sample(embedder: &Arc<dyn Embedder>, lines: &[ChatMessage]) -> Result<Vec<Vec<f32>>> {
    let texts: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
    let mut key = DefaultHasher::new();
    (&texts, &embedder.model().name).hash(&mut key);
    let dir = crate::root().join(".local/bench");
    let path = dir.join(format!("vectors-{:016x}.f32", key.finish()));
    let length = embedder.model().dimension;
    if let Ok(bytes) = std::fs::read(&path)
        && bytes.len() == texts.len() * length * size_of::<f32>()
    {
        let number = |bytes: &[u8]| bytes.try_into().map(f32::from_le_bytes).context("four bytes");
        let numbers = bytes.chunks_exact(size_of::<f32>()).map(number).collect::<Result<Vec<f32>>>()?;
        return Ok(numbers.chunks(length).map(<[f32]>::to_vec).collect());
    }
    println!("\nembedding {} lines, once: they are kept in .local/bench/", texts.len());
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(TAKEN) {
        if vectors.len() % (TAKEN * 256) == 0 && !vectors.is_empty() {
            println!("{} of {}", vectors.len(), texts.len());
        }
        vectors.extend(embedder.embed(batch).await?);
    }
    let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    std::fs::create_dir_all(&dir)?;
    std::fs::write(&path, bytes)?;
    Ok(vectors)
}

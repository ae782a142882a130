//! all-MiniLM-L6-v2 in this process, on one thread.
//!
//! The arithmetic must not starve the sockets, and a person's question must not wait behind a thousand stored lines.
//! So one thread does all of it, fed by two bounded queues: queries first, then background batches of at most
//! [`LINES_PER_BATCH`] lines and about [`BYTES_PER_BATCH`] bytes. The longest a query waits is one such batch.

mod bert;
mod network;

use std::path::Path;
use std::thread;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use self::bert::MiniLm;
use super::{EmbedError, Embedder, EmbeddingModel};

/// Lines in one pass through the model: the unit of waiting for a query.
const LINES_PER_BATCH: usize = 16;

/// Bytes in one pass, unless a single line has more: some 110 tokens of chat, or 60 ms. Passes twice as large are at most
/// a tenth faster a line, and a query waits for the one under way.
const BYTES_PER_BATCH: usize = 400;

/// Background batches that may wait. When full, [`Embedder::embed`] waits, and its caller with it.
const BACKGROUND_CAPACITY: usize = 4;

/// Queries that may wait. When full, askers wait for a place.
const QUERY_CAPACITY: usize = 64;

/// One pass through the model.
struct Job {
    texts: Vec<String>,
    reply: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedError>>,
}

/// The embedder inside the process. Dropping it ends its thread after the batch it is on.
pub struct CandleEmbedder {
    model: EmbeddingModel,
    queries: mpsc::Sender<Job>,
    background: mpsc::Sender<Job>,
}

impl CandleEmbedder {
    /// Loads `model.safetensors`, `tokenizer.json` and `config.json` from a directory and starts the thread.
    ///
    /// Reads about 90 MB: call it from a blocking context or at start.
    ///
    /// # Errors
    /// [`EmbedError::Missing`] names the file that is not there and how to get it, [`EmbedError::Invalid`] says what is
    /// wrong with a file.
    pub fn load(dir: &Path) -> Result<Self, EmbedError> {
        let network = MiniLm::load(dir)?;
        let model = EmbeddingModel { name: bert::NAME.to_owned(), dimension: bert::DIMENSION };
        let (queries, query_jobs) = mpsc::channel(QUERY_CAPACITY);
        let (background, background_jobs) = mpsc::channel(BACKGROUND_CAPACITY);
        // Nobody joins the thread: it ends by itself when both senders are gone, and waiting for a batch in `drop` would
        // block the runtime.
        thread::Builder::new()
            .name("embedder".to_owned())
            .spawn(move || work(&network, query_jobs, background_jobs))
            .map_err(|err| EmbedError::Unavailable(format!("its thread did not start: {err}")))?;
        Ok(Self { model, queries, background })
    }
}

#[async_trait]
impl Embedder for CandleEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for lines in passes(texts) {
            vectors.extend(run(&self.background, lines.to_vec()).await?);
        }
        Ok(vectors)
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let vectors = run(&self.queries, vec![text.to_owned()]).await?;
        vectors.into_iter().next().ok_or_else(|| EmbedError::Invalid("no vector for the query".to_owned()))
    }
}

/// Cuts lines into passes: as many as fit, at least one.
fn passes(texts: &[String]) -> impl Iterator<Item = &[String]> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |text: &&String| {
            bytes += text.len();
            bytes <= BYTES_PER_BATCH
        };
        let count = rest.iter().take(LINES_PER_BATCH).take_while(fits).count().max(1);
        rest.split_off(..count.min(rest.len())).filter(|pass| !pass.is_empty())
    })
}

/// Hands one job to the thread and waits for it.
async fn run(queue: &mpsc::Sender<Job>, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EmbedError> {
    let stopped = || EmbedError::Unavailable("its thread has stopped".to_owned());
    let (reply, answer) = oneshot::channel();
    queue.send(Job { texts, reply }).await.map_err(|_| stopped())?;
    answer.await.map_err(|_| stopped())?
}

/// The thread's whole life.
fn work(network: &MiniLm, mut queries: mpsc::Receiver<Job>, mut background: mpsc::Receiver<Job>) {
    // The matrix products spread over rayon's current pool. A pool made of this very thread keeps them here, whatever
    // the number of cores.
    let _pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
        .inspect_err(|err| tracing::warn!(%err, "the embedder may use more than one core"));
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(err) => return tracing::error!(%err, "the embedder cannot wait for work"),
    };
    let mut next = || {
        runtime.block_on(async {
            tokio::select! {
                biased;
                Some(job) = queries.recv() => Some(job),
                Some(job) = background.recv() => Some(job),
                else => None,
            }
        })
    };
    while let Some(Job { texts, reply }) = next() {
        // A caller who has gone away (shutdown, a deadline) needs no arithmetic.
        if !reply.is_closed() {
            let _gone = reply.send(network.embed(&texts));
        }
    }
}

#[cfg(test)]
mod tests;

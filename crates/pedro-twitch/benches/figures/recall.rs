//! How long memory takes to answer a question.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use pedro_core::embedder::{EmbedError, Embedder, EmbeddingModel};
use pedro_core::memory::fuse::Weights;
use pedro_core::memory::{Recall, Retriever};

use crate::data::{Chat, NOISE};
use crate::memory::Memory;
use crate::report::{Part, Spread, ms};
use crate::{LARGE, SMALL};

/// Questions that are timed; as many others warm up.
const QUESTIONS: usize = 200;

/// Lines that an answer asks for.
const COUNT: usize = 12;

/// `memories`: the small one, then the large one.
pub(crate) async fn measure(memories: &[&Memory; 2], embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<Part> {
    let mut part = Part::new("Retrieval");
    let mut medians = Vec::new();
    for (memory, lines) in memories.iter().zip([SMALL, LARGE]) {
        let timed = Arc::new(Timed { embedder: Arc::clone(embedder), took: Mutex::default() });
        let hybrid = Retriever::new(memory.pool.clone(), Arc::clone(&timed) as Arc<dyn Embedder>, memory.space);
        ask(&hybrid, memory, chat, 1).await?;
        timed.take();
        let (recalls, found) = ask(&hybrid, memory, chat, 0).await?;
        let (recalls, embeddings) = (Spread::of(recalls), Spread::of(timed.take()));
        let (what, figures) = (format!("{lines} lines, words and meaning: median / p95 / max"), three(&recalls));
        if lines == LARGE {
            part.aimed(what, figures, "p95 < 20 ms", recalls.p95() < Duration::from_millis(20));
        } else {
            part.row(what, figures);
        }
        let share = embeddings.median().as_secs_f64() / recalls.median().as_secs_f64();
        let embeddings = format!("{} ({:.0} %)", ms(embeddings.median()), share * 100.0);
        part.row(format!("{lines} lines: the embedding's part of the median"), embeddings);
        ensure!(
            found > QUESTIONS / 2,
            "only {found} of {QUESTIONS} questions found anything: too few to say something"
        );

        let deaf = Arc::new(Deaf(embedder.model().clone()));
        let words = Retriever::new(memory.pool.clone(), deaf, memory.space);
        ask(&words, memory, chat, 1).await?;
        let (by_words, _) = ask(&words, memory, chat, 0).await?;
        part.row(format!("{lines} lines, words alone: median / p95 / max"), three(&Spread::of(by_words)));
        medians.push(recalls.median().as_secs_f64());
    }
    part.row("ratio of the hybrid medians", format!("{:.2}", medians[1] / medians[0]));
    part.note(format!(
        "{QUESTIONS} real questions of the data (each stands in the large memory itself), one after the other, warm (after as many others), each with its \
         embedding. At {LARGE} lines only {SMALL} vectors are real embeddings of their lines; the others are mixtures of \
         two of these each, with normal noise (σ {NOISE} in each number, then of length one again)."
    ));
    Ok(part)
}

fn three(spread: &Spread) -> String {
    format!("{} / {} / {}", ms(spread.median()), ms(spread.p95()), ms(spread.longest()))
}

/// The same for one memory, as a part of its own.
pub(crate) async fn alone(memory: &Memory, lines: usize, embedder: &Arc<dyn Embedder>, chat: &Chat) -> Result<Part> {
    let mut part = Part::new("Retrieval");
    let deaf: Arc<dyn Embedder> = Arc::new(Deaf(embedder.model().clone()));
    for (what, embedder) in [("words and meaning", embedder), ("words alone", &deaf)] {
        let retriever = Retriever::new(memory.pool.clone(), Arc::clone(embedder), memory.space);
        ask(&retriever, memory, chat, 1).await?;
        let (took, found) = ask(&retriever, memory, chat, 0).await?;
        ensure!(found > QUESTIONS / 2, "only {found} of {QUESTIONS} questions found anything");
        part.row(format!("{lines} lines, {what}: median / p95 / max"), three(&Spread::of(took)));
    }
    part.note(format!("{QUESTIONS} real questions, one after the other, warm (after as many others)."));
    Ok(part)
}

/// How long each question took, and how many found something.
async fn ask(retriever: &Retriever, memory: &Memory, chat: &Chat, round: usize) -> Result<(Vec<Duration>, usize)> {
    let (mut took, mut found) = (Vec::new(), 0);
    for question in chat.questions(QUESTIONS, round) {
        let (spent, something) = ask_one(retriever, memory, chat, question).await?;
        took.push(spent);
        found += usize::from(something);
    }
    Ok((took, found))
}

/// How long a question took, and whether it found something.
pub(crate) async fn ask_one(
    retriever: &Retriever,
    memory: &Memory,
    chat: &Chat,
    question: &str,
) -> Result<(Duration, bool)> {
    let recall = Recall {
        community: memory.place.home.id,
        place: Some(memory.place.id),
        question,
        now: chat.lines.last().context("no lines")?.sent_at,
        zone: chrono_tz::Tz::UTC,
        exclude: None,
        count: COUNT,
        weights: Weights::HYBRID,
    };
    let began = Instant::now();
    let recalled = retriever.recall(&recall).await?;
    Ok((began.elapsed(), !recalled.hits.is_empty()))
}

/// Notes how long each question's embedding took.
struct Timed {
    embedder: Arc<dyn Embedder>,
    took: Mutex<Vec<Duration>>,
}

impl Timed {
    fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.took.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Embedder for Timed {
    fn model(&self) -> &EmbeddingModel {
        self.embedder.model()
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.embedder.embed(texts).await
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let began = Instant::now();
        let vector = self.embedder.embed_query(text).await;
        self.took.lock().unwrap_or_else(PoisonError::into_inner).push(began.elapsed());
        vector
    }
}

/// An embedder that is away: retrieval goes by words alone.
struct Deaf(EmbeddingModel);

#[async_trait]
impl Embedder for Deaf {
    fn model(&self) -> &EmbeddingModel {
        &self.0
    }

    async fn embed(&self, _texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Err(EmbedError::Unavailable("away".to_owned()))
    }

    async fn embed_query(&self, _text: &str) -> Result<Vec<f32>, EmbedError> {
        Err(EmbedError::Unavailable("away".to_owned()))
    }
}

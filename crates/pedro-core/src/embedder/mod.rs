//! Text in, vector out. Three ways: in this process ([`CandleEmbedder`]), over HTTP ([`OpenAiEmbedder`]), and by hashing
//! for tests (`DeterministicEmbedder`).
//!
//! Every embedder keeps three promises: vectors come in the order of the texts, all have
//! [`EmbeddingModel::dimension`] numbers, and each has length one, so that a dot product is the cosine.

mod candle;
#[cfg(any(test, feature = "testing"))]
mod deterministic;
mod openai;

use std::path::PathBuf;

use async_trait::async_trait;

pub use candle::CandleEmbedder;
#[cfg(any(test, feature = "testing"))]
pub use deterministic::DeterministicEmbedder;
pub use openai::OpenAiEmbedder;

/// Which space the vectors live in. Vectors of two different models must never be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingModel {
    /// The model's name as it is stored beside the vectors.
    pub name: String,
    /// Numbers in each vector.
    pub dimension: usize,
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The space of this embedder's vectors.
    fn model(&self) -> &EmbeddingModel;

    /// Background work: one vector for each text, in the same order. Gives way to [`Embedder::embed_query`].
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// One text somebody waits for: goes ahead of the background work.
    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError>;
}

/// Why there is no vector, named by what the caller should do about it.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// Try again later: the server is away or overloaded, or the embedder is stopping.
    #[error("the embedder is not available: {0}")]
    Unavailable(String),
    /// Trying again will not help: wrong model files, a refused request, a malformed answer.
    #[error("the embedder does not work: {0}")]
    Invalid(String),
    /// A model file is not where it should be; the text says how to get it.
    #[error("the embedding model is missing: {} cannot be read; {mend}", path.display())]
    Missing {
        /// The file that was looked for.
        path: PathBuf,
        /// What the operator should do.
        mend: &'static str,
    },
}

impl EmbedError {
    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Scales a vector to length one. False, and no change, if it has no direction (all zero, or not finite).
fn normalise(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return false;
    }
    for x in vector.iter_mut() {
        *x = (f64::from(*x) / length) as f32;
    }
    true
}

/// The beginning of a text, at most `chars` characters, so that one huge line cannot hold up the others.
fn beginning(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normalised_vector_has_length_one() {
        let mut vector = [3.0, 4.0];
        assert!(normalise(&mut vector));
        assert_eq!(vector, [0.6, 0.8]);
    }

    #[test]
    fn a_vector_without_direction_is_left_alone() {
        for mut vector in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            assert!(!normalise(&mut vector), "{vector:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_text_ends_between_characters() {
        for (text, chars, expected) in [("abc", 2, "ab"), ("abc", 3, "abc"), ("🦀🦀🦀", 2, "🦀🦀"), ("", 5, "")]
        {
            assert_eq!(beginning(text, chars), expected);
        }
    }
}

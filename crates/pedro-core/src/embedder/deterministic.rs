//! Vectors by hashing words: for tests, where meaning must be predictable and cost nothing.

use async_trait::async_trait;

use super::{EmbedError, Embedder, EmbeddingModel, normalise};

/// Same text, same vector; texts that share words point the same way. Knows no meaning beyond word stems.
pub struct DeterministicEmbedder {
    model: EmbeddingModel,
}

impl DeterministicEmbedder {
    /// An embedder whose vectors have `dimension` numbers, at least one.
    pub fn new(dimension: usize) -> Self {
        Self { model: EmbeddingModel { name: format!("deterministic-{dimension}"), dimension: dimension.max(1) } }
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.model.dimension];
        for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            // Short words are mostly grammar: they must not make two questions alike.
            let weight = if word.chars().count() <= 3 { 0.3 } else { 1.0 };
            add(&mut vector, stem(word).as_bytes(), weight);
            let letters: Vec<char> = word.chars().collect();
            for trigram in letters.windows(3) {
                add(&mut vector, String::from_iter(trigram).as_bytes(), weight * 0.2);
            }
        }
        if !normalise(&mut vector) {
            // No words at all (empty, emoji): one fixed direction of its own.
            vector.fill(0.0);
            vector[0] = 1.0;
        }
        vector
    }
}

#[async_trait]
impl Embedder for DeterministicEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        Ok(self.vector(text))
    }
}

/// Adds a feature at the place and with the sign its hash gives, so that unrelated features cancel out.
fn add(vector: &mut [f32], feature: &[u8], weight: f32) {
    // FNV-1a: unlike the standard hasher it is the same in every process and version.
    let hash = feature
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let place = (hash >> 1) as usize % vector.len();
    vector[place] += if hash >> 63 == 0 { weight } else { -weight };
}

/// A crude English stem: enough to bring "installing" and "installs" together.
fn stem(word: &str) -> &str {
    ["ing", "ed", "es", "s"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.chars().count() >= 3))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let embedder = DeterministicEmbedder::new(384);
        embedder.vector(a).iter().zip(embedder.vector(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn the_same_text_is_the_same_vector() {
        for text in ["", "🦀", "hello world", "a b c"] {
            assert!((cosine(text, text) - 1.0).abs() < 1e-5, "{text}");
        }
    }

    #[test]
    fn shared_words_make_texts_alike() {
        for (question, near, far) in [
            ("how do I install go", "installing go is easy", "my cat is asleep"),
            ("what keyboard do you use", "his keyboard is loud", "the pizza is here"),
        ] {
            assert!(cosine(question, near) > cosine(question, far) + 0.2, "{question}");
        }
    }

    #[tokio::test]
    async fn vectors_have_the_dimension_asked_for() {
        for dimension in [8, 384] {
            let vectors = DeterministicEmbedder::new(dimension).embed(&["one".into(), "two".into()]).await.unwrap();
            assert!(vectors.iter().all(|vector| vector.len() == dimension));
        }
    }
}

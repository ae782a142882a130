//! Embeddings from an OpenAI-compatible server (llama.cpp with `--embedding`, TEI, Ollama, OpenAI).
//!
//! Our own small client, because order matters here: an answer's vectors are put in place by their `index`.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{EmbedError, Embedder, EmbeddingModel, beginning, normalise};

/// Texts in one request: what the smaller servers accept.
const TEXTS_PER_REQUEST: usize = 64;

/// Characters of a text that are sent. Beyond it small models (512 tokens) refuse the request instead of truncating.
const MAX_CHARS: usize = 1_500;

/// Waits before the second and the third attempt.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// A client of `POST {base}/v1/embeddings`.
pub struct OpenAiEmbedder {
    client: Client,
    url: Url,
    key: Option<SecretString>,
    model: EmbeddingModel,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Response {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

impl OpenAiEmbedder {
    /// Connects and asks for one vector to learn the dimension. `base` may end in `/v1` or not; `timeout` is that of one
    /// request.
    ///
    /// # Errors
    /// [`EmbedError::Unavailable`] while the server is away, [`EmbedError::Invalid`] if it refuses or answers nonsense.
    pub async fn connect(
        base: &Url,
        model: &str,
        key: Option<SecretString>,
        timeout: Duration,
    ) -> Result<Self, EmbedError> {
        let client = Client::builder()
            .timeout(timeout)
            .build()
            .map_err(|err| EmbedError::Invalid(format!("no HTTP client: {err}")))?;
        let model = EmbeddingModel { name: model.to_owned(), dimension: 0 };
        let mut embedder = Self { client, url: endpoint(base)?, key, model };
        let probe = embedder.request(&["pedro"]).await?;
        embedder.model.dimension = probe.first().map_or(0, Vec::len);
        Ok(embedder)
    }

    /// One request, repeated while the fault is a passing one.
    async fn request(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut waits = RETRY_AFTER.iter();
        loop {
            match self.attempt(texts).await {
                Err(err) if err.is_transient() => match waits.next() {
                    Some(wait) => tokio::time::sleep(*wait).await,
                    None => return Err(err),
                },
                result => return result.and_then(|items| self.in_order(items, texts.len())),
            }
        }
    }

    async fn attempt(&self, texts: &[&str]) -> Result<Vec<Item>, EmbedError> {
        let body = Request { model: &self.model.name, input: texts, encoding_format: "float" };
        let mut request = self.client.post(self.url.clone()).json(&body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        // Errors are told without their URL: it may carry a password.
        let response = request.send().await.map_err(|err| EmbedError::Unavailable(err.without_url().to_string()))?;
        let status = response.status();
        if status.is_success() {
            let body = response.bytes().await.map_err(|err| EmbedError::Unavailable(err.without_url().to_string()))?;
            return serde_json::from_slice::<Response>(&body)
                .map(|response| response.data)
                .map_err(|err| EmbedError::Invalid(format!("the server's answer is not a list of embeddings: {err}")));
        }
        let passing =
            status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        let text = format!("the server answered {status}");
        Err(if passing { EmbedError::Unavailable(text) } else { EmbedError::Invalid(text) })
    }

    /// Puts the vectors in the order of the texts and checks that none is missing or of another length.
    fn in_order(&self, items: Vec<Item>, count: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
        let invalid = |text: String| Err(EmbedError::Invalid(text));
        // While connecting the dimension is not known yet: the first vector tells it.
        let dimension = match self.model.dimension {
            0 => items.first().map_or(0, |item| item.embedding.len()),
            known => known,
        };
        let mut vectors = vec![Vec::new(); count];
        for Item { index, mut embedding } in items {
            if embedding.len() != dimension {
                return invalid(format!("a vector of {} numbers came, {dimension} were expected", embedding.len()));
            }
            if !normalise(&mut embedding) {
                return invalid("a vector without direction came".to_owned());
            }
            match vectors.get_mut(index) {
                Some(place) if place.is_empty() => *place = embedding,
                _ => return invalid(format!("a vector for text {index} came, {count} texts were sent")),
            }
        }
        match vectors.iter().position(Vec::is_empty) {
            None => Ok(vectors),
            Some(missing) => invalid(format!("no vector came for text {missing} of {count}")),
        }
    }
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.model
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let texts: Vec<&str> = texts.iter().map(|text| sendable(text)).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(TEXTS_PER_REQUEST) {
            vectors.extend(self.request(batch).await?);
        }
        Ok(vectors)
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let vectors = self.request(&[sendable(text)]).await?;
        vectors.into_iter().next().ok_or_else(|| EmbedError::Invalid("no vector came for the query".to_owned()))
    }
}

/// Servers refuse an empty input; a space stands for it.
fn sendable(text: &str) -> &str {
    if text.is_empty() { " " } else { beginning(text, MAX_CHARS) }
}

fn endpoint(base: &Url) -> Result<Url, EmbedError> {
    let mut url = base.clone();
    let path = base.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path);
    url.set_path(&format!("{path}/v1/embeddings"));
    if url.cannot_be_a_base() { Err(EmbedError::Invalid("the server's URL has no host".to_owned())) } else { Ok(url) }
}

#[cfg(test)]
mod tests;

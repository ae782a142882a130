//! The model: tokens, BERT, mean over the tokens, length one. Synchronous; knows nothing of threads.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use candle_core::{DType, Device, Tensor, safetensors};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::Config;
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::network::Bert;
use crate::embedder::{EmbedError, beginning, normalise};

/// The name stored with the vectors.
pub(super) const NAME: &str = "all-minilm-l6-v2";

/// Numbers in a vector.
pub(super) const DIMENSION: usize = 384;

/// Layers of this model; a directory with another one would silently fill the same space with other vectors.
const LAYERS: usize = 6;

/// Tokens of a line that count; the model was trained on shorter texts still.
const MAX_TOKENS: usize = 256;

/// Characters looked at, so that tokenising an imported novel does not hold up a query.
const MAX_CHARS: usize = 8_000;

const MEND: &str = "run `pedro model fetch` or set EMBEDDINGS_MODEL_DIR to a directory that has it";

/// The loaded model: about 90 MB of weights.
pub(super) struct MiniLm {
    tokenizer: Tokenizer,
    bert: Bert,
}

impl MiniLm {
    /// Loads the three files. Weights stored as f16 are widened to f32.
    pub(super) fn load(dir: &Path) -> Result<Self, EmbedError> {
        let config = load_config(&read(dir, "config.json")?)?;
        let tokenizer = load_tokenizer(&read(dir, "tokenizer.json")?)?;
        let bert = load_network(read(dir, "model.safetensors")?, &config).map_err(|err| {
            EmbedError::Invalid(format!("{} is damaged: {err}", dir.join("model.safetensors").display()))
        })?;
        Ok(Self { tokenizer, bert })
    }

    /// One vector a text, in order. All texts go through the model together, laid end to end.
    pub(super) fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let lines = texts.iter().map(|text| self.tokens(text)).collect::<Result<Vec<_>, _>>()?;
        let mut vectors =
            self.forward(&lines).map_err(|err| EmbedError::Invalid(format!("the model failed: {err}")))?;
        if vectors.iter_mut().all(|vector| normalise(vector)) {
            Ok(vectors)
        } else {
            Err(EmbedError::Invalid("the model gave a vector without direction".to_owned()))
        }
    }

    fn tokens(&self, text: &str) -> Result<Encoding, EmbedError> {
        self.tokenizer
            .encode_fast(beginning(text, MAX_CHARS), true)
            .map_err(|err| EmbedError::Invalid(format!("the tokenizer failed: {err}")))
    }

    /// One sum of states a line, shape (lines, 384), not yet normalised: dividing by the number of tokens would only be
    /// undone by that.
    fn forward(&self, lines: &[Encoding]) -> candle_core::Result<Vec<Vec<f32>>> {
        let ids: Vec<u32> = lines.iter().flat_map(|line| line.get_ids()).copied().collect();
        let positions: Vec<u32> = lines.iter().flat_map(|line| 0..line.len() as u32).collect();
        let lengths: Vec<u32> = lines.iter().map(|line| line.len() as u32).collect();
        let tensor = |numbers: Vec<u32>| Tensor::new(numbers, &Device::Cpu);
        let states = self.bert.forward(&tensor(ids)?, &tensor(positions)?, &tensor(lengths)?)?;
        let mut start = 0;
        let sum = |line: &Encoding| {
            let states = states.narrow(0, start, line.len())?;
            start += line.len();
            states.sum(0)?.to_vec1()
        };
        lines.iter().map(sum).collect()
    }
}

fn read(dir: &Path, name: &str) -> Result<Vec<u8>, EmbedError> {
    let path = dir.join(name);
    fs::read(&path).map_err(|err| match err.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => EmbedError::Missing { path, mend: MEND },
        _ => EmbedError::Invalid(format!("{} cannot be read: {err}", path.display())),
    })
}

/// Takes the file's bytes so that they are freed once the tensors are made: 90 MB that would otherwise stay.
fn load_network(file: Vec<u8>, config: &Config) -> candle_core::Result<Bert> {
    let weights = safetensors::load_buffer(&file, &Device::Cpu)?;
    drop(file);
    Bert::load(&VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu), config)
}

fn load_config(json: &[u8]) -> Result<Config, EmbedError> {
    let config: Config =
        serde_json::from_slice(json).map_err(|err| EmbedError::Invalid(format!("config.json is damaged: {err}")))?;
    if config.hidden_size == DIMENSION && config.num_hidden_layers == LAYERS {
        Ok(config)
    } else {
        Err(EmbedError::Invalid(format!(
            "the directory holds another model ({} numbers, {} layers); {NAME} has {DIMENSION} and {LAYERS}",
            config.hidden_size, config.num_hidden_layers
        )))
    }
}

fn load_tokenizer(json: &[u8]) -> Result<Tokenizer, EmbedError> {
    let damaged = |err: tokenizers::Error| EmbedError::Invalid(format!("tokenizer.json is damaged: {err}"));
    let mut tokenizer = Tokenizer::from_bytes(json).map_err(damaged)?;
    // The file asks for 128 tokens always: a line of five words would cost as much as a page.
    let truncation = TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() };
    tokenizer.with_padding(None).with_truncation(Some(truncation)).map_err(damaged)?;
    Ok(tokenizer)
}

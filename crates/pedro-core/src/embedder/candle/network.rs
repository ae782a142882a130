//! The arithmetic of BERT, written out for few tokens on one core.
//!
//! candle's own BERT is made for many cores: its elementwise operations wake a pool of spinning threads from 65 536
//! numbers on, whose size only the environment can set, and every product asks the operating system for the number of
//! cores, an eighth of a pass (`RAYON_NUM_THREADS=1` spares that: images, units and `dev/up` set it). So here
//! - lines lie one after the other, without padding: only attention knows where one ends;
//! - everything that treats each token for itself takes [`ROWS`] tokens at a time, 49 152 numbers at most;
//! - a product computes *weights × states transposed*: the product reads the weights in the order they are stored in,
//!   once, instead of repacking 42 MB for each question.

use candle_core::{Module, Result, Tensor};
use candle_nn::attention::flash_attn_varlen_cpu;
use candle_nn::{Embedding, LayerNorm, VarBuilder, embedding, layer_norm};
use candle_transformers::models::bert::Config;

/// Tokens that go through the products together. Both of gemm's kernels like multiples of 16; the one for AVX-512 is half
/// as fast above 32.
const ROWS: usize = 32;

/// The whole network: about 90 MB of weights.
pub(super) struct Bert {
    words: Embedding,
    positions: Embedding,
    /// One row for "the first sentence", which every token belongs to: shape (1, hidden).
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

impl Bert {
    pub(super) fn load(weights: &VarBuilder, config: &Config) -> Result<Self> {
        let at = weights.pp("embeddings");
        Ok(Self {
            words: embedding(config.vocab_size, config.hidden_size, at.pp("word_embeddings"))?,
            positions: embedding(config.max_position_embeddings, config.hidden_size, at.pp("position_embeddings"))?,
            kind: at
                .get((config.type_vocab_size, config.hidden_size), "token_type_embeddings.weight")?
                .narrow(0, 0, 1)?,
            norm: layer_norm(config.hidden_size, config.layer_norm_eps, at.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers)
                .map(|i| Layer::load(&weights.pp(format!("encoder.layer.{i}")), config))
                .collect::<Result<_>>()?,
        })
    }

    /// The last layer's states, shape (tokens, hidden), of lines laid end to end.
    ///
    /// Shapes: `ids` and `positions` (tokens), u32; `lengths` (lines), u32: the tokens of each line.
    pub(super) fn forward(&self, ids: &Tensor, positions: &Tensor, lengths: &Tensor) -> Result<Tensor> {
        let mut states = by_rows([ids, positions], |[ids, positions]| {
            let sum = (self.words.forward(&ids)? + self.positions.forward(&positions)?)?;
            self.norm.forward(&sum.broadcast_add(&self.kind)?)
        })?;
        for layer in &self.layers {
            states = layer.forward(&states, lengths)?;
        }
        Ok(states)
    }
}

/// Attention, then two products with a bend between them, each added to what came in.
struct Layer {
    heads: usize,
    /// Query, key and value in one product: (3 × hidden, hidden).
    qkv: Linear,
    mix: Linear,
    mix_norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
    norm: LayerNorm,
}

impl Layer {
    fn load(at: &VarBuilder, config: &Config) -> Result<Self> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let norm = |at: VarBuilder| layer_norm(hidden, config.layer_norm_eps, at.pp("LayerNorm"));
        let attention = at.pp("attention");
        let parts = ["query", "key", "value"].map(|part| Linear::load(&attention.pp("self").pp(part), hidden, hidden));
        let [query, key, value] = parts;
        let (query, key, value) = (query?, key?, value?);
        Ok(Self {
            heads: config.num_attention_heads,
            qkv: Linear {
                weight: Tensor::cat(&[&query.weight, &key.weight, &value.weight], 0)?,
                bias: Tensor::cat(&[&query.bias, &key.bias, &value.bias], 0)?,
            },
            mix: Linear::load(&attention.pp("output.dense"), hidden, hidden)?,
            mix_norm: norm(attention.pp("output"))?,
            widen: Linear::load(&at.pp("intermediate.dense"), hidden, wide)?,
            narrow: Linear::load(&at.pp("output.dense"), wide, hidden)?,
            norm: norm(at.pp("output"))?,
        })
    }

    /// Shapes: `states` and result (tokens, hidden); `lengths` (lines).
    fn forward(&self, states: &Tensor, lengths: &Tensor) -> Result<Tensor> {
        let qkv = by_rows([states], |[states]| self.qkv.forward(&states.t()?)?.t()?.contiguous())?;
        let seen = self.attend(&qkv, lengths)?;
        by_rows([states, &seen], |[states, seen]| {
            let states = self.mix_norm.forward(&(states + self.mix.forward(&seen.t()?)?.t()?)?)?;
            let wide = gelu(&self.widen.forward(&states.t()?)?)?;
            self.norm.forward(&(states + self.narrow.forward(&wide)?.t()?)?)
        })
    }

    /// What each token sees of its own line. Shapes: `qkv` (tokens, 3 × hidden), result (tokens, hidden).
    fn attend(&self, qkv: &Tensor, lengths: &Tensor) -> Result<Tensor> {
        let (tokens, width) = qkv.dims2()?;
        let size = width / 3 / self.heads;
        let parts = qkv.reshape((tokens, 3, self.heads, size))?;
        let part = |i| parts.narrow(1, i, 1)?.squeeze(1);
        let scale = (size as f32).sqrt().recip();
        // The zeros stand for the longest line; the CPU finds it by itself.
        flash_attn_varlen_cpu(&part(0)?, &part(1)?, &part(2)?, None, lengths, lengths, 0, 0, scale, false, None, None)?
            .reshape((tokens, width / 3))
    }
}

/// A product and a bias, on states that are transposed.
struct Linear {
    /// Shape (out, in), as stored.
    weight: Tensor,
    /// Shape (out, 1).
    bias: Tensor,
}

impl Linear {
    fn load(at: &VarBuilder, input: usize, output: usize) -> Result<Self> {
        Ok(Self { weight: at.get((output, input), "weight")?, bias: at.get(output, "bias")?.unsqueeze(1)? })
    }

    /// Shapes: `states` (in, tokens), result (out, tokens).
    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        self.weight.matmul(states)?.broadcast_add(&self.bias)
    }
}

/// `x Φ(x)`, the bend that the model was trained with. candle computes erf number by number in f64, which took a third of
/// a pass; this is Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.28, whose error is below 3e-7.
fn gelu(x: &Tensor) -> Result<Tensor> {
    /// Of the powers 1 to 6 of |z|, where z is x / √2.
    const A: [f64; 6] =
        [0.070_523_078_4, 0.042_282_012_3, 0.009_270_527_2, 0.000_152_014_3, 0.000_276_567_2, 0.000_043_063_8];
    let z = (x.abs()? * std::f64::consts::FRAC_1_SQRT_2)?;
    let [.., a5, a6] = A;
    let mut sum = z.affine(a6, a5)?;
    for a in A[..4].iter().rev() {
        sum = ((sum * &z)? + *a)?;
    }
    // erf(|z|) = 1 - 1 / (1 + sum z)^16
    let rest = ((sum * &z)? + 1.0)?.sqr()?.sqr()?.sqr()?.sqr()?.recip()?;
    // x Φ(x) = (x + |x| erf(|z|)) / 2
    ((x + (x.abs()? * rest.affine(-1.0, 1.0)?)?)? * 0.5)?.contiguous()
}

/// Applies `f` to [`ROWS`] rows of the tensors at a time and puts the results one under the other.
fn by_rows<const N: usize>(tensors: [&Tensor; N], f: impl Fn([Tensor; N]) -> Result<Tensor>) -> Result<Tensor> {
    let rows = tensors[0].dim(0)?;
    let mut results = Vec::with_capacity(rows.div_ceil(ROWS));
    for start in (0..rows).step_by(ROWS) {
        let mut piece = tensors.map(Tensor::clone);
        for tensor in &mut piece {
            *tensor = tensor.narrow(0, start, ROWS.min(rows - start))?;
        }
        results.push(f(piece)?);
    }
    Tensor::cat(&results, 0)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_bend_is_that_of_the_exact_error_function() {
        let x: Vec<f32> = (-800..=800).map(|n| n as f32 / 100.0).collect();
        let x = Tensor::new(x, &Device::Cpu).unwrap();
        let (ours, exact) = (gelu(&x).unwrap(), x.gelu_erf().unwrap());
        let furthest: f32 = (ours - exact).unwrap().abs().unwrap().max(0).unwrap().to_scalar().unwrap();
        assert!(furthest < 3e-6, "{furthest}");
    }
}

//! The model: an encoder that reads French, a decoder that writes English, and cross-attention
//! between them.
//!
//! From Vaswani et al., *Attention Is All You Need*, 2017, section 3.1, with norms before each
//! part (Xiong et al., *On Layer Normalization in the Transformer Architecture*, 2020).

use attention::{
    AttentionOptions, Mask, MaskGrid, MultiHeadAttention, MultiHeadSteps, cross_attention,
};
use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::{Error, LONGEST, Vocabulary};
use attention::random::Random;

/// How many numbers describe a word.
pub const D_MODEL: usize = 48;
/// How many heads each attention has, with `D_MODEL / HEADS` numbers each.
pub const HEADS: usize = 4;
/// How many layers the encoder has, and the decoder.
pub const LAYERS: usize = 2;
/// How many numbers the feed-forward part has inside.
const D_FF: usize = 96;
/// The places of the decoder: `<start>` and the words. English runs longer than French.
pub(crate) const PLACES: usize = LONGEST + 6;

/// The four matrices of one multi-head attention, `[d_model, d_model]` each.
#[derive(Module, Debug)]
pub struct AttentionMatrices {
    query: Param<Tensor<2>>,
    key: Param<Tensor<2>>,
    value: Param<Tensor<2>>,
    output: Param<Tensor<2>>,
}

/// Makes the matrix of a name, such as `decoder.0.cross.query`, and a shape.
type Make<'a> = dyn FnMut(&str, [usize; 2]) -> Result<Param<Tensor<2>>, Error> + 'a;

impl AttentionMatrices {
    fn made(name: &str, make: &mut Make<'_>) -> Result<Self, Error> {
        let mut square = |part| make(&format!("{name}.{part}"), [D_MODEL, D_MODEL]);
        let [query, key] = [square("query")?, square("key")?];
        Ok(AttentionMatrices { query, key, value: square("value")?, output: square("output")? })
    }

    /// The layer of the library with these weights.
    fn layer(&self) -> Result<MultiHeadAttention, attention::Error> {
        let [query, key] = [self.query.val(), self.key.val()];
        MultiHeadAttention::new(query, key, self.value.val(), self.output.val(), HEADS)
    }
}

/// What happens to each word alone: `relu(x · up) · down`.
#[derive(Module, Debug)]
pub struct FeedForward {
    up: Param<Tensor<2>>,
    down: Param<Tensor<2>>,
}

impl FeedForward {
    fn made(name: &str, make: &mut Make<'_>) -> Result<Self, Error> {
        let up = make(&format!("{name}.up"), [D_MODEL, D_FF])?;
        Ok(FeedForward { up, down: make(&format!("{name}.down"), [D_FF, D_MODEL])? })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        relu(x.matmul(self.up.val().unsqueeze())).matmul(self.down.val().unsqueeze())
    }
}

/// One layer of the encoder.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    itself: AttentionMatrices,
    feed_forward: FeedForward,
}

// ANCHOR: encoder
impl EncoderLayer {
    /// `x`: `[batch, seq_k, d_model]`. Every French word sees every other, but no padding.
    fn forward(&self, x: Tensor<3>, masks: Vec<MaskGrid>) -> Result<Tensor<3>, attention::Error> {
        let options = AttentionOptions { masks, ..Default::default() };
        let x = x.clone() + self.itself.layer()?.forward(norm(x), options)?.output;
        Ok(x.clone() + self.feed_forward.forward(norm(x)))
    }
}
// ANCHOR_END: encoder

/// One layer of the decoder.
#[derive(Module, Debug)]
pub struct DecoderLayer {
    itself: AttentionMatrices,
    cross: AttentionMatrices,
    feed_forward: FeedForward,
}

// ANCHOR: decoder
impl DecoderLayer {
    /// `x`: `[batch, seq_q, d_model]`, the English so far. `source`: `[batch, seq_k, d_model]`,
    /// what the encoder made of the French, of which the first `lengths` rows are text.
    fn forward(
        &self,
        x: Tensor<3>,
        source: Tensor<3>,
        lengths: &[usize],
    ) -> Result<(Tensor<3>, MultiHeadSteps), attention::Error> {
        let seq_q = x.dims()[1];
        let causal = vec![Mask::Causal.grid(seq_q, seq_q)];
        let options = AttentionOptions { masks: causal, ..Default::default() };
        let x = x.clone() + self.itself.layer()?.forward(norm(x), options)?.output;

        let cross = cross_attention(&self.cross.layer()?, norm(x.clone()), source, lengths)?;
        let x = x + cross.output.clone();
        Ok((x.clone() + self.feed_forward.forward(norm(x)), cross))
    }
}
// ANCHOR_END: decoder

/// The encoder-decoder.
#[derive(Module, Debug)]
pub struct Translator {
    french: Param<Tensor<2>>,
    french_places: Param<Tensor<2>>,
    english: Param<Tensor<2>>,
    english_places: Param<Tensor<2>>,
    encoder: Vec<EncoderLayer>,
    decoder: Vec<DecoderLayer>,
    unembed: Param<Tensor<2>>,
}

/// What the decoder says, and where it looked.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// How likely each English word is next, before the softmax: `[batch, seq_q, words]`.
    pub logits: Tensor<3>,
    /// Cross-attention, layer by layer.
    pub cross: Vec<MultiHeadSteps>,
}

impl Translator {
    /// A model that knows nothing yet: its numbers follow from `seed`.
    pub fn untrained(seed: u64, device: &Device) -> Self {
        let random = &mut Random::new(seed);
        let made = Self::made(&mut |_, shape| Ok(matrix(shape, random, device)));
        made.expect("there is no end to random numbers")
    }

    /// A model of the matrices that `make` makes, one after the other.
    pub(crate) fn made(make: &mut Make<'_>) -> Result<Self, Error> {
        let (french, english) = (Vocabulary::french().size(), Vocabulary::english().size());
        Ok(Translator {
            french: make("french", [french, D_MODEL])?,
            french_places: make("french_places", [LONGEST, D_MODEL])?,
            english: make("english", [english, D_MODEL])?,
            english_places: make("english_places", [PLACES, D_MODEL])?,
            encoder: (0..LAYERS)
                .map(|layer| {
                    let itself = AttentionMatrices::made(&format!("encoder.{layer}.itself"), make)?;
                    let name = format!("encoder.{layer}.feed_forward");
                    Ok(EncoderLayer { itself, feed_forward: FeedForward::made(&name, make)? })
                })
                .collect::<Result<_, Error>>()?,
            decoder: (0..LAYERS)
                .map(|layer| {
                    let itself = AttentionMatrices::made(&format!("decoder.{layer}.itself"), make)?;
                    let cross = AttentionMatrices::made(&format!("decoder.{layer}.cross"), make)?;
                    let name = format!("decoder.{layer}.feed_forward");
                    Ok(DecoderLayer {
                        itself,
                        cross,
                        feed_forward: FeedForward::made(&name, make)?,
                    })
                })
                .collect::<Result<_, Error>>()?,
            unembed: make("unembed", [D_MODEL, english])?,
        })
    }

    /// Where the weights are, and so all that is computed with them.
    pub(crate) fn device(&self) -> Device {
        self.unembed.val().device()
    }

    /// Reads French: `words` are numbers, `[batch, seq_k]`, of which the first `lengths` of each
    /// text are words. Gives a row for each, `[batch, seq_k, d_model]`.
    ///
    /// # Errors
    /// [`Error::Attention`] when the lengths do not fit the words.
    pub fn encode(&self, words: Tensor<2, Int>, lengths: &[usize]) -> Result<Tensor<3>, Error> {
        let seq_k = words.dims()[1];
        let masks = MaskGrid::padding(lengths, seq_k, seq_k)?;
        let mut x = embed(words, &self.french, &self.french_places);
        for layer in &self.encoder {
            x = layer.forward(x, masks.clone())?;
        }
        Ok(norm(x))
    }

    /// Goes on with the English: `words` are numbers, `[batch, seq_q]`, that begin with
    /// [`START`](crate::START). `source` and `lengths` are as in [`Translator::encode`].
    ///
    /// # Errors
    /// [`Error::Attention`] when batches or lengths do not fit together.
    pub fn decode(
        &self,
        words: Tensor<2, Int>,
        source: Tensor<3>,
        lengths: &[usize],
    ) -> Result<Decoded, Error> {
        let mut x = embed(words, &self.english, &self.english_places);
        let mut cross = Vec::new();
        for layer in &self.decoder {
            let (next, steps) = layer.forward(x, source.clone(), lengths)?;
            x = next;
            cross.push(steps);
        }
        let logits = norm(x).matmul(self.unembed.val().unsqueeze());
        Ok(Decoded { logits, cross })
    }

    // ANCHOR: level
    /// The same model with one head of the cross-attention made uniform: its queries are zero, so
    /// all its scores are equal, and it spreads its weights evenly over the French words.
    ///
    /// # Panics
    /// If there is no such layer or head.
    pub fn with_uniform_head(mut self, layer: usize, head: usize) -> Self {
        let head_dim = D_MODEL / HEADS;
        assert!(layer < LAYERS && head < HEADS, "there is no layer {layer}, head {head}");
        let cross = &mut self.decoder[layer].cross;
        let device = cross.query.val().device();
        let zeros = Tensor::<2>::zeros([D_MODEL, head_dim], &device);
        let columns = [0..D_MODEL, head * head_dim..(head + 1) * head_dim];
        cross.query = cross.query.clone().map(|query| query.slice_assign(columns, zeros));
        self
    }
    // ANCHOR_END: level
}

/// The rows of the words, each with the row of its place added: `[batch, seq, d_model]`.
fn embed(words: Tensor<2, Int>, rows: &Param<Tensor<2>>, places: &Param<Tensor<2>>) -> Tensor<3> {
    let [batch, seq] = words.dims();
    let embedded = rows.val().select(0, words.reshape([batch * seq]));
    let places = places.val().narrow(0, 0, seq).unsqueeze::<3>();
    embedded.reshape([batch, seq, D_MODEL]) + places
}

/// Each row brought to a common length: `x / sqrt(mean(x²) + ε)` (Zhang and Sennrich, *Root
/// Mean Square Layer Normalization*, 2019, without its gain).
fn norm(x: Tensor<3>) -> Tensor<3> {
    let mean_square = (x.clone() * x.clone()).mean_dim(2);
    x / (mean_square + 1e-5).sqrt()
}

/// Random numbers, the smaller the more of them are summed up.
fn matrix([rows, columns]: [usize; 2], random: &mut Random, device: &Device) -> Param<Tensor<2>> {
    let bound = (3.0 / D_MODEL as f32).sqrt();
    let numbers = (0..rows * columns).map(|_| random.number() * bound);
    let data = TensorData::new(numbers.collect::<Vec<f32>>(), [rows, columns]);
    Param::from_data(data, device)
}

//! The transformer: two layers of attention on top of an embedding.
//!
//! After Elhage et al., *A Mathematical Framework for Transformer Circuits*, 2021: attention-only
//! models, small enough to be understood.

use attention::random::Random;
use attention::{Error, Mask, merge_heads, scaled_dot_product_attention, split_heads};
use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::{CONTEXT, HEADS, LAYERS, LETTERS};

/// How many numbers describe a letter.
pub const WIDTH: usize = 64;

/// One layer of attention: four matrices, `[WIDTH, WIDTH]` each.
#[derive(Module, Debug)]
pub struct Layer {
    query: Param<Tensor<2>>,
    key: Param<Tensor<2>>,
    value: Param<Tensor<2>>,
    output: Param<Tensor<2>>,
}

/// The model.
#[derive(Module, Debug)]
pub struct Transformer {
    letters: Param<Tensor<2>>,
    places: Param<Tensor<2>>,
    layers: Vec<Layer>,
    unembed: Param<Tensor<2>>,
}

/// A head that is cut out: its layer and its number, both from 0. What it would have added is
/// left away.
pub type Cut = Option<(usize, usize)>;

/// What the model says about a batch of texts, and where its heads looked.
#[derive(Debug, Clone)]
pub struct Forward {
    /// How likely each letter is next, before the softmax: `[batch, seq, LETTERS]`.
    pub logits: Tensor<3>,
    /// The weights of each layer, `[batch, HEADS, seq, seq]`.
    pub weights: Vec<Tensor<4>>,
}

impl Transformer {
    /// A model that knows nothing yet: its numbers follow from `random`.
    pub fn untrained(random: &mut Random, device: &Device) -> Self {
        let spread = 1.0 / (WIDTH as f32).sqrt();
        let mut matrix = |shape: [usize; 2], spread: f32| {
            let numbers = (0..shape.iter().product()).map(|_| random.unit() * spread).collect();
            let numbers = TensorData::new::<f32, _>(numbers, shape);
            Param::from_tensor(Tensor::from_data(numbers, device))
        };
        Transformer {
            letters: matrix([LETTERS, WIDTH], 1.0),
            places: matrix([CONTEXT, WIDTH], 1.0),
            layers: (0..LAYERS)
                .map(|_| Layer {
                    query: matrix([WIDTH, WIDTH], spread),
                    key: matrix([WIDTH, WIDTH], spread),
                    value: matrix([WIDTH, WIDTH], spread),
                    output: matrix([WIDTH, WIDTH], spread),
                })
                .collect(),
            unembed: matrix([WIDTH, LETTERS], spread),
        }
    }

    // ANCHOR: forward
    /// Reads texts, `[batch, seq]`, of at most [`CONTEXT`] letters.
    ///
    /// # Errors
    /// [`Error::Empty`] when there is nothing to read.
    pub fn forward(&self, read: Tensor<2, Int>, cut: Cut) -> Result<Forward, Error> {
        let [batch, seq] = read.dims();
        let letters = self.letters.val().select(0, read.reshape([batch * seq]));
        let places = self.places.val().narrow(0, 0, seq).unsqueeze::<3>();
        let mut x = letters.reshape([batch, seq, WIDTH]) + places;

        let mut weights = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let cut = cut.filter(|(layer, _)| *layer == number).map(|(_, head)| head);
            let (added, looked) = layer.forward(norm(x.clone()), cut)?;
            x = x + added;
            weights.push(looked);
        }
        Ok(Forward { logits: project(norm(x), &self.unembed), weights })
    }
    // ANCHOR_END: forward
}

impl Layer {
    // ANCHOR: layer
    /// What the layer adds to `x`, `[batch, seq, WIDTH]`, and where its heads looked.
    fn forward(&self, x: Tensor<3>, cut: Option<usize>) -> Result<(Tensor<3>, Tensor<4>), Error> {
        let heads = |weight| split_heads(project(x.clone(), weight), HEADS);
        let [query, key, value] = [heads(&self.query)?, heads(&self.key)?, heads(&self.value)?];
        let seen = scaled_dot_product_attention(query, key, value, Mask::Causal)?;
        let kept = match cut {
            Some(head) => seen.output.clone() * all_but(head, &seen.output.device()),
            None => seen.output,
        };
        Ok((project(merge_heads(kept), &self.output), seen.weights))
    }
    // ANCHOR_END: layer
}

/// 1 for every head but one: `[1, HEADS, 1, 1]`.
fn all_but(cut: usize, device: &Device) -> Tensor<4> {
    let kept = (0..HEADS).map(|head| f32::from(u8::from(head != cut))).collect();
    Tensor::from_data(TensorData::new::<f32, _>(kept, [1, HEADS, 1, 1]), device)
}

/// `x · weight` for each text of the batch, as one product of two matrices.
fn project(x: Tensor<3>, weight: &Param<Tensor<2>>) -> Tensor<3> {
    let [batch, seq, width] = x.dims();
    let weight = weight.val();
    let out = weight.dims()[1];
    x.reshape([batch * seq, width]).matmul(weight).reshape([batch, seq, out])
}

/// Divides each vector by its root mean square (Zhang and Sennrich, *Root Mean Square Layer
/// Normalization*, 2019, without the learned gain).
fn norm(x: Tensor<3>) -> Tensor<3> {
    let square = x.clone().powi_scalar(2).mean_dim(2);
    x / (square + 1e-5).sqrt()
}

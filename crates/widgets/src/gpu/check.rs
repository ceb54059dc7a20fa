//! The attention that is computed twice: on the card, and here on the processor.

use attention::random::Random;
use attention::{Mask, grouped_query_attention};
use burn::tensor::{Device, Tensor, TensorData};

use super::kernels::{HEAD_DIM, Size};
use super::results::{Check, Way};

/// Two query heads share a key and value head, and the tokens do not fill the last tile.
pub const SIZE: Size = Size { heads: 4, kv_heads: 2, tokens: 150 };

/// The numbers of one input, `query`, `key` or `value`: the same each time. None for other names.
pub(super) fn numbers(name: &str) -> Vec<f32> {
    let (seed, heads) = match name {
        "query" => (1, SIZE.heads),
        "key" => (2, SIZE.kv_heads),
        "value" => (3, SIZE.kv_heads),
        _ => return Vec::new(),
    };
    let mut random = Random::new(seed);
    (0..heads * SIZE.tokens * HEAD_DIM).map(|_| random.unit()).collect()
}

/// The output as the processor computes it, `[1, heads, tokens, head_dim]`.
fn expected(causal: bool) -> Vec<f32> {
    let tensor = |name: &str, heads: usize| {
        let data = TensorData::new(numbers(name), [1, heads, SIZE.tokens, HEAD_DIM]);
        Tensor::<4>::from_data(data, &Device::flex())
    };
    let mask = if causal { Mask::Causal } else { Mask::Full };
    let attention = grouped_query_attention(
        tensor("query", SIZE.heads),
        tensor("key", SIZE.kv_heads),
        tensor("value", SIZE.kv_heads),
        mask,
    );
    attention.expect("shapes fit").output.into_data().iter::<f32>().collect()
}

/// Compares the card's output with that of the processor.
pub(super) fn compare(way: Way, causal: bool, output: &[f32]) -> Check {
    let expected = expected(causal);
    let largest = numbers("value").into_iter().fold(0.0_f32, |most, it| most.max(it.abs()));
    let mut error = if output.len() == expected.len() { 0.0 } else { f64::INFINITY };
    for (got, expected) in output.iter().zip(&expected) {
        let this = f64::from((got - expected).abs()) / f64::from(largest);
        // A NaN is kept: it is less than nothing and more than nothing.
        if this.is_nan() || this > error {
            error = this;
        }
        if error.is_nan() {
            break;
        }
    }
    Check { way, causal, error }
}

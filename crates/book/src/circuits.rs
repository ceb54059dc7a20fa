//! The two circuits of a head, `W_Q W_Kᵀ` and `W_V W_O`, by their singular values (Elhage et al.,
//! *A Mathematical Framework for Transformer Circuits*, 2021).

use anyhow::{Context, Result};
use smollm2::Config;
use smollm2::gguf::Gguf;

/// The singular values of a head's two products, the largest first. Only as many as the head has
/// numbers can be above zero, so no more are here.
pub(crate) struct Circuits {
    /// Of `W_Q W_Kᵀ`.
    pub(crate) qk: Vec<f64>,
    /// Of `W_V W_O`.
    pub(crate) ov: Vec<f64>,
}

/// The columns of a matrix that is as high as the model is wide.
type Strip = Vec<Vec<f64>>;

impl Circuits {
    /// Reads the four strips of a head from the weights. The gains of the norm before the layer
    /// are multiplied into those that read the hidden state.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub(crate) fn read(config: &Config, layer: usize, head: usize) -> Result<Self> {
        let bytes = std::fs::read(smollm2::locate()?).context("the weights cannot be read")?;
        let file = Gguf::parse(&bytes)?;
        let Config { d_model, heads, kv_heads, head_dim, .. } = *config;
        let gains = file.numbers(&format!("blk.{layer}.attn_norm.weight"), &[d_model])?;
        // A row of the file is what one number of a query, key or value is made from.
        let reads = |part: &str, at: usize, count: usize| -> Result<Strip> {
            let name = format!("blk.{layer}.attn_{part}.weight");
            let numbers = file.numbers(&name, &[d_model, count * head_dim])?;
            let rows = numbers.chunks(d_model).skip(at * head_dim).take(head_dim);
            let gained = |row: &[f32]| -> Vec<f64> {
                row.iter().zip(&gains).map(|(it, gain)| f64::from(*it) * f64::from(*gain)).collect()
            };
            Ok(rows.map(gained).collect())
        };
        let kv_head = head / (heads / kv_heads);
        let [query, key] = [reads("q", head, heads)?, reads("k", kv_head, kv_heads)?];
        let value = reads("v", kv_head, kv_heads)?;
        let name = format!("blk.{layer}.attn_output.weight");
        let numbers = file.numbers(&name, &[heads * head_dim, d_model])?;
        let output: Strip = (0..head_dim)
            .map(|at| {
                let rows = numbers.chunks(heads * head_dim);
                rows.map(|row| f64::from(row[head * head_dim + at])).collect()
            })
            .collect();
        Ok(Self { qk: singular_values(query, key), ov: singular_values(value, output) })
    }
}

/// How many singular values are more than rounding.
pub(crate) fn rank(values: &[f64]) -> usize {
    values.iter().filter(|value| **value > 1e-9 * values[0]).count()
}

/// The singular values of the sum of `left[c] right[c]ᵀ` over all `c`, the largest first.
///
/// Both strips are cut into a basis and a triangle, `left = P A` and `right = Q B`. The product is
/// `P (A Bᵀ) Qᵀ`, and a basis changes no singular value.
fn singular_values(left: Strip, right: Strip) -> Vec<f64> {
    let (a, b) = (triangle(left), triangle(right));
    let size = a.len();
    // Column `j` of `A Bᵀ`; column `c` of `A` is `a[c]`.
    let product = (0..size)
        .map(|j| {
            (0..size).map(|i| (0..size).map(|c| a[c][i] * b[c][j]).sum::<f64>()).collect::<Vec<_>>()
        })
        .collect();
    lengths(product)
}

/// The columns of the triangle that is left when the columns are written in a basis of their own.
fn triangle(mut columns: Strip) -> Strip {
    let size = columns.len();
    let mut triangle = vec![vec![0.0; size]; size];
    for at in 0..size {
        let length = dot(&columns[at], &columns[at]).sqrt();
        triangle[at][at] = length;
        if length == 0.0 {
            continue;
        }
        let basis: Vec<f64> = columns[at].iter().map(|it| it / length).collect();
        for later in at + 1..size {
            let along = dot(&basis, &columns[later]);
            triangle[later][at] = along;
            for (it, part) in columns[later].iter_mut().zip(&basis) {
                *it -= along * part;
            }
        }
    }
    triangle
}

/// Turns pairs of columns until all stand at right angles: then their lengths are the singular
/// values (Hestenes, *Inversion of Matrices by Biorthogonalization and Related Results*, 1958).
fn lengths(mut columns: Strip) -> Vec<f64> {
    for _ in 0..60 {
        let mut turned = false;
        for one in 0..columns.len() {
            for other in one + 1..columns.len() {
                turned |= turn(&mut columns, one, other);
            }
        }
        if !turned {
            break;
        }
    }
    let mut lengths: Vec<f64> = columns.iter().map(|it| dot(it, it).sqrt()).collect();
    lengths.sort_by(|a, b| b.total_cmp(a));
    lengths
}

/// Turns two columns in their plane until they stand at right angles. Whether there was need.
fn turn(columns: &mut [Vec<f64>], one: usize, other: usize) -> bool {
    let (head, tail) = columns.split_at_mut(other);
    let (one, other) = (&mut head[one], &mut tail[0]);
    let (a, b, along) = (dot(one, one), dot(other, other), dot(one, other));
    if along.abs() <= 1e-14 * (a * b).sqrt() {
        return false;
    }
    let ratio = (b - a) / (2.0 * along);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (x, y) in one.iter_mut().zip(other.iter_mut()) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    true
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_made_of_known_parts_gives_them_back() {
        // 3 times one unit matrix of rank one, and 2 times another at right angles to it.
        let left = vec![vec![3.0, 0.0, 0.0], vec![0.0, 0.0, 2.0]];
        let right = vec![vec![0.6, 0.8, 0.0, 0.0], vec![-0.8, 0.6, 0.0, 0.0]];
        let values = singular_values(left, right);
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 2.0).abs() < 1e-12, "{values:?}");
        assert_eq!(rank(&values), 2);
    }

    #[test]
    fn the_squares_sum_to_those_of_the_product() {
        let strip = |from: usize| -> Strip {
            let number = |at: usize| ((at * 37 + from) % 19) as f64 - 9.0;
            (0..5).map(|column| (0..8).map(|row| number(column * 8 + row)).collect()).collect()
        };
        let (left, right) = (strip(1), strip(7));
        let entry = |row: usize, column: usize| -> f64 {
            (0..5).map(|inner| left[inner][row] * right[inner][column]).sum()
        };
        let cells = (0..8).flat_map(|row| (0..8).map(move |column| (row, column)));
        let squares: f64 = cells.map(|(row, column)| entry(row, column).powi(2)).sum();
        let values = singular_values(left, right);
        let found: f64 = values.iter().map(|it| it * it).sum();
        assert!((found / squares - 1.0).abs() < 1e-12, "{found} {squares}");
    }

    #[test]
    fn columns_that_are_not_independent_have_a_lower_rank() {
        let left = vec![vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0]];
        let right = vec![vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]];
        assert_eq!(rank(&singular_values(left, right)), 1);
    }
}

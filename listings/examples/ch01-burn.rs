//! Chapter 1: what of burn the book needs: tensors, their shapes, and products of the last two
//! axes.
//!
//! Watch the shapes: `matmul` works on the last two axes and repeats that for all axes in front.

use anyhow::Result;
use attention::softmax;
use burn::tensor::{Device, Tensor};
use listings::terminal::print;

fn main() -> Result<()> {
    // ANCHOR: shapes
    let device = Device::flex();
    // Rank 4: two texts, three heads, five tokens, four numbers each.
    let query = Tensor::<4>::ones([2, 3, 5, 4], &device);
    let key = Tensor::<4>::ones([2, 3, 7, 4], &device);
    // Five by four times four by seven, for each of the two texts and three heads.
    let scores = query.clone().matmul(key.clone().transpose());
    let weights = softmax(scores.clone(), 3);
    // ANCHOR_END: shapes

    let sums = weights.clone().sum_dim(3);
    let mut text = String::new();
    for (name, tensor) in [
        ("query", query),
        ("key", key.clone()),
        ("key, transposed", key.transpose()),
        ("scores", scores),
        ("weights", weights),
        ("sums over axis 3", sums.clone()),
    ] {
        text += &format!("{name:<18}{:?}\n", tensor.dims());
    }
    let sums: Vec<f32> = sums.into_data().iter().collect();
    let (least, most) =
        sums.iter().fold((f32::MAX, 0.0_f32), |(a, b), it| (a.min(*it), b.max(*it)));
    text += &format!("each sum          {least:.2} to {most:.2}\n");
    print(&text)?;
    Ok(())
}

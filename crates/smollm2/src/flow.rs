//! One layer's attention for one token, head by head.

/// What [`Model::flow`](crate::Model::flow) hands out. The heads stand in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The token's vector before the layer, `[d_model]`.
    pub x: Vec<f32>,
    /// Each head's query, turned to its place (RoPE), `[heads][head_dim]`.
    pub query: Vec<Vec<f32>>,
    /// Each head's weights, a row for each token up to its own place.
    pub weights: Vec<Vec<Vec<f32>>>,
    /// Each head's output, `[heads][head_dim]`.
    pub output: Vec<Vec<f32>>,
    /// What each head adds, through its own part of the output matrix, `[heads][d_model]`.
    pub added: Vec<Vec<f32>>,
    /// The vector after attention: `x`, and what all heads add.
    pub after: Vec<f32>,
}

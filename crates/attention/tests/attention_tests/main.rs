//! The tests of this crate in one program, so that they link once. What measures memory runs alone,
//! in the files beside this folder.

mod cost;
mod cpu_flash;
mod detectors;
mod distance;
mod edges;
mod f64_reference;
mod float_types;
mod grouped_query;
mod kv_cache;
mod latent;
mod mask_counts;
mod masks;
mod multi_head;
mod online_softmax;
mod paged;
mod presets;
mod quantise;
mod ring;
mod rope;
mod sampling;
mod softmax;
mod softmax_slopes;
mod steps;

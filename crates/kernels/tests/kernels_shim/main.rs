//! The CUDA C++ of the kernels, run on the CPU and compared with f64.
//!
//! Tensor cores, exchanges between threads, asynchronous copies and shared memory are those of the
//! shim in `tests/shim`, which does what NVIDIA's manual says. So this finds wrong register layouts,
//! swizzles, masks and forgotten barriers; how fast a card is it cannot tell.

mod backward;
mod forward;
#[path = "../kernels_vulkan/reference.rs"]
mod gradients;
mod kind;
mod lines;
mod program;
mod reference;

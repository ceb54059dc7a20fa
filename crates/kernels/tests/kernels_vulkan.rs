//! The kernels on Vulkan.

#[test]
fn begins() {}

//! The real model, opened once for all tests.

use std::sync::LazyLock;

use smollm2::{Model, locate};

/// SmolLM2, from the weights of this machine. A test that lacks them fails, and says how to get them.
pub(crate) static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let path = locate().unwrap_or_else(|error| panic!("{error}"));
    Model::open(&path).unwrap_or_else(|error| panic!("{error}"))
});

//! The widget of chapter 8 that runs on a graphics card: the kernels as WGSL, and a recorded run.

use anyhow::{Context, Result};
use widgets::gpu::{Gpu, Kernels, Results, Setup, State};

use super::Prerendered;

/// How the kernels are launched: written, like their WGSL, by the test `kernels_wgsl`.
const KERNELS: &str = include_str!("../../../../theme/gpu/kernels.json");

/// The kernels.
const FILES: [(&str, &str); 4] = [
    ("gpu/plain_forward.wgsl", include_str!("../../../../theme/gpu/plain_forward.wgsl")),
    ("gpu/standard_scores.wgsl", include_str!("../../../../theme/gpu/standard_scores.wgsl")),
    ("gpu/standard_weights.wgsl", include_str!("../../../../theme/gpu/standard_weights.wgsl")),
    ("gpu/standard_mix.wgsl", include_str!("../../../../theme/gpu/standard_mix.wgsl")),
];

/// The run that is shown until there is one of the reader's own: written by the test `gpu_page`.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/webgpu.json");

/// The widget, opened on lengths that most cards can do.
pub(super) fn prerender() -> Result<Prerendered> {
    let kernels: Kernels =
        serde_json::from_str(KERNELS).context("theme/gpu/kernels.json cannot be read")?;
    let recorded = std::fs::read_to_string(RECORDED).context("benches/webgpu.json is missing")?;
    let recorded: Results =
        serde_json::from_str(&recorded).context("benches/webgpu.json cannot be read")?;
    let setup = Setup { opening: State { longest: 6, causal: false }, kernels, recorded };
    let mut prerendered = Prerendered::live::<Gpu>(setup, &[])?;
    prerendered.files = FILES.map(|(path, text)| (path.to_owned(), text.into())).to_vec();
    Ok(prerendered)
}

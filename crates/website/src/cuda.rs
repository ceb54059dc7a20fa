//! NVIDIA's compilers, without a card: NVRTC, which CubeCL hands its source to, and `ptxas`, which
//! the driver holds.
//!
//! They come out of packages of the Python Package Index, by pip, which checks their checksums.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use xtask::system;

/// The variable in which the kernels' tests find the compilers.
pub const VARIABLE: &str = "KERNELS_CUDA";

/// The packages, their versions and checksums, as pip reads them. For Linux on x86-64.
const REQUIREMENTS: &str = "\
nvidia-cuda-nvrtc==13.5.37 --hash=sha256:86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc
nvidia-cuda-runtime==13.5.37 --hash=sha256:df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d
nvidia-cuda-nvcc==13.5.37 --hash=sha256:f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7
nvidia-cuda-crt==13.5.37 --hash=sha256:e898b7f73d3035fa89915a3f7bf3b54a73e90249746111aed295822c4729bb29
nvidia-cuda-cccl==13.3.5.0.6 --hash=sha256:d5230098fa2df5021e1a00c0c4eee41797671a91119d31e892463e5ccf3ee326
";

/// Fetches the compilers, unless they are there. Returns the folder with `bin`, `include` and
/// `lib`.
///
/// # Errors
/// When pip is missing or cannot download the packages, or one is not what is expected.
pub fn fetch() -> Result<PathBuf> {
    let cache = smollm2::cache_path().with_file_name("cuda-13.5.37");
    let compilers = cache.join("nvidia/cu13");
    if cache.is_dir() {
        return Ok(compilers);
    }
    println!("Fetching NVIDIA's compilers, 112 MB, to {}.", cache.display());
    println!("  why: the kernels' tests look at what a card would run");
    let folder = cache.parent().context("the cache is a folder")?;
    fs::create_dir_all(folder)?;
    let whole = tempfile::tempdir_in(folder)?;
    let requirements = whole.path().join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)?;
    if system::output(Command::new("python3").args(["-m", "pip", "--version"])).is_none() {
        system::install("pip, the client of the Python Package Index,", &["python3-pip"])?;
    }
    let unpacked = whole.path().join("cuda");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:"]);
    pip.args(["--no-cache-dir", "--disable-pip-version-check", "--target"]).arg(&unpacked);
    system::run(pip.arg("--requirement").arg(requirements))
        .context("NVIDIA's compilers could not be fetched: is there a network?")?;
    // Whole or not at all.
    fs::rename(&unpacked, &cache)?;
    Ok(compilers)
}

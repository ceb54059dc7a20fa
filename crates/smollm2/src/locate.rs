//! Where the weights are on this machine.

use std::env;
use std::path::PathBuf;

use crate::Error;

/// The name of the weights file.
pub const FILE_NAME: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// The SHA-256 checksum of the weights file, in lower-case hexadecimal.
pub const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

/// The size of the weights file, in bytes.
pub const BYTES: u64 = 98_362_432;

/// The environment variable that names another copy of the weights.
const VARIABLE: &str = "SMOLLM2_GGUF";

/// Where `cargo xtask weights` puts the weights: the folder `attention-you-can-run` in
/// `$XDG_CACHE_HOME`, or in `~/.cache` where that is not set.
pub fn cache_path() -> PathBuf {
    // The XDG base directory specification: a relative path is to be ignored.
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    cache
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir)
        .join("attention-you-can-run")
        .join(FILE_NAME)
}

/// The weights file: the one that `SMOLLM2_GGUF` names, else the one in the cache.
///
/// # Errors
/// [`Error::Missing`] when there is no file there.
pub fn locate() -> Result<PathBuf, Error> {
    let named = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    present(named.map(PathBuf::from).unwrap_or_else(cache_path))
}

fn present(path: PathBuf) -> Result<PathBuf, Error> {
    if path.is_file() { Ok(path) } else { Err(Error::Missing { path }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_file_is_missing_and_the_message_says_what_to_do() {
        let message = present(PathBuf::from("/no/such/file")).unwrap_err().to_string();
        assert!(message.contains("/no/such/file"), "{message}");
        assert!(message.contains("cargo xtask weights"), "{message}");
        assert!(message.contains("SMOLLM2_GGUF"), "{message}");
    }

    #[test]
    fn a_folder_is_not_a_weights_file() {
        assert!(present(env::temp_dir()).is_err());
    }

    #[test]
    fn the_cache_path_ends_in_our_folder_and_file() {
        assert!(cache_path().ends_with(PathBuf::from("attention-you-can-run").join(FILE_NAME)));
    }
}

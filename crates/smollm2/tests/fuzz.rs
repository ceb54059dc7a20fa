//! Tens of thousands of damaged files: none makes the reader panic, or take much memory.

#[path = "smollm2_tests/common/mod.rs"]
mod common;

use crate::common::{Random, Tiny, peak_memory};
use smollm2::Model;

const ROUNDS: usize = 40_000;

/// A file of 20 kB needs no more than this, in bytes.
const MOST_MEMORY: u64 = 64_000_000;

// One test, so that no other runs in this process while memory is measured.
#[test]
fn damaged_files_never_panic_or_take_much_memory() {
    run_if_sound(&Tiny::new().write());
    let before = peak_memory();
    damaged_files();
    random_bytes();
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        let grown = after - before;
        println!("memory grew by {grown} bytes");
        assert!(grown < MOST_MEMORY, "{grown} bytes");
    }
}

fn damaged_files() {
    let sound = Tiny::new().write();
    let header = Tiny::new().header().len();
    let mut random = Random(2026);
    let mut loaded = 0;
    for _ in 0..ROUNDS {
        let mut file = sound.clone();
        random.damage(&mut file, header);
        loaded += usize::from(run_if_sound(&file));
    }
    let refused = ROUNDS - loaded;
    println!("{loaded} damaged files loaded, {refused} were refused");
    assert!(loaded > 100 && refused > 100, "{loaded} loaded, {refused} refused");
}

fn random_bytes() {
    let mut random = Random(7);
    for _ in 0..ROUNDS {
        let length = random.below(300);
        let mut file: Vec<u8> = (0..length).map(|_| random.byte()).collect();
        if random.below(2) == 0 {
            file.splice(0..0, [&b"GGUF"[..], &3_u32.to_le_bytes()].concat());
        }
        assert!(!run_if_sound(&file));
    }
}

/// What loads also runs, or says why not: says whether it loaded.
fn run_if_sound(file: &[u8]) -> bool {
    match Model::from_bytes(file) {
        Ok(model) => {
            match model.run("hey 12") {
                Ok(forward) => assert!(forward.logits.iter().all(|logit| logit.is_finite())),
                Err(error) => assert!(error.to_string().len() > 20, "{error}"),
            }
            true
        }
        Err(error) => {
            assert!(error.to_string().len() > 20, "{error}");
            false
        }
    }
}

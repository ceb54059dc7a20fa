//! The real weights file, damaged.

use std::fs;

use crate::common::Random;
use smollm2::gguf::Gguf;
use smollm2::{BYTES, Config, Error, Model, Tokenizer, locate};

fn weights() -> Vec<u8> {
    fs::read(locate().unwrap_or_else(|error| panic!("{error}"))).unwrap()
}

/// Where the tensors' bytes begin.
fn header(file: &[u8]) -> usize {
    let file = Gguf::parse(file).unwrap();
    file.tensor_names().map(|name| file.tensor(name).unwrap().offset as usize).min().unwrap()
}

#[test]
fn a_flipped_byte_in_the_header_never_panics() {
    let mut file = weights();
    let header = header(&file);
    let mut random = Random(135);
    let (mut parsed, mut refused) = (0, 0);
    for round in 0..2000 {
        // Half of the flips where it matters most: at the start, and in the list of tensors.
        let place = match round % 4 {
            0 => random.below(2000),
            1 => header - 1 - random.below(16_000),
            _ => random.below(header),
        };
        let before = file[place];
        file[place] = random.byte();
        match Gguf::parse(&file) {
            Ok(parts) => {
                parsed += 1;
                let config = Config::read(&parts);
                // The tokenizer takes long to build: now and then is enough.
                if config.is_ok() && round % 40 == 3 {
                    let _ = Tokenizer::read(&parts);
                }
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("cargo xtask weights"), "{error}");
            }
        }
        file[place] = before;
    }
    println!("{parsed} flipped headers could be parsed, {refused} were refused");
    assert!(parsed > 0 && refused > 0);
}

#[test]
fn a_download_that_stopped_is_cut_short() {
    let file = weights();
    assert_eq!(file.len() as u64, BYTES);
    for length in [5, 30, 1000, 1_000_000, 1_785_000, 10_000_000, file.len() / 2, file.len() - 1] {
        let Err(error) = Model::from_bytes(&file[..length]) else { panic!("{length} bytes load") };
        assert!(matches!(error, Error::Truncated { .. }), "{length}: {error}");
        println!("{length} bytes: {error}");
    }
}

#[test]
fn damaged_tensors_load_or_are_refused() {
    let mut file = weights();
    let header = header(&file);
    let mut random = Random(576);
    for _ in 0..4 {
        let places: Vec<usize> =
            (0..1000).map(|_| header + random.below(file.len() - header)).collect();
        let before: Vec<u8> = places.iter().map(|&place| file[place]).collect();
        places.iter().for_each(|&place| file[place] = random.byte());
        match Model::from_bytes(&file) {
            // It may say anything, but in finite numbers.
            Ok(model) => match model.run("The cat sat") {
                Ok(forward) => assert!(forward.logits.iter().all(|logit| logit.is_finite())),
                Err(error) => assert!(matches!(error, Error::Overflow { .. }), "{error}"),
            },
            Err(error) => assert!(matches!(error, Error::NotFinite { .. }), "{error}"),
        }
        // Backwards, for a place may have been drawn twice.
        for (&place, &byte) in places.iter().zip(&before).rev() {
            file[place] = byte;
        }
    }
}

//! The tests of this crate in one program, so that they link once. What measures memory runs alone,
//! in the files beside this folder.

mod ablation;
mod cache_on_smollm2;
mod circuits;
mod common;
mod corrupt;
mod corrupt_real;
mod decode;
mod detectors_on_smollm2;
mod flash_on_smollm2;
mod heads_on_smollm2;
mod layers;
mod nouns_on_smollm2;
mod one_head;
mod oracle;
mod prefill;
mod quantised;
mod real_model;
mod softmax_on_smollm2;
mod tokenizer;
mod unmasked;

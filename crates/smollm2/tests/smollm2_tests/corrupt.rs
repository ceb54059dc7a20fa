//! Damaged and foreign files: each gets an error that says what, where and what to do.

use crate::common::{Setting, Tiny, VOCABULARY};
use smollm2::{Error, Model};

fn error(file: &[u8]) -> Error {
    match Model::from_bytes(file) {
        Ok(_) => panic!("this file should not load"),
        Err(error) => error,
    }
}

/// The file gives this error, and its message names all of `parts` and what to do.
#[track_caller]
fn says(tiny: &Tiny, parts: &[&str]) {
    file_says(&tiny.write(), parts);
}

#[track_caller]
fn file_says(file: &[u8], parts: &[&str]) {
    let message = error(file).to_string();
    for part in parts {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
    assert!(message.contains("cargo xtask weights"), "{message}");
}

fn place_of(file: &[u8], part: &str) -> u64 {
    file.windows(part.len()).position(|window| window == part.as_bytes()).unwrap() as u64
}

#[test]
fn the_tiny_model_is_sound() {
    let model = Model::from_bytes(&Tiny::new().write()).unwrap();
    let forward = model.run("the hen<|end|>").unwrap();
    let texts: Vec<&str> = forward.tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(texts, ["t", "he", " ", "he", "n", "<|end|>"]);
    assert_eq!(forward.text, "the hen<|end|>");
    assert_eq!(forward.logits.len(), VOCABULARY);
    assert_eq!(forward.weights[0].dims(), [2, 6, 6]);
    for head in &forward.attention()[0] {
        for row in head {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
    let too_long = model.run(&"a".repeat(17)).err().unwrap().to_string();
    assert!(too_long.contains("17 tokens, and at most 16"), "{too_long}");

    let old = Tiny { version: 2, ..Tiny::new() };
    assert!(Model::from_bytes(&old.write()).is_ok());
}

#[test]
fn every_truncation_is_an_error() {
    let sound = Tiny::new().write();
    let header = Tiny::new().header().len();
    for length in (0..header).chain((header..sound.len()).step_by(7)) {
        let error = error(&sound[..length]);
        match length {
            0..4 => assert!(matches!(error, Error::NotGguf { .. }), "{length}: {error}"),
            _ => assert!(matches!(error, Error::Truncated { .. }), "{length}: {error}"),
        }
    }
}

#[test]
fn another_kind_of_file() {
    file_says(b"PK\x03\x04", &["not a GGUF file", "50, 4b, 03, 04"]);
    file_says(b"", &["not a GGUF file"]);
    says(&Tiny { version: 1, ..Tiny::new() }, &["GGUF version 1", "2 and 3"]);
    says(
        &Tiny { version: 3_u32.swap_bytes(), ..Tiny::new() },
        &["version 50331648", "little-endian"],
    );
}

#[test]
fn another_model() {
    let gpt2 = Setting::Text("gpt2".into());
    says(&Tiny::new().set("general.architecture", gpt2), &["\"gpt2\"", "general.architecture"]);
    says(&Tiny::new().without("general.architecture"), &["no key `general.architecture`"]);
    says(
        &Tiny::new().set("llama.expert_count", Setting::U32(8)),
        &["`llama.expert_count`", "does not follow"],
    );
}

#[test]
fn another_quantisation() {
    let tiny = Tiny::new().with("blk.0.ffn_up.weight", |tensor| tensor.code = 12);
    let place = place_of(&tiny.write(), "blk.0.ffn_up.weight") - 8;
    says(&tiny, &["`blk.0.ffn_up.weight`", "Q4_K (type 12)", &format!("at byte {place}")]);
    let tiny = Tiny::new().with("blk.0.ffn_up.weight", |tensor| tensor.code = 99);
    says(&tiny, &["an unknown type (type 99)"]);
}

#[test]
fn a_file_cut_short() {
    let sound = Tiny::new().write();
    let start = place_of(&sound, "tokenizer.ggml.merges") as usize;
    let cut = &sound[..start + 5];
    let place = format!("byte {start} needs 21 bytes and 5 are left");
    file_says(cut, &["cut short", "`key of a setting`", &place]);
    file_says(&sound[..sound.len() - 1], &["`output_norm.weight`", "128 bytes", "127 are left"]);
}

#[test]
fn counts_beyond_the_end_of_the_file() {
    let mut file = Tiny::new().write();
    file[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    file_says(&file, &["`number of tensors` at byte 16"]);
    let mut file = Tiny::new().write();
    file[16..24].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    file_says(&file, &["`number of settings` at byte 24"]);
    for (code, name) in [(8_u32, "texts"), (5, "numbers"), (12, "doubles")] {
        let bytes = [&code.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
        let tiny = Tiny::new().set("general.tags", Setting::Raw(9, bytes));
        says(&tiny, &["`general.tags`", "cut short"]);
        println!("{name}: {}", error(&tiny.write()));
    }
}

#[test]
fn settings_that_break_the_format() {
    let raw =
        |code, bytes: &[u8]| Tiny::new().set("general.name", Setting::Raw(code, bytes.to_vec()));
    says(&raw(13, &[]), &["`general.name`", "unknown type 13"]);
    says(&raw(7, &[2]), &["`general.name`", "truth value of 2"]);
    says(&raw(9, &[9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), &["a list of lists"]);
    says(&raw(9, &[77, 0, 0, 0]), &["a list of unknown type 77"]);
    says(&raw(8, &[2, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0x80]), &["`general.name`", "not UTF-8"]);

    let mut twice = Tiny::new();
    twice.settings.push(twice.settings[0].clone());
    says(&twice, &["`general.architecture`", "is there twice"]);

    let mut long = Tiny::new();
    long.settings.push(("k".repeat(65_536), Setting::Bool(true)));
    says(&long, &["`key of a setting`", "65536 bytes long"]);

    for alignment in [0, 7, 1 << 20] {
        let tiny = Tiny::new().set("general.alignment", Setting::U32(alignment));
        says(&tiny, &["`general.alignment`", "multiple of 8"]);
    }
}

#[test]
fn settings_of_every_type_are_read_past() {
    let mut tiny = Tiny::new();
    for (code, size) in
        [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 1), (10, 8), (11, 8), (12, 8)]
    {
        tiny = tiny.set(&format!("extra.{code}"), Setting::Raw(code, vec![0; size]));
        let mut list = code.to_le_bytes().to_vec();
        list.extend(3_u64.to_le_bytes());
        list.extend(vec![0; 3 * size]);
        tiny = tiny.set(&format!("extra.list.{code}"), Setting::Raw(9, list));
    }
    assert!(Model::from_bytes(&tiny.write()).is_ok());
}

#[test]
fn settings_that_no_llama_has() {
    for key in [
        "llama.block_count",
        "llama.context_length",
        "llama.embedding_length",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.attention.head_count_kv",
    ] {
        says(&Tiny::new().without(key), &["no key", key]);
        says(&Tiny::new().set(key, Setting::U32(0)), &[key, "is 0, not a number from 1"]);
        says(&Tiny::new().set(key, Setting::U32(u32::MAX)), &[key, "is 4294967295"]);
        says(&Tiny::new().set(key, Setting::F32(2.0)), &[key, "not a whole number"]);
    }
    for key in ["llama.rope.freq_base", "llama.attention.layer_norm_rms_epsilon"] {
        says(&Tiny::new().without(key), &["no key", key]);
        says(&Tiny::new().set(key, Setting::U32(1)), &[key, "not a number with a fraction"]);
        for number in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            says(&Tiny::new().set(key, Setting::F32(number)), &[key, "not above zero"]);
        }
    }
    let set = |key, number| Tiny::new().set(key, Setting::U32(number));
    says(&set("llama.attention.head_count", 3), &["`llama.embedding_length`", "3 heads"]);
    says(&set("llama.attention.head_count", 32), &["`llama.embedding_length`", "even share"]);
    says(&set("llama.attention.head_count_kv", 3), &["`llama.attention.head_count_kv` is 3"]);
    says(&set("llama.rope.dimension_count", 8), &["`llama.rope.dimension_count` is 8", "16"]);
    says(&set("llama.vocab_size", 257), &["`llama.vocab_size` is 257", "258"]);
}

#[test]
fn tensors_that_break_the_format() {
    let with =
        |change: fn(&mut crate::common::Stored)| Tiny::new().with("blk.0.attn_k.weight", change);
    says(&with(|t| t.shape = vec![]), &["`blk.0.attn_k.weight`", "0 dimensions"]);
    says(&with(|t| t.shape = vec![32; 5]), &["`blk.0.attn_k.weight`", "5 dimensions"]);
    says(&with(|t| t.shape = vec![0, 16]), &["[0, 16]", "holds nothing"]);
    says(&with(|t| t.shape = vec![33, 16]), &["rows of 33 numbers", "Q4_1"]);
    says(&with(|t| t.shape = vec![1 << 60, 1 << 60]), &["too large for any machine"]);
    says(&with(|t| t.shape = vec![1 << 40, 1 << 10]), &["`blk.0.attn_k.weight`", "cut short"]);
    says(&with(|t| t.offset = Some(33)), &["`blk.0.attn_k.weight`", "a multiple of 32"]);
    says(&with(|t| t.offset = Some(0)), &["shares bytes with another tensor"]);
    says(&with(|t| t.offset = Some(u64::MAX - 31)), &["`blk.0.attn_k.weight`", "cut short"]);
    says(&with(|t| t.name = "n".repeat(65)), &["`name of a tensor`", "65 bytes long"]);

    let mut twice = Tiny::new();
    twice.tensors.push(twice.tensors[1].clone());
    says(&twice, &["`blk.0.attn_norm.weight`", "is there twice"]);
}

#[test]
fn tensors_of_another_model() {
    let mut missing = Tiny::new();
    missing.tensors.remove(4);
    says(&missing, &["no tensor `blk.0.attn_v.weight`"]);
    says(
        &Tiny::new().set("llama.block_count", Setting::U32(2)),
        &["no tensor `blk.1.attn_norm.weight`"],
    );

    let mut bias = Tiny::new();
    let mut tensor = bias.tensors[1].clone();
    tensor.name = "blk.0.attn_q.bias".to_owned();
    bias.tensors.push(tensor);
    says(&bias, &["`blk.0.attn_q.bias`", "no place for it"]);

    let turned = Tiny::new().with("blk.0.ffn_up.weight", |tensor| tensor.shape = vec![64, 32]);
    says(&turned, &["`blk.0.ffn_up.weight`", "[64, 32]", "[32, 64]"]);
}

#[test]
fn numbers_that_are_none() {
    let tiny = Tiny::new().with("output_norm.weight", |tensor| {
        tensor.bytes[20..24].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    let offset = tiny.write().len() - 128;
    says(&tiny, &["`output_norm.weight`", "NaN at place 5", &format!("from byte {offset}")]);

    // An infinite scale in half precision spoils a block.
    let tiny = Tiny::new().with("blk.0.attn_q.weight", |tensor| {
        tensor.bytes[20..22].copy_from_slice(&half::f16::INFINITY.to_le_bytes());
    });
    says(&tiny, &["`blk.0.attn_q.weight`", "at place 3"]);

    // Finite weights that make numbers overflow load, and do not run.
    let tiny = Tiny::new().with("blk.0.attn_norm.weight", |tensor| {
        tensor.bytes = [f32::MAX.to_le_bytes(); 32].concat();
    });
    let model = Model::from_bytes(&tiny.write()).unwrap();
    let message = model.run("hey").err().unwrap().to_string();
    assert!(message.contains("overflow in layer 0"), "{message}");

    let tiny = Tiny::new().with("output_norm.weight", |tensor| {
        tensor.bytes = [f32::MAX.to_le_bytes(); 32].concat();
    });
    let model = Model::from_bytes(&tiny.write()).unwrap();
    let message = model.run("hey").err().unwrap().to_string();
    assert!(message.contains("overflow in the logits"), "{message}");
}

#[test]
fn vocabularies_that_make_no_tokenizer() {
    let text = |words: &str| Setting::Text(words.to_owned());
    says(
        &Tiny::new().set("tokenizer.ggml.model", text("llama")),
        &["`tokenizer.ggml.model` is \"llama\"", "gpt2"],
    );
    says(
        &Tiny::new().set("tokenizer.ggml.pre", text("llama-bpe")),
        &["`tokenizer.ggml.pre`", "smollm"],
    );
    for key in ["add_space_prefix", "add_bos_token", "add_eos_token"] {
        let key = format!("tokenizer.ggml.{key}");
        says(&Tiny::new().set(&key, Setting::Bool(true)), &[&key, "is not false"]);
    }
    says(
        &Tiny::new().set("tokenizer.ggml.tokens", text("a")),
        &["`tokenizer.ggml.tokens`", "not a list of texts"],
    );
    says(&Tiny::new().without("tokenizer.ggml.merges"), &["no key `tokenizer.ggml.merges`"]);

    let tokens = vec!["a".to_owned(); VOCABULARY];
    says(
        &Tiny::new().set("tokenizer.ggml.tokens", Setting::Texts(tokens)),
        &["a token is there twice"],
    );
    for (merge, part) in [("he", "no two halves"), ("h zz", "zz"), ("h x", "hx")] {
        let merges = Setting::Texts(vec![merge.to_owned()]);
        says(&Tiny::new().set("tokenizer.ggml.merges", merges), &["`tokenizer.ggml.merges`", part]);
    }
    let kinds = |kinds| Tiny::new().set("tokenizer.ggml.token_type", Setting::I32s(kinds));
    says(&kinds(vec![1; 3]), &["`tokenizer.ggml.token_type`", "3 entries for 258 tokens"]);
    says(&kinds(vec![6; VOCABULARY]), &["\"<|end|>\" is of type 6"]);
    says(
        &Tiny::new().set("tokenizer.ggml.token_type", text("a")),
        &["not a list of 32-bit numbers"],
    );
}

#[test]
fn a_token_that_spells_something_else_is_an_error() {
    // A special token with a letter that stands for a space: what it spells is not itself.
    let Tiny { settings, .. } = Tiny::new();
    let (_, Setting::Texts(mut tokens)) =
        settings.into_iter().find(|(key, _)| key == "tokenizer.ggml.tokens").unwrap()
    else {
        panic!("the tokens are texts");
    };
    tokens[0] = "<\u{120}>".to_owned();
    let tiny = Tiny::new().set("tokenizer.ggml.tokens", Setting::Texts(tokens));
    let model = Model::from_bytes(&tiny.write()).unwrap();
    let message = model.run("a<\u{120}>").err().unwrap().to_string();
    assert!(message.contains("do not spell what they stand for"), "{message}");
}

#[test]
fn files_that_are_not_there() {
    let missing = |path: &str| match Model::open(path.as_ref()) {
        Ok(_) => panic!("{path} should not load"),
        Err(error) => error.to_string(),
    };
    let message = missing("/no/such/file.gguf");
    assert!(message.contains("/no/such/file.gguf"), "{message}");
    assert!(
        message.contains("cargo xtask weights") && message.contains("SMOLLM2_GGUF"),
        "{message}"
    );
    // A folder, and a device that never ends.
    missing(env!("CARGO_MANIFEST_DIR"));
    missing("/dev/zero");
}

#[test]
fn a_huge_file_is_not_read() {
    let path = std::env::temp_dir().join(format!("smollm2-huge-{}.gguf", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(2 << 30).unwrap();
    let result = Model::open(&path);
    std::fs::remove_file(&path).unwrap();
    let message = result.err().unwrap().to_string();
    assert!(message.contains("2147483648 bytes"), "{message}");
    assert!(message.contains("another model"), "{message}");
}

//! A writer of tiny models: one layer, in a well-formed GGUF file of some 30 kB.

#![allow(dead_code, reason = "each test uses a part of this")]

/// The value of a setting.
#[derive(Clone)]
pub(crate) enum Setting {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    I32s(Vec<i32>),
    /// Any type, and its bytes as they are.
    Raw(u32, Vec<u8>),
}

/// A tensor, `shape` with the fastest dimension first.
#[derive(Clone)]
pub(crate) struct Stored {
    pub name: String,
    pub shape: Vec<u64>,
    pub code: u32,
    pub bytes: Vec<u8>,
    /// The offset to write, when it is not to be the right one.
    pub offset: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct Tiny {
    pub version: u32,
    pub settings: Vec<(String, Setting)>,
    pub tensors: Vec<Stored>,
}

pub(crate) const VOCABULARY: usize = 258;
const D_MODEL: u64 = 32;
const D_FF: u64 = 64;
const F32: u32 = 0;
const Q4_1: u32 = 3;
const Q8_0: u32 = 8;

impl Tiny {
    pub(crate) fn new() -> Self {
        let mut settings = Vec::new();
        let mut set = |key: &str, value| settings.push((key.to_owned(), value));
        set("general.architecture", Setting::Text("llama".into()));
        for (key, value) in [
            ("llama.block_count", 1),
            ("llama.context_length", 16),
            ("llama.embedding_length", D_MODEL as u32),
            ("llama.feed_forward_length", D_FF as u32),
            ("llama.attention.head_count", 2),
            ("llama.attention.head_count_kv", 1),
            ("llama.rope.dimension_count", 16),
            ("llama.vocab_size", VOCABULARY as u32),
        ] {
            set(key, Setting::U32(value));
        }
        set("llama.rope.freq_base", Setting::F32(10_000.0));
        set("llama.attention.layer_norm_rms_epsilon", Setting::F32(1e-5));
        set("tokenizer.ggml.model", Setting::Text("gpt2".into()));
        set("tokenizer.ggml.pre", Setting::Text("smollm".into()));
        set("tokenizer.ggml.add_bos_token", Setting::Bool(false));
        let mut tokens = vec!["<|end|>".to_owned()];
        tokens.extend(byte_letters());
        tokens.push("he".to_owned());
        set("tokenizer.ggml.tokens", Setting::Texts(tokens));
        let kinds = [vec![3], vec![1; VOCABULARY - 1]].concat();
        set("tokenizer.ggml.token_type", Setting::I32s(kinds));
        set("tokenizer.ggml.merges", Setting::Texts(vec!["h e".to_owned()]));

        let tensor = |name: &str, shape: &[u64], code| stored(name, shape, code);
        let tensors = vec![
            tensor("token_embd.weight", &[D_MODEL, VOCABULARY as u64], Q8_0),
            tensor("blk.0.attn_norm.weight", &[D_MODEL], F32),
            tensor("blk.0.attn_q.weight", &[D_MODEL, 32], Q4_1),
            tensor("blk.0.attn_k.weight", &[D_MODEL, 16], Q4_1),
            tensor("blk.0.attn_v.weight", &[D_MODEL, 16], Q4_1),
            tensor("blk.0.attn_output.weight", &[32, D_MODEL], Q4_1),
            tensor("blk.0.ffn_norm.weight", &[D_MODEL], F32),
            tensor("blk.0.ffn_gate.weight", &[D_MODEL, D_FF], Q4_1),
            tensor("blk.0.ffn_up.weight", &[D_MODEL, D_FF], Q4_1),
            tensor("blk.0.ffn_down.weight", &[D_FF, D_MODEL], Q4_1),
            tensor("output_norm.weight", &[D_MODEL], F32),
        ];
        Tiny { version: 3, settings, tensors }
    }

    /// Sets a key to another value, or adds it.
    pub(crate) fn set(mut self, key: &str, value: Setting) -> Self {
        self = self.without(key);
        self.settings.push((key.to_owned(), value));
        self
    }

    pub(crate) fn without(mut self, key: &str) -> Self {
        self.settings.retain(|(name, _)| name != key);
        self
    }

    /// Changes a tensor.
    pub(crate) fn with(mut self, name: &str, change: impl FnOnce(&mut Stored)) -> Self {
        change(self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap());
        self
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut file = self.header();
        for tensor in &self.tensors {
            file.resize(file.len().next_multiple_of(32), 0);
            file.extend(&tensor.bytes);
        }
        file
    }

    /// The file without the tensors' bytes.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend((self.settings.len() as u64).to_le_bytes());
        for (key, value) in &self.settings {
            text(&mut file, key);
            setting(&mut file, value);
        }
        let mut next = 0;
        for tensor in &self.tensors {
            text(&mut file, &tensor.name);
            file.extend((tensor.shape.len() as u32).to_le_bytes());
            tensor.shape.iter().for_each(|size| file.extend(size.to_le_bytes()));
            file.extend(tensor.code.to_le_bytes());
            file.extend(tensor.offset.unwrap_or(next).to_le_bytes());
            next = (next + tensor.bytes.len() as u64).next_multiple_of(32);
        }
        file
    }
}

fn text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

fn setting(file: &mut Vec<u8>, value: &Setting) {
    let mut put = |code: u32, bytes: &[u8]| {
        file.extend(code.to_le_bytes());
        file.extend(bytes);
    };
    match value {
        Setting::U32(number) => put(4, &number.to_le_bytes()),
        Setting::F32(number) => put(6, &number.to_le_bytes()),
        Setting::Bool(yes) => put(7, &[u8::from(*yes)]),
        Setting::Text(words) => {
            put(8, &[]);
            text(file, words);
        }
        Setting::Texts(texts) => {
            put(9, &8_u32.to_le_bytes());
            file.extend((texts.len() as u64).to_le_bytes());
            texts.iter().for_each(|words| text(file, words));
        }
        Setting::I32s(numbers) => {
            put(9, &5_u32.to_le_bytes());
            file.extend((numbers.len() as u64).to_le_bytes());
            numbers.iter().for_each(|number| file.extend(number.to_le_bytes()));
        }
        Setting::Raw(code, bytes) => put(*code, bytes),
    }
}

/// Small weights, different in each tensor.
fn stored(name: &str, shape: &[u64], code: u32) -> Stored {
    let numbers: u64 = shape.iter().product();
    let mut random = Random(name.bytes().map(u64::from).sum());
    let half = |number: f32| half::f16::from_f32(number).to_le_bytes();
    let mut bytes = Vec::new();
    match code {
        F32 => (0..numbers).for_each(|_| bytes.extend((0.5 + random.unit()).to_le_bytes())),
        Q4_1 => {
            for _ in 0..numbers / 32 {
                bytes.extend([half(0.05), half(-0.4)].concat());
                (0..16).for_each(|_| bytes.push(random.byte()));
            }
        }
        _ => {
            for _ in 0..numbers / 32 {
                bytes.extend(half(0.01));
                (0..32).for_each(|_| bytes.push(random.byte()));
            }
        }
    }
    Stored { name: name.to_owned(), shape: shape.to_vec(), code, bytes, offset: None }
}

/// GPT-2's letter for each byte, in the order of the bytes.
fn byte_letters() -> Vec<String> {
    let visible = |byte| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100..;
    (0..=255)
        .map(|byte: u32| if visible(byte) { byte } else { next.next().unwrap() })
        .map(|letter| char::from_u32(letter).unwrap().to_string())
        .collect()
}

/// A linear congruential generator: the same numbers on each run.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() & 0xffff) as f32 / 65_536.0
    }

    /// Changes some bytes of `file`, mostly in its first `header` bytes, in one of the ways in
    /// which files go wrong or are made to.
    pub(crate) fn damage(&mut self, file: &mut Vec<u8>, header: usize) {
        for _ in 0..1 + self.below(3) {
            if file.is_empty() {
                return;
            }
            let reach = if self.below(4) == 0 { file.len() } else { header.min(file.len()) };
            let place = self.below(reach);
            match self.below(7) {
                0 => file[place] ^= 1 << self.below(8),
                1 => file[place] = self.byte(),
                2 => file.truncate(place),
                3 => {
                    // A length or a count, made huge, or near to an edge.
                    let edges = [u64::MAX, u64::MAX / 2 + 1, u32::MAX.into(), 1 << 40, 0, 1];
                    let edge = edges[self.below(edges.len())].to_le_bytes();
                    let end = file.len().min(place + 8);
                    file[place..end].copy_from_slice(&edge[..end - place]);
                }
                4 => {
                    file.remove(place);
                }
                5 => file.insert(place, self.byte()),
                _ => {
                    // A piece of the file, once more, somewhere else.
                    let length = self.below(64).min(file.len() - place);
                    let piece = file[place..place + length].to_vec();
                    let target = self.below(file.len() - length + 1);
                    file[target..target + length].copy_from_slice(&piece);
                }
            }
        }
    }
}

/// The most memory that this process has had set aside so far, in bytes.
///
/// Where the system does not tell, none: there the fuzzing still finds what cannot be allocated
/// at all.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

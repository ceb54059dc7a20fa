//! The same model in plain Rust, on the weights as the file has them.
//!
//! [`Model`](crate::Model) turns every weight into an `f32` and takes 540 MB. Here the weights stay
//! in their blocks of four or eight bits, 98 MB, and are unpacked a few rows at a time. Unpacking
//! costs about as much as one token's use of a row. So a row, once unpacked, serves all tokens of
//! the text, which lie side by side in memory: one instruction then works on several of them. That
//! is what a page needs, where memory is short and a text is read at once.
//!
//! Nothing here is needed to understand the model: read [`block`](crate::block) for that. A test
//! holds the two against each other.

use std::ops::Range;

use crate::gguf::Gguf;
use crate::quant::{Storage, unpack};
use crate::{Config, Error, Token, Tokenizer};

/// The longest text, in tokens. It keeps the answer to about a second or two in a page.
pub const LONGEST: usize = 64;

/// How many tokens lie side by side.
const LANES: usize = 8;

/// How many rows of a matrix are unpacked together.
const ROWS: usize = 4;

/// One number for each of some tokens.
type Lanes = [f32; LANES];

/// A text on its way through the model: for each group of [`LANES`] tokens, `[width]` numbers a
/// token. Lanes after the last token hold a text that nobody reads.
type Columns = Vec<Vec<Lanes>>;

/// SmolLM2 on its quantised weights, which it borrows from the file's bytes.
///
/// ```
/// use smollm2::{Quantised, locate};
///
/// let file = std::fs::read(locate()?).unwrap();
/// let model = Quantised::from_bytes(&file)?;
/// let read = model.read("The capital of France is")?;
/// let next = (0..read.logits.len()).max_by(|&a, &b| read.logits[a].total_cmp(&read.logits[b]));
/// assert_eq!(model.tokenizer().token(next.unwrap() as u32)?.text, " Paris");
/// # Ok::<(), smollm2::Error>(())
/// ```
pub struct Quantised<'a> {
    config: Config,
    tokenizer: Tokenizer,
    embedding: Matrix<'a>,
    layers: Vec<Layer<'a>>,
    norm: Vec<f32>,
}

/// What the model makes of a text of `seq` tokens.
pub struct Read {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// `[layers, heads, seq_q, seq_k]`: the scores before the mask and the softmax, scaled by
    /// `1 / sqrt(head_dim)`. Those of later keys are what the mask hides: the model itself never
    /// used them.
    pub scores: Vec<f32>,
    /// `[layers, heads, seq, head_dim]`, rotated to the tokens' places.
    pub query: Vec<f32>,
    /// `[layers, kv_heads, seq, head_dim]`, rotated to the tokens' places.
    pub key: Vec<f32>,
    /// `[layers, kv_heads, seq, head_dim]`
    pub value: Vec<f32>,
    /// How strongly each token of the vocabulary is expected next, `[vocabulary]`.
    pub logits: Vec<f32>,
}

/// The keys and values of a key and value head, of all tokens so far: `[tokens, head_dim]` each.
/// Keys are rotated to the tokens' places.
#[derive(Clone, Default)]
struct HeadCache {
    key: Vec<f32>,
    value: Vec<f32>,
}

/// Tokens on their way through the layers: where in the text they stand, and what they see.
struct Piece {
    places: Range<usize>,
    /// Cosine and sine of each angle of these places.
    rotations: Vec<(f32, f32)>,
    /// `[layers, heads, seq_q, seq_k]`: a query for each place, a key for each token so far.
    scores: Vec<f32>,
    /// `[layers, heads, seq_q, head_dim]`, rotated to the tokens' places.
    query: Vec<f32>,
}

impl Piece {
    fn new(places: Range<usize>, config: &Config) -> Self {
        let rotations = rotations(places.clone(), config);
        Piece { places, rotations, scores: Vec::new(), query: Vec::new() }
    }
}

struct Layer<'a> {
    attention_norm: Vec<f32>,
    query: Matrix<'a>,
    key: Matrix<'a>,
    value: Matrix<'a>,
    output: Matrix<'a>,
    feed_forward_norm: Vec<f32>,
    gate: Matrix<'a>,
    up: Matrix<'a>,
    down: Matrix<'a>,
}

impl<'a> Quantised<'a> {
    /// Finds the model in the bytes of a GGUF file.
    ///
    /// # Errors
    /// Those of [`Gguf::parse`], [`Config::read`] and [`Tokenizer::read`];
    /// [`Error::MissingTensor`], [`Error::UnknownTensor`], [`Error::Shape`] or
    /// [`Error::NotFinite`] when the weights are not those of this model.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        let file = &Gguf::parse(bytes)?;
        let config = Config::read(file)?;
        file.check_tensors(config.layers)?;
        let Config { vocabulary, d_model, .. } = config;
        Ok(Quantised {
            tokenizer: Tokenizer::read(file)?,
            embedding: Matrix::find(file, "token_embd.weight", [vocabulary, d_model])?,
            layers: (0..config.layers)
                .map(|layer| Layer::find(file, layer, &config))
                .collect::<Result<_, _>>()?,
            norm: file.numbers("output_norm.weight", &[d_model])?,
            config,
        })
    }

    /// The model's sizes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`Error::EmptyText`]; [`Error::NoToken`] when the vocabulary cannot spell it;
    /// [`Error::TooLong`] when it has more than [`LONGEST`] tokens; [`Error::Overflow`].
    pub fn read(&self, text: &str) -> Result<Read, Error> {
        let ids = self.encode(text)?;
        let mut caches = self.empty_caches();
        let (piece, x) = self.continued(&mut caches, &ids)?;
        let (key, value): (Vec<_>, Vec<_>) =
            caches.into_iter().map(|it| (it.key, it.value)).unzip();
        Ok(Read {
            tokens: ids.iter().map(|&id| self.tokenizer.token(id)).collect::<Result<_, _>>()?,
            scores: piece.scores,
            query: piece.query,
            key: key.concat(),
            value: value.concat(),
            logits: self.next_token(x, ids.len())?,
        })
    }

    /// Reads a text one token after the other, as a model does when it writes: each token meets
    /// the keys and values that were kept of those before it. Returns the scores, scaled as in
    /// [`Read::scores`]: `[layers, heads, seq_q, seq_k]`, where row `i` ends at key `i`, for there
    /// was no later one. Every sum is taken in the order of a whole pass, so they are the same to
    /// the last bit, and each token costs about as much as eight together. So `progress` is told
    /// after each token how many have been read.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_one_by_one(
        &self,
        text: &str,
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<f32>, Error> {
        let mut caches = self.empty_caches();
        let mut heads = vec![Vec::new(); self.config.layers * self.config.heads];
        for (place, id) in self.encode(text)?.into_iter().enumerate() {
            let (piece, _) = self.continued(&mut caches, &[id])?;
            let rows = piece.scores.chunks(place + 1);
            heads.iter_mut().zip(rows).for_each(|(head, row)| head.extend(row));
            progress(place + 1);
        }
        Ok(heads.concat())
    }

    /// The tokens of a text, at least one and not too many.
    fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        let ids = self.tokenizer.encode(text)?;
        let (tokens, limit) = (ids.len(), LONGEST.min(self.config.context));
        if tokens == 0 {
            return Err(Error::EmptyText);
        }
        if tokens > limit {
            let reason = "so that the answer does not take long";
            return Err(Error::TooLong { tokens, limit, reason });
        }
        Ok(ids)
    }

    /// The caches of a text of which nothing has been read: for each layer one a key and value
    /// head.
    fn empty_caches(&self) -> Vec<HeadCache> {
        vec![HeadCache::default(); self.config.layers * self.config.kv_heads]
    }

    /// Reads the next tokens of a text, one or more, and keeps their keys and values. Returns
    /// what they looked at, and what comes out of the last layer.
    fn continued(&self, caches: &mut [HeadCache], ids: &[u32]) -> Result<(Piece, Columns), Error> {
        let before = caches[0].key.len() / self.config.head_dim;
        let mut piece = Piece::new(before..before + ids.len(), &self.config);
        let mut x = self.embed(ids);
        let by_layer = caches.chunks_mut(self.config.kv_heads);
        for (place, (layer, caches)) in self.layers.iter().zip(by_layer).enumerate() {
            self.attend(layer, &mut x, caches, &mut piece);
            self.feed_forward(layer, &mut x);
            if !x.iter().flatten().flatten().all(|number| number.is_finite()) {
                return Err(Error::Overflow { place: format!("layer {place}") });
            }
        }
        Ok((piece, x))
    }

    fn embed(&self, ids: &[u32]) -> Columns {
        let width = self.config.d_model;
        let mut rows = vec![0.0; ids.len() * width];
        for (row, &id) in rows.chunks_mut(width).zip(ids) {
            self.embedding.row(id as usize, row);
        }
        side_by_side(&rows, width)
    }

    /// The first half of a layer: adds to `x` what attention gives each token. The tokens' keys and
    /// values go into the caches, after those of the tokens before.
    fn attend(
        &self,
        layer: &Layer<'_>,
        x: &mut Columns,
        caches: &mut [HeadCache],
        piece: &mut Piece,
    ) {
        let Config { heads, kv_heads, head_dim, rms_epsilon, .. } = self.config;
        let (before, seq) = (piece.places.start, piece.places.len());
        let normed = norm(x, &layer.attention_norm, rms_epsilon);
        let mut query = by_head(&layer.query.times(&normed), seq, head_dim);
        let mut key = by_head(&layer.key.times(&normed), seq, head_dim);
        let value = by_head(&layer.value.times(&normed), seq, head_dim);
        query.chunks_mut(seq * head_dim).for_each(|head| rotate(head, &piece.rotations));
        key.chunks_mut(seq * head_dim).for_each(|head| rotate(head, &piece.rotations));
        let new = key.chunks(seq * head_dim).zip(value.chunks(seq * head_dim));
        for (cache, (key, value)) in caches.iter_mut().zip(new) {
            cache.key.extend(key);
            cache.value.extend(value);
        }

        let mut found = vec![0.0; seq * heads * head_dim];
        for (head, queries) in query.chunks(seq * head_dim).enumerate() {
            let shared = &caches[head / (heads / kv_heads)];
            for (place, query) in queries.chunks(head_dim).enumerate() {
                let start = piece.scores.len();
                scores(query, &shared.key, &mut piece.scores);
                let at = (place * heads + head) * head_dim;
                let output = &mut found[at..at + head_dim];
                mix(&piece.scores[start..=start + before + place], &shared.value, output);
            }
        }
        piece.query.extend(query);
        add(x, &layer.output.times(&side_by_side(&found, heads * head_dim)));
    }

    /// The second half of a layer: each token alone.
    fn feed_forward(&self, layer: &Layer<'_>, x: &mut Columns) {
        let normed = norm(x, &layer.feed_forward_norm, self.config.rms_epsilon);
        let (mut gate, up) = (layer.gate.times(&normed), layer.up.times(&normed));
        for (gate, up) in gate.iter_mut().flatten().flatten().zip(up.iter().flatten().flatten()) {
            *gate = *gate / (1.0 + (-*gate).exp()) * up;
        }
        add(x, &layer.down.times(&gate));
    }

    /// The logits after the last token. Of its group only that token is wanted.
    fn next_token(&self, mut x: Columns, tokens: usize) -> Result<Vec<f32>, Error> {
        x.drain(..x.len() - 1);
        let last = norm(&x, &self.norm, self.config.rms_epsilon);
        let lane = (tokens - 1) % LANES;
        let logits: Vec<f32> =
            self.embedding.times(&last)[0].iter().map(|lanes| lanes[lane]).collect();
        if logits.iter().all(|logit| logit.is_finite()) {
            Ok(logits)
        } else {
            Err(Error::Overflow { place: "the logits".to_owned() })
        }
    }
}

impl<'a> Layer<'a> {
    fn find(file: &Gguf<'a>, layer: usize, config: &Config) -> Result<Self, Error> {
        let &Config { heads, kv_heads, head_dim, d_model, d_ff, .. } = config;
        let matrix = |part: &str, shape: [usize; 2]| {
            Matrix::find(file, &format!("blk.{layer}.{part}.weight"), shape)
        };
        let norm =
            |part: &str| file.numbers(&format!("blk.{layer}.{part}_norm.weight"), &[d_model]);
        Ok(Layer {
            attention_norm: norm("attn")?,
            query: matrix("attn_q", [heads * head_dim, d_model])?,
            key: matrix("attn_k", [kv_heads * head_dim, d_model])?,
            value: matrix("attn_v", [kv_heads * head_dim, d_model])?,
            output: matrix("attn_output", [d_model, heads * head_dim])?,
            feed_forward_norm: norm("ffn")?,
            gate: matrix("ffn_gate", [d_ff, d_model])?,
            up: matrix("ffn_up", [d_ff, d_model])?,
            down: matrix("ffn_down", [d_model, d_ff])?,
        })
    }
}

/// A matrix as the file has it, `[rows, columns]`.
struct Matrix<'a> {
    storage: Storage,
    rows: usize,
    columns: usize,
    bytes: &'a [u8],
}

impl<'a> Matrix<'a> {
    fn find(file: &Gguf<'a>, name: &str, [rows, columns]: [usize; 2]) -> Result<Self, Error> {
        let (storage, bytes) = file.blocks(name, &[columns, rows])?;
        Ok(Matrix { storage, rows, columns, bytes })
    }

    /// Unpacks a row.
    fn row(&self, row: usize, numbers: &mut [f32]) {
        let bytes = self.bytes.len() / self.rows;
        unpack(self.storage, &self.bytes[row * bytes..(row + 1) * bytes], numbers);
    }

    /// Every token's vector times the matrix: columns of width `columns` to columns of width
    /// `rows`.
    fn times(&self, x: &Columns) -> Columns {
        let mut product: Columns = vec![Vec::with_capacity(self.rows); x.len()];
        let mut unpacked = vec![0.0; self.columns];
        let mut rows = vec![[0.0; ROWS]; self.columns];
        for first in (0..self.rows).step_by(ROWS) {
            let count = ROWS.min(self.rows - first);
            for place in 0..count {
                self.row(first + place, &mut unpacked);
                for (row, number) in rows.iter_mut().zip(&unpacked) {
                    row[place] = *number;
                }
            }
            for (group, product) in x.iter().zip(&mut product) {
                product.extend(&dot_products(&rows, group)[..count]);
            }
        }
        product
    }
}

/// The dot product of each row with each token. All the time goes here: on WebAssembly it uses
/// the instructions for four numbers at once.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn dot_products(rows: &[[f32; ROWS]], group: &[Lanes]) -> [Lanes; ROWS] {
    let mut sums = [[0.0; LANES]; ROWS];
    for (weights, x) in rows.iter().zip(group) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            for (sum, x) in sum.iter_mut().zip(x) {
                *sum += weight * x;
            }
        }
    }
    sums
}

/// `[seq, width]`, row by row, with the tokens side by side.
fn side_by_side(rows: &[f32], width: usize) -> Columns {
    let group = |rows: &[f32]| {
        let mut group = vec![[0.0; LANES]; width];
        for (lane, row) in rows.chunks(width).enumerate() {
            for (lanes, number) in group.iter_mut().zip(row) {
                lanes[lane] = *number;
            }
        }
        group
    };
    rows.chunks(LANES * width).map(group).collect()
}

/// Columns of width `heads · head_dim` as `[heads, seq, head_dim]`.
fn by_head(columns: &Columns, seq: usize, head_dim: usize) -> Vec<f32> {
    let width = columns[0].len();
    let number = |head: usize, token: usize, place: usize| {
        columns[token / LANES][head * head_dim + place][token % LANES]
    };
    let mut numbers = Vec::with_capacity(seq * width);
    for head in 0..width / head_dim {
        for token in 0..seq {
            numbers.extend((0..head_dim).map(|place| number(head, token, place)));
        }
    }
    numbers
}

/// RMSNorm: `x / sqrt(mean(x²) + epsilon) · weight` for each token.
fn norm(x: &Columns, weight: &[f32], epsilon: f32) -> Columns {
    let mut normed = x.clone();
    for group in &mut normed {
        let mut squares = [0.0; LANES];
        for lanes in group.iter() {
            squares.iter_mut().zip(lanes).for_each(|(sum, x)| *sum += x * x);
        }
        let lengths = squares.map(|sum| (sum / weight.len() as f32 + epsilon).sqrt());
        for (lanes, weight) in group.iter_mut().zip(weight) {
            lanes.iter_mut().zip(&lengths).for_each(|(x, length)| *x = *x / length * weight);
        }
    }
    normed
}

fn add(x: &mut Columns, more: &Columns) {
    let more = more.iter().flatten().flatten();
    x.iter_mut().flatten().flatten().zip(more).for_each(|(x, more)| *x += more);
}

/// Cosine and sine of each angle, `[seq, head_dim / 2]`: see [`attention::Rope`].
fn rotations(places: Range<usize>, config: &Config) -> Vec<(f32, f32)> {
    let Config { head_dim, rope_base, .. } = *config;
    let mut rotations = Vec::with_capacity(places.len() * head_dim / 2);
    for place in places {
        for pair in 0..head_dim / 2 {
            let exponent = -2.0 * pair as f64 / head_dim as f64;
            let angle = place as f64 * f64::from(rope_base).powf(exponent);
            rotations.push((angle.cos() as f32, angle.sin() as f32));
        }
    }
    rotations
}

/// Rotates the vectors of one head, `[seq, head_dim]`, to the tokens' places: neighbours are pairs.
fn rotate(head: &mut [f32], rotations: &[(f32, f32)]) {
    for (pair, (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(rotations) {
        let [left, right] = *pair;
        *pair = [left * cos - right * sin, left * sin + right * cos];
    }
}

/// Appends the scaled scores of one query, `[head_dim]`, with each key, `[seq, head_dim]`.
fn scores(query: &[f32], keys: &[f32], scores: &mut Vec<f32>) {
    let scale = (query.len() as f32).sqrt();
    for key in keys.chunks(query.len()) {
        let dot: f32 = query.iter().zip(key).map(|(query, key)| query * key).sum();
        scores.push(dot / scale);
    }
}

/// The values that a query may see, mixed by the softmax of its scores: `[head_dim]`.
fn mix(scores: &[f32], values: &[f32], output: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f32 = powers.iter().sum();
    for (power, value) in powers.iter().zip(values.chunks(output.len())) {
        let weight = power / total;
        output.iter_mut().zip(value).for_each(|(output, value)| *output += weight * value);
    }
}

//! All layers, and a guess at the next token.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use attention::{KvCache, Mask};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::block::Block;
use crate::forward::check;
use crate::gguf::Gguf;
use crate::grouped_query::Attend;
use crate::linear::matrix;
use crate::norm::RmsNorm;
use crate::{Config, Error, Flow, Forward, Head, Token, Tokenizer};

/// The longest text that [`Model::run`] takes, in tokens, however long a text the model was
/// trained for. The scores and the weights of all heads are kept, and both grow with the square
/// of the length: for SmolLM2 and 512 tokens they take 566 MB.
pub const LONGEST: usize = 512;

/// The largest file that is read, in bytes: SmolLM2-135M in 32-bit numbers takes 540 MB.
const LARGEST_FILE: u64 = 1 << 30;

/// A language model, ready to run. It takes about 540 MB of memory: the weights are kept as
/// 32-bit numbers. A clone shares them.
#[derive(Clone)]
pub struct Model {
    config: Config,
    tokenizer: Arc<Tokenizer>,
    /// `[vocabulary, d_model]`: what each token means before it has looked around.
    embedding: Tensor<2>,
    blocks: Vec<Block>,
    norm: RmsNorm,
    device: Device,
}

impl Model {
    /// Reads the model from a GGUF file, such as [`locate`](crate::locate) finds.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Unreadable`] or [`Error::TooLarge`], and those of
    /// [`from_bytes`](Self::from_bytes).
    pub fn open(path: &Path) -> Result<Self, Error> {
        Model::from_bytes(&read_file(path)?)
    }

    /// Reads the model from the bytes of a GGUF file.
    ///
    /// # Errors
    /// Those of [`Gguf::parse`], [`Config::read`] and [`Tokenizer::read`];
    /// [`Error::MissingTensor`], [`Error::UnknownTensor`], [`Error::Shape`] or
    /// [`Error::NotFinite`] when the weights are not those of this model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let file = &Gguf::parse(bytes)?;
        let config = Config::read(file)?;
        file.check_tensors(config.layers)?;
        let tokenizer = Arc::new(Tokenizer::read(file)?);

        let device = Device::flex();
        let Config { vocabulary, d_model, rms_epsilon, .. } = config;
        let block = |layer| Block::read(file, layer, &config, &device);
        Ok(Model {
            embedding: matrix(file, "token_embd.weight", [vocabulary, d_model], &device)?,
            blocks: (0..config.layers).map(block).collect::<Result<_, _>>()?,
            norm: RmsNorm::read(file, "output_norm.weight", d_model, rms_epsilon, &device)?,
            config,
            tokenizer,
            device,
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

    /// Runs a text through the model.
    ///
    /// # Errors
    /// [`Error::EmptyText`]; [`Error::NoToken`] when the vocabulary cannot spell it; and
    /// [`Error::TooLong`] when it has more tokens than [`LONGEST`] or than the model's context.
    pub fn run(&self, text: &str) -> Result<Forward, Error> {
        self.run_tokens(&self.tokenizer.encode(text)?)
    }

    /// Runs tokens through the model.
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`Error::OutOfRange`] when there is no such token.
    pub fn run_tokens(&self, ids: &[u32]) -> Result<Forward, Error> {
        self.check_length(ids.len())?;
        let token = |&id: &u32| self.tokenizer.token(id);
        let tokens: Vec<Token> = ids.iter().map(token).collect::<Result<_, _>>()?;
        let text = self.tokenizer.decode(ids)?;

        let mut x = self.embed(ids);
        let (mut scores, mut weights) = (Vec::new(), Vec::new());
        for (layer, block) in self.blocks.iter().enumerate() {
            let attention;
            (x, attention) = block.forward(x)?;
            let seen: Tensor<3> = attention.weights.squeeze_dim(0);
            // Each row sums to one, so this sum is finite unless something has overflowed.
            if !seen.clone().sum().into_scalar::<f32>().is_finite() {
                return Err(Error::Overflow { place: format!("layer {layer}") });
            }
            scores.push(attention.scores.squeeze_dim(0));
            weights.push(seen);
        }
        let logits = self.next_token(x)?;
        Ok(Forward { text, tokens, scores, weights, logits, tokenizer: self.tokenizer.clone() })
    }

    /// For each layer the scaled scores of every token against every token, later ones included:
    /// `[heads, seq, seq]`. Up to the diagonal they are [`Forward::scores`].
    ///
    /// Above the diagonal they are a counterfactual. The text runs through the model with its
    /// mask, as in [`run`](Self::run), and only these scores are taken before the mask. The model
    /// was trained with the mask, so nothing ever taught these numbers to mean something.
    ///
    /// # Errors
    /// Those of [`run_tokens`](Self::run_tokens).
    pub fn unmasked_scores(&self, ids: &[u32]) -> Result<Vec<Tensor<3>>, Error> {
        self.check_length(ids.len())?;
        for &id in ids {
            self.tokenizer.token(id)?;
        }
        let mut x = self.embed(ids);
        let mut scores = Vec::new();
        for block in &self.blocks {
            scores.push(block.unmasked_scores(x.clone())?);
            (x, _) = block.forward(x)?;
        }
        Ok(scores)
    }

    /// The same model with some heads silenced, each given as its layer and its place in the
    /// layer, both from 0. What a silenced head finds is not passed on; all else runs as before.
    /// What then gets worse depended on these heads (Michel, Levy and Neubig, *Are Sixteen Heads
    /// Really Better than One?*, 2019, section 2.3).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there is no such layer or head.
    pub fn without(&self, heads: &[(usize, usize)]) -> Result<Self, Error> {
        let mut model = self.clone();
        for &(layer, head) in heads {
            check("layer", layer, self.config.layers)?;
            check("head", head, self.config.heads)?;
            model.blocks[layer] = model.blocks[layer].without(head);
        }
        Ok(model)
    }

    /// How much each token but the first surprises the model after those before it: `-ln p`, in
    /// nats, `[seq - 1]`. The mean of these is the loss that training makes small.
    ///
    /// # Errors
    /// As [`run_tokens`](Self::run_tokens).
    pub fn surprise(&self, ids: &[u32]) -> Result<Vec<f64>, Error> {
        let causal = |query, key, value| {
            Ok(attention::grouped_query_attention(query, key, value, Mask::Causal)?.output)
        };
        Ok(surprises(&self.logits_by(ids, &causal)?, ids))
    }

    /// The logits after each token, `[seq][vocabulary]`, when `attend` takes the place of causal
    /// attention in every layer. It gets the queries, keys and values with their positions in
    /// them, as a cache keeps them, and must hide later tokens itself.
    ///
    /// # Errors
    /// As [`run_tokens`](Self::run_tokens), and those of `attend`.
    pub fn logits_by(&self, ids: &[u32], attend: &Attend<'_>) -> Result<Vec<Vec<f32>>, Error> {
        self.check_length(ids.len())?;
        for &id in ids {
            self.tokenizer.token(id)?;
        }
        let mut x = self.embed(ids);
        for block in &self.blocks {
            x = block.forward_by(x, attend)?;
        }
        let logits = self.norm.forward(x).matmul(self.embedding.clone().transpose());
        let logits: Vec<f32> = logits.into_data().iter().collect();
        if logits.iter().all(|logit| logit.is_finite()) {
            Ok(logits.chunks(self.config.vocabulary).map(<[f32]>::to_vec).collect())
        } else {
            Err(Error::Overflow { place: "the logits".to_owned() })
        }
    }

    /// One head at work on a text: everything between its queries and its output. Layers and
    /// heads count from 0.
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`Error::OutOfRange`] when there is no such layer or
    /// head.
    pub fn head(&self, text: &str, layer: usize, head: usize) -> Result<Head, Error> {
        let ids = self.tokenizer.encode(text)?;
        Ok(self.heads(&ids, &[(layer, head)])?.remove(0))
    }

    /// Several heads at work on the same tokens, each given as its layer and its place in the
    /// layer: as [`head`](Self::head), in one pass. They come in the order in which they are given.
    ///
    /// # Errors
    /// Those of [`head`](Self::head).
    pub fn heads(&self, ids: &[u32], heads: &[(usize, usize)]) -> Result<Vec<Head>, Error> {
        self.check_length(ids.len())?;
        for &(layer, head) in heads {
            check("layer", layer, self.config.layers)?;
            check("head", head, self.config.heads)?;
        }
        let token = |&id: &u32| self.tokenizer.token(id);
        let tokens: Vec<Token> = ids.iter().map(token).collect::<Result<_, _>>()?;
        let layers = heads.iter().map(|(layer, _)| layer + 1).max().unwrap_or(0);
        let mut found: Vec<Option<Head>> = vec![None; heads.len()];
        let mut x = self.embed(ids);
        for (at, block) in self.blocks[..layers].iter().enumerate() {
            for (place, &(layer, head)) in heads.iter().enumerate().filter(|(_, it)| it.0 == at) {
                let (steps, kv_head) = block.steps(x.clone(), head)?;
                if !steps.output.clone().sum().into_scalar::<f32>().is_finite() {
                    return Err(Error::Overflow { place: format!("layer {layer}") });
                }
                found[place] = Some(Head { tokens: tokens.clone(), layer, head, kv_head, steps });
            }
            if at + 1 < layers {
                (x, _) = block.forward(x)?;
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// What each head of a layer does for the token at `place`: what it asks, where it looks, what
    /// comes out and what it adds.
    ///
    /// # Errors
    /// Those of [`run_tokens`](Self::run_tokens), and [`Error::OutOfRange`] when there is no such
    /// layer or token.
    pub fn flow(&self, ids: &[u32], layer: usize, place: usize) -> Result<Flow, Error> {
        self.check_length(ids.len())?;
        check("layer", layer, self.config.layers)?;
        check("token", place, ids.len())?;
        let mut x = self.embed(ids);
        for block in &self.blocks[..layer] {
            (x, _) = block.forward(x)?;
        }
        let flow = self.blocks[layer].flow(&x, place)?;
        match flow.after.iter().all(|number| number.is_finite()) {
            true => Ok(flow),
            false => Err(Error::Overflow { place: format!("layer {layer}") }),
        }
    }

    /// The logits after tokens that follow those in `caches`, one cache a layer.
    pub(crate) fn continued(&self, ids: &[u32], caches: &mut [KvCache]) -> Result<Vec<f32>, Error> {
        let mut x = self.embed(ids);
        for (block, cache) in self.blocks.iter().zip(caches) {
            x = block.continued(x, cache)?;
        }
        self.next_token(x)
    }

    fn check_length(&self, tokens: usize) -> Result<(), Error> {
        let context = self.config.context;
        if tokens == 0 {
            Err(Error::EmptyText)
        } else if tokens > context {
            Err(Error::TooLong { tokens, limit: context, reason: "the model's context" })
        } else if tokens > LONGEST {
            let reason = "the maps of all heads are kept, and grow with its square";
            Err(Error::TooLong { tokens, limit: LONGEST, reason })
        } else {
            Ok(())
        }
    }

    /// The row of the embedding for each token: `[seq, d_model]`.
    fn embed(&self, ids: &[u32]) -> Tensor<2> {
        let rows: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let rows = TensorData::new(rows, [ids.len()]);
        let rows = Tensor::<1, Int>::from_data(rows, &self.device);
        self.embedding.clone().select(0, rows)
    }

    /// The logits after the last token, `[vocabulary]`. The embedding serves a second time: a
    /// token is likely when what it means is what is expected (Press and Wolf, *Using the Output
    /// Embedding to Improve Language Models*, 2017).
    fn next_token(&self, x: Tensor<2>) -> Result<Vec<f32>, Error> {
        let [seq, _] = x.dims();
        let last = self.norm.forward(x.narrow(0, seq - 1, 1));
        let logits = self.embedding.clone().matmul(last.transpose());
        let logits: Vec<f32> = logits.into_data().iter().collect();
        if logits.iter().all(|logit| logit.is_finite()) {
            Ok(logits)
        } else {
            Err(Error::Overflow { place: "the logits".to_owned() })
        }
    }
}

/// The surprise of each token but the first, in nats: `-ln` of the share that it has in the softmax
/// of the logits after the token before it, `[seq][vocabulary]`.
pub fn surprises(logits: &[Vec<f32>], ids: &[u32]) -> Vec<f64> {
    let places = logits.iter().zip(ids.iter().skip(1));
    places.map(|(logits, &next)| surprise(logits, next as usize)).collect()
}

/// `-ln` of the share that token `next` has in the softmax of `logits`.
fn surprise(logits: &[f32], next: usize) -> f64 {
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
    largest + total.ln() - f64::from(logits[next])
}

fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    // Asked first: to open a pipe would wait for ever.
    let Ok(metadata) = fs::metadata(path) else {
        return Err(Error::Missing { path: path.to_owned() });
    };
    if !metadata.is_file() {
        return Err(Error::Missing { path: path.to_owned() });
    }
    if metadata.len() > LARGEST_FILE {
        let (path, bytes) = (path.to_owned(), metadata.len());
        return Err(Error::TooLarge { path, bytes, limit: LARGEST_FILE });
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

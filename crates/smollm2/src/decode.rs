//! Reading a text piece by piece, as a model does when it writes.

use attention::KvCache;
use attention::units::Bytes;

use crate::{Error, LONGEST, Model};

/// A text in the making: the keys and values of all tokens so far, layer by layer.
///
/// [`Model::run`] looks at a whole text at once and keeps every map. A decoder keeps the keys
/// and values alone, so the next token costs one token's work and not the whole text's.
///
/// ```
/// use smollm2::{Decoder, Model, locate};
///
/// let model = Model::open(&locate()?)?;
/// let mut decoder = Decoder::new(&model);
/// let logits = decoder.read(&model.tokenizer().encode("The capital of France is")?)?;
/// let next = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
/// assert_eq!(model.tokenizer().token(next as u32)?.text, " Paris");
/// let _logits_after_paris = decoder.read(&[next as u32])?;
/// # Ok::<(), smollm2::Error>(())
/// ```
pub struct Decoder<'a> {
    model: &'a Model,
    /// One for each layer.
    caches: Vec<KvCache>,
}

impl<'a> Decoder<'a> {
    /// An empty text.
    pub fn new(model: &'a Model) -> Self {
        Decoder { model, caches: vec![KvCache::growing(); model.config().layers] }
    }

    /// Appends tokens to the text: one, or a piece of any length, which costs less than its tokens
    /// one by one. Returns the logits of the token after them, `[vocabulary]`.
    ///
    /// # Errors
    /// [`Error::EmptyText`] when there are none, [`Error::TooLong`] when the text would become
    /// longer than the model's context, [`Error::OutOfRange`] when there is no such token, and
    /// [`Error::Overflow`]. The text then stays as it was.
    pub fn read(&mut self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let (tokens, limit) = (self.len() + ids.len(), self.model.config().context);
        if tokens > limit {
            return Err(Error::TooLong { tokens, limit, reason: "the model's context" });
        }
        for &id in ids {
            self.model.tokenizer().token(id)?;
        }
        let before = self.len();
        let logits = self.read_pieces(ids);
        if logits.is_err() {
            for cache in &mut self.caches {
                cache.truncate(before)?;
            }
        }
        logits
    }

    /// In pieces, for what is computed on the way grows with the length of a piece.
    fn read_pieces(&mut self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let mut logits = Err(Error::EmptyText);
        for piece in ids.chunks(LONGEST) {
            logits = Ok(self.model.continued(piece, &mut self.caches)?);
        }
        logits
    }

    /// How many tokens have been read.
    pub fn len(&self) -> usize {
        self.caches.first().map_or(0, KvCache::len)
    }

    /// Whether no token has been read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of the keys and values of all layers.
    pub fn cache_bytes(&self) -> Bytes {
        self.caches.iter().map(KvCache::bytes).sum()
    }

    /// The size of the room set aside for them: [`cache_bytes`](Self::cache_bytes) at least.
    pub fn reserved_bytes(&self) -> Bytes {
        self.caches.iter().map(KvCache::reserved_bytes).sum()
    }
}

//! SmolLM2, which reads each text once: what it made of it is kept for whoever asks next.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use burn::tensor::Tensor;
use smollm2::{Attend, Config, Flow, Forward, Head, Model, Tokenizer};

#[cfg(test)]
use crate::counted_model::Pass;
use crate::counted_model::{CountedModel, Decoded, LayerHead};

/// The model of the book, and what it has read while the book is built.
pub struct MemoisedModel {
    model: CountedModel,
    forward: Memo<Vec<u32>, Forward>,
    unmasked: Memo<Vec<u32>, Vec<Tensor<3>>>,
    heads: Memo<(Vec<u32>, Vec<LayerHead>), Vec<Head>>,
    flow: Memo<(Vec<u32>, usize, usize), Flow>,
    surprise: Memo<(Vec<u32>, Vec<LayerHead>), Vec<f64>>,
    attention: Memo<(Vec<u32>, &'static str), Vec<f64>>,
    one_by_one: Memo<Vec<u32>, Vec<Decoded>>,
}

impl MemoisedModel {
    /// Loads the weights.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            model: CountedModel::new(Model::open(path)?),
            forward: Memo::default(),
            unmasked: Memo::default(),
            heads: Memo::default(),
            flow: Memo::default(),
            surprise: Memo::default(),
            attention: Memo::default(),
            one_by_one: Memo::default(),
        })
    }

    /// The model's sizes.
    pub fn config(&self) -> &Config {
        self.model.config()
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.model.tokenizer()
    }

    /// The tokens of a text.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.tokenizer().encode(text)?)
    }

    /// Every text that the model was made to read so far, and what for.
    #[cfg(test)]
    pub(crate) fn passes(&self) -> Vec<Pass> {
        self.model.passes()
    }

    /// What the model saw in a text: as [`Model::run`].
    pub(crate) fn forward(&self, text: &str) -> Result<Rc<Forward>> {
        self.forward_tokens(&self.encode(text)?)
    }

    /// What the model saw in a text of these tokens: as [`Model::run_tokens`].
    pub(crate) fn forward_tokens(&self, ids: &[u32]) -> Result<Rc<Forward>> {
        self.forward.get(ids.to_vec(), || self.model.forward(ids))
    }

    /// The scores before the mask: as [`Model::unmasked_scores`].
    pub(crate) fn unmasked(&self, ids: &[u32]) -> Result<Rc<Vec<Tensor<3>>>> {
        self.unmasked.get(ids.to_vec(), || self.model.unmasked(ids))
    }

    /// Some heads at work on a text: as [`Model::heads`].
    pub(crate) fn heads(&self, text: &str, heads: &[LayerHead]) -> Result<Rc<Vec<Head>>> {
        let ids = self.encode(text)?;
        self.heads.get((ids.clone(), heads.to_vec()), || self.model.heads(&ids, heads))
    }

    /// What each head of a layer does for one token of a text: as [`Model::flow`].
    pub(crate) fn flow(&self, text: &str, layer: usize, place: usize) -> Result<Rc<Flow>> {
        let ids = self.encode(text)?;
        self.flow.get((ids.clone(), layer, place), || self.model.flow(&ids, layer, place))
    }

    /// How much each token surprises the model when some heads are silenced: as
    /// [`Model::surprise`].
    pub(crate) fn surprise(&self, ids: &[u32], silenced: &[LayerHead]) -> Result<Rc<Vec<f64>>> {
        let key = (ids.to_vec(), silenced.to_vec());
        self.surprise.get(key, || self.model.surprise(ids, silenced))
    }

    /// How much each token surprises the model with another attention: as [`Model::logits_by`].
    /// `name` stands for `attend`: two that differ have two names.
    pub(crate) fn surprise_by(
        &self,
        ids: &[u32],
        name: &'static str,
        attend: &Attend<'_>,
    ) -> Result<Rc<Vec<f64>>> {
        self.attention.get((ids.to_vec(), name), || self.model.surprise_by(ids, name, attend))
    }

    /// What a [`Decoder`](smollm2::Decoder) says after each token of a text.
    pub(crate) fn one_by_one(&self, ids: &[u32]) -> Result<Rc<Vec<Decoded>>> {
        self.one_by_one.get(ids.to_vec(), || self.model.one_by_one(ids))
    }
}

/// Values by what they were computed from.
struct Memo<K, V>(RefCell<BTreeMap<K, Rc<V>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord, V> Memo<K, V> {
    /// The value of `key`, which is computed when it is asked for the first time.
    fn get(&self, key: K, compute: impl FnOnce() -> Result<V>) -> Result<Rc<V>> {
        if let Some(known) = self.0.borrow().get(&key) {
            return Ok(known.clone());
        }
        let value = Rc::new(compute()?);
        self.0.borrow_mut().insert(key, value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use inputs::texts;

    use super::*;
    use crate::counted_model::Purpose;
    use crate::facts::Facts;
    use crate::prerender;
    use crate::sentences::GALLERY;

    #[test]
    fn a_build_reads_each_text_once() {
        let path = smollm2::locate().unwrap_or_else(|error| panic!("{error}"));
        let model = MemoisedModel::open(&path).unwrap();
        Facts::compute(Some(&model)).unwrap();
        prerender::all(Some(&model)).unwrap();

        let passes = model.passes();
        let mut seen = BTreeSet::new();
        for (ids, purpose) in &passes {
            let text = model.tokenizer().decode(ids).unwrap();
            assert!(seen.insert((ids, purpose)), "“{text}” is read twice: {purpose:?}");
        }
        let prompts =
            GALLERY.iter().map(|sentence| sentence.text).chain(texts::FRENCH[..2].to_vec());
        for text in prompts.chain([texts::BOUGHT, texts::CAT_SAT_ON, texts::BAKER]) {
            let ids = model.encode(text).unwrap();
            let times = passes.iter().filter(|pass| **pass == (ids.clone(), Purpose::Forward));
            assert_eq!(times.count(), 1, "“{text}” is read once");
        }
        println!("{} passes", passes.len());
    }

    #[test]
    fn what_was_computed_is_kept_and_an_error_is_not() {
        let memo: Memo<u32, u32> = Memo::default();
        let calls = RefCell::new(0);
        let ask = |key: u32, answer: Result<u32>| {
            memo.get(key, || {
                *calls.borrow_mut() += 1;
                answer
            })
        };
        assert!(ask(1, Err(anyhow::anyhow!("not today"))).is_err());
        assert_eq!((*ask(1, Ok(10)).unwrap(), *ask(1, Ok(11)).unwrap()), (10, 10));
        assert_eq!((*ask(2, Ok(20)).unwrap(), *calls.borrow()), (20, 3));
    }
}

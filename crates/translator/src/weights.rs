//! The weights as a file, in the safetensors format.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Translator};

/// The trained weights that the book uses: what the listing `ch07-train` wrote.
pub static WEIGHTS: &[u8] = include_bytes!("../weights/translator.safetensors");

/// What `ch07-train` printed while it made [`WEIGHTS`]: step, loss and held-out sentences right.
pub static TRAINING_LOG: &str = include_str!("../weights/training.txt");

/// The [`checksum`] of [`WEIGHTS`].
pub const WEIGHTS_CHECKSUM: &str =
    "33e674c370aeb174df7dfdb35d6c38d1ccae91c950ce7cf958f86500109f32be";

impl Translator {
    /// The trained model of the book.
    ///
    /// # Panics
    /// Never: a test reads these weights.
    pub fn of_the_book(device: &Device) -> Self {
        Self::from_bytes(WEIGHTS, device).expect("the weights of the book can be read")
    }

    /// Reads weights that [`Translator::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Weights`] when the file is damaged, or its tensors are not those of the model.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Weights { reason };
        let file = SafeTensors::deserialize(bytes).map_err(|error| wrong(error.to_string()))?;
        let tensors = file
            .iter()
            .map(|(name, view)| Ok((name.to_owned(), numbers(name, &view)?)))
            .collect::<Result<_, Error>>()?;
        let mut filler = Filler { names: Vec::new(), tensors, problem: None };
        let model = Translator::untrained(0, device).map(&mut filler);
        match (filler.problem, filler.tensors.keys().next()) {
            (Some(reason), _) => Err(wrong(reason)),
            (None, Some(name)) => Err(wrong(format!("the model has no tensor `{name}`"))),
            (None, None) => Ok(model),
        }
    }

    /// The weights as a safetensors file. The same weights make the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut reader = Reader::default();
        self.visit(&mut reader);
        let views = reader.tensors.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            (name.clone(), view.expect("a tensor has as many numbers as its shape says"))
        });
        serialize(views, None).expect("tensors can be written")
    }
}

/// The SHA-256 of a file, in hexadecimal.
pub fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The numbers of one tensor of the file.
fn numbers(name: &str, view: &TensorView<'_>) -> Result<TensorData, Error> {
    let wrong = |what: &str| Err(Error::Weights { reason: format!("the tensor `{name}` {what}") });
    if view.dtype() != Dtype::F32 {
        return wrong("is not made of f32");
    }
    let numbers: Vec<f32> = view
        .data()
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
        .collect();
    if numbers.iter().any(|number| !number.is_finite()) {
        return wrong("holds a number that is not finite");
    }
    Ok(TensorData::new(numbers, view.shape().to_vec()))
}

/// Collects name, shape and bytes of each tensor.
#[derive(Default)]
struct Reader {
    names: Vec<String>,
    tensors: Vec<(String, Vec<usize>, Vec<u8>)>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        let shape = param.val().dims().to_vec();
        let bytes = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
        self.tensors.push((self.names.join("."), shape, bytes));
    }
}

/// Puts the file's tensors into a model, by name.
struct Filler {
    names: Vec<String>,
    tensors: BTreeMap<String, TensorData>,
    problem: Option<String>,
}

impl ModuleMapper for Filler {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.names.join(".");
        let expected = param.val().dims();
        match self.tensors.remove(&name) {
            Some(data) if data.shape().as_slice() == expected => {
                param.map(|old| Tensor::from_data(data, &old.device()))
            }
            Some(data) => {
                let reason = format!("`{name}` has shape {:?}, not {expected:?}", data.shape());
                self.problem.get_or_insert(reason);
                param
            }
            None => {
                self.problem.get_or_insert(format!("the tensor `{name}` is missing"));
                param
            }
        }
    }
}

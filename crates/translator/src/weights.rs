//! The weights as a file.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Translator};

/// The first byte of the file: which layout follows.
const VERSION: u8 = 1;

/// A tensor of the file. After the version the file is a list of these, in postcard's format.
#[derive(Serialize, Deserialize)]
struct Named {
    /// Its place in the model: `decoder.0.cross.query`.
    name: String,
    shape: Vec<usize>,
    /// Row by row.
    numbers: Vec<f32>,
}

/// The trained weights that the book uses: what the listing `ch07-train` wrote.
pub static WEIGHTS: &[u8] = include_bytes!("../weights/translator.bin");

/// What `ch07-train` printed while it made [`WEIGHTS`]: step, loss and held-out sentences right.
pub static TRAINING_LOG: &str = include_str!("../weights/training.txt");

/// The [`checksum`] of [`WEIGHTS`].
pub const WEIGHTS_CHECKSUM: &str =
    "986bf25cb4755f126578c6633fe27f9c4e8ba43d9ec492e91b3bfdb5a91e5983";

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
        let Some((&VERSION, body)) = bytes.split_first() else {
            return Err(wrong(format!("it is not a version {VERSION} file")));
        };
        let (tensors, rest): (Vec<Named>, _) =
            postcard::take_from_bytes(body).map_err(|error| wrong(error.to_string()))?;
        if !rest.is_empty() {
            return Err(wrong(format!("{} bytes are left over", rest.len())));
        }
        let mut tensors = tensors.into_iter().map(checked).collect::<Result<Vec<_>, Error>>()?;
        let model = Translator::made(&mut |name, shape| {
            let place = tensors.iter().position(|(other, _)| other == name);
            let place = place.ok_or_else(|| wrong(format!("the tensor `{name}` is missing")))?;
            let (_, data) = tensors.swap_remove(place);
            if data.shape().as_slice() != shape {
                return Err(wrong(format!("`{name}` has shape {:?}, not {shape:?}", data.shape())));
            }
            Ok(Param::from_data(data, device))
        })?;
        match tensors.first() {
            Some((name, _)) => Err(wrong(format!("the model has no tensor `{name}`, or one more"))),
            None => Ok(model),
        }
    }

    /// The weights as a file. The same weights make the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut reader = Reader::default();
        self.visit(&mut reader);
        postcard::to_extend(&reader.tensors, vec![VERSION]).expect("tensors are plain data")
    }
}

/// The SHA-256 of a file, in hexadecimal.
pub fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tensor of the file by name, if it has as many numbers as its shape says, all finite.
fn checked(Named { name, shape, numbers }: Named) -> Result<(String, TensorData), Error> {
    let wrong = |what: &str| Err(Error::Weights { reason: format!("the tensor `{name}` {what}") });
    let count = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if count != Some(numbers.len()) {
        return wrong("has more or fewer numbers than its shape says");
    }
    if numbers.iter().any(|number| !number.is_finite()) {
        return wrong("holds a number that is not finite");
    }
    Ok((name, TensorData::new(numbers, shape)))
}

/// Collects all tensors, in the model's order.
#[derive(Default)]
struct Reader {
    names: Vec<String>,
    tensors: Vec<Named>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.names.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (value, name) = (param.val(), self.names.join("."));
        let shape = value.dims().to_vec();
        self.tensors.push(Named { name, shape, numbers: value.into_data().iter().collect() });
    }
}

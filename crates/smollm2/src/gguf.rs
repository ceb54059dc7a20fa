//! The GGUF file format: settings, then a list of tensors, then their bytes.
//!
//! ```text
//! "GGUF"  version: u32  number of tensors: u64  number of settings: u64
//! settings:  key: string  type: u32  value
//! tensors:   name: string  dimensions: u32  each dimension: u64  storage: u32  offset: u64
//! padding up to a multiple of the alignment
//! the tensors' bytes; offsets count from here
//! ```
//!
//! All numbers are little-endian; a string is its length in bytes, a `u64`, and then UTF-8. The
//! format is laid down in the GGML project, `docs/gguf.md`.
//!
//! A file may be damaged or made to do harm. So nothing here trusts a length: each is checked
//! against the bytes that are left before anything is set aside for it. Strings and tensors are
//! not copied but borrowed from the file's bytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::quant::{Storage, dequantise, first_not_finite, type_name};

/// The most bytes in a key, as the format says.
const LONGEST_KEY: u64 = 65_535;
/// The most bytes in a tensor's name, as the format says.
const LONGEST_NAME: u64 = 64;
/// The most dimensions of a tensor, as the format says.
const MOST_DIMENSIONS: u32 = 4;
/// Where tensors may begin, in bytes, when the file does not say.
const DEFAULT_ALIGNMENT: u64 = 32;
/// A setting takes at least this many bytes: the length of its key, its type, and a value.
const SMALLEST_SETTING: u64 = 8 + 4 + 1;
/// A tensor's description takes at least this many bytes.
const SMALLEST_DESCRIPTION: u64 = 8 + 4 + 4 + 8;

/// A GGUF file, read but not yet understood.
#[derive(Debug)]
pub struct Gguf<'a> {
    settings: BTreeMap<&'a str, Value<'a>>,
    tensors: BTreeMap<&'a str, TensorInfo<'a>>,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A whole number of 8, 16, 32 or 64 bits, with or without a sign.
    Integer(i128),
    /// A number of 32 or 64 bits with a fraction.
    Float(f64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    String(&'a str),
    /// A list of texts.
    Strings(Vec<&'a str>),
    /// A list of whole numbers of 32 bits with a sign.
    Integers(Vec<i32>),
    /// A list of another kind, which no setting of this model has: it is skipped.
    OtherList,
}

/// What the file says about a tensor.
#[derive(Debug)]
pub struct TensorInfo<'a> {
    /// Its dimensions, the fastest first: a matrix of 2 rows and 3 columns is `[3, 2]`.
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub storage: Storage,
    /// Where its bytes begin in the file.
    pub offset: u64,
    bytes: &'a [u8],
}

impl<'a> Gguf<'a> {
    /// Reads the settings and the list of tensors from the bytes of a whole file.
    ///
    /// # Errors
    /// [`Error::NotGguf`], [`Error::Version`], [`Error::Truncated`], [`Error::Corrupt`] or
    /// [`Error::Quantisation`], each with the place in the file.
    pub fn parse(file: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader { file, at: 0 };
        reader.magic()?;
        let version = reader.u32("version")?;
        if !(2..=3).contains(&version) {
            return Err(Error::Version { found: version });
        }
        let tensor_count = reader.count("number of tensors", SMALLEST_DESCRIPTION)?;
        let setting_count = reader.count("number of settings", SMALLEST_SETTING)?;

        let settings = read_settings(&mut reader, setting_count)?;
        let descriptions = read_descriptions(&mut reader, tensor_count)?;
        let alignment = alignment(&settings)?;
        let data = (reader.at as u64).next_multiple_of(alignment);
        let tensors = place(file, data, alignment, descriptions)?;
        Ok(Gguf { settings, tensors })
    }

    /// The value of a setting, where the file has it.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.settings.get(key)
    }

    /// The keys of all settings, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.settings.keys().copied()
    }

    /// The names of all tensors, in alphabetical order.
    pub fn tensor_names(&self) -> impl Iterator<Item = &'a str> {
        self.tensors.keys().copied()
    }

    /// What the file says about a tensor.
    ///
    /// # Errors
    /// [`Error::MissingTensor`] when the file does not have it.
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo<'a>, Error> {
        self.tensors.get(name).ok_or_else(|| Error::MissingTensor { tensor: name.to_owned() })
    }

    /// The numbers of a tensor, the fastest dimension first.
    ///
    /// # Errors
    /// [`Error::MissingTensor`]; [`Error::Shape`] when its shape is not `shape`;
    /// [`Error::NotFinite`] when a number is infinite or not a number.
    pub fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let (storage, bytes) = self.blocks(name, shape)?;
        dequantise(storage, bytes)
    }

    /// The bytes of a tensor and how they store its numbers.
    ///
    /// # Errors
    /// Those of [`numbers`](Self::numbers).
    pub fn blocks(&self, name: &str, shape: &[usize]) -> Result<(Storage, &'a [u8]), Error> {
        let &TensorInfo { storage, offset, bytes, shape: ref found } = self.tensor(name)?;
        let (tensor, expected) = (name.to_owned(), shape.iter().map(|&size| size as u64).collect());
        if *found != expected {
            return Err(Error::Shape { tensor, found: found.clone(), expected });
        }
        match first_not_finite(storage, bytes) {
            None => Ok((storage, bytes)),
            Some(index) => {
                let value = dequantise(storage, bytes)?[index];
                Err(Error::NotFinite { tensor, offset, index, value })
            }
        }
    }

    /// Checks that the file has each tensor of a model of these sizes and no other.
    ///
    /// # Errors
    /// [`Error::MissingTensor`] and [`Error::UnknownTensor`].
    pub(crate) fn check_tensors(&self, layers: usize) -> Result<(), Error> {
        const PARTS: [&str; 9] = [
            "attn_norm",
            "attn_q",
            "attn_k",
            "attn_v",
            "attn_output",
            "ffn_norm",
            "ffn_gate",
            "ffn_up",
            "ffn_down",
        ];
        let mut unknown: BTreeSet<&str> = self.tensor_names().collect();
        let mut expect = |name: String| match unknown.remove(name.as_str()) {
            true => Ok(()),
            false => Err(Error::MissingTensor { tensor: name }),
        };
        expect("token_embd.weight".to_owned())?;
        expect("output_norm.weight".to_owned())?;
        for layer in 0..layers {
            for part in PARTS {
                expect(format!("blk.{layer}.{part}.weight"))?;
            }
        }
        match unknown.first() {
            None => Ok(()),
            Some(tensor) => Err(Error::UnknownTensor { tensor: (*tensor).to_owned() }),
        }
    }
}

fn read_settings<'a>(
    reader: &mut Reader<'a>,
    count: u64,
) -> Result<BTreeMap<&'a str, Value<'a>>, Error> {
    let mut settings = BTreeMap::new();
    for _ in 0..count {
        let offset = reader.at as u64;
        let key = reader.string("key of a setting", LONGEST_KEY)?;
        let value = reader.value(key)?;
        if settings.insert(key, value).is_some() {
            return Err(corrupt(key, offset, "is there twice"));
        }
    }
    Ok(settings)
}

/// A tensor's description: its bytes are still to be found.
struct Description<'a> {
    name: &'a str,
    /// Where the description begins in the file.
    at: u64,
    shape: Vec<u64>,
    storage: Storage,
    /// Where the tensor's bytes begin, counted from the start of all tensors' bytes.
    offset: u64,
    bytes: u64,
}

fn read_descriptions<'a>(
    reader: &mut Reader<'a>,
    count: u64,
) -> Result<Vec<Description<'a>>, Error> {
    let mut descriptions = Vec::new();
    for _ in 0..count {
        descriptions.push(reader.description()?);
    }
    Ok(descriptions)
}

fn alignment(settings: &BTreeMap<&str, Value<'_>>) -> Result<u64, Error> {
    const KEY: &str = "general.alignment";
    match settings.get(KEY) {
        None => Ok(DEFAULT_ALIGNMENT),
        // Up to 64 KiB, the largest page of a common machine.
        Some(&Value::Integer(bytes)) if (8..=65_536).contains(&bytes) && bytes % 8 == 0 => {
            Ok(bytes as u64)
        }
        Some(_) => Err(Error::Setting {
            key: KEY.to_owned(),
            problem: "is not a multiple of 8 from 8 to 65536".to_owned(),
        }),
    }
}

/// Finds each tensor's bytes, and checks that no two tensors share any.
fn place<'a>(
    file: &'a [u8],
    data: u64,
    alignment: u64,
    mut descriptions: Vec<Description<'a>>,
) -> Result<BTreeMap<&'a str, TensorInfo<'a>>, Error> {
    let mut tensors = BTreeMap::new();
    let mut last_end = data;
    descriptions.sort_by_key(|description| description.offset);
    for Description { name, at, shape, storage, offset, bytes } in descriptions {
        if !offset.is_multiple_of(alignment) {
            let problem = format!("begins at {offset}, not at a multiple of {alignment}");
            return Err(corrupt(name, at, problem));
        }
        let start = data.saturating_add(offset);
        let end = start.saturating_add(bytes);
        if start < last_end {
            return Err(corrupt(name, at, "shares bytes with another tensor"));
        }
        let Some(bytes) = file.get(start as usize..end as usize) else {
            let left = (file.len() as u64).saturating_sub(start);
            let what = name.to_owned();
            return Err(Error::Truncated { what, offset: start, needed: bytes, left });
        };
        last_end = end;
        let info = TensorInfo { shape, storage, offset: start, bytes };
        if tensors.insert(name, info).is_some() {
            return Err(corrupt(name, at, "is there twice"));
        }
    }
    Ok(tensors)
}

fn corrupt(what: &str, offset: u64, problem: impl Into<String>) -> Error {
    Error::Corrupt { what: what.to_owned(), offset, problem: problem.into() }
}

/// Reads the file from front to back. `what` names the part that is read, for messages.
struct Reader<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn left(&self) -> u64 {
        (self.file.len() - self.at) as u64
    }

    fn take(&mut self, what: &str, bytes: u64) -> Result<&'a [u8], Error> {
        if bytes > self.left() {
            let (offset, left) = (self.at as u64, self.left());
            return Err(Error::Truncated { what: what.to_owned(), offset, needed: bytes, left });
        }
        let start = self.at;
        self.at += bytes as usize;
        Ok(&self.file[start..self.at])
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(what, N as u64)?);
        Ok(array)
    }

    fn magic(&mut self) -> Result<(), Error> {
        if self.file.starts_with(b"GGUF") {
            self.at = 4;
            return Ok(());
        }
        Err(Error::NotGguf { found: self.file.iter().take(4).copied().collect() })
    }

    fn u32(&mut self, what: &str) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    fn u64(&mut self, what: &str) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A number of things that take at least `smallest` bytes each: so many must be left.
    fn count(&mut self, what: &str, smallest: u64) -> Result<u64, Error> {
        let count = self.u64(what)?;
        let (offset, needed, left) = (self.at as u64, count.saturating_mul(smallest), self.left());
        if needed > left {
            return Err(Error::Truncated { what: what.to_owned(), offset, needed, left });
        }
        Ok(count)
    }

    fn string(&mut self, what: &str, longest: u64) -> Result<&'a str, Error> {
        let offset = self.at as u64;
        let length = self.u64(what)?;
        if length > longest {
            let problem = format!("is {length} bytes long, and at most {longest} are allowed");
            return Err(corrupt(what, offset, problem));
        }
        std::str::from_utf8(self.take(what, length)?)
            .map_err(|_| corrupt(what, offset, "is not UTF-8 text"))
    }

    fn value(&mut self, key: &str) -> Result<Value<'a>, Error> {
        let offset = self.at as u64;
        let code = self.u32(key)?;
        Ok(match code {
            0 => Value::Integer(u8::from_le_bytes(self.array(key)?).into()),
            1 => Value::Integer(i8::from_le_bytes(self.array(key)?).into()),
            2 => Value::Integer(u16::from_le_bytes(self.array(key)?).into()),
            3 => Value::Integer(i16::from_le_bytes(self.array(key)?).into()),
            4 => Value::Integer(u32::from_le_bytes(self.array(key)?).into()),
            5 => Value::Integer(i32::from_le_bytes(self.array(key)?).into()),
            6 => Value::Float(f32::from_le_bytes(self.array(key)?).into()),
            7 => match self.array(key)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                [byte] => {
                    return Err(corrupt(key, offset, format!("is a truth value of {byte}")));
                }
            },
            8 => Value::String(self.string(key, self.left())?),
            9 => self.list(key)?,
            10 => Value::Integer(u64::from_le_bytes(self.array(key)?).into()),
            11 => Value::Integer(i64::from_le_bytes(self.array(key)?).into()),
            12 => Value::Float(f64::from_le_bytes(self.array(key)?)),
            _ => return Err(corrupt(key, offset, format!("has the unknown type {code}"))),
        })
    }

    fn list(&mut self, key: &str) -> Result<Value<'a>, Error> {
        const I32: u32 = 5;
        let offset = self.at as u64;
        let code = self.u32(key)?;
        // The bytes of an item; for a string, those of its length.
        let size = match code {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            9 => return Err(corrupt(key, offset, "is a list of lists")),
            _ => return Err(corrupt(key, offset, format!("is a list of unknown type {code}"))),
        };
        let count = self.count(key, size)?;
        if code == 8 {
            let mut strings = Vec::new();
            for _ in 0..count {
                strings.push(self.string(key, self.left())?);
            }
            return Ok(Value::Strings(strings));
        }
        let (items, _) = self.take(key, count * size)?.as_chunks::<4>();
        Ok(match code {
            I32 => Value::Integers(items.iter().map(|&item| i32::from_le_bytes(item)).collect()),
            _ => Value::OtherList,
        })
    }

    fn description(&mut self) -> Result<Description<'a>, Error> {
        let at = self.at as u64;
        let name = self.string("name of a tensor", LONGEST_NAME)?;
        let dimensions = self.u32(name)?;
        if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            let problem = format!("has {dimensions} dimensions, not 1 to {MOST_DIMENSIONS}");
            return Err(corrupt(name, at, problem));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            shape.push(self.u64(name)?);
        }
        let code = self.u32(name)?;
        let storage = Storage::from_code(code).ok_or_else(|| Error::Quantisation {
            tensor: name.to_owned(),
            offset: at,
            code,
            name: type_name(code),
        })?;
        let bytes = size(&shape, storage).map_err(|problem| corrupt(name, at, problem))?;
        let offset = self.u64(name)?;
        Ok(Description { name, at, shape, storage, offset, bytes })
    }
}

/// The bytes that a tensor takes: its rows are cut into whole blocks.
fn size(shape: &[u64], storage: Storage) -> Result<u64, String> {
    let block = storage.block_numbers() as u64;
    if shape.contains(&0) {
        return Err(format!("has the shape {shape:?}, which holds nothing"));
    }
    if !shape[0].is_multiple_of(block) {
        let (row, name) = (shape[0], storage.name());
        return Err(format!("has rows of {row} numbers, and {name} stores {block} at a time"));
    }
    shape
        .iter()
        .try_fold(1, |product: u64, &size| product.checked_mul(size))
        .and_then(|numbers| (numbers / block).checked_mul(storage.block_bytes() as u64))
        .ok_or_else(|| format!("has the shape {shape:?}, which is too large for any machine"))
}

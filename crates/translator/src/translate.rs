//! Greedy translation, and what the decoder looked at on the way.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::model::PLACES;
use crate::{END, Error, HEADS, LAYERS, PAD, Pair, START, Translator, Vocabulary};

/// A translation, and where each of its words looked.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation {
    /// The English words, without the sign for the end.
    pub english: Vec<&'static str>,
    /// `[layers][heads][seq_q][seq_k]`: the cross-attention weights. Row `i` belongs to the
    /// query that wrote word `i`; one more row wrote the end.
    pub weights: Vec<Vec<Vec<Vec<f32>>>>,
}

/// Sentences as a batch of numbers, filled up to the length of the longest.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The French words, `[batch, seq_k]`.
    pub french: Tensor<2, Int>,
    /// How many French words each sentence has.
    pub lengths: Vec<usize>,
    /// What the decoder is given: `<start>` and the English words, `[batch, seq_q]`.
    pub given: Tensor<2, Int>,
    /// What it should say: the English words and `<end>`, `[batch, seq_q]`.
    pub wanted: Tensor<2, Int>,
}

impl Batch {
    /// A batch of `pairs`.
    ///
    /// # Panics
    /// If there are no pairs.
    pub fn new(pairs: &[&Pair], device: &Device) -> Self {
        let (french, english) = (Vocabulary::french(), Vocabulary::english());
        let numbers = |words: &[&str], vocabulary: &Vocabulary| -> Vec<usize> {
            let number = |word: &&str| vocabulary.number(word).expect("the grammar's words");
            words.iter().map(number).collect()
        };
        let mut columns: [Vec<Vec<usize>>; 3] = Default::default();
        for pair in pairs {
            let english = numbers(&pair.english, &english);
            columns[0].push(numbers(&pair.french, &french));
            columns[1].push([&[START], &english[..]].concat());
            columns[2].push([&english[..], &[END]].concat());
        }
        let lengths = columns[0].iter().map(Vec::len).collect();
        let [french, given, wanted] = columns.map(|column| block(&column, device));
        Batch { french, lengths, given, wanted }
    }
}

/// Rows of numbers as a block, with [`PAD`] after the shorter ones.
fn block(rows: &[Vec<usize>], device: &Device) -> Tensor<2, Int> {
    let width = rows.iter().map(Vec::len).max().expect("a batch has a row");
    let number = |row: &Vec<usize>, at: usize| *row.get(at).unwrap_or(&PAD) as i32;
    let numbers = rows.iter().flat_map(|row| (0..width).map(move |at| number(row, at)));
    let data = TensorData::new(numbers.collect::<Vec<i32>>(), [rows.len(), width]);
    Tensor::from_data(data, device)
}

impl Translator {
    // ANCHOR: greedy
    /// Translates word by word: each time the likeliest one, until the model says that it is
    /// done or has no place left.
    ///
    /// # Errors
    /// [`Error::Words`] for a word that is not of the grammar.
    pub fn translate(&self, french: &[&str]) -> Result<Translation, Error> {
        let device = self.device();
        let (vocabulary, lengths) = (Vocabulary::english(), [french.len()]);
        let source = self.encode(block(&[numbers(french)?], &device), &lengths)?;

        let mut written = vec![START];
        loop {
            let given = block(&[written.clone()], &device);
            let decoded = self.decode(given, source.clone(), &lengths)?;
            let next = likeliest(&decoded.logits).last().copied().unwrap_or(END);
            if next == END || written.len() == PLACES {
                let english = written[1..].iter().filter_map(|number| vocabulary.word(*number));
                return Ok(Translation { english: english.collect(), weights: weights(&decoded) });
            }
            written.push(next);
        }
    }
    // ANCHOR_END: greedy

    /// For each pair, whether the model translates the French exactly as the pair does.
    ///
    /// One pass does it: the decoder is given the whole English, and at each place must find the
    /// next word likeliest. That is so exactly when [`Translator::translate`] would write it.
    ///
    /// # Errors
    /// As [`Translator::decode`].
    pub fn agrees(&self, pairs: &[&Pair]) -> Result<Vec<bool>, Error> {
        let device = self.device();
        let mut agree = Vec::new();
        for pairs in pairs.chunks(128) {
            let batch = Batch::new(pairs, &device);
            let source = self.encode(batch.french, &batch.lengths)?;
            let decoded = self.decode(batch.given, source, &batch.lengths)?;
            let said = likeliest(&decoded.logits);
            let wanted: Vec<i32> = batch.wanted.clone().into_data().iter().collect();
            let width = batch.wanted.dims()[1];
            for (said, wanted) in said.chunks(width).zip(wanted.chunks(width)) {
                let mut places = said.iter().zip(wanted);
                agree.push(
                    places.all(|(said, wanted)| *wanted == PAD as i32 || *said == *wanted as usize),
                );
            }
        }
        Ok(agree)
    }
}

/// The numbers of French words.
fn numbers(french: &[&str]) -> Result<Vec<usize>, Error> {
    let vocabulary = Vocabulary::french();
    let unknown = |place: usize| {
        let given: Vec<String> = french.iter().map(|word| (*word).to_owned()).collect();
        Error::words(&given, place, vocabulary.words().to_vec())
    };
    let number =
        |(place, word): (usize, &&str)| vocabulary.number(word).ok_or_else(|| unknown(place));
    french.iter().enumerate().map(number).collect()
}

/// The likeliest word at each place of each text, row by row.
fn likeliest(logits: &Tensor<3>) -> Vec<usize> {
    let [_, _, words] = logits.dims();
    let place = |row: &[f32]| (0..words).max_by(|a, b| row[*a].total_cmp(&row[*b]));
    floats(logits.clone()).chunks(words).filter_map(place).collect()
}

/// The numbers of a tensor, row by row.
fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("the model computes in f32")
}

/// The cross-attention weights of the first text of the batch.
fn weights(decoded: &crate::Decoded) -> Vec<Vec<Vec<Vec<f32>>>> {
    let nested = |weights: &Tensor<4>| {
        let [_, _, seq_q, seq_k] = weights.dims();
        let flat = floats(weights.clone());
        let rows: Vec<Vec<f32>> =
            flat.chunks(seq_k).take(HEADS * seq_q).map(<[f32]>::to_vec).collect();
        rows.chunks(seq_q).map(<[Vec<f32>]>::to_vec).collect()
    };
    let layers: Vec<_> = decoded.cross.iter().map(|steps| nested(&steps.heads.weights)).collect();
    debug_assert_eq!(layers.len(), LAYERS);
    layers
}

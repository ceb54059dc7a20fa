//! A decoding step over contiguous and paged caches, against the reference in f64.

use burn::tensor::{Device, FloatDType, Tensor};
use kernels::{DecodeOptions, FlashOptions, Window, decode, decode_paged};

use crate::case::{doubles, tensor};
use crate::reference::{Random, Shape, largest_difference, reference};

struct Step {
    heads: usize,
    kv_heads: usize,
    capacity: usize,
    head_dim: usize,
    lengths: Vec<usize>,
    options: DecodeOptions,
}

fn step(heads: usize, kv_heads: usize, head_dim: usize, lengths: &[usize]) -> Step {
    let capacity = lengths.iter().copied().max().unwrap().max(1) + 3;
    let (lengths, options) = (lengths.to_vec(), DecodeOptions::default());
    Step { heads, kv_heads, capacity, head_dim, lengths, options }
}

fn steps() -> Vec<Step> {
    let windowed = DecodeOptions { before: Some(99), ..Default::default() };
    let capped = DecodeOptions { soft_cap: Some(1.5), scale: Some(0.3), ..Default::default() };
    vec![
        step(9, 3, 64, &[1000, 1, 0, 257]),
        step(9, 3, 64, &[256]),
        step(8, 1, 64, &[700, 3]),
        step(11, 1, 32, &[513]),
        step(2, 2, 80, &[300, 241]),
        step(4, 2, 128, &[600, 31]),
        step(2, 1, 256, &[500]),
        step(6, 2, 8, &[0, 0]),
        Step { options: windowed, ..step(9, 3, 64, &[1000, 100, 99, 7, 0]) },
        Step { options: capped, ..step(6, 2, 64, &[400, 9]) },
        Step {
            options: DecodeOptions { before: Some(usize::MAX), ..capped },
            ..step(6, 2, 64, &[90])
        },
    ]
}

impl Step {
    fn shape(&self) -> Shape {
        let Step { heads, kv_heads, capacity, head_dim, .. } = *self;
        Shape { batch: self.lengths.len(), heads, kv_heads, seq_q: 1, seq_k: capacity, head_dim }
    }

    /// Query, keys and values.
    fn numbers(&self) -> [Vec<f64>; 3] {
        let s = self.shape();
        let mut random = Random(77);
        let keys = s.batch * s.kv_heads * s.seq_k;
        [s.batch * s.heads, keys, keys].map(|rows| {
            // As an f32 holds them.
            let numbers = random.normals(rows * s.head_dim);
            numbers.into_iter().map(|number| f64::from(number as f32)).collect()
        })
    }

    /// Output and log-sum-exp, text by text: its query stands at its last key.
    fn expected(&self, [query, key, value]: &[Vec<f64>; 3]) -> [Vec<f64>; 2] {
        let s = self.shape();
        let (mut output, mut log_sum_exp) = (Vec::new(), Vec::new());
        for (text, &length) in self.lengths.iter().enumerate() {
            let query = &query[text * s.heads * s.head_dim..][..s.heads * s.head_dim];
            let cut = |cache: &[f64]| {
                let heads = (0..s.kv_heads).map(|head| {
                    let at = (text * s.kv_heads + head) * s.seq_k * s.head_dim;
                    &cache[at..][..length * s.head_dim]
                });
                heads.collect::<Vec<_>>().concat()
            };
            let options = FlashOptions {
                scale: self.options.scale,
                soft_cap: self.options.soft_cap,
                window: self.options.before.map(|before| Window { before, after: 0 }),
                ..Default::default()
            };
            let shape = Shape { batch: 1, seq_k: length, ..s };
            let gradient = vec![0.0; query.len()];
            let [of_text, of_scores, ..] =
                reference(shape, &options, [query, &cut(key), &cut(value), &gradient]);
            output.extend(of_text);
            log_sum_exp.extend(of_scores);
        }
        [output, log_sum_exp]
    }

    fn compare(&self, how: &str, device: &Device, got: (Tensor<4>, Tensor<3>)) {
        let [output, log_sum_exp] = self.expected(&self.numbers());
        let errors = [
            largest_difference(&doubles(&got.0), &output, 1.0),
            largest_difference(&doubles(&got.1), &log_sum_exp, 1.0),
        ];
        let Step { heads, kv_heads, head_dim, lengths, .. } = self;
        let shown = errors.map(|error| format!("{error:.1e}")).join(" ");
        println!(
            "{how:<10} {heads}:{kv_heads} {head_dim:<3} {lengths:?} {}: {shown}",
            kernels::device::name(device)
        );
        assert!(errors.iter().all(|&error| error < 4e-6), "{how} {:?}: {errors:?}", self.shape());
    }

    fn tensors(&self, device: &Device) -> [Tensor<4>; 3] {
        let [query, key, value] = self.numbers();
        let s = self.shape();
        let cache = [s.batch, s.kv_heads, s.seq_k, s.head_dim];
        [
            tensor(&query, [s.batch, s.heads, 1, s.head_dim], device, FloatDType::F32),
            tensor(&key, cache, device, FloatDType::F32),
            tensor(&value, cache, device, FloatDType::F32),
        ]
    }

    /// The caches cut into shuffled pages, with the table that finds them again. Pages that no
    /// text uses hold NaN.
    fn paged(&self, page_size: usize) -> ([Vec<f64>; 2], Vec<Vec<usize>>, usize) {
        let s = self.shape();
        let [_, key, value] = self.numbers();
        let counts: Vec<usize> = self.lengths.iter().map(|n| n.div_ceil(page_size)).collect();
        let pages = counts.iter().sum::<usize>() + 2;
        let mut places: Vec<usize> = (0..pages).collect();
        let mut random = Random(5);
        for i in (1..pages).rev() {
            places.swap(i, random.below(i + 1));
        }
        let mut places = places.into_iter();
        let table: Vec<Vec<usize>> =
            counts.iter().map(|&count| places.by_ref().take(count).collect()).collect();
        let cut = |cache: &[f64]| {
            let mut cut = vec![f64::NAN; pages * s.kv_heads * page_size * s.head_dim];
            for (text, &length) in self.lengths.iter().enumerate() {
                for head in 0..s.kv_heads {
                    for j in 0..length {
                        let from = ((text * s.kv_heads + head) * s.seq_k + j) * s.head_dim;
                        let page = table[text][j / page_size] * s.kv_heads + head;
                        let to = (page * page_size + j % page_size) * s.head_dim;
                        cut[to..to + s.head_dim].copy_from_slice(&cache[from..from + s.head_dim]);
                    }
                }
            }
            cut
        };
        ([cut(&key), cut(&value)], table, pages)
    }
}

#[test]
fn a_step_over_a_contiguous_cache() {
    for step in steps() {
        for device in [crate::vulkan(), Device::flex()] {
            let [query, key, value] = step.tensors(&device);
            let got = decode(query, key, value, &step.lengths, &step.options).unwrap();
            step.compare("contiguous", &device, got);
        }
    }
}

#[test]
fn a_step_over_shuffled_pages() {
    for (step, page_size) in steps().into_iter().zip([16, 7, 64, 1, 16, 32, 100].iter().cycle()) {
        let ([key, value], table, pages) = step.paged(*page_size);
        for device in [crate::vulkan(), Device::flex()] {
            let [query, ..] = step.tensors(&device);
            let shape = [pages, step.kv_heads, *page_size, step.head_dim];
            let [key, value] =
                [&key, &value].map(|numbers| tensor(numbers, shape, &device, FloatDType::F32));
            let got = decode_paged(query, key, value, &table, &step.lengths, &step.options);
            step.compare("paged", &device, got.unwrap());
        }
    }
}

#[test]
fn a_step_is_the_last_row_of_flash_attention() {
    let device = crate::vulkan();
    let step = step(9, 3, 64, &[333, 333]);
    let [query, key, value] = step.tensors(&device);
    let full = FlashOptions { lengths: Some(vec![333, 333]), ..Default::default() };
    let (row, _) =
        kernels::flash_attention(query.clone(), key.clone(), value.clone(), &full).unwrap();
    let (output, _) = decode(query, key, value, &step.lengths, &step.options).unwrap();
    assert!(largest_difference(&doubles(&output), &doubles(&row), 1.0) < 4e-6);
}

//! The op on CubeCL's tensors: memory is asked for, and the kernels are launched.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_elem_type;
use burn::tensor::{DType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::backend::{FlashAttention, FlashBackward, FlashDecode, Saved, Texts};
use crate::choose::{Abilities, Forward, choose};
use crate::decode_merge::decode_merge;
use crate::decode_split::decode_split;
use crate::key_value_gradient::key_value_gradient;
use crate::plain_forward::plain_forward;
use crate::query_gradient::query_gradient;
use crate::row_dot::{THREADS, row_dot};
use crate::shared_tile::CHUNK;
use crate::tensor_core_forward::tensor_core_forward;
use crate::tiles::{DecodeTiles, DeviceClass, GradientTiles};
use crate::{DecodeOptions, FlashOptions};

/// The log-sum-exp of a query that sees no key. Kernels get it as an argument: WGSL has no way
/// to write it.
const HIDDEN: f32 = f32::NEG_INFINITY;

impl FlashAttention for CubeBackend {
    fn flash_attention(
        query: CubeTensor,
        key: CubeTensor,
        value: CubeTensor,
        options: FlashOptions,
    ) -> (CubeTensor, CubeTensor) {
        let [query, key, value] = [query, key, value].map(with_whole_rows);
        let [batch, heads, seq_q, head_dim] = query.shape().dims();
        let seq_k = key.shape().dims::<4>()[2];
        let (before, after) = options.reach(seq_q, seq_k);
        let output = empty(&query, [batch, heads, seq_q, head_dim], query.dtype);
        let log_sum_exp = empty(&query, [batch, heads, seq_q], DType::F32);
        let lengths = lengths(&query, &options, batch, seq_k);
        let (scale, dtype) = (options.scale_for(head_dim), dtype_to_elem_type(query.dtype));
        let abilities = Abilities::of(device_class(&query), query.client.properties());
        match choose(abilities, query.dtype, head_dim, &options) {
            Forward::Plain(tiles) => plain_forward::launch(
                &query.client.clone(),
                cubes(seq_q.div_ceil(tiles.block_rows), heads, batch),
                CubeDim::new_1d(tiles.block_rows as u32),
                query.into_tensor_arg(),
                key.into_tensor_arg(),
                value.into_tensor_arg(),
                lengths.into_tensor_arg(),
                output.clone().into_tensor_arg(),
                log_sum_exp.clone().into_tensor_arg(),
                scale,
                options.soft_cap.unwrap_or(0.0),
                before,
                after,
                HIDDEN,
                head_dim,
                options.soft_cap.is_some(),
                tiles,
                dtype,
            ),
            Forward::TensorCore(tiles) => {
                let [query, key, value] = [query, key, value].map(in_whole_chunks);
                tensor_core_forward::launch(
                    &query.client.clone(),
                    cubes(seq_q.div_ceil(tiles.block_rows()), heads, batch),
                    CubeDim::new_1d(tiles.threads() as u32),
                    query.into_tensor_arg(),
                    key.into_tensor_arg(),
                    value.into_tensor_arg(),
                    lengths.into_tensor_arg(),
                    output.clone().into_tensor_arg(),
                    log_sum_exp.clone().into_tensor_arg(),
                    scale,
                    options.soft_cap.unwrap_or(0.0),
                    before,
                    after,
                    HIDDEN,
                    head_dim,
                    options.soft_cap.is_some(),
                    tiles,
                    dtype,
                );
            }
        }
        (output, log_sum_exp)
    }
}

impl FlashBackward for CubeBackend {
    fn flash_backward(saved: Saved<Self>, options: FlashOptions) -> [CubeTensor; 3] {
        let Saved { query, key, value, output, log_sum_exp, output_gradient } = saved;
        let [query, key, value, output, output_gradient] =
            [query, key, value, output, output_gradient].map(with_whole_rows);
        let [batch, heads, seq_q, head_dim] = query.shape().dims();
        let [_, kv_heads, seq_k, _] = key.shape().dims();
        let (before, after) = options.reach(seq_q, seq_k);
        let (scale, soft_cap) = (options.scale_for(head_dim), options.soft_cap.unwrap_or(0.0));
        let capped = options.soft_cap.is_some();
        let tiles = GradientTiles::of(device_class(&query), head_dim);
        let lengths = lengths(&query, &options, batch, seq_k);
        let threads = CubeDim::new_1d(tiles.threads() as u32);
        let dtype = dtype_to_elem_type(query.dtype);
        let client = query.client.clone();

        let common = empty(&query, [batch, heads, seq_q], DType::F32);
        row_dot::launch(
            &client,
            cubes(seq_q.div_ceil(THREADS), heads, batch),
            CubeDim::new_1d(THREADS as u32),
            output.into_tensor_arg(),
            output_gradient.clone().into_tensor_arg(),
            common.clone().into_tensor_arg(),
            head_dim,
            dtype,
        );

        let of_query = empty(&query, [batch, heads, seq_q, head_dim], query.dtype);
        query_gradient::launch(
            &client,
            cubes(seq_q.div_ceil(tiles.block_rows), heads, batch),
            threads,
            query.clone().into_tensor_arg(),
            key.clone().into_tensor_arg(),
            value.clone().into_tensor_arg(),
            output_gradient.clone().into_tensor_arg(),
            log_sum_exp.clone().into_tensor_arg(),
            common.clone().into_tensor_arg(),
            lengths.clone().into_tensor_arg(),
            of_query.clone().into_tensor_arg(),
            scale,
            soft_cap,
            before,
            after,
            head_dim,
            capped,
            tiles,
            dtype,
        );

        let of_key = empty(&query, [batch, kv_heads, seq_k, head_dim], query.dtype);
        let of_value = empty(&query, [batch, kv_heads, seq_k, head_dim], query.dtype);
        key_value_gradient::launch(
            &client,
            cubes(seq_k.div_ceil(tiles.block_rows), kv_heads, batch),
            threads,
            query.into_tensor_arg(),
            key.into_tensor_arg(),
            value.into_tensor_arg(),
            output_gradient.into_tensor_arg(),
            log_sum_exp.into_tensor_arg(),
            common.into_tensor_arg(),
            lengths.into_tensor_arg(),
            of_key.clone().into_tensor_arg(),
            of_value.clone().into_tensor_arg(),
            scale,
            soft_cap,
            before,
            after,
            head_dim,
            capped,
            tiles,
            dtype,
        );
        [of_query, of_key, of_value]
    }
}

impl FlashDecode for CubeBackend {
    fn flash_decode(
        query: CubeTensor,
        key_pages: CubeTensor,
        value_pages: CubeTensor,
        texts: Texts,
        options: DecodeOptions,
    ) -> (CubeTensor, CubeTensor) {
        let [query, mut key_pages, mut value_pages] =
            [query, key_pages, value_pages].map(with_whole_rows);
        let at_once = key_width(&key_pages);
        let strides = key_pages.meta.strides();
        let aligned = strides[..3].iter().all(|stride| stride.is_multiple_of(at_once));
        if !aligned || strides != value_pages.meta.strides() {
            // The kernel looks up one place for both, where a key's pieces begin.
            key_pages = into_contiguous(key_pages);
            value_pages = into_contiguous(value_pages);
        }
        let [batch, heads, _, head_dim] = query.shape().dims();
        let [_, kv_heads, page_size, _] = key_pages.shape().dims();
        let longest = texts.lengths.iter().copied().max().unwrap_or(0);
        let seen = options.before.map_or(longest, |before| longest.min(before.saturating_add(1)));
        let tiles = DecodeTiles::of(head_dim, heads / kv_heads);
        let blocks = kv_heads * (heads / kv_heads).div_ceil(tiles.heads);
        let client = query.client.clone();
        let processors = client.properties().hardware.num_streaming_multiprocessors;
        let splits = tiles.splits(batch * blocks, seen, processors);

        let width = texts.block_table.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let table = texts.block_table.iter().flat_map(|row| {
            let filled = row.iter().copied().chain(std::iter::repeat(0));
            filled.take(width).collect::<Vec<_>>()
        });
        let table = whole_numbers(&query, [batch, width], table);
        let lengths = whole_numbers(&query, [batch], texts.lengths.iter().copied());
        let sums = empty(&query, [batch, heads, splits, head_dim], DType::F32);
        let largests = empty(&query, [batch, heads, splits], DType::F32);
        let totals = empty(&query, [batch, heads, splits], DType::F32);
        let dtype = dtype_to_elem_type(query.dtype);
        let most_before = page_size * width;
        decode_split::launch(
            &client,
            cubes(splits, blocks, batch),
            CubeDim::new_1d(tiles.threads as u32),
            at_once,
            query.clone().into_tensor_arg(),
            key_pages.into_tensor_arg(),
            value_pages.into_tensor_arg(),
            table.into_tensor_arg(),
            lengths.into_tensor_arg(),
            sums.clone().into_tensor_arg(),
            largests.clone().into_tensor_arg(),
            totals.clone().into_tensor_arg(),
            options.scale_for(head_dim),
            options.soft_cap.unwrap_or(0.0),
            options.before.map_or(most_before, |before| before.min(most_before)),
            head_dim,
            options.soft_cap.is_some(),
            tiles,
            dtype,
        );

        let output = empty(&query, [batch, heads, 1, head_dim], query.dtype);
        let log_sum_exp = empty(&query, [batch, heads, 1], DType::F32);
        decode_merge::launch(
            &client,
            cubes(1, heads, batch),
            CubeDim::new_1d(head_dim as u32),
            sums.into_tensor_arg(),
            largests.into_tensor_arg(),
            totals.into_tensor_arg(),
            output.clone().into_tensor_arg(),
            log_sum_exp.clone().into_tensor_arg(),
            HIDDEN,
            dtype,
        );
        (output, log_sum_exp)
    }
}

fn device_class(tensor: &CubeTensor) -> DeviceClass {
    match tensor.device {
        cubecl::Device::Cuda(_) => DeviceClass::Cuda,
        _ => DeviceClass::WebGpu,
    }
}

/// How many numbers of a key a thread reads at once: 16 bytes on CUDA, four numbers in WGSL.
fn key_width(keys: &CubeTensor) -> usize {
    match device_class(keys) {
        DeviceClass::Cuda => 16 / keys.dtype.size(),
        DeviceClass::WebGpu => 4,
    }
}

fn cubes(x: usize, y: usize, z: usize) -> CubeCount {
    CubeCount::Static(x as u32, y as u32, z as u32)
}

/// The tensor, copied only if the numbers of a row are not one after the other, or if it is a part
/// of more memory than 32 bits can count through.
fn with_whole_rows(tensor: CubeTensor) -> CubeTensor {
    let strides = tensor.meta.strides();
    let countable = tensor.handle.size() / tensor.dtype.size() as u64 <= u64::from(u32::MAX);
    if strides[strides.len() - 1] == 1 && countable { tensor } else { into_contiguous(tensor) }
}

/// The tensor, copied only if some row does not begin at a multiple of 16 bytes.
fn in_whole_chunks(tensor: CubeTensor) -> CubeTensor {
    let (_, strides) = tensor.meta.strides().split_last().expect("there are four dimensions");
    let whole = strides.iter().all(|stride| stride.is_multiple_of(CHUNK));
    let begins = tensor.handle.offset_start.unwrap_or(0);
    if whole && begins.is_multiple_of(16) { tensor } else { into_contiguous(tensor) }
}

/// Memory for a result, on the device of `like`. All memory that the op uses is asked for here.
fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    let shape = Shape::new(shape);
    let buffer = like.client.empty(shape.num_elements() * dtype.size());
    CubeTensor::new_contiguous(like.client.clone(), like.device.clone(), shape, buffer, dtype)
}

/// Whole numbers of the host, on the device of `like`. The checks have seen that 32 bits hold
/// them.
fn whole_numbers<const D: usize>(
    like: &CubeTensor,
    shape: [usize; D],
    numbers: impl Iterator<Item = usize>,
) -> CubeTensor {
    let numbers: Vec<u32> = numbers.map(|number| number as u32).collect();
    let buffer = like.client.create_from_slice(u32::as_bytes(&numbers));
    let (client, device) = (like.client.clone(), like.device.clone());
    CubeTensor::new_contiguous(client, device, Shape::new(shape), buffer, DType::U32)
}

/// How many keys of each text are not padding.
fn lengths(like: &CubeTensor, options: &FlashOptions, batch: usize, seq_k: usize) -> CubeTensor {
    let lengths = options.lengths.clone().unwrap_or_else(|| vec![seq_k; batch]);
    whole_numbers(like, [batch], lengths.into_iter())
}

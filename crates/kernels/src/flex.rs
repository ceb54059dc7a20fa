//! The op on the processor: burn's Flex tensors, through plain loops in `f32`.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{DType, TensorData};

use crate::backend::{FlashAttention, FlashBackward, FlashDecode, Saved, Texts};
use crate::loops::{self, Scores, Sizes};
use crate::{DecodeOptions, FlashOptions};

impl FlashAttention for Flex {
    fn flash_attention(
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        value: FloatTensor<Self>,
        options: FlashOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, dtype) = (sizes(&query, &key), query.dtype());
        let Sizes { batch, heads, seq_q, head_dim, .. } = sizes;
        let [query, key, value] = [query, key, value].map(numbers);
        let (output, log_sum_exp) = loops::forward(sizes, [&query, &key, &value], &options);
        (
            tensor(output, [batch, heads, seq_q, head_dim], dtype),
            tensor(log_sum_exp, [batch, heads, seq_q], DType::F32),
        )
    }
}

impl FlashBackward for Flex {
    fn flash_backward(saved: Saved<Self>, options: FlashOptions) -> [FloatTensor<Self>; 3] {
        let Saved { query, key, value, output, log_sum_exp, output_gradient } = saved;
        let (sizes, dtype) = (sizes(&query, &key), query.dtype());
        let Sizes { batch, heads, kv_heads, seq_q, seq_k, head_dim } = sizes;
        let [query, key, value] = [query, key, value].map(numbers);
        let [output, log_sum_exp, output_gradient] =
            [output, log_sum_exp, output_gradient].map(numbers);
        let [of_query, of_key, of_value] = loops::backward(
            sizes,
            [&query, &key, &value],
            [&output, &log_sum_exp, &output_gradient],
            &options,
        );
        [
            tensor(of_query, [batch, heads, seq_q, head_dim], dtype),
            tensor(of_key, [batch, kv_heads, seq_k, head_dim], dtype),
            tensor(of_value, [batch, kv_heads, seq_k, head_dim], dtype),
        ]
    }
}

impl FlashDecode for Flex {
    fn flash_decode(
        query: FloatTensor<Self>,
        key_pages: FloatTensor<Self>,
        value_pages: FloatTensor<Self>,
        texts: Texts,
        options: DecodeOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (sizes, dtype) = (sizes(&query, &key_pages), query.dtype());
        let Sizes { batch, heads, kv_heads, seq_k: page_size, head_dim, .. } = sizes;
        let [query, key, value] = [query, key_pages, value_pages].map(numbers);
        let scores = Scores { scale: options.scale_for(head_dim), soft_cap: options.soft_cap };
        let places = (0..batch * heads).map(|row| {
            let (text, kv_head) = (row / heads, row % heads / (heads / kv_heads));
            let length = texts.lengths[text];
            let first =
                options.before.map_or(0, |before| length.saturating_sub(before.saturating_add(1)));
            let place = |key: usize| {
                let page = texts.block_table[text][key / page_size];
                (page * kv_heads + kv_head) * page_size + key % page_size
            };
            (first..length).map(place).collect()
        });
        let (output, log_sum_exp) = loops::decode([&query, &key, &value], scores, head_dim, places);
        (
            tensor(output, [batch, heads, 1, head_dim], dtype),
            tensor(log_sum_exp, [batch, heads, 1], DType::F32),
        )
    }
}

fn sizes(query: &FloatTensor<Flex>, key: &FloatTensor<Flex>) -> Sizes {
    let [batch, heads, seq_q, head_dim] = query.shape().dims();
    let [_, kv_heads, seq_k, _] = key.shape().dims();
    Sizes { batch, heads, kv_heads, seq_q, seq_k, head_dim }
}

/// The numbers of a tensor, row after row.
fn numbers(tensor: FloatTensor<Flex>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], dtype: DType) -> FloatTensor<Flex> {
    let data = TensorData::new(numbers, shape).convert_dtype(dtype);
    Flex::float_from_data(data, &Default::default())
}

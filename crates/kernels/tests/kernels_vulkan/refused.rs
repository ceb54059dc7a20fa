//! What the kernels do not take, and what they say.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use kernels::{DecodeOptions, Error, FlashOptions, decode, decode_paged, flash_attention};

fn ones(shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::ones(shape, device)
}

fn attend(query: [usize; 4], key: [usize; 4], value: [usize; 4]) -> Error {
    let device = Device::flex();
    let [query, key, value] = [query, key, value].map(|shape| ones(shape, &device));
    flash_attention(query, key, value, &FlashOptions::default()).unwrap_err()
}

#[track_caller]
fn says(error: &Error, words: &[&str]) {
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "{said:?} does not say {word:?}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_told() {
    let fits = [2, 6, 5, 64];
    let error = attend(fits, [1, 2, 5, 64], [1, 2, 5, 64]);
    assert!(matches!(error, Error::Mismatch { dimension: "batch", .. }), "{error}");
    let error = attend(fits, [2, 2, 5, 64], [2, 3, 5, 64]);
    assert!(matches!(error, Error::Mismatch { dimension: "kv_heads", .. }), "{error}");
    let error = attend(fits, [2, 2, 5, 64], [2, 2, 6, 64]);
    assert!(matches!(error, Error::Mismatch { dimension: "seq_k", .. }), "{error}");
    let error = attend(fits, [2, 2, 5, 64], [2, 2, 5, 32]);
    assert!(matches!(error, Error::Mismatch { dimension: "head_dim", left: "key", .. }), "{error}");
    let error = attend(fits, [2, 2, 5, 32], [2, 2, 5, 32]);
    assert!(matches!(error, Error::Mismatch { dimension: "head_dim", left: "query", .. }));
    says(&attend(fits, [2, 4, 5, 64], [2, 4, 5, 64]), &["6 query heads", "4 key and value heads"]);
    says(&attend(fits, [2, 2, 0, 64], [2, 2, 0, 64]), &["key", "[2, 2, 0, 64]", "at least one"]);
}

#[test]
fn widths_that_the_tiles_have_no_room_for_are_told() {
    for head_dim in [1, 36, 264, 512] {
        let shape = [1, 1, 2, head_dim];
        let error = attend(shape, shape, shape);
        says(&error, &[&format!("head_dim is {head_dim}"), "multiples of 8 up to 256", "pad"]);
    }
}

#[test]
fn more_than_a_launch_can_have_is_told() {
    let shape = [65_536, 1, 1, 8];
    says(&attend(shape, shape, shape), &["texts would be 65536", "at most 65535"]);
}

#[test]
fn types_of_numbers_are_told() {
    let device = Device::flex();
    let shape = [1, 1, 2, 8];
    let of = |dtype: FloatDType| ones(shape, &device).cast(dtype);
    let attend = |query, key, value| flash_attention(query, key, value, &FlashOptions::default());
    let error = attend(of(FloatDType::F64), of(FloatDType::F64), of(FloatDType::F64)).unwrap_err();
    assert_eq!(error, Error::FloatType { dtype: "f64" });
    let error = attend(of(FloatDType::F32), of(FloatDType::F16), of(FloatDType::F32)).unwrap_err();
    says(&error, &["query holds f32", "key holds f16", "cast"]);
}

/// SwiftShader has no 16-bit arithmetic.
#[test]
fn a_device_without_16_bits_is_told() {
    let device = crate::vulkan();
    for dtype in [DType::F16, DType::BF16] {
        assert!(
            !device.supports_dtype(dtype),
            "SwiftShader has {dtype:?} now: add it to the table"
        );
        let half = || {
            let data = TensorData::new(vec![1.0_f32; 16], [1, 1, 2, 8]);
            Tensor::<4>::from_data(data, (&device, dtype))
        };
        let attend = || flash_attention(half(), half(), half(), &FlashOptions::default());
        let error = attend().unwrap_err();
        says(&error, &["SwiftShader", "has no", "cast query, key and value to f32"]);
    }
}

#[test]
fn two_devices_are_told() {
    let on = |device: &Device| ones([1, 1, 2, 8], device);
    let (here, there) = (Device::flex(), crate::vulkan());
    let options = FlashOptions::default();
    let error = flash_attention(on(&here), on(&here), on(&there), &options).unwrap_err();
    assert_eq!(error, Error::Devices { left: "query", right: "value" });
}

#[test]
fn lengths_and_tables_are_checked() {
    let device = Device::flex();
    let (query, cache) = (ones([2, 2, 1, 8], &device), ones([2, 1, 6, 8], &device));
    let step = |lengths: &[usize]| {
        let options = DecodeOptions::default();
        decode(query.clone(), cache.clone(), cache.clone(), lengths, &options).map(drop)
    };
    assert_eq!(step(&[0, 6]), Ok(()));
    says(&step(&[7, 6]).unwrap_err(), &["text 0 has length 7", "room for 6"]);
    says(&step(&[6]).unwrap_err(), &["1 lengths", "batch is 2"]);

    let paged = |table: &[Vec<usize>], lengths: &[usize]| {
        let options = DecodeOptions::default();
        let pages = ones([3, 1, 4, 8], &device);
        decode_paged(query.clone(), pages.clone(), pages, table, lengths, &options).map(drop)
    };
    assert_eq!(paged(&[vec![2, 0], vec![]], &[8, 0]), Ok(()));
    says(&paged(&[vec![2], vec![]], &[5, 0]).unwrap_err(), &["length 5", "room for 4"]);
    says(&paged(&[vec![2]], &[4, 0]).unwrap_err(), &["1 rows of the block table"]);
    says(&paged(&[vec![2], vec![1, 3]], &[4, 4]).unwrap_err(), &["entry 1 of text 1", "page 3"]);

    let long = ones([2, 2, 3, 8], &device);
    let error = decode(long, cache.clone(), cache.clone(), &[6, 6], &DecodeOptions::default());
    says(&error.unwrap_err(), &["[2, 2, 3, 8]", "[batch, heads, 1, head_dim]"]);
    let tracked = ones([2, 2, 1, 8], &device.autodiff());
    let error = decode(tracked, cache.clone(), cache, &[6, 6], &DecodeOptions::default());
    assert_eq!(error.unwrap_err(), Error::NoGradients { tensor: "query" });
}

/// This machine has no card of NVIDIA's, or not that many.
#[cfg(feature = "cuda")]
#[test]
fn a_card_that_is_not_there_is_an_error() {
    let error = kernels::device::open_cuda(99).unwrap_err();
    says(&error, &["CUDA card 99 cannot be opened"]);
}

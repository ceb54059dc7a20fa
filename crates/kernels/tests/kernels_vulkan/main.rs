//! The kernels on Vulkan, and the loops on the processor, against references in f64 and against
//! burn's own autodiff. `RECORD=1` writes the errors into `errors.toml`, which the book quotes.
//!
//! Vulkan is SwiftShader here, a driver that runs on any processor: `cargo xtask test kernels`
//! points the loader to it.

mod against_burn;
mod case;
mod decoding;
mod record;
mod reference;
mod refused;

use burn::tensor::{Device, FloatDType};
use case::Case;
use record::Row;

/// Random shapes and options.
const RANDOM: u64 = 40;

/// SwiftShader, and nothing else: what is measured must not depend on the machine's card.
pub(crate) fn vulkan() -> Device {
    let device = kernels::device::open_vulkan().unwrap();
    let name = kernels::device::name(&device);
    assert!(name.contains("SwiftShader"), "this ran on {name}: `cargo xtask test kernels` sets it");
    device
}

/// What is allowed: of output, log-sum-exp and gradients. In 16 bits the result is rounded once, by
/// half an epsilon, and the gradients start from a rounded output.
fn bounds(dtype: FloatDType, extreme: bool) -> [f64; 3] {
    let [output, gradients] = match dtype {
        FloatDType::F16 => [8e-4, 2e-3],
        FloatDType::BF16 => [6e-3, 2e-2],
        _ => [4e-6, 1e-5],
    };
    [output, 4e-6, if extreme { 1e-3_f64.max(gradients) } else { gradients }]
}

fn row(cases: &[Case], device: &Device, device_name: &str, dtype: FloatDType) -> Row {
    let errors = cases.iter().map(|case| case.errors(device, dtype));
    let errors = errors.reduce(|left, right| std::array::from_fn(|i| left[i].max(right[i])));
    let first = &cases[0];
    let s = first.shape;
    let shape = if cases.len() == 1 {
        format!(
            "[{}, {}:{}, {}x{}, {}]",
            s.batch, s.heads, s.kv_heads, s.seq_q, s.seq_k, s.head_dim
        )
    } else {
        format!("{} shapes", cases.len())
    };
    Row {
        name: first.name.to_owned(),
        shape,
        device: device_name.to_owned(),
        dtype: format!("{dtype:?}").to_lowercase(),
        errors: errors.expect("there are cases"),
        bounds: bounds(dtype, first.extreme),
    }
}

#[test]
fn every_case_is_within_its_bounds_and_in_the_table() {
    let runs = [
        (vulkan(), "Vulkan, SwiftShader", FloatDType::F32),
        (Device::flex(), "CPU", FloatDType::F32),
        (Device::flex(), "CPU", FloatDType::F16),
        (Device::flex(), "CPU", FloatDType::BF16),
    ];
    let mut groups: Vec<Vec<Case>> = case::listed().into_iter().map(|case| vec![case]).collect();
    groups.push((0..RANDOM).map(case::random).collect());

    println!("{:<26} {:<26} {:<20} type   output   lse      query    key      value", "", "", "");
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (device, device_name, dtype) in &runs {
        for cases in &groups {
            let row = row(cases, device, device_name, *dtype);
            let Row { name, shape, dtype, errors, .. } = &row;
            let shown = errors.map(|error| format!("{error:<8.1e}")).join(" ");
            println!("{name:<26} {shape:<26} {device_name:<20} {dtype:<6} {shown}");
            if !row.is_within_bounds() {
                wrong.push(format!("{row:?}"));
            }
            rows.push(row);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if std::env::var_os("RECORD").is_some() {
        return record::write(&rows);
    }
    let recorded = record::read();
    assert!(recorded.iter().all(Row::is_within_bounds), "{recorded:#?}");
    // What was measured may differ from machine to machine, and nothing else may.
    let but_errors = |row: &Row| Row { errors: [0.0; 5], ..row.clone() };
    let [recorded, measured] =
        [&recorded, &rows].map(|rows| rows.iter().map(but_errors).collect::<Vec<_>>());
    assert_eq!(recorded, measured, "record the table again: RECORD=1");
}

#[test]
fn rows_that_see_nothing_are_zeros_and_minus_infinity() {
    let case = case::listed().into_iter().find(|case| case.name == "more queries than keys");
    let case = case.unwrap();
    for device in [vulkan(), Device::flex()] {
        let [output, log_sum_exp, of_query, ..] = case.run(&device, FloatDType::F32);
        let hidden = case.shape.seq_q - case.shape.seq_k;
        assert!(output[..hidden * case.shape.head_dim].iter().all(|&x| x == 0.0));
        assert!(of_query[..hidden * case.shape.head_dim].iter().all(|&x| x == 0.0));
        assert!(log_sum_exp[..hidden].iter().all(|&x| x == f64::NEG_INFINITY));
        assert!(log_sum_exp[hidden..case.shape.seq_q].iter().all(|x| x.is_finite()));
    }
}

/// A head dimension that is not the innermost in memory: the kernels read by strides.
#[test]
fn transposed_tensors_are_read_where_they_lie() {
    let case = &case::listed()[1];
    let device = vulkan();
    let [query, key, value, _] = case.tensors(&device, FloatDType::F32);
    let attend = |query, key, value| {
        let result = kernels::flash_attention(query, key, value, &case.options);
        case::doubles(&result.unwrap().0)
    };
    let plain = attend(query.clone(), key.clone(), value.clone());
    // As a layer has them: [batch, seq, heads, head_dim], seen with heads first.
    let turned = |tensor: burn::tensor::Tensor<4>| {
        let apart = tensor.swap_dims(1, 2) * 1.0;
        apart.swap_dims(1, 2)
    };
    assert_eq!(attend(turned(query.clone()), turned(key.clone()), turned(value.clone())), plain);
    let columns = |tensor: burn::tensor::Tensor<4>| (tensor.swap_dims(2, 3) * 1.0).swap_dims(2, 3);
    assert_eq!(attend(columns(query), columns(key), columns(value)), plain);
}

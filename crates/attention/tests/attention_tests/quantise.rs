//! Quantised numbers lie on their levels, and no further from themselves than half a step.

use attention::random::Random;
use attention::{Error, quantised};
use burn::tensor::{Device, FloatDType, Tensor};

const SHAPE: [usize; 4] = [1, 2, 5, 8];

/// Each group, with its numbers before and after.
fn groups(x: &Tensor<4>, kept: &Tensor<4>, along: usize) -> Vec<(Vec<f32>, Vec<f32>)> {
    let last = |x: &Tensor<4>| -> Vec<f32> {
        x.clone().swap_dims(along, 3).into_data().try_to_vec().unwrap()
    };
    let size = SHAPE[along];
    let (before, after) = (last(x), last(kept));
    before.chunks(size).map(<[f32]>::to_vec).zip(after.chunks(size).map(<[f32]>::to_vec)).collect()
}

#[test]
fn each_number_is_on_the_nearest_level_of_its_group() {
    for along in [2, 3] {
        for bits in [1, 2, 4, 8] {
            let x = Random::new(u64::from(bits)).tensor(SHAPE);
            let kept = quantised(x.clone(), bits, along).unwrap();
            let mut largest = 0.0_f64;
            for (before, after) in groups(&x, &kept, along) {
                // Computed here in f64, with the levels counted out.
                let lowest = f64::from(before.iter().copied().fold(f32::INFINITY, f32::min));
                let highest = f64::from(before.iter().copied().fold(f32::NEG_INFINITY, f32::max));
                let levels = 1_u32 << bits;
                let level =
                    |at: u32| lowest + (highest - lowest) * f64::from(at) / f64::from(levels - 1);
                for (&number, &kept) in before.iter().zip(&after) {
                    let distance = |at: &u32| (level(*at) - f64::from(number)).abs();
                    let nearest = (0..levels).map(|at| distance(&at)).fold(f64::INFINITY, f64::min);
                    let found = (f64::from(kept) - f64::from(number)).abs();
                    largest = largest.max((found - nearest).abs());
                }
            }
            println!("{bits} bits along {along}: off the nearest level by {largest:.1e}");
            assert!(largest <= 1e-6, "{largest}");
        }
    }
}

#[test]
fn equal_numbers_stay_and_what_is_not_finite_becomes_nan() {
    let of = |numbers: [f32; 4]| Tensor::<4>::from_data([[[numbers]]], &Device::flex());
    let kept = |numbers| -> Vec<f32> {
        quantised(of(numbers), 4, 3).unwrap().into_data().try_to_vec().unwrap()
    };
    assert_eq!(kept([0.3; 4]), [0.3; 4]);
    for odd in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        assert!(kept([0.0, odd, 1.0, 2.0]).iter().all(|number| number.is_nan()), "{odd}");
    }
}

#[test]
fn bits_and_dimensions_out_of_range_are_errors() {
    let x = || Random::new(1).tensor(SHAPE);
    for bits in [0, 17, 32, u32::MAX] {
        let message = quantised(x(), bits, 3).unwrap_err().to_string();
        assert_eq!(message, format!("the number of bits is {bits}: it must be from 1 to 16"));
    }
    assert_eq!(quantised(x(), 4, 4).unwrap_err(), Error::NoSuchDimension { dim: 4, rank: 4 });
}

/// A cache that keeps its levels as bytes, with the smallest number and the step beside them.
fn kept_as_bytes(row: &[f32], beside: impl Fn(f32) -> f32) -> Vec<f32> {
    let lowest = row.iter().copied().fold(f32::INFINITY, f32::min);
    let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let step = (highest - lowest) / 255.0;
    let levels: Vec<u8> = row.iter().map(|x| ((x - lowest) / step).round() as u8).collect();
    levels.iter().map(|level| f32::from(*level) * beside(step) + beside(lowest)).collect()
}

// claim: levels-with-f32-are-equal
#[test]
fn levels_with_two_numbers_of_four_bytes_give_the_same_and_of_two_bytes_do_not() {
    let x = Random::new(11).tensor(SHAPE);
    let numbers = |x: Tensor<4>| -> Vec<f32> { x.into_data().try_to_vec().unwrap() };
    let expected = numbers(quantised(x.clone(), 8, 3).unwrap());
    let rounded = |number: f32| -> f32 {
        let one = Tensor::<1>::from_data([number], &Device::flex());
        one.cast(FloatDType::F16).cast(FloatDType::F32).into_scalar()
    };
    let rows = numbers(x);
    let kept = |beside: &dyn Fn(f32) -> f32| -> Vec<f32> {
        rows.chunks(SHAPE[3]).flat_map(|row| kept_as_bytes(row, beside)).collect()
    };
    assert_eq!(kept(&|number| number), expected);
    assert_ne!(kept(&rounded), expected);
}

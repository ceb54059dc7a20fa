//! Grades `exercise.rs`: `cargo test --release --test ch02-circuits`. The last two need the
//! model's weights.

#![allow(unreachable_pub, reason = "an exercise is read like a library of its own")]

mod exercise;
mod solution;

use inputs::heads::NOUN;
use listings::grade::{chosen, close, equal};
use smollm2::gguf::Gguf;

type Rows = Vec<Vec<f64>>;

fn circuit(left: &Rows, right: &Rows) -> Rows {
    type Circuit = fn(&[Vec<f64>], &[Vec<f64>]) -> Rows;
    let circuit: Circuit = chosen(exercise::circuit, solution::circuit);
    circuit(left, right)
}

fn rank(matrix: Rows) -> usize {
    let rank: fn(Rows) -> usize = chosen(exercise::rank, solution::rank);
    rank(matrix)
}

#[test]
fn a_circuit_is_a_product_with_a_transpose() {
    let (left, right) =
        (vec![vec![1.0, 2.0], vec![0.0, 3.0]], vec![vec![4.0, 5.0], vec![6.0, 7.0]]);
    let got: Vec<f32> = circuit(&left, &right).concat().iter().map(|it| *it as f32).collect();
    // Without the transpose it would be 16, 19, 18 and 21.
    close("circuit(&[[1, 2], [0, 3]], &[[4, 5], [6, 7]])", &got, &[14.0, 20.0, 15.0, 21.0], 1e-5);
}

#[test]
fn rows_that_repeat_each_other_count_once() {
    equal("rank([[1, 2], [2, 4]])", &rank(vec![vec![1.0, 2.0], vec![2.0, 4.0]]), &1);
    equal("rank([[1, 0], [0, 1]])", &rank(vec![vec![1.0, 0.0], vec![0.0, 1.0]]), &2);
    equal("rank([[0, 0], [0, 0]])", &rank(vec![vec![0.0; 2]; 2]), &0);
}

#[test]
fn a_zero_in_the_corner_is_no_end() {
    equal("rank([[0, 1], [1, 0]])", &rank(vec![vec![0.0, 1.0], vec![1.0, 0.0]]), &2);
    let three = vec![vec![0.0, 0.0, 2.0], vec![1.0, 0.0, 1.0], vec![1.0, 0.0, 3.0]];
    equal("rank([[0, 0, 2], [1, 0, 1], [1, 0, 3]])", &rank(three), &2);
}

/// The rows of a head's strip: one for each number of the hidden state.
fn strip(file: &Gguf<'_>, part: &str, head: usize) -> Rows {
    let (layer, width, dim) = (NOUN.0, 576, 64);
    let name = format!("blk.{layer}.attn_{part}.weight");
    let [_, outputs] = file.tensor(&name).unwrap().shape[..] else { panic!("a matrix") };
    let numbers = file.numbers(&name, &[width, outputs as usize]).unwrap();
    let at = |row: usize, column: usize| match part {
        // Here the strip is a part of each row of the file, and not a block of its rows.
        "output" => f64::from(numbers[row * width + head * dim + column]),
        _ => f64::from(numbers[(head * dim + column) * width + row]),
    };
    (0..width).map(|row| (0..dim).map(|column| at(row, column)).collect()).collect()
}

#[track_caller]
fn grade(left: (&str, usize), right: (&str, usize)) {
    let path = smollm2::locate().unwrap_or_else(|error| panic!("{error}"));
    let bytes = std::fs::read(path).unwrap();
    let file = Gguf::parse(&bytes).unwrap();
    let [one, other] = [left, right].map(|(part, head)| strip(&file, part, head));
    let product = circuit(&one, &other);
    equal("the number of rows of the product", &product.len(), &576);
    equal(&format!("rank of {} times {}", left.0, right.0), &rank(product), &64);
}

#[test]
fn w_q_times_w_k_has_the_rank_of_the_head() {
    // Three query heads share a key and value head.
    grade(("q", NOUN.1), ("k", NOUN.1 / 3));
}

#[test]
fn w_v_times_w_o_has_the_rank_of_the_head() {
    grade(("v", NOUN.1 / 3), ("output", NOUN.1));
}

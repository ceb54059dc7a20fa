//! The table in `errors.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One row: the largest errors of some cases.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub name: String,
    /// `[batch, heads : kv_heads, seq_q x seq_k, head_dim]`, or how many there are.
    pub shape: String,
    pub device: String,
    pub dtype: String,
    /// Of output, log-sum-exp, and the gradients of query, key and value.
    pub errors: [f64; 5],
    /// Of output, log-sum-exp, and the gradients.
    pub bounds: [f64; 3],
}

impl Row {
    /// Whether each error is within its bound.
    pub(crate) fn is_within_bounds(&self) -> bool {
        let [output, log_sum_exp, gradients] = self.bounds;
        let bounds = [output, log_sum_exp, gradients, gradients, gradients];
        self.errors.iter().zip(bounds).all(|(&error, bound)| error <= bound)
    }
}

#[derive(Deserialize)]
struct Table {
    row: Vec<Row>,
}

const HEADER: &str = "\
# How far the kernels come from a reference in f64: straightforward loops that share no code with
# them. The numbers given to both are rounded to the type first, and are normal with size one.
#
# errors: of the output, of the log-sum-exp, and of the gradients of query, key and value, rounded
# to two digits. An error is the largest difference between a number and what it should be, divided
# by the largest value; by the largest log-sum-exp, or 1; by the largest gradient, coming in or
# going out.
# bounds: what the test `kernels_vulkan` allows, of the output, the log-sum-exp and the gradients.
# Another machine may measure a little more or less than is recorded here.
#
# Scores of 1e4 are whole numbers, so that they are exact. A weight made again from a log-sum-exp of
# 1e4 is right to 5e-4 of itself, because f32 has no more digits there.
#
# To record again: RECORD=1 cargo xtask test kernels
";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("errors.toml")
}

pub(crate) fn read() -> Vec<Row> {
    let text = std::fs::read_to_string(path()).unwrap_or_default();
    let table: Table = toml::from_str(&text).unwrap_or_else(|error| {
        panic!("crates/kernels/errors.toml: {error}its head says how to record it")
    });
    table.row
}

pub(crate) fn write(rows: &[Row]) {
    let mut text = HEADER.to_owned();
    for Row { name, shape, device, dtype, errors, bounds } in rows {
        let errors = errors.map(|error| format!("{error:.1e}")).join(", ");
        let bounds = bounds.map(|bound| format!("{bound:.0e}")).join(", ");
        text.push_str(&format!(
            "\n[[row]]\nname = {name:?}\nshape = {shape:?}\ndevice = {device:?}\n\
             dtype = {dtype:?}\nerrors = [{errors}]\nbounds = [{bounds}]\n"
        ));
    }
    std::fs::write(path(), text).expect("can write errors.toml");
}

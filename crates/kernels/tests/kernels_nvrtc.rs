//! The forward kernels as NVIDIA's compilers see them: registers, shared memory, spills.
//!
//! `cargo xtask test kernels` fetches the compilers and says where they are. No card is asked for.
//! `RECORD=1` writes the table anew.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use cubecl::ir::FloatKind;
use kernels::emit::{self, Card, Emitted};
use kernels::tiles::{DeviceClass, PlainTiles, TENSOR_CORE_HEAD_DIMS, TensorCoreTiles};
use serde::{Deserialize, Serialize};

/// A kernel, compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    kernel: String,
    card: String,
    dtype: String,
    head_dim: usize,
    capped: bool,
    /// Of a thread.
    registers: usize,
    /// Bytes, of a cube.
    shared_memory: usize,
    /// Bytes of registers that a thread has to put elsewhere, and reads back.
    spilled: usize,
}

#[derive(Serialize, Deserialize)]
struct Table {
    kernel: Vec<Line>,
}

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/registers.toml");

/// Every kernel of the tables, on `card`.
fn kernels(card: Card) -> Vec<(Line, Emitted)> {
    let kinds = [("f32", FloatKind::F32), ("f16", FloatKind::F16), ("bf16", FloatKind::BF16)];
    let mut all = Vec::new();
    for (dtype, kind) in kinds {
        for capped in [false, true] {
            for head_dim in TENSOR_CORE_HEAD_DIMS {
                let line = |kernel: &str| Line {
                    kernel: kernel.to_owned(),
                    card: card.name().to_owned(),
                    dtype: dtype.to_owned(),
                    head_dim,
                    capped,
                    registers: 0,
                    shared_memory: 0,
                    spilled: 0,
                };
                if kind != FloatKind::F32 {
                    let tiles = TensorCoreTiles::of(head_dim).unwrap();
                    let emitted = emit::tensor_core(card, kind, head_dim, capped, tiles).unwrap();
                    assert_eq!(emitted.shared_memory, tiles.shared_memory(head_dim));
                    all.push((line("tensor_core_forward"), emitted));
                }
                let tiles = PlainTiles::of(DeviceClass::Cuda, head_dim);
                let emitted = emit::plain(card, kind, head_dim, capped, tiles).unwrap();
                assert_eq!(emitted.shared_memory, tiles.shared_memory(head_dim));
                all.push((line("plain_forward"), emitted));
            }
        }
    }
    all
}

/// NVRTC and `ptxas`.
struct Compilers {
    folder: PathBuf,
    nvrtc: PathBuf,
    work: tempfile::TempDir,
}

impl Compilers {
    fn new() -> Self {
        let folder = env::var_os("KERNELS_CUDA").expect(
            "KERNELS_CUDA names no folder: run `cargo xtask test kernels`, which fetches it",
        );
        let folder = PathBuf::from(folder);
        let work = tempfile::tempdir().unwrap();
        let nvrtc = work.path().join("nvrtc");
        let lib = folder.join("lib");
        let made = Command::new("g++")
            .args(["-std=c++17", "-I"])
            .arg(folder.join("include"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/nvrtc.cpp"))
            .arg("-o")
            .arg(&nvrtc)
            .arg("-L")
            .arg(&lib)
            .arg("-l:libnvrtc.so.13")
            .output()
            .expect("g++ is missing: apt install g++");
        said(&made);
        Compilers { folder, nvrtc, work }
    }

    /// Compiles a kernel and fills its line.
    fn compile(&self, (line, emitted): (Line, Emitted)) -> Line {
        let path = |name: &str| self.work.path().join(name);
        fs::write(path("kernel.cu"), &emitted.source).unwrap();
        let mut nvrtc = Command::new(&self.nvrtc);
        nvrtc.env("LD_LIBRARY_PATH", self.folder.join("lib")).arg(&line.card);
        nvrtc.arg(self.folder.join("include")).args([path("kernel.cu"), path("kernel.ptx")]);
        said(&nvrtc.output().unwrap());
        let mut ptxas = Command::new(self.folder.join("bin/ptxas"));
        ptxas.args(["-v", &format!("-arch={}", line.card)]).arg(path("kernel.ptx"));
        let report = said(&ptxas.arg("-o").arg(path("kernel.cubin")).output().unwrap());
        Line {
            registers: number_before(&report, " registers"),
            shared_memory: emitted.shared_memory,
            spilled: number_before(&report, " bytes spill stores")
                + number_before(&report, " bytes spill loads"),
            ..line
        }
    }
}

/// What a compiler printed, if it was content.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}", text.chars().take(3000).collect::<String>());
    text
}

fn number_before(report: &str, words: &str) -> usize {
    let before = report.split(words).next().filter(|before| before.len() < report.len());
    let before = before.unwrap_or_else(|| panic!("ptxas does not tell{words}: {report}"));
    before.rsplit([' ', '\n']).next().unwrap().parse().unwrap()
}

#[test]
fn nothing_spills_and_all_fits() {
    let compilers = Compilers::new();
    let mut table = Table { kernel: Vec::new() };
    println!(
        "{:<20} {:<6} {:<5} {:>3} {:<6} {:>9} {:>13} {:>7}",
        "kernel", "card", "dtype", "d", "capped", "registers", "shared memory", "spilled"
    );
    for card in [Card::Sm80, Card::Sm90a] {
        for kernel in kernels(card) {
            let line = compilers.compile(kernel);
            println!(
                "{:<20} {:<6} {:<5} {:>3} {:<6} {:>9} {:>13} {:>7}",
                line.kernel,
                line.card,
                line.dtype,
                line.head_dim,
                line.capped,
                line.registers,
                line.shared_memory,
                line.spilled
            );
            assert!(line.shared_memory <= card.shared_memory(), "{line:?}");
            table.kernel.push(line);
        }
    }
    if env::var_os("RECORD").is_some() {
        fs::write(RECORD, toml::to_string(&table).unwrap()).unwrap();
    }
    let recorded: Table = toml::from_str(&fs::read_to_string(RECORD).unwrap()).unwrap();
    assert_eq!(table.kernel, recorded.kernel, "RECORD=1 writes the table anew");
    // A thread of the plain kernel holds a query and a sum of values, and has 255 registers: with
    // a head dimension of 128 some must spill. With a soft cap the tensor-core kernel lacks a few
    // there too. The table says how many bytes it is.
    let may_spill =
        |line: &Line| line.head_dim == 128 && (line.kernel == "plain_forward" || line.capped);
    for line in table.kernel.iter().filter(|line| !may_spill(line)) {
        assert_eq!(line.spilled, 0, "registers do not suffice: {line:?}");
    }
}

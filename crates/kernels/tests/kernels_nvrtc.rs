//! The kernels as NVIDIA's compilers see them: registers, shared memory, spills.
//!
//! `cargo xtask test kernels` fetches the compilers and says where they are. No card is asked for.
//! `RECORD=1` writes the table anew.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::{env, fs, thread};

use cubecl::ir::FloatKind;
use kernels::emit::{self, Card, Emitted};
use kernels::tiles::{DecodeTiles, DeviceClass, PlainTiles, TensorCoreTiles};
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
    /// Bytes of a thread's arrays that do not lie in registers.
    local_memory: usize,
    /// Bytes of registers that a thread has to put elsewhere, and reads back.
    spilled: usize,
}

/// A kernel that spills all the same.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Spills {
    kernel: String,
    why: String,
}

/// The forward kernels and those of decoding never spill. Of the backward pass two do.
const SPILLS: [(&str, &str); 2] = [
    (
        "query_gradient",
        "a thread holds three rows, which with a head dimension of 64 is 192 numbers, beside what \
         it computes with: of 255 registers some are missing",
    ),
    (
        "key_value_gradient",
        "a thread holds four rows, which with a head dimension of 64 is 256 numbers, one more than \
         it has registers",
    ),
];

#[derive(Serialize, Deserialize)]
struct Table {
    kernel: Vec<Line>,
    spills: Vec<Spills>,
}

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/registers.toml");

/// Every kernel, on `card`: the forward kernels for both head dimensions of the table and in each
/// type once, those of the backward pass and of decoding as a model uses them.
fn kernels(card: Card) -> Vec<(Line, Emitted)> {
    let mut all = Vec::new();
    let mut add = |kernel: &str, kind, head_dim, capped, emitted: Result<Emitted, _>| {
        let line = Line {
            kernel: kernel.to_owned(),
            card: card.name().to_owned(),
            dtype: format!("{kind:?}").to_lowercase(),
            head_dim,
            capped,
            registers: 0,
            shared_memory: 0,
            local_memory: 0,
            spilled: 0,
        };
        all.push((line, emitted.unwrap()));
    };
    let (half, brain) = (FloatKind::F16, FloatKind::BF16);
    for (kind, head_dim, capped) in
        [(half, 64, false), (brain, 64, true), (brain, 128, false), (half, 128, false)]
    {
        let tiles = TensorCoreTiles::of(head_dim, capped).unwrap();
        let emitted = emit::tensor_core(card, kind, head_dim, capped, tiles);
        add("tensor_core_forward", kind, head_dim, capped, emitted);
    }
    for (kind, head_dim, capped) in
        [(FloatKind::F32, 64, false), (brain, 64, true), (half, 128, true), (brain, 256, false)]
    {
        let tiles = PlainTiles::of(DeviceClass::Cuda, head_dim);
        let emitted = emit::plain(card, kind, head_dim, capped, tiles);
        add("plain_forward", kind, head_dim, capped, emitted);
    }
    let (kind, head_dim) = (brain, 64);
    let tiles = PlainTiles::of(DeviceClass::Cuda, head_dim);
    add("row_dot", kind, head_dim, false, emit::row_dot(card, kind, head_dim, tiles));
    let emitted = emit::query_gradient(card, kind, head_dim, false, tiles);
    add("query_gradient", kind, head_dim, false, emitted);
    let emitted = emit::key_value_gradient(card, kind, head_dim, false, tiles);
    add("key_value_gradient", kind, head_dim, false, emitted);
    // Three query heads share a key and value head, as in SmolLM2.
    let emitted = emit::decode_split(card, kind, head_dim, false, DecodeTiles::of(head_dim, 3));
    add("decode_split", kind, head_dim, false, emitted);
    add("decode_merge", kind, head_dim, false, emit::decode_merge(card, kind, head_dim));
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

    /// Compiles all kernels, two at a time, and fills their lines.
    fn compile_all(&self, kernels: Vec<(Line, Emitted)>) -> Vec<Line> {
        let next = Mutex::new(kernels.into_iter().enumerate());
        let done = Mutex::new(Vec::new());
        let take = || next.lock().unwrap().next();
        let work = || {
            while let Some((place, (line, emitted))) = take() {
                let line = self.compile(place, line, &emitted);
                done.lock().unwrap().push((place, line));
            }
        };
        thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
        let mut done = done.into_inner().unwrap();
        done.sort_by_key(|&(place, _)| place);
        done.into_iter().map(|(_, line)| line).collect()
    }

    fn compile(&self, place: usize, line: Line, emitted: &Emitted) -> Line {
        let path = |name: &str| self.work.path().join(format!("{place}-{name}"));
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
            local_memory: number_before(&report, " bytes stack frame"),
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
fn what_spills_is_known_and_all_fits() {
    let cards = [Card::Sm80, Card::Sm90a];
    let kernel = Compilers::new().compile_all(cards.into_iter().flat_map(kernels).collect());
    let head = ["card", "dtype", "d", "capped", "registers", "shared", "local", "spilled"];
    let [card, dtype, d, capped, registers, shared, local, spilled] = head;
    println!(
        "{:<20}{card:<7}{dtype:<6}{d:>3} {capped:<6}{registers:>10}{shared:>7}{local:>6}{spilled:>8}",
        "kernel"
    );
    for line in &kernel {
        println!(
            "{:<20}{:<7}{:<6}{:>3} {:<6}{:>10}{:>7}{:>6}{:>8}",
            line.kernel,
            line.card,
            line.dtype,
            line.head_dim,
            line.capped,
            line.registers,
            line.shared_memory,
            line.local_memory,
            line.spilled
        );
    }
    let spills = SPILLS.map(|(kernel, why)| Spills { kernel: kernel.into(), why: why.into() });
    let table = Table { kernel, spills: spills.into() };
    if env::var_os("RECORD").is_some() {
        fs::write(RECORD, toml::to_string(&table).unwrap()).unwrap();
    }
    for line in &table.kernel {
        let card = cards.into_iter().find(|card| card.name() == line.card).unwrap();
        assert!(line.shared_memory <= card.shared_memory(), "{line:?}");
        let expected = SPILLS.iter().any(|&(kernel, _)| kernel == line.kernel);
        assert_eq!(line.spilled > 0, expected, "does it spill? {line:?}");
    }
    let recorded: Table = toml::from_str(&fs::read_to_string(RECORD).unwrap()).unwrap();
    assert_eq!(table.kernel, recorded.kernel, "RECORD=1 writes the table anew");
    assert_eq!(table.spills, recorded.spills, "RECORD=1 writes the table anew");
}

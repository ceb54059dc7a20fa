//! The kernels as NVIDIA's compilers see them: registers, shared memory, spills.
//!
//! `cargo xtask test kernels` fetches the compilers and says where they are. No card is asked for.
//! `RECORD=1` writes the table anew.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::{env, fs, thread};

use cubecl::ir::FloatKind;
use kernels::emit::{Card, Emitted, Heads};
use kernels::tiles::{DecodeTiles, DeviceClass, GradientTiles, PlainTiles, TensorCoreTiles};
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

#[derive(Serialize, Deserialize)]
struct Table {
    kernel: Vec<Line>,
}

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/registers.toml");

/// Every kernel, on `card`: the forward kernels and those of the backward pass for all ways in which
/// the tables cut the work and in each type, those of decoding as a model uses them.
fn kernels(card: Card) -> Vec<(Line, Emitted)> {
    let mut all = Vec::new();
    let mut add = |kernel: &str, heads: Heads, emitted: Result<Emitted, _>| {
        let line = Line {
            kernel: kernel.to_owned(),
            card: card.name().to_owned(),
            dtype: format!("{:?}", heads.kind).to_lowercase(),
            head_dim: heads.head_dim,
            capped: heads.capped,
            registers: 0,
            shared_memory: 0,
            local_memory: 0,
            spilled: 0,
        };
        all.push((line, emitted.unwrap()));
    };
    let heads = |kind, head_dim, capped| Heads { card, kind, head_dim, capped };
    let (single, half, brain) = (FloatKind::F32, FloatKind::F16, FloatKind::BF16);
    let forward = [
        (half, 64, false),
        (brain, 64, true),
        (brain, 128, false),
        (half, 128, false),
        (brain, 128, true),
        (half, 128, true),
    ];
    for (kind, head_dim, capped) in forward {
        let tiles = TensorCoreTiles::of(head_dim, capped).unwrap();
        let heads = heads(kind, head_dim, capped);
        add("tensor_core_forward", heads, heads.tensor_core(tiles));
    }
    for (kind, head_dim, capped) in
        [(single, 64, false), (brain, 64, true), (half, 128, true), (brain, 256, false)]
    {
        let tiles = PlainTiles::of(DeviceClass::Cuda, head_dim);
        let heads = heads(kind, head_dim, capped);
        add("plain_forward", heads, heads.plain(tiles));
    }
    let model = heads(brain, 64, false);
    add("row_dot", model, model.row_dot());
    // One, two, four and eight threads have a row.
    let backward = [
        (half, 32, true),
        (single, 64, true),
        (brain, 64, false),
        (half, 128, false),
        (brain, 128, true),
        (single, 256, true),
    ];
    for (kind, head_dim, capped) in backward {
        let tiles = GradientTiles::of(DeviceClass::Cuda, head_dim);
        let heads = heads(kind, head_dim, capped);
        add("query_gradient", heads, heads.query_gradient(tiles));
        add("key_value_gradient", heads, heads.key_value_gradient(tiles));
    }
    // Three query heads share a key and value head, as in SmolLM2.
    add("decode_split", model, model.decode_split(DecodeTiles::of(model.head_dim, 3)));
    add("decode_merge", model, model.decode_merge());
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
fn nothing_spills_and_all_fits() {
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
    let table = Table { kernel };
    if env::var_os("RECORD").is_some() {
        fs::write(RECORD, toml::to_string(&table).unwrap()).unwrap();
    }
    for line in &table.kernel {
        let card = cards.into_iter().find(|card| card.name() == line.card).unwrap();
        assert!(line.shared_memory <= card.shared_memory(), "{line:?}");
        assert_eq!(line.spilled, 0, "registers do not suffice: {line:?}");
    }
    let recorded: Table = toml::from_str(&fs::read_to_string(RECORD).unwrap()).unwrap();
    assert_eq!(table.kernel, recorded.kernel, "RECORD=1 writes the table anew");
}

//! Runs the emitted CUDA C++ on the CPU: g++ compiles it together with a shim for what a card has
//! and a CPU has not.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kernels::emit::Emitted;

/// A tensor of a kernel: one that it is given, or one that it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    shape: Vec<usize>,
    /// Bytes of a number.
    width: usize,
    given: Option<Vec<u8>>,
}

impl Tensor {
    pub(crate) fn given(shape: &[usize], bytes: Vec<u8>) -> Self {
        let width = bytes.len() / shape.iter().product::<usize>();
        Tensor { shape: shape.to_vec(), width, given: Some(bytes) }
    }

    pub(crate) fn asked(shape: &[usize], width: usize) -> Self {
        Tensor { shape: shape.to_vec(), width, given: None }
    }

    fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.width
    }
}

/// What a kernel is run on, and the order of things that a card may choose.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Cubes along each axis.
    pub cubes: [usize; 3],
    /// All tensors, in the order of the kernel's arguments.
    pub tensors: Vec<Tensor>,
    /// Its whole numbers.
    pub wholes: Vec<usize>,
    /// Its other numbers.
    pub floats: Vec<f32>,
    /// Whether the last plane of a cube runs first.
    pub backwards: bool,
    /// Whether asynchronous copies arrive at the last moment.
    pub copies_late: bool,
}

impl Case {
    /// As `main.cpp` reads it.
    fn bytes(&self, threads: usize) -> Vec<u8> {
        let [x, y, z] = self.cubes;
        let (backwards, copies_late) = (self.backwards.into(), self.copies_late.into());
        let counts = [self.tensors.len(), self.wholes.len(), self.floats.len()];
        let mut words = vec![x, y, z, threads, backwards, copies_late];
        words.extend(counts.iter().chain(&self.wholes));
        let mut bytes = as_bytes(&words);
        bytes.extend(self.floats.iter().flat_map(|number| number.to_le_bytes()));
        for Tensor { shape, width, given } in &self.tensors {
            bytes.extend(as_bytes(&[*width, given.is_some().into(), shape.len()]));
            bytes.extend(as_bytes(shape));
            bytes.extend(given.iter().flatten());
        }
        bytes
    }
}

fn as_bytes(words: &[usize]) -> Vec<u8> {
    words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect()
}

/// What a kernel wrote.
#[derive(Debug)]
pub(crate) struct Written {
    /// The bytes of the tensors that it was asked for.
    pub tensors: Vec<Vec<u8>>,
    /// How often a row of an `ldmatrix` had to wait for another, on the same banks.
    pub conflicts: u32,
}

/// A kernel as a program.
#[derive(Debug)]
pub(crate) struct Program {
    folder: tempfile::TempDir,
    threads: usize,
}

impl Program {
    /// Compiles a kernel.
    pub(crate) fn new(kernel: &Emitted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kernel.h"), for_the_cpu(&kernel.source)).unwrap();
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim");
        let made = Command::new("g++")
            .args(["-std=c++20", "-O1", "-fno-strict-aliasing", "-ffp-contract=off", "-w"])
            .arg(format!("-DKERNEL={}", name(&kernel.source)))
            .arg("-I")
            .arg(&shim)
            .arg("-I")
            .arg(folder.path())
            .arg(shim.join("main.cpp"))
            .arg("-o")
            .arg(folder.path().join("kernel"))
            .output()
            .expect("g++ is missing: apt install g++");
        let errors = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{}", errors.chars().take(3000).collect::<String>());
        Program { folder, threads: kernel.threads }
    }

    /// Runs it on all cases.
    pub(crate) fn run(&self, cases: &[Case]) -> Vec<Written> {
        let path = |name: &str| -> PathBuf { self.folder.path().join(name) };
        let bytes: Vec<u8> = cases.iter().flat_map(|case| case.bytes(self.threads)).collect();
        fs::write(path("in"), bytes).unwrap();
        let ran = Command::new(path("kernel")).arg(path("in")).arg(path("out")).output().unwrap();
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{}: {errors}", ran.status);
        let written = fs::read(path("out")).unwrap();
        let mut rest = written.as_slice();
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at(count);
            rest = left;
            taken.to_vec()
        };
        let all = cases.iter().map(|case| {
            let asked = case.tensors.iter().filter(|tensor| tensor.given.is_none());
            Written {
                tensors: asked.map(|tensor| take(tensor.bytes())).collect(),
                conflicts: u32::from_le_bytes(take(4).try_into().unwrap()),
            }
        });
        all.collect()
    }
}

/// The name of the kernel's function.
fn name(source: &str) -> &str {
    let after = source.split_once("__global__").expect("there is a kernel").1;
    let before = after.split_once("(float").or(after.split_once("(__")).map_or(after, |it| it.0);
    // `void __launch_bounds__(64)  name`
    let name = before.rsplit(' ').next().unwrap();
    assert!(name.ends_with(|last: char| last.is_alphanumeric()), "{name}");
    name
}

/// The source with what only NVIDIA's compiler knows said in C++: instructions of the card become
/// calls of functions of the same name.
fn for_the_cpu(source: &str) -> String {
    let mut lines = String::new();
    for line in source.lines() {
        if line.starts_with("typedef") && line.contains("int") && line.contains("_t;")
            || line.starts_with("typedef") && line.contains("char")
            || line.starts_with("typedef") && line.contains("short")
            || line.starts_with("#include <cuda")
        {
            continue;
        }
        let line = shared_memory(line);
        lines.push_str(&line);
        lines.push('\n');
    }
    instructions(&lines)
}

/// `extern __shared__ __align__(128) char NAME[];` names the shim's shared memory.
fn shared_memory(line: &str) -> String {
    let Some((before, rest)) = line.split_once("extern __shared__ ") else {
        return line.to_owned();
    };
    let (declaration, after) = rest.split_once(';').expect("a declaration ends");
    let name = declaration.split(' ').next_back().unwrap().trim_end_matches("[]");
    format!("{before}char *const {name} = shim::shared;{after}")
}

/// `asm volatile("name.of.it ..." : "=r"(to) : "r"(from) : "memory");` becomes
/// `name_of_it(to, from);`.
fn instructions(source: &str) -> String {
    let mut result = String::new();
    let mut rest = source;
    while let Some(at) = rest.find("asm ") {
        result.push_str(&rest[..at]);
        let (statement, after) = rest[at..].split_once(");").expect("an instruction ends");
        let mut quoted = statement.split('"');
        let template = quoted.nth(1).expect("an instruction has a name");
        let name = template.split([' ', ';']).next().unwrap();
        let name = name.replace("::cta", "").replace("::", "_").replace('.', "_");
        let operands = statement.split_once(&format!("\"{template}\"")).unwrap().1;
        let constraint = |piece: &&str| piece.starts_with('(');
        let operands: Vec<&str> = operands.split('"').filter(constraint).map(operand).collect();
        write!(result, "{name}({});", operands.join(", ")).unwrap();
        rest = after;
    }
    result.push_str(rest);
    result
}

/// `(x.i_0), ` → `x.i_0`.
fn operand(piece: &str) -> &str {
    let inner = &piece[1..];
    inner.split(')').next().unwrap()
}

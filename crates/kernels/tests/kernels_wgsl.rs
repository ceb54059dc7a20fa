//! The kernels of the page's widget are what the crate emits.
//!
//! The site must build without CubeCL, which takes long to compile, so the WGSL is committed, with
//! a table of how each kernel is launched. This test emits both again and compares.
//! `RECORD=1` writes them.

use std::path::PathBuf;
use std::sync::Arc;

use cubecl::Compiler;
use cubecl::ir::features::Features;
use cubecl::ir::{
    DeviceIdentity, DeviceProperties, FloatKind, HardwareProperties, MemoryDeviceProperties,
};
use cubecl::prelude::*;
use cubecl::wgpu::WgslCompiler;
use kernels::emit::{self, settings, tensor};
use kernels::standard::{
    ROW_THREADS, TILE, standard_mix::StandardMix, standard_scores::StandardScores,
    standard_weights::StandardWeights,
};
use kernels::tiles::{DeviceClass, PlainTiles};

/// The widget's heads have so many numbers.
const HEAD_DIM: usize = 64;

/// A device with what WebGPU promises, and no more.
fn promised() -> Arc<DeviceProperties> {
    let hardware = HardwareProperties {
        load_width: 128,
        vector_register_count: None,
        plane_size_min: 32,
        plane_size_max: 32,
        max_bindings: 8,
        max_shared_memory_size: 16 << 10,
        max_cube_count: (65_535, 65_535, 65_535),
        max_units_per_cube: 256,
        max_cube_dim: (256, 256, 64),
        num_streaming_multiprocessors: None,
        num_tensor_cores: None,
        min_tensor_cores_dim: None,
        num_cpu_cores: None,
        last_level_cache_size: None,
        max_vector_size: VectorSize::MAX,
        cube_mma_reserved_shared_memory: 0,
    };
    let mut properties = DeviceProperties::new(
        Features::default(),
        MemoryDeviceProperties::new(u64::MAX, 256),
        hardware,
        cubecl::profile::TimingMethod::Device,
        DeviceIdentity { name: "a page".into(), fingerprint: "a page".into(), physical: None },
    );
    cubecl_cpp::register_supported_types(&mut properties);
    Arc::new(properties)
}

/// A kernel's file, and its line of the table.
struct Emitted {
    key: &'static str,
    name: &'static str,
    wgsl: String,
    cube: [usize; 3],
}

impl Emitted {
    fn new(
        key: &'static str,
        name: &'static str,
        cube: [usize; 3],
        inputs: usize,
        kernel: &dyn Fn(KernelSettings) -> KernelDefinition,
    ) -> Self {
        let [x, y, z] = cube.map(|units| units as u32);
        let definition = kernel(settings(CubeDim::new_3d(x, y, z)));
        let shader = WgslCompiler
            .compile(definition, &Default::default())
            .unwrap_or_else(|error| panic!("{name} does not compile to WGSL: {error:?}"));
        // The function's name ends in a number that differs from compiler to compiler.
        let code = format!("{shader}");
        let start = code.find(&format!("fn {name}")).expect("the kernel has its name") + 3;
        let end = start + code[start..].find('(').expect("a function has arguments");
        let lines = code[..start].lines().chain([name]);
        let mut wgsl = lines.collect::<Vec<_>>().join("\n").replace("fn \n", "fn ");
        wgsl += &code[end..];
        // What is only read is declared so. A browser then sees that a number in it is the same for
        // all threads of a group, and only then lets a loop that it bounds wait at a barrier.
        for input in 0..inputs {
            let declared = format!("@binding({input}) var<storage, read_write>");
            assert!(wgsl.contains(&declared), "{name} has no buffer {input}");
            wgsl = wgsl.replace(&declared, &format!("@binding({input}) var<storage, read>"));
        }
        let head = format!(
            "// {name}: emitted from Rust by CubeCL. The source is crates/kernels; do not edit.\n"
        );
        Emitted { key, name, wgsl: head + wgsl.trim_end() + "\n", cube }
    }

    /// The words of a field of the kernel's last buffer.
    fn words(&self, field: &str) -> usize {
        let Some(start) = self.wgsl.find(&format!("{field}: array<")) else { return 0 };
        let rest = &self.wgsl[start..];
        let size = rest.split_once(", ").and_then(|(_, rest)| rest.split_once('>'));
        size.and_then(|(size, _)| size.trim().parse().ok()).expect("an array has a length")
    }

    /// The first word of `scalars_usize` that the kernel reads.
    fn first_whole(&self) -> usize {
        let reads = self.wgsl.split("info_var.scalars_usize[").skip(1);
        let places = reads.filter_map(|rest| rest.split_once(']')?.0.parse().ok());
        places.min().unwrap_or(0)
    }

    fn line(&self) -> String {
        let [x, y, z] = self.cube;
        format!(
            "  \"{}\": {{\n    \"file\": \"gpu/{}.wgsl\", \"entry\": \"{}\", \"cube\": [{x}, {y}, {z}],\n    \
             \"whole_words\": {}, \"first_whole\": {}, \"float_words\": {}, \"fixed_words\": {}\n  }}",
            self.key,
            self.name,
            self.name,
            self.words("scalars_usize"),
            self.first_whole(),
            self.words("scalars_f32"),
            self.words("static_meta"),
        )
    }
}

fn emitted() -> [Emitted; 4] {
    let tiles = PlainTiles::of(DeviceClass::WebGpu, HEAD_DIM);
    let target = || Arc::new(TargetProperties::default());
    let flash = |settings| {
        let kind = FloatKind::F32;
        emit::plain_kernel(settings, promised(), target(), kind, HEAD_DIM, false, tiles).define()
    };
    let scores = |settings| {
        StandardScores::new(
            settings,
            promised(),
            target(),
            tensor(),
            tensor(),
            tensor(),
            (),
            (),
            HEAD_DIM,
        )
        .define()
    };
    let weights =
        |settings| StandardWeights::new(settings, promised(), target(), tensor()).define();
    let mix = |settings| {
        StandardMix::new(settings, promised(), target(), tensor(), tensor(), tensor()).define()
    };
    [
        Emitted::new("flash", "plain_forward", [tiles.block_rows, 1, 1], 4, &flash),
        Emitted::new("scores", "standard_scores", [TILE, TILE, 1], 2, &scores),
        Emitted::new("weights", "standard_weights", [ROW_THREADS, 1, 1], 0, &weights),
        Emitted::new("mix", "standard_mix", [TILE, TILE, 1], 2, &mix),
    ]
}

#[test]
fn the_pages_kernels_are_what_is_emitted() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../theme/gpu");
    let kernels = emitted();
    let lines: Vec<String> = kernels.iter().map(Emitted::line).collect();
    let table = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let files = kernels.iter().map(|kernel| (format!("{}.wgsl", kernel.name), &kernel.wgsl));
    for (name, text) in files.chain([("kernels.json".to_owned(), &table)]) {
        let path = folder.join(&name);
        if std::env::var_os("RECORD").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        let recorded = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            recorded == *text,
            "theme/gpu/{name} is not what the kernels emit now: record it with RECORD=1"
        );
        println!("{name}: {} bytes", text.len());
    }
}

#[test]
fn every_kernel_keeps_to_what_webgpu_promises() {
    for kernel in emitted() {
        assert!(kernel.cube.iter().product::<usize>() <= 256, "{}", kernel.name);
        let bindings = kernel.wgsl.matches("@binding(").count();
        assert!(bindings <= 8, "{} has {bindings} buffers, and 8 are promised", kernel.name);
    }
}

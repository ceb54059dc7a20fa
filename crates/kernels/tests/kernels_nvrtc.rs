//! scratch
use cubecl::ir::FloatKind;
use kernels::emit::{self, Card};
use kernels::tiles::*;
#[test]
fn emits() {
    std::fs::create_dir_all("/tmp/w/nv/out").unwrap();
    for (name, kind) in [("f16", FloatKind::F16), ("bf16", FloatKind::BF16)] {
        for head_dim in [64, 128] {
            let tiles = TensorCoreTiles::of(head_dim).unwrap();
            let emitted = emit::tensor_core(Card::Sm80, kind, head_dim, false, tiles).unwrap();
            println!("{name} {head_dim} {} bytes, smem {}", emitted.source.len(), emitted.shared_memory);
            std::fs::write(format!("/tmp/w/nv/out/tc_{name}_{head_dim}.cu"), emitted.source).unwrap();
        }
    }
}

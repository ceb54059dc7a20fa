//! Real models: the sizes that decide what their attention costs, and how large they are.
//!
//! ```
//! use attention::cost::Precision;
//! use attention::presets::preset;
//!
//! let llama = preset("Llama 3 8B").expect("it is in the table");
//! let cache = llama.shape.cache(llama.context, 1, Precision::Bf16)?;
//! assert_eq!(cache.in_gib(), "16.0 GiB");
//! # Ok::<(), attention::Error>(())
//! ```

use crate::cost::{Kind, Shape, Window};
use crate::devices::Source;

/// A model, as its makers describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name and size.
    pub name: &'static str,
    /// Layers, heads and their sizes.
    pub shape: Shape,
    /// All its weights, as its makers name the size.
    pub parameters: Parameters,
    /// The longest text that it is made for, in tokens.
    pub context: u64,
    /// Where the sizes were published.
    pub source: Source,
    /// What to know about the figures.
    pub note: &'static str,
}

/// How many numbers training has set, in millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// All of them, which must be in memory.
    pub millions: u64,
    /// Those that one token meets. In a mixture of experts these are fewer.
    pub active_millions: u64,
}

const fn dense(millions: u64) -> Parameters {
    Parameters { millions, active_millions: millions }
}

/// The model of this exact name, or none.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

const fn grouped(layers: u64, d_model: u64, heads: u64, kv_heads: u64, head_dim: u64) -> Shape {
    let kind = Kind::Grouped { kv_heads, head_dim };
    Shape { layers, d_model, heads, kind, window: Window::Full }
}

const fn windowed(shape: Shape, window: Window) -> Shape {
    Shape { window, ..shape }
}

const fn deepseek(layers: u64, d_model: u64) -> Shape {
    let kind = Kind::Latent { kv_lora_rank: 512, rope_dim: 64, nope_dim: 128, value_dim: 128 };
    Shape { layers, d_model, heads: 128, kind, window: Window::Full }
}

const LLAMA_2: Source = Source {
    title: "Touvron et al., Llama 2: Open Foundation and Fine-Tuned Chat Models, table 1 and \
            appendix A.2.1, and the released parameters",
    year: 2023,
};
const LLAMA_3: Source =
    Source { title: "Grattafiori et al., The Llama 3 Herd of Models, table 3", year: 2024 };
const GEMMA_2: Source = Source {
    title: "Gemma Team, Gemma 2: Improving Open Language Models at a Practical Size, table 1",
    year: 2024,
};
const QWEN_2_5: Source = Source {
    title: "Qwen Team, Qwen2.5 Technical Report, table 1, and the released configurations",
    year: 2024,
};

/// All models, the oldest first, with the sizes of one family together.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "GPT-3 175B",
        shape: grouped(96, 12_288, 96, 96, 128),
        parameters: dense(175_000),
        context: 2048,
        source: Source {
            title: "Brown et al., Language Models are Few-Shot Learners, table 2.1",
            year: 2020,
        },
        note: "every second layer attends sparsely; all tokens are counted here as kept and seen",
    },
    Preset {
        name: "Llama 2 7B",
        shape: grouped(32, 4096, 32, 32, 128),
        parameters: dense(7000),
        context: 4096,
        source: LLAMA_2,
        note: "multi-head",
    },
    Preset {
        name: "Llama 2 70B",
        shape: grouped(80, 8192, 64, 8, 128),
        parameters: dense(70_000),
        context: 4096,
        source: LLAMA_2,
        note: "grouped-query",
    },
    Preset {
        name: "Mistral 7B v0.1",
        shape: windowed(grouped(32, 4096, 32, 8, 128), Window::Every(4096)),
        parameters: dense(7000),
        context: 8192,
        source: Source { title: "Jiang et al., Mistral 7B, table 1", year: 2023 },
        note: "grouped-query, every layer with a window; v0.2 and later have none",
    },
    Preset {
        name: "DeepSeek-V2",
        shape: deepseek(60, 5120),
        parameters: Parameters { millions: 236_000, active_millions: 21_000 },
        context: 131_072,
        source: Source {
            title: "DeepSeek-AI, DeepSeek-V2: A Strong, Economical, and Efficient \
                    Mixture-of-Experts Language Model, section 3.1.2",
            year: 2024,
        },
        note: "multi-head latent; a mixture of experts, sizes from the abstract",
    },
    Preset {
        name: "Gemma 2 9B",
        shape: windowed(grouped(42, 3584, 16, 8, 256), Window::Alternate(4096)),
        parameters: dense(9000),
        context: 8192,
        source: GEMMA_2,
        note: "grouped-query, every second layer with a window; 16 heads of 256 are 4096, not \
               d_model",
    },
    Preset {
        name: "Gemma 2 27B",
        shape: windowed(grouped(46, 4608, 32, 16, 128), Window::Alternate(4096)),
        parameters: dense(27_000),
        context: 8192,
        source: GEMMA_2,
        note: "grouped-query, every second layer with a window; 32 heads of 128 are 4096, not \
               d_model",
    },
    Preset {
        name: "Llama 3 8B",
        shape: grouped(32, 4096, 32, 8, 128),
        parameters: dense(8000),
        context: 131_072,
        source: LLAMA_3,
        note: "grouped-query; the context is that of Llama 3.1",
    },
    Preset {
        name: "Llama 3 70B",
        shape: grouped(80, 8192, 64, 8, 128),
        parameters: dense(70_000),
        context: 131_072,
        source: LLAMA_3,
        note: "grouped-query; the context is that of Llama 3.1",
    },
    Preset {
        name: "Llama 3 405B",
        shape: grouped(126, 16_384, 128, 8, 128),
        parameters: dense(405_000),
        context: 131_072,
        source: LLAMA_3,
        note: "grouped-query; released as Llama 3.1",
    },
    Preset {
        name: "Qwen2.5 7B",
        shape: grouped(28, 3584, 28, 4, 128),
        parameters: dense(7000),
        context: 131_072,
        source: QWEN_2_5,
        note: "grouped-query",
    },
    Preset {
        name: "Qwen2.5 72B",
        shape: grouped(80, 8192, 64, 8, 128),
        parameters: dense(72_000),
        context: 131_072,
        source: QWEN_2_5,
        note: "grouped-query",
    },
    Preset {
        name: "DeepSeek-V3",
        shape: deepseek(61, 7168),
        parameters: Parameters { millions: 671_000, active_millions: 37_000 },
        context: 131_072,
        source: Source {
            title: "DeepSeek-AI, DeepSeek-V3 Technical Report, section 4.2",
            year: 2024,
        },
        note: "multi-head latent; a mixture of experts, sizes from the abstract",
    },
    Preset {
        name: "SmolLM2-135M",
        shape: grouped(30, 576, 9, 3, 64),
        parameters: dense(135),
        context: 8192,
        source: Source {
            title: "Allal et al., SmolLM2: When Smol Goes Big, and the released configuration",
            year: 2025,
        },
        note: "grouped-query; the model that this book runs",
    },
];

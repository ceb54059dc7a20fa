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
    /// All its weights, counted in the released files.
    pub parameters: Parameters,
    /// The longest text that it is made for, in tokens.
    pub context: u64,
    /// Where the sizes were published.
    pub source: Source,
    /// What to know about the figures.
    pub note: &'static str,
}

/// How many numbers training has set, in millions. A name rounds them: Llama 2 7B has 6,738, and
/// Qwen2.5 7B 7,616.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// All of them, which must be in memory.
    pub millions: u64,
    /// Those that are read for one token. Of an embedding a token takes a single row, so it is not
    /// among them, unless the model's last step multiplies with the same matrix. In a mixture of
    /// experts they are fewer still.
    pub active_millions: u64,
}

/// A model whose last step multiplies with its embedding, so that all of it is read.
const fn tied(millions: u64) -> Parameters {
    Parameters { millions, active_millions: millions }
}

/// A model whose embedding is a matrix apart, of which a token takes a row.
const fn untied(millions: u64, active_millions: u64) -> Parameters {
    Parameters { millions, active_millions }
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
        parameters: tied(175_000),
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
        parameters: untied(6738, 6607),
        context: 4096,
        source: LLAMA_2,
        note: "multi-head",
    },
    Preset {
        name: "Llama 2 70B",
        shape: grouped(80, 8192, 64, 8, 128),
        parameters: untied(68_977, 68_715),
        context: 4096,
        source: LLAMA_2,
        note: "grouped-query",
    },
    Preset {
        name: "Mistral 7B v0.1",
        shape: windowed(grouped(32, 4096, 32, 8, 128), Window::Every(4096)),
        parameters: untied(7242, 7111),
        context: 8192,
        source: Source { title: "Jiang et al., Mistral 7B, table 1", year: 2023 },
        note: "grouped-query, every layer with a window; v0.2 and later have none",
    },
    Preset {
        name: "DeepSeek-V2",
        shape: deepseek(60, 5120),
        parameters: Parameters { millions: 236_000, active_millions: 21_000 },
        context: 163_840,
        source: Source {
            title: "DeepSeek-AI, DeepSeek-V2: A Strong, Economical, and Efficient \
                    Mixture-of-Experts Language Model, sections 3.1.2 and \
                    3.1.4, and the released configuration",
            year: 2024,
        },
        note: "multi-head latent; a mixture of experts, parameters from the abstract; its makers \
               expect it to do well up to 131,072 tokens",
    },
    Preset {
        name: "Gemma 2 9B",
        shape: windowed(grouped(42, 3584, 16, 8, 256), Window::Alternate(4096)),
        parameters: tied(9242),
        context: 8192,
        source: GEMMA_2,
        note: "grouped-query, every second layer with a window; 16 heads of 256 are 4096, not \
               d_model",
    },
    Preset {
        name: "Gemma 2 27B",
        shape: windowed(grouped(46, 4608, 32, 16, 128), Window::Alternate(4096)),
        parameters: tied(27_227),
        context: 8192,
        source: GEMMA_2,
        note: "grouped-query, every second layer with a window; 32 heads of 128 are 4096, not \
               d_model",
    },
    Preset {
        name: "Llama 3 8B",
        shape: grouped(32, 4096, 32, 8, 128),
        parameters: untied(8030, 7505),
        context: 131_072,
        source: LLAMA_3,
        note: "grouped-query; the context is that of Llama 3.1",
    },
    Preset {
        name: "Llama 3 70B",
        shape: grouped(80, 8192, 64, 8, 128),
        parameters: untied(70_554, 69_503),
        context: 131_072,
        source: LLAMA_3,
        note: "grouped-query; the context is that of Llama 3.1",
    },
    Preset {
        name: "Llama 3 405B",
        shape: grouped(126, 16_384, 128, 8, 128),
        parameters: untied(405_853, 403_752),
        context: 131_072,
        source: LLAMA_3,
        note: "grouped-query; released as Llama 3.1",
    },
    Preset {
        name: "Qwen2.5 7B",
        shape: grouped(28, 3584, 28, 4, 128),
        parameters: untied(7616, 7071),
        context: 32_768,
        source: QWEN_2_5,
        note: "grouped-query; up to 131,072 tokens with YaRN, which stretches its positions",
    },
    Preset {
        name: "Qwen2.5 72B",
        shape: grouped(80, 8192, 64, 8, 128),
        parameters: untied(72_706, 71_460),
        context: 32_768,
        source: QWEN_2_5,
        note: "grouped-query; up to 131,072 tokens with YaRN, which stretches its positions",
    },
    Preset {
        name: "DeepSeek-V3",
        shape: deepseek(61, 7168),
        parameters: Parameters { millions: 671_000, active_millions: 35_800 },
        context: 163_840,
        source: Source {
            title: "DeepSeek-AI, DeepSeek-V3 Technical Report, section 4.2, and the released \
                    configuration and description of the weights",
            year: 2024,
        },
        note: "multi-head latent; a mixture of experts: 36.7 billion active parameters less 0.9 of \
               the embedding; tested by its makers up to 131,072 tokens",
    },
    Preset {
        name: "SmolLM2-135M",
        shape: grouped(30, 576, 9, 3, 64),
        parameters: tied(135),
        context: 8192,
        source: Source {
            title: "Allal et al., SmolLM2: When Smol Goes Big, and the released configuration",
            year: 2025,
        },
        note: "grouped-query; the model that this book runs",
    },
];

//! The parts of a transformer: what each is called, its shape in this model, what it does, and the
//! chapter that explains it.

use super::shape::Setup;
use crate::show::grouped;

/// A part, in the order in which a token meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The text in pieces.
    Tokens,
    /// A row of the vocabulary's table for each.
    Embedding,
    /// A rail for each token.
    Rail,
    /// What a part reads is brought to one length.
    Norm,
    /// Where rails meet.
    Others,
    /// What a token looks for.
    Queries,
    /// What a token can be found by.
    Keys,
    /// What a token hands over.
    Values,
    /// Keys and values that are kept.
    Cache,
    /// Each query with each key.
    Scores,
    /// Nothing that comes later.
    Mask,
    /// Scores become shares.
    Softmax,
    /// Values in these shares.
    Mix,
    /// What the heads found.
    Outputs,
    /// Back to the rail's size.
    OutputMatrix,
    /// Found is added.
    Add,
    /// Each token alone.
    FeedForward,
    /// The same again.
    Layers,
    /// Once more to one length.
    LastNorm,
    /// Back to the vocabulary.
    Unembedding,
    /// How likely each token is.
    Logits,
    /// One of them.
    Next,
}

/// What there is to say about a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// Its shape. `n` is the number of tokens.
    pub shape: String,
    /// What it does.
    pub does: String,
    /// The chapter that explains it, if one does.
    pub chapter: Option<usize>,
}

/// The chapters: the page of each, and its title.
pub const CHAPTERS: [(&str, &str); 10] = [
    ("ch01-spotlight", "Spotlight"),
    ("ch02-query-key-value", "Query, key and value"),
    ("ch03-score-matrix", "The score matrix"),
    ("ch04-softmax-temperature", "Softmax and temperature"),
    ("ch05-multi-head", "Multi-head attention"),
    ("ch06-causal-masking", "Causal masking"),
    ("ch07-cross-attention", "Cross-attention"),
    ("ch08-flash-attention", "Flash attention"),
    ("ch09-patterns", "Patterns"),
    ("ch10-kv-cache", "Shared heads and the KV cache"),
];

impl Part {
    /// All parts, in order.
    pub const ALL: [Self; 22] = [
        Self::Tokens,
        Self::Embedding,
        Self::Rail,
        Self::Norm,
        Self::Others,
        Self::Queries,
        Self::Keys,
        Self::Values,
        Self::Cache,
        Self::Scores,
        Self::Mask,
        Self::Softmax,
        Self::Mix,
        Self::Outputs,
        Self::OutputMatrix,
        Self::Add,
        Self::FeedForward,
        Self::Layers,
        Self::LastNorm,
        Self::Unembedding,
        Self::Logits,
        Self::Next,
    ];

    /// Its name in addresses and events.
    pub fn id(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Embedding => "embedding",
            Self::Rail => "rail",
            Self::Norm => "norm",
            Self::Others => "others",
            Self::Queries => "queries",
            Self::Keys => "keys",
            Self::Values => "values",
            Self::Cache => "cache",
            Self::Scores => "scores",
            Self::Mask => "mask",
            Self::Softmax => "softmax",
            Self::Mix => "mix",
            Self::Outputs => "outputs",
            Self::OutputMatrix => "output-matrix",
            Self::Add => "add",
            Self::FeedForward => "feed-forward",
            Self::Layers => "layers",
            Self::LastNorm => "last-norm",
            Self::Unembedding => "unembedding",
            Self::Logits => "logits",
            Self::Next => "next",
        }
    }

    /// The part with this name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.id() == id)
    }

    /// The part that a key leads to. Enter and the space bar stay.
    pub(super) fn step(self, key: &str) -> Option<Self> {
        let (here, last) = (self as usize, Self::ALL.len() - 1);
        Some(
            Self::ALL[match key {
                "ArrowRight" | "ArrowDown" => (here + 1).min(last),
                "ArrowLeft" | "ArrowUp" => here.saturating_sub(1),
                "Home" => 0,
                "End" => last,
                "Enter" | " " => here,
                _ => return None,
            }],
        )
    }

    /// What there is to say about it in this model.
    pub fn about(self, setup: &Setup) -> About {
        let shape = &setup.shape;
        let [heads, kv_heads, dim, width] =
            [shape.heads, shape.kv_heads, shape.head_dim, shape.d_model];
        let (layers, vocabulary) = (shape.layers, grouped(shape.vocabulary as u64));
        let [queries, keys] = [heads * dim, kv_heads * dim];
        let all = shape.vocabulary;
        let inner = shape.d_ff;
        let rail = format!("[n, {width}]");
        let sharing = shape.sharing();
        let say = |name, shape: String, does: String, chapter| About { name, shape, does, chapter };
        match self {
            Self::Tokens => say(
                "Tokens",
                format!("n numbers below {vocabulary}"),
                "The text, cut into pieces. Each piece of the vocabulary has a number.".into(),
                Some(1),
            ),
            Self::Embedding => say(
                "Embedding",
                format!("[{all}, {width}]"),
                "A table with a row for each token of the vocabulary. A token’s rail starts as its \
                 row."
                    .into(),
                Some(2),
            ),
            Self::Rail => say(
                "Residual stream",
                rail,
                format!(
                    "A rail for each token: {width} numbers. Each part reads them and adds to \
                     them. Nothing is overwritten."
                ),
                Some(5),
            ),
            Self::Norm => say(
                "Norm",
                rail,
                "What a part reads is first brought to the same length, token by token. The rail \
                 itself stays as it is."
                    .into(),
                None,
            ),
            Self::Others => say(
                "From other tokens",
                rail,
                "Only here do rails meet: keys and values come from this token and those before \
                 it. In cross-attention (chapter 7) they come from another text."
                    .into(),
                Some(1),
            ),
            Self::Queries => say(
                "Queries",
                format!("W_Q [{width}, {queries}] makes [{heads}, n, {dim}]"),
                format!("What each token looks for: one query for each of the {heads} heads."),
                Some(2),
            ),
            Self::Keys => say(
                "Keys",
                format!("W_K [{width}, {keys}] makes [{kv_heads}, n, {dim}]"),
                format!("What each token can be found by. {sharing} query heads share one key head."),
                Some(2),
            ),
            Self::Values => say(
                "Values",
                format!("W_V [{width}, {keys}] makes [{kv_heads}, n, {dim}]"),
                format!("What each token hands over. {sharing} query heads share one value head."),
                Some(2),
            ),
            Self::Cache => say(
                "The KV cache",
                format!("2 × {layers} layers × [{kv_heads}, n, {dim}]"),
                "Keys and values of earlier tokens do not change. So they are kept, and only the \
                 new token is computed."
                    .into(),
                Some(10),
            ),
            Self::Scores => say(
                "Scores",
                format!("[{heads}, n, n]"),
                "Every query with every key: how well do the two fit?".into(),
                Some(3),
            ),
            Self::Mask => say(
                "Causal mask",
                "[n, n]".into(),
                "What comes later is hidden: a token sees itself and what is before it.".into(),
                Some(6),
            ),
            Self::Softmax => say(
                "Softmax",
                format!("[{heads}, n, n]"),
                format!(
                    "Each row of scores becomes shares that sum to one: the attention weights. \
                     Here, layer {}, head {}.",
                    setup.map.layer, setup.map.head
                ),
                Some(4),
            ),
            Self::Mix => say(
                "Mix",
                format!("[{heads}, n, {dim}]"),
                "The values, added up in these shares. Flash attention does scores, softmax and \
                 mix in tiles, and never writes the map down."
                    .into(),
                Some(8),
            ),
            Self::Outputs => say(
                "Outputs of the heads",
                format!("[{heads}, n, {dim}], side by side [n, {queries}]"),
                format!("What the {heads} heads found, each with {dim} numbers of its own."),
                Some(5),
            ),
            Self::OutputMatrix => say(
                "Output matrix",
                format!("W_O [{queries}, {width}]"),
                format!(
                    "Its {heads} bands bring each head’s {dim} numbers to the {width} of the rail."
                ),
                Some(5),
            ),
            Self::Add => say(
                "Add",
                rail,
                "What a part has found is added to the rail, and the rail goes on.".into(),
                Some(5),
            ),
            Self::FeedForward => say(
                "Feed-forward",
                format!("[{width}, {inner}] twice, [{inner}, {width}]"),
                format!(
                    "Each token alone: {width} numbers become {}, and {width} again. No other \
                     rail is read.",
                    grouped(inner as u64)
                ),
                None,
            ),
            Self::Layers => say(
                "The other layers",
                format!("{layers} layers, {heads} heads in each: {}", shape.all_heads()),
                format!(
                    "The same parts again, with weights of their own. Which of the {} heads looks \
                     where?",
                    shape.all_heads()
                ),
                Some(9),
            ),
            Self::LastNorm => {
                say("Last norm", rail, "Once more to the same length.".into(), None)
            }
            Self::Unembedding => say(
                "Unembedding",
                format!("[{width}, {all}]"),
                format!(
                    "The rail against each row of the vocabulary’s table. {} uses the embedding’s \
                     table for it, a second time.",
                    setup.model
                ),
                Some(2),
            ),
            Self::Logits => say(
                "Logits, and a softmax",
                format!("[{all}]"),
                "How strongly each token is expected next, as shares. A temperature makes them \
                 sharper or flatter."
                    .into(),
                Some(4),
            ),
            Self::Next => say(
                "The next token",
                format!("one number below {vocabulary}"),
                "One is drawn, or the likeliest taken. It joins the text, and everything runs \
                 again."
                    .into(),
                Some(10),
            ),
        }
    }
}

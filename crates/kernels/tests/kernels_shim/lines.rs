//! What the kernels are asked.

use kernels::{FlashOptions, Window};

/// A line of the table: `[batch, heads, kv_heads, seq_q, seq_k]`, and what is asked.
pub(crate) struct Line {
    pub name: &'static str,
    pub shape: [usize; 5],
    pub options: FlashOptions,
    /// What queries are multiplied by, to make scores extreme.
    pub loudness: f32,
}

fn line(name: &'static str, shape: [usize; 5], options: FlashOptions) -> Line {
    Line { name, shape, options, loudness: 1.0 }
}

/// Those that have a reason to go wrong, with a soft cap or without.
pub(crate) fn lines(capped: bool) -> Vec<Line> {
    let is_capped = |line: &Line| line.options.soft_cap.is_some() == capped;
    all().into_iter().filter(is_capped).collect()
}

fn all() -> Vec<Line> {
    let full = FlashOptions::default();
    let causal = FlashOptions { causal: true, ..full.clone() };
    let window = |before, after| Some(Window { before, after });
    vec![
        line("one key", [1, 1, 1, 1, 1], full.clone()),
        line("one query", [1, 2, 1, 1, 100], causal.clone()),
        line("17", [1, 2, 2, 17, 17], causal.clone()),
        line("64", [1, 1, 1, 64, 64], causal.clone()),
        line("100, full", [1, 2, 1, 100, 100], full.clone()),
        line("200, full", [1, 1, 1, 200, 200], full.clone()),
        line("200, causal", [2, 1, 1, 200, 200], causal.clone()),
        line("9 heads on 3", [1, 9, 3, 40, 70], causal.clone()),
        line("more keys", [1, 2, 1, 70, 200], causal.clone()),
        line("more queries", [1, 2, 1, 200, 70], causal.clone()),
        line(
            "window",
            [1, 2, 1, 200, 200],
            FlashOptions { window: window(30, 0), ..causal.clone() },
        ),
        line(
            "window, both ways",
            [1, 2, 1, 150, 180],
            FlashOptions { window: window(20, 9), ..full.clone() },
        ),
        line(
            "lengths",
            [3, 2, 1, 90, 130],
            FlashOptions { lengths: Some(vec![130, 65, 0]), ..causal.clone() },
        ),
        line(
            "soft cap",
            [1, 2, 1, 100, 130],
            FlashOptions { soft_cap: Some(5.0), ..causal.clone() },
        ),
        line("scale", [1, 1, 1, 100, 100], FlashOptions { scale: Some(0.5), ..full.clone() }),
        Line {
            name: "extreme scores",
            shape: [1, 2, 1, 100, 130],
            options: causal,
            loudness: 30.0,
        },
    ]
}

impl Line {
    /// How many keys of each text are not padding, as the kernels get it.
    pub(crate) fn lengths(&self) -> Vec<u8> {
        let [batch, .., seq_k] = self.shape;
        let lengths = self.options.lengths.clone().unwrap_or(vec![seq_k; batch]);
        lengths.iter().flat_map(|&length| (length as u32).to_le_bytes()).collect()
    }

    /// How far a query sees back and ahead.
    pub(crate) fn reach(&self) -> Vec<usize> {
        let [.., seq_q, seq_k] = self.shape;
        let (before, after) = self.options.reach(seq_q, seq_k);
        vec![before, after]
    }
}

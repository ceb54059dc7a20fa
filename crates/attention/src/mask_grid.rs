//! A mask for one length of text, entry by entry.

use std::fmt;

use burn::tensor::{Bool, Device, Tensor, TensorData};

use crate::Error;

/// A mask for `seq_q` queries and `seq_k` keys: who sees whom.
///
/// It prints as a small drawing, a line a query and a character a key: `#` where the query may
/// look and `.` where it may not.
///
/// ```
/// use attention::Mask;
///
/// // Causal, and the last of the four keys is padding.
/// let mask = Mask::Causal.grid(4, 4).and(&Mask::Padding { length: 3 }.grid(4, 4))?;
/// assert_eq!(mask.to_string(), "#...\n##..\n###.\n###.");
/// assert_eq!(mask.count(), 9);
/// # Ok::<(), attention::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskGrid {
    seq_q: usize,
    seq_k: usize,
    /// Row by row.
    visible: Vec<bool>,
}

impl MaskGrid {
    /// A mask of one's own: `sees(query, key)` says whether that query may look at that key.
    pub fn from_fn(seq_q: usize, seq_k: usize, sees: impl Fn(usize, usize) -> bool) -> MaskGrid {
        let sees = &sees;
        MaskGrid::from_rows(
            seq_k,
            (0..seq_q).map(|query| (0..seq_k).map(|key| sees(query, key)).collect()),
        )
    }

    /// Each row holds `seq_k` entries.
    pub(crate) fn from_rows(seq_k: usize, rows: impl Iterator<Item = Vec<bool>>) -> MaskGrid {
        let (mut seq_q, mut visible) = (0, Vec::new());
        for row in rows {
            seq_q += 1;
            visible.extend(row);
        }
        MaskGrid { seq_q, seq_k, visible }
    }

    /// One mask for each text of a batch, which hides the padding after it: text `b` fills the
    /// first `lengths[b]` of the `seq_k` keys. A text of length zero hides every key.
    ///
    /// # Errors
    /// [`Error::PaddingTooLong`] if a text is longer than `seq_k`.
    pub fn padding(lengths: &[usize], seq_q: usize, seq_k: usize) -> Result<Vec<MaskGrid>, Error> {
        let of_text = |(text, &length): (usize, &usize)| {
            if length > seq_k {
                return Err(Error::PaddingTooLong { text, length, seq_k });
            }
            Ok(MaskGrid::from_fn(seq_q, seq_k, |_, key| key < length))
        };
        lengths.iter().enumerate().map(of_text).collect()
    }

    /// The number of queries and the number of keys.
    pub fn dims(&self) -> [usize; 2] {
        [self.seq_q, self.seq_k]
    }

    /// Whether `query` may look at `key`. Nothing is visible outside the grid.
    pub fn sees(&self, query: usize, key: usize) -> bool {
        query < self.seq_q && key < self.seq_k && self.visible[query * self.seq_k + key]
    }

    /// How many entries are visible: the scores that attention has to compute.
    pub fn count(&self) -> usize {
        self.visible.iter().filter(|visible| **visible).count()
    }

    /// Visible where both masks are.
    ///
    /// # Errors
    /// [`Error::Shape`] if the masks differ in size.
    pub fn and(&self, other: &MaskGrid) -> Result<MaskGrid, Error> {
        self.combine(other, |left, right| left && right)
    }

    /// Visible where at least one of the masks is.
    ///
    /// # Errors
    /// [`Error::Shape`] if the masks differ in size.
    pub fn or(&self, other: &MaskGrid) -> Result<MaskGrid, Error> {
        self.combine(other, |left, right| left || right)
    }

    fn combine(
        &self,
        other: &MaskGrid,
        rule: impl Fn(bool, bool) -> bool,
    ) -> Result<MaskGrid, Error> {
        if self.dims() != other.dims() {
            return Err(Error::Shape {
                tensor: "the other mask",
                shape: other.dims().to_vec(),
                must_be: format!("{:?}, as the first mask", self.dims()),
            });
        }
        let both = self.visible.iter().zip(&other.visible);
        let visible = both.map(|(left, right)| rule(*left, *right)).collect();
        Ok(MaskGrid { visible, ..*self })
    }

    /// The entries to hide, `[seq_q, seq_k]`: `true` where the query may *not* look.
    pub fn hidden(&self, device: &Device) -> Tensor<2, Bool> {
        let hidden: Vec<bool> = self.visible.iter().map(|visible| !visible).collect();
        Tensor::from_data(TensorData::new(hidden, self.dims()), device)
    }
}

impl fmt::Display for MaskGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for query in 0..self.seq_q {
            if query > 0 {
                writeln!(f)?;
            }
            for key in 0..self.seq_k {
                f.write_str(if self.sees(query, key) { "#" } else { "." })?;
            }
        }
        Ok(())
    }
}

//! A cache in pages: the keys and values of many texts in one pool of equal blocks.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor};

use crate::Error;
use crate::float_type::same_type;
use crate::kv_cache::bytes;
use crate::scaled_dot_product::agree;
use crate::units::Bytes;

/// The keys and values of many texts, in blocks of a fixed number of tokens that need not lie
/// side by side (Kwon et al., *Efficient Memory Management for Large Language Model Serving with
/// PagedAttention*, 2023, section 4). Each text has a table that names its blocks in order.
///
/// Each text has a table of its own, so texts of different lengths need no padding.
///
/// A text takes a block when it needs one, and gives all back when it is done. Only its last
/// block can have empty places.
///
/// Texts that begin alike can share the blocks of their beginning: [`fork`](Self::fork) makes a
/// second table of the same blocks. Nobody writes into a block that another table names: the last
/// block is copied first, if it has room left (*copy on write*, section 4.4 of the paper).
///
/// The paper's kernel looks at the blocks where they are. Here [`read`](Self::read) brings a
/// text's blocks together first, which shows that they hold the same, and costs a copy.
#[derive(Debug, Clone)]
pub struct PagedCache {
    /// Keys and values, `[blocks, kv_heads, block, head_dim]` each.
    pools: [Tensor<4>; 2],
    free: Vec<usize>,
    /// How many tables name each block.
    owners: Vec<usize>,
    texts: BTreeMap<u64, Table>,
}

/// A text's blocks, in order, and how many tokens are in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The blocks' places in the pool.
    pub blocks: Vec<usize>,
    /// Tokens held: the last block may have room for more.
    pub tokens: usize,
}

impl PagedCache {
    /// An empty pool of so many blocks, each for `block` tokens, with keys and values of
    /// `kv_heads` heads of `head_dim` numbers, which are `f32`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when one of these is zero.
    pub fn new(
        blocks: usize,
        block: usize,
        kv_heads: usize,
        head_dim: usize,
    ) -> Result<Self, Error> {
        for (name, size) in [
            ("the number of blocks", blocks),
            ("the tokens of a block", block),
            ("the number of key and value heads", kv_heads),
            ("head_dim", head_dim),
        ] {
            if size == 0 {
                return Err(Error::OutOfRange { name, value: "0".into(), must_be: "at least 1" });
            }
        }
        let pool = || Tensor::zeros([blocks, kv_heads, block, head_dim], &Device::flex());
        let free = (0..blocks).rev().collect();
        let owners = vec![0; blocks];
        Ok(PagedCache { pools: [pool(), pool()], free, owners, texts: BTreeMap::new() })
    }

    /// Appends one token to the text called `text`, which begins with its first token: key and
    /// value are `[1, kv_heads, 1, head_dim]`.
    ///
    /// # Errors
    /// [`Error::NoBlocks`] when the text needs a block and none is free, [`Error::Mismatch`] when
    /// key or value do not fit, [`Error::FloatTypes`] when their numbers are not of the pool's
    /// type. The cache then stays as it was.
    pub fn append(&mut self, text: u64, key: Tensor<4>, value: Tensor<4>) -> Result<(), Error> {
        self.check(&key, &value)?;
        self.write(text, key, value)
    }

    // ANCHOR: append
    /// Writes a key and a value, `[1, kv_heads, 1, head_dim]`, at the end of a text.
    fn write(&mut self, text: u64, key: Tensor<4>, value: Tensor<4>) -> Result<(), Error> {
        let [_, kv_heads, block, head_dim] = self.pools[0].dims();
        let tokens = self.texts.get(&text).map_or(0, |table| table.tokens);
        let (page, place) = match tokens % block {
            0 => (self.fresh_block(text)?, 0),
            place => (self.own_last_block(text)?, place),
        };
        let slot = [page..page + 1, 0..kv_heads, place..place + 1, 0..head_dim];
        for (pool, new) in self.pools.iter_mut().zip([key, value]) {
            pool.inplace(|pool| pool.slice_assign(slot.clone(), new));
        }
        self.texts.entry(text).or_default().tokens += 1;
        Ok(())
    }
    // ANCHOR_END: append

    /// A free block at the end of a text's table.
    fn fresh_block(&mut self, text: u64) -> Result<usize, Error> {
        let page = self.free.pop().ok_or(Error::NoBlocks { needed: 1, free: 0 })?;
        self.owners[page] = 1;
        self.texts.entry(text).or_default().blocks.push(page);
        Ok(page)
    }

    // ANCHOR: own
    /// The last block of a text, which has room left. If another table names it too, the text
    /// goes on in a copy of its own.
    fn own_last_block(&mut self, text: u64) -> Result<usize, Error> {
        let table = self.texts.entry(text).or_default();
        let shared = *table.blocks.last().expect("a text with tokens has a block");
        if self.owners[shared] == 1 {
            return Ok(shared);
        }
        let copy = self.free.pop().ok_or(Error::NoBlocks { needed: 1, free: 0 })?;
        let [_, kv_heads, block, head_dim] = self.pools[0].dims();
        let slot = [copy..copy + 1, 0..kv_heads, 0..block, 0..head_dim];
        for pool in &mut self.pools {
            let whole = pool.clone().narrow(0, shared, 1);
            pool.inplace(|pool| pool.slice_assign(slot.clone(), whole));
        }
        *table.blocks.last_mut().expect("it had one above") = copy;
        (self.owners[shared], self.owners[copy]) = (self.owners[shared] - 1, 1);
        Ok(copy)
    }
    // ANCHOR_END: own

    /// Begins the text `new` with all that `text` holds. No key and no value is copied: the new
    /// table names the same blocks. Says whether it did: there must be such a text, and none
    /// called `new`.
    pub fn fork(&mut self, text: u64, new: u64) -> bool {
        let Some(table) = self.texts.get(&text).cloned() else { return false };
        if self.texts.contains_key(&new) {
            return false;
        }
        for &block in &table.blocks {
            self.owners[block] += 1;
        }
        self.texts.insert(new, table);
        true
    }

    fn check(&self, key: &Tensor<4>, value: &Tensor<4>) -> Result<(), Error> {
        let [_, kv_heads, _, head_dim] = self.pools[0].dims();
        for (name, new) in [("key", key), ("value", value)] {
            let place = ("its place", [1, kv_heads, 1, head_dim]);
            for (dimension, axis) in [("batch", 0), ("heads", 1), ("seq", 2), ("head_dim", 3)] {
                agree(dimension, axis, (name, new.dims()), place)?;
            }
            same_type(&[(name, new.dtype()), ("the pool", self.pools[0].dtype())])?;
        }
        Ok(())
    }

    /// The keys and values of a text, `[1, kv_heads, seq, head_dim]` each, or none when there is
    /// no such text.
    pub fn read(&self, text: u64) -> Option<[Tensor<4>; 2]> {
        let table = self.texts.get(&text)?;
        let blocks: Vec<i64> = table.blocks.iter().map(|&block| block as i64).collect();
        let blocks = Tensor::<1, Int>::from_data(blocks.as_slice(), &Device::flex());
        let [_, kv_heads, block, head_dim] = self.pools[0].dims();
        let room = table.blocks.len() * block;
        Some(self.pools.each_ref().map(|pool| {
            let pages = pool.clone().select(0, blocks.clone()).swap_dims(0, 1);
            pages.reshape([1, kv_heads, room, head_dim]).narrow(2, 0, table.tokens)
        }))
    }

    /// Forgets a text and frees the blocks that no other text has. Says whether there was one.
    pub fn finish(&mut self, text: u64) -> bool {
        let table = self.texts.remove(&text);
        for &block in table.iter().flat_map(|table| &table.blocks).rev() {
            self.owners[block] -= 1;
            if self.owners[block] == 0 {
                self.free.push(block);
            }
        }
        table.is_some()
    }

    /// The table of a text.
    pub fn table(&self, text: u64) -> Option<&Table> {
        self.texts.get(&text)
    }

    /// Blocks that no text has.
    pub fn free_blocks(&self) -> usize {
        self.free.len()
    }

    /// How many texts have a block of this place in the pool. A block that does not exist has none.
    pub fn owners(&self, block: usize) -> usize {
        self.owners.get(block).copied().unwrap_or(0)
    }

    /// Tokens held, of all texts. One in a shared block counts for each text that has it.
    pub fn tokens(&self) -> usize {
        self.texts.values().map(|table| table.tokens).sum()
    }

    /// Tokens for which blocks are taken. A shared block counts once.
    pub fn places(&self) -> usize {
        (self.owners.len() - self.free.len()) * self.pools[0].dims()[2]
    }

    /// The size of the whole pool.
    pub fn bytes(&self) -> Bytes {
        self.pools.iter().map(bytes).sum()
    }
}

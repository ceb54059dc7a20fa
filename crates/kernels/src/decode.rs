//! A decoding step: one new query a head against all keys so far.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::backend::{FlashDecode, Texts};
use crate::check::{check_numbers, check_shapes, same};
use crate::options::check_lengths;
use crate::{DecodeOptions, Error};

/// Attention of one query a head to a cache of keys and values.
///
/// - `query`: `[batch, heads, 1, head_dim]`
/// - `key_cache`, `value_cache`: `[batch, kv_heads, capacity, head_dim]`
/// - `lengths`: how many keys of each text are there, from 0 to `capacity`. The query stands at
///   the last of them, which is its own.
///
/// Returns the output, `[batch, heads, 1, head_dim]`, and the log-sum-exp, `[batch, heads, 1]` in
/// `f32`. Types, heads and head dimensions are those of
/// [`flash_attention`](crate::flash_attention). A text without keys gets zeros and `-inf`.
///
/// The keys are cut into splits that are worked on at once, and a second kernel joins what comes
/// out (Dao et al., *Flash-Decoding for long-context inference*, 2023).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use kernels::{DecodeOptions, decode};
///
/// let device = Device::flex();
/// let query = Tensor::<4>::ones([2, 9, 1, 64], &device);
/// let cache = Tensor::<4>::ones([2, 3, 512, 64], &device);
/// let options = DecodeOptions::default();
/// let (output, _) = decode(query, cache.clone(), cache, &[500, 17], &options)?;
/// assert_eq!(output.dims(), [2, 9, 1, 64]);
/// # Ok::<(), kernels::Error>(())
/// ```
///
/// # Errors
/// As [`flash_attention`](crate::flash_attention); [`Error::NotOneQuery`],
/// [`Error::LengthTooLong`], [`Error::Count`] when there is not one length for each text, and
/// [`Error::NoGradients`] on a device with autodiff.
pub fn decode(
    query: Tensor<4>,
    key_cache: Tensor<4>,
    value_cache: Tensor<4>,
    lengths: &[usize],
    options: &DecodeOptions,
) -> Result<(Tensor<4>, Tensor<3>), Error> {
    let names = ["query", "key_cache", "value_cache"];
    check(names, [&query, &key_cache, &value_cache], options)?;
    same("batch", 0, ("query", query.dims()), ("key_cache", key_cache.dims()))?;
    let [batch, _, capacity, _] = key_cache.dims();
    check_lengths(lengths, batch, capacity)?;
    // A contiguous cache is a paged one, with one page a text.
    let block_table = (0..batch).map(|text| vec![text]).collect();
    let texts = Texts { block_table, lengths: lengths.to_vec() };
    Ok(dispatch(query, key_cache, value_cache, texts, options))
}

/// [`decode`] over a cache in **pages**: pieces of equal size, of which each text has as many as
/// it needs, anywhere in memory (Kwon et al., *Efficient Memory Management for Large Language
/// Model Serving with PagedAttention*, 2023, section 4).
///
/// - `query`: `[batch, heads, 1, head_dim]`
/// - `key_pages`, `value_pages`: `[pages, kv_heads, page_size, head_dim]`
/// - `block_table`: for each text its pages in order. Key `j` of a text lies in row
///   `j % page_size` of page `block_table[text][j / page_size]`. Texts may share pages.
/// - `lengths`: how many keys each text has. The table may hold more pages than they fill.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use kernels::{DecodeOptions, decode_paged};
///
/// let device = Device::flex();
/// let query = Tensor::<4>::ones([2, 9, 1, 64], &device);
/// let pages = Tensor::<4>::ones([5, 3, 16, 64], &device);
/// // Twenty keys and three.
/// let table = [vec![4, 0], vec![2]];
/// let options = DecodeOptions::default();
/// let (output, _) = decode_paged(query, pages.clone(), pages, &table, &[20, 3], &options)?;
/// assert_eq!(output.dims(), [2, 9, 1, 64]);
/// # Ok::<(), kernels::Error>(())
/// ```
///
/// # Errors
/// As [`decode`]; [`Error::Count`] when the table has not one row for each text,
/// [`Error::LengthTooLong`] when a text has more keys than its pages hold, and
/// [`Error::NoSuchPage`].
pub fn decode_paged(
    query: Tensor<4>,
    key_pages: Tensor<4>,
    value_pages: Tensor<4>,
    block_table: &[Vec<usize>],
    lengths: &[usize],
    options: &DecodeOptions,
) -> Result<(Tensor<4>, Tensor<3>), Error> {
    let names = ["query", "key_pages", "value_pages"];
    check(names, [&query, &key_pages, &value_pages], options)?;
    let [pages, _, page_size, _] = key_pages.dims();
    check_table(block_table, lengths, query.dims()[0], pages, page_size)?;
    let texts = Texts { block_table: block_table.to_vec(), lengths: lengths.to_vec() };
    Ok(dispatch(query, key_pages, value_pages, texts, options))
}

fn check(
    names: [&'static str; 3],
    tensors: [&Tensor<4>; 3],
    options: &DecodeOptions,
) -> Result<(), Error> {
    let [query, key, value] = [0, 1, 2].map(|which| (names[which], tensors[which]));
    check_numbers([query, key, value])?;
    check_shapes(query.1.dims(), key, value)?;
    if query.1.dims()[2] != 1 {
        return Err(Error::NotOneQuery { shape: query.1.dims() });
    }
    if let Some((tensor, _)) = [query, key, value].into_iter().find(|it| it.1.is_autodiff()) {
        return Err(Error::NoGradients { tensor });
    }
    options.check()
}

/// Each text has enough pages, and they exist.
fn check_table(
    block_table: &[Vec<usize>],
    lengths: &[usize],
    batch: usize,
    pages: usize,
    page_size: usize,
) -> Result<(), Error> {
    if block_table.len() != batch {
        let count = block_table.len();
        return Err(Error::Count { what: "rows of the block table", count, batch });
    }
    if lengths.len() != batch {
        return Err(Error::Count { what: "lengths", count: lengths.len(), batch });
    }
    for (text, (row, &length)) in block_table.iter().zip(lengths).enumerate() {
        let room = row.len() * page_size;
        if length > room {
            return Err(Error::LengthTooLong { text, length, room });
        }
        if let Some((entry, &page)) = row.iter().enumerate().find(|&(_, &page)| page >= pages) {
            return Err(Error::NoSuchPage { text, entry, page, pages });
        }
    }
    Ok(())
}

fn dispatch(
    query: Tensor<4>,
    key_pages: Tensor<4>,
    value_pages: Tensor<4>,
    texts: Texts,
    options: &DecodeOptions,
) -> (Tensor<4>, Tensor<3>) {
    let (output, log_sum_exp) = Dispatch::flash_decode(
        query.into_dispatch(),
        key_pages.into_dispatch(),
        value_pages.into_dispatch(),
        texts,
        *options,
    );
    (Tensor::from_dispatch(output), Tensor::from_dispatch(log_sum_exp))
}

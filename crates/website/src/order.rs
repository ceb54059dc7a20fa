//! The order of a WebAssembly module's functions: alike ones side by side.
//!
//! The compiler makes many a function over and over, once for each type that it is used with, and
//! strews them over the module. Gzip finds what it has seen before only within the last 32 kB. When
//! each function is followed by the one that is most like it, a module weighs some 7 % less.
//!
//! The modules are those of `rustc` and `wasm-bindgen`. An instruction that they do not use is an
//! error here, for what follows it could not be read; such a module stays as it was.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, bail, ensure};

/// How many pieces of a function are compared with those of others.
const PIECES: usize = 48;

/// A piece that more functions have than these says nothing.
const COMMON: usize = 400;

/// What every module begins with: `\0asm` and the version of the format.
const HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";

/// The kinds of sections that name functions by their number.
mod section {
    pub(super) const IMPORT: u8 = 2;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const GLOBAL: u8 = 6;
    pub(super) const EXPORT: u8 = 7;
    pub(super) const START: u8 = 8;
    pub(super) const ELEMENT: u8 = 9;
    pub(super) const CODE: u8 = 10;
}

/// The module with its functions in an order that gzip likes. It does the same.
///
/// # Errors
/// When the bytes are no module, or one with something in it that is not known here, such as names.
pub fn side_by_side(module: &[u8]) -> Result<Vec<u8>> {
    let sections = sections(module)?;
    let find = |kind| sections.iter().find(|(found, _)| *found == kind).map(|(_, bytes)| *bytes);
    let imported = find(section::IMPORT).map_or(Ok(0), imported)?;
    let types = items(find(section::FUNCTION).context("it has no functions")?, Reader::number)?;
    let bodies = items(find(section::CODE).context("its functions have no code")?, Reader::text)?;
    let (functions, codes) = (types.len(), bodies.len());
    ensure!(functions == codes, "it has {functions} functions and the code of {codes}");
    let order = order(&bodies);
    // The numbers that the functions get: the imported ones keep theirs.
    let mut numbers: Vec<usize> = (0..imported + bodies.len()).collect();
    for (place, at) in order.iter().enumerate() {
        numbers[imported + at] = imported + place;
    }

    let mut out = HEADER.to_vec();
    for (kind, bytes) in &sections {
        let mut copy = Copier { from: Reader(bytes), to: Vec::new(), numbers: &numbers };
        match *kind {
            section::FUNCTION => {
                write(types.len(), &mut copy.to);
                order.iter().for_each(|at| write(types[*at], &mut copy.to));
            }
            section::GLOBAL => copy.globals()?,
            section::EXPORT => copy.exports()?,
            section::START => copy.function()?,
            section::ELEMENT => copy.elements()?,
            section::CODE => {
                write(bodies.len(), &mut copy.to);
                for at in &order {
                    let mut body = Copier { from: Reader(bodies[*at]), to: Vec::new(), ..copy };
                    body.body()?;
                    write(body.to.len(), &mut copy.to);
                    copy.to.extend(body.to);
                }
            }
            _ => copy.to.extend_from_slice(bytes),
        }
        out.push(*kind);
        write(copy.to.len(), &mut out);
        out.extend(copy.to);
    }
    Ok(out)
}

/// The kind and the contents of each section.
fn sections(module: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    let mut reader = Reader(module.strip_prefix(&HEADER).context("it is not a module")?);
    let mut sections = Vec::new();
    while !reader.0.is_empty() {
        let (kind, length) = (reader.byte()?, reader.size()?);
        sections.push((kind, reader.take(length)?));
    }
    Ok(sections)
}

/// A list with its length in front.
fn items<'a, T>(bytes: &'a [u8], item: impl Fn(&mut Reader<'a>) -> Result<T>) -> Result<Vec<T>> {
    let mut reader = Reader(bytes);
    (0..reader.size()?).map(|_| item(&mut reader)).collect()
}

/// How many functions are imported.
fn imported(bytes: &[u8]) -> Result<usize> {
    let imports = items(bytes, |reader| {
        reader.text()?;
        reader.text()?;
        let kind = reader.byte()?;
        match kind {
            // A function: its type.
            0 => drop(reader.number()?),
            // A table or a memory: its limits, after what a table holds.
            1 | 2 => {
                if kind == 1 {
                    reader.byte()?;
                }
                let has_most = reader.byte()? & 1 == 1;
                reader.number()?;
                if has_most {
                    reader.number()?;
                }
            }
            // A global: its type, and whether it changes.
            3 => drop(reader.take(2)?),
            other => bail!("it imports something of the kind {other}"),
        }
        Ok(kind == 0)
    })?;
    Ok(imports.into_iter().filter(|is_function| *is_function).count())
}

/// The places of the functions, each followed by the one of those left that is most like it.
fn order(bodies: &[&[u8]]) -> Vec<usize> {
    let pieces: Vec<Vec<u64>> = bodies.iter().map(|body| pieces(body)).collect();
    let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, pieces) in pieces.iter().enumerate() {
        for piece in pieces {
            having.entry(*piece).or_default().push(place);
        }
    }
    having.retain(|_, places| places.len() <= COMMON);

    let mut left: BTreeSet<usize> = (0..bodies.len()).collect();
    let mut order: Vec<usize> = Vec::new();
    let mut next = left.first().copied();
    while let Some(this) = next {
        left.remove(&this);
        order.push(this);
        let mut shared: HashMap<usize, usize> = HashMap::new();
        let others = pieces[this].iter().filter_map(|piece| having.get(piece)).flatten();
        for other in others.filter(|other| left.contains(other)) {
            *shared.entry(*other).or_default() += 1;
        }
        let apart = |place: usize| bodies[place].len().abs_diff(bodies[this].len());
        let alike = |(place, shared): &(usize, usize)| (*shared, Reverse((apart(*place), *place)));
        let most = shared.into_iter().max_by_key(alike).map(|(place, _)| place);
        next = most.or(left.first().copied());
    }
    order
}

/// Some of the pieces that a function consists of, each as a number: those of the least numbers,
/// so that functions with many pieces in common have many of these in common too (Broder, *On the
/// Resemblance and Containment of Documents*, 1997).
fn pieces(body: &[u8]) -> Vec<u64> {
    const MIXING: u64 = 0x9e37_79b9_7f4a_7c15;
    let number = |piece: &[u8]| piece.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let mut pieces: Vec<u64> =
        body.windows(7).map(|piece| number(piece).wrapping_mul(MIXING)).collect();
    pieces.sort_unstable();
    pieces.dedup();
    pieces.truncate(PIECES);
    pieces
}

/// Writes a number as the format does: seven bits a byte, the lowest first.
fn write(number: usize, to: &mut Vec<u8>) {
    let mut rest = number;
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).context("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// A number as it is written, of any length and sign.
    fn digits(&mut self) -> Result<&'a [u8]> {
        let length =
            self.0.iter().position(|byte| byte & 0x80 == 0).context("it ends too early")?;
        self.take(length + 1)
    }

    /// A number that is not negative.
    fn number(&mut self) -> Result<usize> {
        let digits = self.digits()?;
        ensure!(digits.len() <= 5, "a number is too large");
        Ok(digits.iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f)))
    }

    fn size(&mut self) -> Result<usize> {
        self.number()
    }

    fn text(&mut self) -> Result<&'a [u8]> {
        let length = self.size()?;
        self.take(length)
    }
}

/// Copies a part of the module, with the new numbers of the functions.
struct Copier<'a> {
    from: Reader<'a>,
    to: Vec<u8>,
    /// The new number of each function.
    numbers: &'a [usize],
}

impl Copier<'_> {
    fn bytes(&mut self, count: usize) -> Result<()> {
        self.to.extend_from_slice(self.from.take(count)?);
        Ok(())
    }

    fn byte(&mut self) -> Result<u8> {
        self.bytes(1)?;
        Ok(self.to[self.to.len() - 1])
    }

    /// Copies numbers of any length and sign.
    fn digits(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.to.extend_from_slice(self.from.digits()?);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<usize> {
        let number = self.from.number()?;
        write(number, &mut self.to);
        Ok(number)
    }

    fn function(&mut self) -> Result<()> {
        let function = self.from.number()?;
        let number = self.numbers.get(function).context("it calls what is not there")?;
        write(*number, &mut self.to);
        Ok(())
    }

    fn exports(&mut self) -> Result<()> {
        for _ in 0..self.number()? {
            let length = self.number()?;
            self.bytes(length)?;
            match self.byte()? {
                0 => self.function()?,
                _ => self.digits(1)?,
            }
        }
        Ok(())
    }

    fn globals(&mut self) -> Result<()> {
        for _ in 0..self.number()? {
            self.bytes(2)?;
            self.expression()?;
        }
        Ok(())
    }

    /// Lists of functions, each for a place in the table.
    fn elements(&mut self) -> Result<()> {
        for _ in 0..self.number()? {
            let kind = self.number()?;
            ensure!(kind == 0, "it has elements of the kind {kind}");
            self.expression()?;
            for _ in 0..self.number()? {
                self.function()?;
            }
        }
        Ok(())
    }

    /// What a global or a place begins with: instructions without a block, up to `end`.
    fn expression(&mut self) -> Result<()> {
        const END: u8 = 0x0b;
        while self.instruction()? != END {}
        Ok(())
    }

    /// Local variables, in groups of a count and a type, and instructions.
    fn body(&mut self) -> Result<()> {
        for _ in 0..self.number()? {
            self.digits(1)?;
            self.bytes(1)?;
        }
        while !self.from.0.is_empty() {
            self.instruction()?;
        }
        Ok(())
    }

    /// Copies an instruction, and says which. They stand in the order of the WebAssembly
    /// specification, section 5.4.
    fn instruction(&mut self) -> Result<u8> {
        let instruction = self.byte()?;
        match instruction {
            // unreachable, nop, else, end, return, drop, select, arithmetic, ref.is_null
            0x00 | 0x01 | 0x05 | 0x0b | 0x0f | 0x1a | 0x1b | 0x45..=0xc4 | 0xd1 => {}
            // block, loop, if, br, br_if, variables and tables, memory.size, memory.grow,
            // i32.const, i64.const, ref.null
            0x02..=0x04 | 0x0c | 0x0d | 0x20..=0x26 | 0x3f..=0x42 | 0xd0 => self.digits(1)?,
            // br_table
            0x0e => {
                let count = self.number()?;
                self.digits(count + 1)?;
            }
            // call, return_call, ref.func
            0x10 | 0x12 | 0xd2 => self.function()?,
            // call_indirect, return_call_indirect, loads and stores
            0x11 | 0x13 | 0x28..=0x3e => self.digits(2)?,
            // select with types
            0x1c => {
                let count = self.number()?;
                self.digits(count)?;
            }
            // f32.const, f64.const
            0x43 => self.bytes(4)?,
            0x44 => self.bytes(8)?,
            // Conversions that do not trap, and whole memories and tables
            0xfc => match self.number()? {
                0..=7 => {}
                9 | 11 | 13 | 15..=17 => self.digits(1)?,
                8 | 10 | 12 | 14 => self.digits(2)?,
                other => bail!("it has the unknown instruction fc {other}"),
            },
            // Vectors: loads and stores, constants and shuffles, lanes, lanes in memory, the rest
            0xfd => match self.number()? {
                0..=11 | 92 | 93 => self.digits(2)?,
                12 | 13 => self.bytes(16)?,
                21..=34 => self.bytes(1)?,
                84..=91 => {
                    self.digits(2)?;
                    self.bytes(1)?;
                }
                _ => {}
            },
            other => bail!("it has the unknown instruction {other:x}"),
        }
        Ok(instruction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports function 0 and makes functions 1 to 4. Number 1 calls number 2, and is
    /// exported and in a table. Number 2 and 4 compute the same with another number.
    fn module() -> Vec<u8> {
        let section = |kind: u8, bytes: &[u8]| [&[kind, bytes.len() as u8], bytes].concat();
        let code = |body: &[u8]| [&[body.len() as u8], body].concat();
        [
            HEADER.to_vec(),
            // Two types: functions that give nothing, and functions that give an i32.
            section(1, &[2, 0x60, 0, 0, 0x60, 0, 1, 0x7f]),
            section(section::IMPORT, b"\x01\x01m\x01f\x00\x00"),
            section(section::FUNCTION, &[4, 1, 1, 0, 1]),
            section(4, &[1, 0x70, 0, 1]),
            section(section::EXPORT, b"\x01\x01e\x00\x01"),
            section(section::ELEMENT, &[1, 0, 0x41, 0, 0x0b, 1, 1]),
            section(
                section::CODE,
                &[
                    vec![4],
                    code(&[0, 0x10, 2, 0x0b]),
                    code(&sum(1)),
                    code(&[0, 0x0b]),
                    code(&sum(2)),
                ]
                .concat(),
            ),
        ]
        .concat()
    }

    /// The code of 1 + 1 + 1 + 1 + `last`.
    fn sum(last: u8) -> Vec<u8> {
        let one = [0x41, 1];
        let add = [0x6a, 0x41, 1];
        [&[0][..], &one, &one, &add, &add, &[0x6a, 0x41, last, 0x6a, 0x0b]].concat()
    }

    fn found(module: &[u8], kind: u8) -> Vec<u8> {
        let sections = sections(module).unwrap();
        sections.iter().find(|(found, _)| *found == kind).unwrap().1.to_vec()
    }

    #[test]
    fn alike_functions_stand_side_by_side_and_are_called_by_their_new_numbers() {
        let ordered = side_by_side(&module()).unwrap();
        let bodies = found(&ordered, section::CODE);
        let bodies = items(&bodies, Reader::text).unwrap();
        assert_eq!(bodies, [&[0, 0x10, 2, 0x0b][..], &sum(1), &sum(2), &[0, 0x0b]]);
        assert_eq!(found(&ordered, section::FUNCTION), [4, 1, 1, 1, 0]);
        assert_eq!(found(&ordered, section::EXPORT), b"\x01\x01e\x00\x01");
    }

    #[test]
    fn what_names_a_function_names_it_after_the_move() {
        let mut turned = module();
        for (before, after) in [
            // Number 1 calls number 4; number 3 is exported and in the table.
            ([0x10, 2, 0x0b], [0x10, 4, 0x0b]),
            ([b'e', 0, 1], [b'e', 0, 3]),
            ([0x0b, 1, 1], [0x0b, 1, 3]),
        ] {
            let at = turned.windows(3).position(|bytes| bytes == before).unwrap();
            turned[at..at + 3].copy_from_slice(&after);
        }
        let ordered = side_by_side(&turned).unwrap();
        assert_eq!(found(&ordered, section::EXPORT), b"\x01\x01e\x00\x04");
        assert_eq!(found(&ordered, section::ELEMENT), [1, 0, 0x41, 0, 0x0b, 1, 4]);
        let bodies = found(&ordered, section::CODE);
        assert_eq!(items(&bodies, Reader::text).unwrap()[0], [0, 0x10, 3, 0x0b]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(side_by_side(b"no module").is_err());
        let whole = module();
        for end in HEADER.len()..whole.len() {
            assert!(side_by_side(&whole[..end]).is_err(), "cut at {end}");
        }
        let mut unknown = whole;
        let call = unknown.windows(2).position(|pair| pair == [0x10, 2]).unwrap();
        unknown[call] = 0x06;
        assert!(side_by_side(&unknown).unwrap_err().to_string().contains("instruction 6"));
    }
}

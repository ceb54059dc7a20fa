//! A large file that arrives in pieces.

use smollm2::Quantised;

use crate::sha256;

/// How many bytes a piece has. The last may have fewer.
pub const PIECE: usize = 4 << 20;

/// Why the weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is not enough memory for the file.
    #[error(
        "this browser has no {bytes} bytes of memory to spare: close other pages, or stay with the \
         sentences of the book"
    )]
    Memory {
        /// The size of the file.
        bytes: usize,
    },
    /// A piece has a place or a size that no piece has.
    #[error("piece {piece} of the weights has {bytes} bytes, not {expected}")]
    Piece {
        /// Its number, from 0.
        piece: usize,
        /// Its size.
        bytes: usize,
        /// The size that it should have; 0 when there is no such piece.
        expected: usize,
    },
    /// Not all pieces are there.
    #[error("piece {piece} of the weights is missing")]
    Missing {
        /// Its number, from 0.
        piece: usize,
    },
    /// The file is not the one that is expected.
    #[error("the weights are damaged: their SHA-256 is {found}, not {expected}")]
    Damaged {
        /// The checksum of the file.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// The file is as expected, and yet no model.
    #[error(transparent)]
    Model(#[from] smollm2::Error),
}

/// The pieces that have arrived.
pub struct Pieces {
    file: Vec<u8>,
    arrived: Vec<bool>,
    /// The SHA-256 of the whole file.
    sha256: String,
    /// Whether what has arrived was found sound.
    checked: bool,
}

impl Pieces {
    /// Sets memory aside for a file of this size and SHA-256.
    ///
    /// # Errors
    /// [`Error::Memory`] when there is not enough.
    pub fn new(bytes: usize, sha256: &str) -> Result<Self, Error> {
        let mut file = Vec::new();
        file.try_reserve_exact(bytes).map_err(|_| Error::Memory { bytes })?;
        file.resize(bytes, 0);
        let arrived = vec![false; bytes.div_ceil(PIECE)];
        Ok(Self { file, arrived, sha256: sha256.to_owned(), checked: false })
    }

    /// How many pieces there are.
    pub fn count(&self) -> usize {
        self.arrived.len()
    }

    /// Takes a piece. One that was there already is replaced.
    ///
    /// # Errors
    /// [`Error::Piece`] when there is no such piece, or it has another size.
    pub fn put(&mut self, piece: usize, bytes: &[u8]) -> Result<(), Error> {
        let place = self.file.chunks_mut(PIECE).nth(piece);
        let expected = place.as_ref().map_or(0, |place| place.len());
        match place {
            Some(place) if bytes.len() == expected => place.copy_from_slice(bytes),
            _ => return Err(Error::Piece { piece, bytes: bytes.len(), expected }),
        }
        self.arrived[piece] = true;
        self.checked = false;
        Ok(())
    }

    /// The SHA-256 of a piece that has arrived.
    ///
    /// # Errors
    /// [`Error::Missing`] when it has not.
    pub fn sha256(&self, piece: usize) -> Result<String, Error> {
        match self.arrived.get(piece) {
            Some(true) => Ok(sha256(self.file.chunks(PIECE).nth(piece).unwrap_or_default())),
            _ => Err(Error::Missing { piece }),
        }
    }

    /// Checks that all is there and as expected.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Damaged`].
    pub fn check(&mut self) -> Result<(), Error> {
        if self.checked {
            return Ok(());
        }
        if let Some(piece) = self.arrived.iter().position(|arrived| !arrived) {
            return Err(Error::Missing { piece });
        }
        let found = sha256(&self.file);
        self.checked = found == self.sha256;
        if self.checked {
            Ok(())
        } else {
            Err(Error::Damaged { found, expected: self.sha256.clone() })
        }
    }

    /// The model in the checked file. Its bytes stay in memory as long as the worker.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), and [`Error::Model`].
    pub fn model(mut self) -> Result<Quantised<'static>, Error> {
        self.check()?;
        Ok(Quantised::from_bytes(self.file.leak())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a whole piece and a short one.
    fn file() -> Vec<u8> {
        (0..PIECE + 5).map(|place| (place % 251) as u8).collect()
    }

    fn pieces() -> Pieces {
        Pieces::new(PIECE + 5, &sha256(&file())).unwrap()
    }

    #[test]
    fn pieces_come_in_any_order() {
        let mut pieces = pieces();
        assert_eq!(pieces.count(), 2);
        pieces.put(1, &file()[PIECE..]).unwrap();
        assert!(matches!(pieces.check(), Err(Error::Missing { piece: 0 })));
        assert!(matches!(pieces.sha256(0), Err(Error::Missing { piece: 0 })));
        pieces.put(0, &file()[..PIECE]).unwrap();
        pieces.check().unwrap();
        assert_eq!(pieces.sha256(1).unwrap(), sha256(&file()[PIECE..]));
    }

    #[test]
    fn a_damaged_piece_is_found_and_replaced() {
        let mut pieces = pieces();
        let mut damaged = file();
        damaged[7] ^= 1;
        pieces.put(0, &damaged[..PIECE]).unwrap();
        pieces.put(1, &file()[PIECE..]).unwrap();
        let message = pieces.check().unwrap_err().to_string();
        assert!(message.contains("the weights are damaged: their SHA-256 is"), "{message}");
        assert_ne!(pieces.sha256(0).unwrap(), sha256(&file()[..PIECE]));
        pieces.put(0, &file()[..PIECE]).unwrap();
        pieces.check().unwrap();
    }

    #[test]
    fn pieces_of_another_size_or_place_are_refused() {
        let mut pieces = pieces();
        for (piece, bytes, expected) in [(1, PIECE, 5), (0, 5, PIECE), (2, 5, 0)] {
            let message = pieces.put(piece, &file()[..bytes]).unwrap_err().to_string();
            assert!(message.ends_with(&format!("has {bytes} bytes, not {expected}")), "{message}");
        }
        assert!(matches!(pieces.check(), Err(Error::Missing { piece: 0 })));
    }

    #[test]
    fn too_large_a_file_is_told() {
        let message = Pieces::new(usize::MAX, "").map(drop).unwrap_err().to_string();
        assert!(message.contains("bytes of memory to spare"), "{message}");
    }

    #[test]
    fn a_whole_file_that_is_no_model_is_told() {
        let mut pieces = pieces();
        pieces.put(0, &file()[..PIECE]).unwrap();
        pieces.put(1, &file()[PIECE..]).unwrap();
        let message = pieces.model().map(drop).unwrap_err().to_string();
        assert!(message.contains("not a GGUF file"), "{message}");
    }
}

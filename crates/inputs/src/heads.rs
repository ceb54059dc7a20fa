//! Heads of SmolLM2 that the book comes back to, each as its layer and its place in the layer,
//! both from 0.

/// "it" finds its noun.
pub const NOUN: (usize, usize) = (13, 8);

/// The verb finds its subject.
pub const SUBJECT: (usize, usize) = (9, 7);

/// Looks one token back.
pub const PREVIOUS_TOKEN: (usize, usize) = (16, 0);

/// Looks one token back, too.
pub const PREVIOUS_TOKEN_EARLIER: (usize, usize) = (11, 1);

/// Finds what came next the last time that this token stood there.
pub const INDUCTION: (usize, usize) = (18, 6);

/// Looks for the same, each of the two a layer below [`INDUCTION`].
pub const INDUCTION_BELOW: [(usize, usize); 2] = [(17, 3), (17, 4)];

/// Looks nearly always at the first token.
pub const SINK: (usize, usize) = (18, 8);

/// Looks at the French noun that must be translated next.
pub const FRENCH_NOUN: (usize, usize) = (21, 7);

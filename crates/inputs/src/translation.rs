//! Chapter 7: French sentences that the small translator never saw in training.

/// The sentence of the chapter: the colour stands after the animal.
pub const CAT: &str = "le chat noir attend le chien";

/// Every English word looks at its own French one.
pub const GREEN_CAT: &str = "un jeune chat vert chante";

/// The owner comes last in French and first in English.
pub const OWNER: &str = "le chat noir d'Alice chante toujours";

/// A textbook's weight from "cat" to "chat": made up, nobody measured it.
pub const CAT_TO_CHAT: f32 = 0.75;

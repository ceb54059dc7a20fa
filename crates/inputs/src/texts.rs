//! What SmolLM2 reads in the book.

/// "it" must find its noun: the first sentence of the gallery.
pub const CAT: &str = "The cat sat on the mat because it was tired";

/// The beginning of [`CAT`].
pub const CAT_SAT: &str = "The cat sat on the mat";

/// The beginning of [`CAT_SAT`]: many words may follow.
pub const CAT_SAT_ON: &str = "The cat sat on the";

/// [`CAT_SAT_ON`] with another animal.
pub const DOG_SAT_ON: &str = "The dog sat on the";

/// And with one more.
pub const HORSE_SAT_ON: &str = "The horse sat on the";

/// "it" is the trophy.
pub const TROPHY_BIG: &str = "The trophy did not fit in the suitcase because it was too big";

/// "it" is the suitcase.
pub const TROPHY_SMALL: &str = "The trophy did not fit in the suitcase because it was too small";

/// Words that mean nothing together, and the first of them again.
pub const REPEAT: &str = "river lamp seven cloud paper river lamp seven cloud";

/// One word is likely to follow.
pub const CAPITAL: &str = "The capital of France is";

/// The subject stands far before its verb.
pub const KEYS: &str = "The keys to the old wooden cabinet are on the table";

/// One of two names must follow.
pub const NAMES: &str = "When Mary and John went to the shop, John gave a drink to";

/// A line of a program.
pub const CODE: &str = "let total = price * count; print(total)";

/// Chapter 4: hardly anything says what follows.
pub const BOUGHT: &str = "She bought";

/// Chapter 5: names and words that come again.
pub const BAKER: &str = "The old baker thanked Anna, and Anna thanked the old baker.";

/// Chapter 6: two texts that begin in the same way.
pub const MYSTERY: [&str; 2] = ["I love mystery novels!", "I love mystery shopping?"];

/// Chapter 7: French, and the beginning of its translation. The noun comes next.
pub const FRENCH: [&str; 5] = [
    "French: le chat noir dort. English: the black",
    "French: la maison blanche est grande. English: the white",
    "French: le livre rouge est petit. English: the red",
    "French: une femme jeune chante. English: a young",
    "French: la table verte est grande. English: the green",
];

/// Chapter 8: as many tokens as [`DAY_TOKENS`] says.
pub const DAY: &str = "The cat sat on the mat because it was tired. The dog lay by the door \
    because it was hot. When the rain began, the cat went up the stairs, and the dog slept \
    on. In the evening a girl came home, gave milk to the cat and a bone to the dog, and sat \
    down.";

/// How many tokens [`DAY`] has.
pub const DAY_TOKENS: usize = 64;

/// Chapter 10: a short story, written for the book, so that no model has read it before.
pub const LIGHTHOUSE: &str = include_str!("lighthouse.txt");

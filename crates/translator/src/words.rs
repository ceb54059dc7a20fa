//! The words that the grammar is made of.

/// What a noun stands for: it decides which verbs and adjectives go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Person,
    Animal,
    Food,
    Thing,
}

impl Kind {
    /// Whether it can do something: sleep, see, buy.
    pub(crate) fn acts(self) -> bool {
        matches!(self, Kind::Person | Kind::Animal)
    }
}

/// A noun: singular and plural in both languages.
#[derive(Debug)]
pub(crate) struct Noun {
    pub french: [&'static str; 2],
    pub english: [&'static str; 2],
    pub feminine: bool,
    pub kind: Kind,
}

const fn noun(
    french: [&'static str; 2],
    english: [&'static str; 2],
    feminine: bool,
    kind: Kind,
) -> Noun {
    Noun { french, english, feminine, kind }
}

const M: bool = false;
const F: bool = true;

pub(crate) const NOUNS: [Noun; 19] = [
    noun(["chat", "chats"], ["cat", "cats"], M, Kind::Animal),
    noun(["chien", "chiens"], ["dog", "dogs"], M, Kind::Animal),
    noun(["oiseau", "oiseaux"], ["bird", "birds"], M, Kind::Animal),
    noun(["souris", "souris"], ["mouse", "mice"], F, Kind::Animal),
    noun(["fille", "filles"], ["girl", "girls"], F, Kind::Person),
    noun(["garçon", "garçons"], ["boy", "boys"], M, Kind::Person),
    noun(["ami", "amis"], ["friend", "friends"], M, Kind::Person),
    noun(["femme", "femmes"], ["woman", "women"], F, Kind::Person),
    noun(["enfant", "enfants"], ["child", "children"], M, Kind::Person),
    noun(["pomme", "pommes"], ["apple", "apples"], F, Kind::Food),
    noun(["orange", "oranges"], ["orange", "oranges"], F, Kind::Food),
    noun(["gâteau", "gâteaux"], ["cake", "cakes"], M, Kind::Food),
    noun(["livre", "livres"], ["book", "books"], M, Kind::Thing),
    noun(["maison", "maisons"], ["house", "houses"], F, Kind::Thing),
    noun(["arbre", "arbres"], ["tree", "trees"], M, Kind::Thing),
    noun(["étoile", "étoiles"], ["star", "stars"], F, Kind::Thing),
    noun(["fleur", "fleurs"], ["flower", "flowers"], F, Kind::Thing),
    noun(["table", "tables"], ["table", "tables"], F, Kind::Thing),
    noun(["jardin", "jardins"], ["garden", "gardens"], M, Kind::Thing),
];

/// An adjective: masculine, feminine, masculine plural, feminine plural; and English.
#[derive(Debug)]
pub(crate) struct Adjective {
    pub french: [&'static str; 4],
    pub english: &'static str,
    /// Whether it stands before its noun in French. Most stand after it.
    pub before: bool,
    /// The nouns that it can describe.
    pub fits: fn(Kind) -> bool,
}

impl Adjective {
    /// The form that agrees.
    pub(crate) fn form(&self, feminine: bool, plural: bool) -> &'static str {
        self.french[usize::from(feminine) + 2 * usize::from(plural)]
    }
}

const fn adjective(
    french: [&'static str; 4],
    english: &'static str,
    before: bool,
    fits: fn(Kind) -> bool,
) -> Adjective {
    Adjective { french, english, before, fits }
}

fn anything(_: Kind) -> bool {
    true
}

fn coloured(kind: Kind) -> bool {
    kind != Kind::Person
}

pub(crate) const ADJECTIVES: [Adjective; 9] = [
    adjective(["petit", "petite", "petits", "petites"], "small", true, anything),
    adjective(["grand", "grande", "grands", "grandes"], "big", true, anything),
    adjective(["jeune", "jeune", "jeunes", "jeunes"], "young", true, Kind::acts),
    adjective(["noir", "noire", "noirs", "noires"], "black", false, coloured),
    adjective(["blanc", "blanche", "blancs", "blanches"], "white", false, coloured),
    adjective(["rouge", "rouge", "rouges", "rouges"], "red", false, coloured),
    adjective(["vert", "verte", "verts", "vertes"], "green", false, coloured),
    adjective(["fatigué", "fatiguée", "fatigués", "fatiguées"], "tired", false, Kind::acts),
    adjective(["content", "contente", "contents", "contentes"], "happy", false, Kind::acts),
];

/// A verb: its forms with *je*, *il*, *nous*, *ils*; and English, plain and with *he*.
#[derive(Debug)]
pub(crate) struct Verb {
    pub french: [&'static str; 4],
    pub english: [&'static str; 2],
    /// The word that follows the verb in English: *look for*.
    pub particle: Option<&'static str>,
    /// What it can be done to. `None` for a verb without an object.
    pub object: Option<fn(Kind) -> bool>,
}

const fn verb(
    french: [&'static str; 4],
    english: [&'static str; 2],
    particle: Option<&'static str>,
    object: Option<fn(Kind) -> bool>,
) -> Verb {
    Verb { french, english, particle, object }
}

fn food(kind: Kind) -> bool {
    kind == Kind::Food
}

fn goods(kind: Kind) -> bool {
    !kind.acts()
}

pub(crate) const VERBS: [Verb; 14] = [
    verb(["vois", "voit", "voyons", "voient"], ["see", "sees"], None, Some(anything)),
    verb(["aime", "aime", "aimons", "aiment"], ["like", "likes"], None, Some(anything)),
    verb(
        ["cherche", "cherche", "cherchons", "cherchent"],
        ["look", "looks"],
        Some("for"),
        Some(anything),
    ),
    verb(
        ["regarde", "regarde", "regardons", "regardent"],
        ["watch", "watches"],
        None,
        Some(anything),
    ),
    verb(
        ["écoute", "écoute", "écoutons", "écoutent"],
        ["listen", "listens"],
        Some("to"),
        Some(Kind::acts),
    ),
    verb(
        ["attends", "attend", "attendons", "attendent"],
        ["wait", "waits"],
        Some("for"),
        Some(Kind::acts),
    ),
    verb(["mange", "mange", "mangeons", "mangent"], ["eat", "eats"], None, Some(food)),
    verb(["achète", "achète", "achetons", "achètent"], ["buy", "buys"], None, Some(goods)),
    verb(["dors", "dort", "dormons", "dorment"], ["sleep", "sleeps"], None, None),
    verb(["chante", "chante", "chantons", "chantent"], ["sing", "sings"], None, None),
    verb(["danse", "danse", "dansons", "dansent"], ["dance", "dances"], None, None),
    verb(["arrive", "arrive", "arrivons", "arrivent"], ["arrive", "arrives"], None, None),
    verb(["cours", "court", "courons", "courent"], ["run", "runs"], None, None),
    verb(["joue", "joue", "jouons", "jouent"], ["play", "plays"], None, None),
];

/// *Être*, to be, with *je*, *il*, *nous*, *ils*.
pub(crate) const BE: [(&str, &str); 4] =
    [("suis", "am"), ("est", "is"), ("sommes", "are"), ("sont", "are")];

/// First names.
pub(crate) const NAMES: [&str; 4] = ["Alice", "Emma", "Marie", "Paul"];

/// A preposition and the nouns that it makes a place of.
pub(crate) const PLACES: [(&str, &str, &[&str]); 4] = [
    ("dans", "in", &["maison", "jardin"]),
    ("sur", "on", &["table", "maison"]),
    ("sous", "under", &["table", "arbre"]),
    ("derrière", "behind", &["maison", "arbre"]),
];

/// Whether a French word begins with a vowel, so that *le* before it becomes *l'*.
pub(crate) fn begins_with_vowel(word: &str) -> bool {
    word.to_ascii_lowercase().starts_with(['a', 'e', 'é', 'i', 'o', 'u'])
}

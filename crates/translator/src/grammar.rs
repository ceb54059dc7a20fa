//! A small grammar of French, with its English.
//!
//! One walk through the grammar serves two ends. With dice it invents a sentence; with a
//! reader's words it checks them, and knows at each place which words it would have taken.

use crate::words::begins_with_vowel;
use crate::words::{ADJECTIVES, Adjective, BE, Kind, NAMES, NOUNS, Noun, PLACES, VERBS, Verb};
use crate::{Error, text};
use attention::random::Random;

/// A French sentence and its English translation, word by word.
///
/// An elided word keeps its apostrophe and is a word of its own: `l'`, `chat`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The French words.
    pub french: Vec<&'static str>,
    /// The English words.
    pub english: Vec<&'static str>,
}

impl Pair {
    /// A sentence that the grammar makes up.
    pub fn random(random: &mut Random) -> Self {
        let mut dice = Dice { random, words: Vec::new() };
        let english = sentence(&mut dice).expect("dice choose from what there is");
        Pair { french: dice.words, english }
    }

    /// Reads a French sentence, and works out the translation by the rules of the grammar.
    /// Capitals, accents and a full stop at the end may be left out.
    ///
    /// # Errors
    /// [`Error::Words`] for a word that is unknown or out of place, with the words that could
    /// stand there; [`Error::Long`] for more than [`LONGEST`](crate::LONGEST) words.
    pub fn read(french: &str) -> Result<Self, Error> {
        let given = text::words(french);
        if given.len() > crate::LONGEST {
            return Err(Error::Long { words: given.len() });
        }
        let mut reader = Reader { given, words: Vec::new(), expected: Vec::new() };
        let english = sentence(&mut reader)?;
        Ok(Pair { french: reader.words, english })
    }
}

/// Who says which French word comes next.
trait Choose {
    /// One of `words` comes next: its index.
    fn next(&mut self, words: &[&'static str]) -> Result<usize, Error>;
    /// One of `words` may come next; dice take one with this `chance`.
    fn maybe(&mut self, chance: f32, words: &[&'static str]) -> Option<usize>;
    /// Nothing comes next.
    fn end(&mut self) -> Result<(), Error>;
}

/// Makes a sentence up.
struct Dice<'r> {
    random: &'r mut Random,
    words: Vec<&'static str>,
}

impl Choose for Dice<'_> {
    fn next(&mut self, words: &[&'static str]) -> Result<usize, Error> {
        let choice = self.random.below(words.len());
        self.words.push(words[choice]);
        Ok(choice)
    }

    fn maybe(&mut self, chance: f32, words: &[&'static str]) -> Option<usize> {
        let wanted = self.random.share() < chance && !words.is_empty();
        if wanted { self.next(words).ok() } else { None }
    }

    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Follows words that are given.
struct Reader {
    given: Vec<String>,
    words: Vec<&'static str>,
    /// What could have stood at the place that comes next.
    expected: Vec<&'static str>,
}

impl Reader {
    fn wrong(&mut self) -> Error {
        let expected = std::mem::take(&mut self.expected);
        Error::words(&self.given, self.words.len(), expected)
    }
}

impl Choose for Reader {
    fn next(&mut self, words: &[&'static str]) -> Result<usize, Error> {
        self.maybe(1.0, words).ok_or_else(|| self.wrong())
    }

    fn maybe(&mut self, _: f32, words: &[&'static str]) -> Option<usize> {
        let given = self.given.get(self.words.len());
        let found = words.iter().position(|word| given.is_some_and(|it| *it == text::plain(word)));
        match found {
            Some(choice) => {
                self.words.push(words[choice]);
                self.expected.clear();
            }
            None => self.expected.extend(words),
        }
        found
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.words.len() == self.given.len() { Ok(()) } else { Err(self.wrong()) }
    }
}

/// Who does something: the verb agrees with it.
struct Subject {
    english: Vec<&'static str>,
    /// 0 to 3: *je*, *il*, *nous*, *ils*.
    person: usize,
    /// `None` where the French word does not tell: *je*, *nous*.
    feminine: Option<bool>,
    /// `None` for a pronoun.
    kind: Option<Kind>,
    /// Whether the verb must begin with a vowel (*j'*) or, after *je*, must not.
    vowel: Option<bool>,
}

fn sentence(choose: &mut impl Choose) -> Result<Vec<&'static str>, Error> {
    let subject = subject(choose)?;
    let english = predicate(choose, subject)?;
    choose.end()?;
    Ok(english)
}

fn subject(choose: &mut impl Choose) -> Result<Subject, Error> {
    // French, English, and the fields of the subject.
    type Pronoun = (&'static str, &'static str, usize, Option<bool>, Option<bool>);
    const PRONOUNS: [Pronoun; 7] = [
        ("je", "I", 0, None, Some(false)),
        ("j'", "I", 0, None, Some(true)),
        ("il", "he", 1, Some(false), None),
        ("elle", "she", 1, Some(true), None),
        ("nous", "we", 2, None, None),
        ("ils", "they", 3, Some(false), None),
        ("elles", "they", 3, Some(true), None),
    ];
    if let Some(choice) = choose.maybe(0.3, &PRONOUNS.map(|pronoun| pronoun.0)) {
        let (_, english, person, feminine, vowel) = PRONOUNS[choice];
        return Ok(Subject { english: vec![english], person, feminine, kind: None, vowel });
    }
    if let Some(choice) = choose.maybe(0.15, &NAMES) {
        return Ok(Subject {
            english: vec![NAMES[choice]],
            person: 1,
            feminine: Some(NAMES[choice] != "Paul"),
            kind: Some(Kind::Person),
            vowel: None,
        });
    }
    let phrase = noun_phrase(choose, &|_| true, false)?;
    Ok(Subject {
        person: if phrase.plural { 3 } else { 1 },
        feminine: Some(phrase.noun.feminine),
        kind: Some(phrase.noun.kind),
        vowel: None,
        english: phrase.english(),
    })
}

/// How a verb is denied.
#[derive(PartialEq)]
enum Denied {
    No,
    /// *ne … pas*, not.
    Not,
    /// *ne … jamais*, never.
    Never,
}

/// What stands after the subject. Returns the English of the whole sentence.
fn predicate(choose: &mut impl Choose, subject: Subject) -> Result<Vec<&'static str>, Error> {
    let Subject { mut english, person, feminine, kind, mut vowel } = subject;
    let acts = kind.is_none_or(Kind::acts);
    let be = BE[person].0;
    let verbs: Vec<&Verb> = VERBS.iter().filter(|_| acts).collect();
    let has = |vowel| {
        let mut forms = verbs.iter().map(|verb| verb.french[person]).chain([be]);
        forms.any(|form| begins_with_vowel(form) == vowel)
    };
    let mut negated = false;
    if vowel != Some(true) {
        let mut words = vec!["ne", "n'"];
        words.retain(|word| has(*word == "n'"));
        if let Some(choice) = choose.maybe(0.35, &words) {
            (negated, vowel) = (true, Some(words[choice] == "n'"));
        }
    }
    let sounds = |word: &str| vowel.is_none_or(|vowel| vowel == begins_with_vowel(word));
    let be: Vec<&str> = [be].into_iter().filter(|word| sounds(word)).collect();
    let verb = if choose.maybe(if acts { 0.2 } else { 1.0 }, &be).is_some() {
        None
    } else {
        let verbs: Vec<&Verb> = verbs.into_iter().filter(|it| sounds(it.french[person])).collect();
        let forms: Vec<&str> = verbs.iter().map(|verb| verb.french[person]).collect();
        Some(verbs[choose.next(&forms)?])
    };
    let denied = match negated {
        false => Denied::No,
        true if choose.next(&["pas", "jamais"])? == 0 => Denied::Not,
        true => Denied::Never,
    };
    let often = match denied {
        Denied::Never => None,
        _ => choose.maybe(0.25, &["souvent", "toujours"]).map(|choice| ["often", "always"][choice]),
    };
    let third = usize::from(person == 1);
    match verb {
        None => {
            english.push(BE[person].1);
            english.extend(match denied {
                Denied::No => None,
                Denied::Not => Some("not"),
                Denied::Never => Some("never"),
            });
            english.extend(often);
        }
        Some(verb) => {
            if denied == Denied::Not {
                english.extend([["do", "does"][third], "not"]);
            }
            english.extend((denied == Denied::Never).then_some("never"));
            english.extend(often);
            english.push(verb.english[if denied == Denied::Not { 0 } else { third }]);
            english.extend(verb.particle);
        }
    }
    match verb {
        None => english.push(described(choose, kind, feminine, person >= 2)?),
        Some(Verb { object: Some(fits), .. }) => {
            // "Pas un" would be "pas de": under a negation the grammar has definite objects only.
            let phrase = noun_phrase(choose, fits, negated)?;
            english.extend(phrase.english());
        }
        Some(_) => english.extend(place(choose)?),
    }
    Ok(english)
}

/// The adjective after *to be*, which agrees with the subject.
fn described(
    choose: &mut impl Choose,
    kind: Option<Kind>,
    feminine: Option<bool>,
    plural: bool,
) -> Result<&'static str, Error> {
    let fits = |adjective: &&Adjective| (adjective.fits)(kind.unwrap_or(Kind::Person));
    let (mut forms, mut english) = (Vec::new(), Vec::new());
    for adjective in ADJECTIVES.iter().filter(fits) {
        for gender in [false, true].into_iter().filter(|it| feminine.is_none_or(|of| of == *it)) {
            let form = adjective.form(gender, plural);
            if !forms.contains(&form) {
                forms.push(form);
                english.push(adjective.english);
            }
        }
    }
    Ok(english[choose.next(&forms)?])
}

/// A place, if there is one: *dans le jardin*.
fn place(choose: &mut impl Choose) -> Result<Vec<&'static str>, Error> {
    let Some(choice) = choose.maybe(0.5, &PLACES.map(|place| place.0)) else {
        return Ok(Vec::new());
    };
    let (_, english, nouns) = PLACES[choice];
    let nouns: Vec<&Noun> = NOUNS.iter().filter(|noun| nouns.contains(&noun.french[0])).collect();
    let articles: Vec<&str> = nouns.iter().map(|noun| article(noun)).collect();
    let article = articles[choose.next(&articles)?];
    let nouns: Vec<&Noun> =
        nouns.into_iter().filter(|noun| self::article(noun) == article).collect();
    let forms: Vec<&str> = nouns.iter().map(|noun| noun.french[0]).collect();
    Ok(vec![english, "the", nouns[choose.next(&forms)?].english[0]])
}

/// The definite article before a noun in the singular.
fn article(noun: &Noun) -> &'static str {
    match (begins_with_vowel(noun.french[0]), noun.feminine) {
        (true, _) => "l'",
        (false, true) => "la",
        (false, false) => "le",
    }
}

/// *le petit chat noir de Paul*
struct NounPhrase {
    definite: bool,
    before: Option<&'static Adjective>,
    noun: &'static Noun,
    after: Option<&'static Adjective>,
    owner: Option<&'static str>,
    plural: bool,
}

impl NounPhrase {
    fn english(&self) -> Vec<&'static str> {
        let adjectives = [self.before, self.after].into_iter().flatten();
        let mut described: Vec<&'static str> = adjectives.map(|it| it.english).collect();
        described.push(self.noun.english[usize::from(self.plural)]);
        let vowel = described[0].starts_with(['a', 'e', 'i', 'o', 'u']);
        let mut english = match (self.owner, self.definite) {
            (Some(owner), _) => vec![owner, "'s"],
            (None, true) => vec!["the"],
            (None, false) => vec![if vowel { "an" } else { "a" }],
        };
        english.extend(described);
        english
    }
}

fn noun_phrase(
    choose: &mut impl Choose,
    fits: &dyn Fn(Kind) -> bool,
    definite: bool,
) -> Result<NounPhrase, Error> {
    // French, feminine, plural, before a vowel.
    type Article = (&'static str, Option<bool>, bool, Option<bool>);
    const ARTICLES: [Article; 6] = [
        ("le", Some(false), false, Some(false)),
        ("la", Some(true), false, Some(false)),
        ("l'", None, false, Some(true)),
        ("les", None, true, None),
        ("un", Some(false), false, None),
        ("une", Some(true), false, None),
    ];
    let articles = &ARTICLES[..if definite { 4 } else { 6 }];
    let words: Vec<&str> = articles.iter().map(|article| article.0).collect();
    let (word, mut feminine, plural, mut vowel) = articles[choose.next(&words)?];
    let definite = word.starts_with('l');
    let number = usize::from(plural);

    let before = match word {
        "l'" => None,
        _ => adjective_before(choose, fits, feminine, plural),
    };
    if let Some((adjective, form)) = before {
        vowel = None;
        if adjective.form(false, plural) != adjective.form(true, plural) {
            feminine = Some(form == adjective.form(true, plural));
        }
    }
    let before = before.map(|(adjective, _)| adjective);
    let nouns: Vec<&Noun> = NOUNS
        .iter()
        .filter(|noun| fits(noun.kind) && feminine.is_none_or(|it| it == noun.feminine))
        .filter(|noun| vowel.is_none_or(|it| it == begins_with_vowel(noun.french[number])))
        .filter(|noun| before.is_none_or(|adjective| (adjective.fits)(noun.kind)))
        .collect();
    let forms: Vec<&str> = nouns.iter().map(|noun| noun.french[number]).collect();
    let noun = nouns[choose.next(&forms)?];

    let after: Vec<&Adjective> =
        ADJECTIVES.iter().filter(|it| !it.before && (it.fits)(noun.kind)).collect();
    let forms: Vec<&str> = after.iter().map(|it| it.form(noun.feminine, plural)).collect();
    let after = choose.maybe(0.4, &forms).map(|choice| after[choice]);
    let owner = if definite { owner(choose)? } else { None };
    Ok(NounPhrase { definite, before, noun, after, owner, plural })
}

/// An adjective before a noun that is still to come, and its form.
fn adjective_before(
    choose: &mut impl Choose,
    fits: &dyn Fn(Kind) -> bool,
    feminine: Option<bool>,
    plural: bool,
) -> Option<(&'static Adjective, &'static str)> {
    let describes = |adjective: &Adjective| {
        NOUNS.iter().any(|noun| fits(noun.kind) && (adjective.fits)(noun.kind))
    };
    let mut options: Vec<(&Adjective, &str)> = Vec::new();
    for adjective in ADJECTIVES.iter().filter(|it| it.before && describes(it)) {
        for gender in [false, true].into_iter().filter(|it| feminine.is_none_or(|of| of == *it)) {
            let form = adjective.form(gender, plural);
            if !options.iter().any(|(_, other)| *other == form) {
                options.push((adjective, form));
            }
        }
    }
    let forms: Vec<&str> = options.iter().map(|option| option.1).collect();
    choose.maybe(0.3, &forms).map(|choice| options[choice])
}

/// *de Paul*, *d'Alice*
fn owner(choose: &mut impl Choose) -> Result<Option<&'static str>, Error> {
    let Some(choice) = choose.maybe(0.15, &["de", "d'"]) else { return Ok(None) };
    let names: Vec<&'static str> =
        NAMES.into_iter().filter(|name| begins_with_vowel(name) == (choice == 1)).collect();
    Ok(Some(names[choose.next(&names)?]))
}

//! Words and the text that they make.

/// The words of a French text, each in its [`plain`] form. An apostrophe ends a word and stays
/// with it: `L’oiseau dort.` has the words `l'`, `oiseau`, `dort`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let text = plain(text).replace('\'', "' ");
    let text = text.trim_end_matches(['.', '!', ' ']);
    text.split_whitespace().map(str::to_owned).collect()
}

/// Small letters without accents, and a typewriter's apostrophe.
pub fn plain(text: &str) -> String {
    let plain = |letter: char| match letter {
        'à' | 'â' | 'À' | 'Â' => 'a',
        'ç' | 'Ç' => 'c',
        'é' | 'è' | 'ê' | 'É' | 'È' | 'Ê' => 'e',
        'î' | 'Î' => 'i',
        '’' => '\'',
        other => other.to_ascii_lowercase(),
    };
    text.chars().map(plain).collect()
}

/// Words as a text: no space after a French apostrophe or before an English one.
///
/// ```
/// assert_eq!(translator::join(&["l'", "oiseau"]), "l'oiseau");
/// assert_eq!(translator::join(&["Alice", "'s", "cat"]), "Alice's cat");
/// ```
pub fn join(words: &[&str]) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() && !text.ends_with('\'') && !word.starts_with('\'') {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

//! Tokens of a reader's text that are not plain text, and what is said of them.

/// What a token's text says of the token.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// It is text.
    Text,
    /// It stands for no text, such as `<|im_end|>`.
    Control,
    /// It is a part of a character, such as `<F0 9F>`.
    Bytes,
}

/// Text is cut between letters and marks, so no token of text has a letter between `<` and `>`.
fn kind(token: &str) -> Kind {
    let inside = token.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let hexadecimal = |part: &str| part.len() == 2 && part.bytes().all(|it| it.is_ascii_hexdigit());
    match inside {
        Some(inside) if inside.split(' ').all(hexadecimal) => Kind::Bytes,
        Some(inside) if inside.contains(char::is_alphabetic) => Kind::Control,
        _ => Kind::Text,
    }
}

/// A sentence for each kind that is not text, with its first token for an example.
pub(crate) fn explanation(tokens: &[String]) -> String {
    let first = |wanted| tokens.iter().find(|token| kind(token) == wanted);
    let mut said = String::new();
    if let Some(control) = first(Kind::Control) {
        said += &format!(" {control} is one control token: a mark to the model, and not letters.");
    }
    if let Some(bytes) = first(Kind::Bytes) {
        said += &format!(
            " {bytes} is bytes, in hexadecimal: the vocabulary has no token for the whole character."
        );
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_are_not_text_are_told_apart() {
        for control in ["<|im_end|>", "<repo_name>", "<empty_output>"] {
            assert_eq!(kind(control), Kind::Control, "{control}");
        }
        for bytes in ["<F0 9F>", "<90>", "<20 E2>"] {
            assert_eq!(kind(bytes), Kind::Bytes, "{bytes}");
        }
        for text in ["cat", " <", "<>", "></", "<", "<<>>", "<|>"] {
            assert_eq!(kind(text), Kind::Text, "{text}");
        }
    }

    #[test]
    fn plain_text_needs_no_word() {
        assert_eq!(explanation(&["a".to_owned(), " cat".to_owned()]), "");
        let said = explanation(&["<|im_end|>".to_owned(), "<F0 9F>".to_owned()]);
        assert!(said.starts_with(" <|im_end|> is one control token"), "{said}");
        assert!(said.contains(" <F0 9F> is bytes"), "{said}");
    }
}

//! Which file of a crate imports from which, read from its text.
//!
//! A name is followed to the file that defines it: a `mod.rs` that only hands a name on is not where
//! the name comes from. Comments, strings and tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The path of a module in its crate: `["facts", "table"]`, and nothing for the root.
type Module = Vec<String>;

/// The modules of a crate that have a file of their own.
pub(crate) struct Crate(BTreeMap<Module, File>);

struct File {
    name: String,
    tokens: Vec<String>,
    uses: Vec<Use>,
    /// Paths in the code, outside `use`.
    paths: Vec<Vec<String>>,
}

/// One name that a `use` brings in; `*` for all of a module.
struct Use {
    name: String,
    path: Vec<String>,
}

impl Crate {
    /// Reads the files under `src`, but for the programs beside the library.
    pub(crate) fn read(src: &Path) -> Self {
        let files = walk(src).into_iter().map(|path| {
            let text = std::fs::read_to_string(&path).expect("a file of the crate can be read");
            let name = path.strip_prefix(src).expect("it lies there").display().to_string();
            (name, text)
        });
        Self::new(files.filter(|(name, _)| name != "main.rs"))
    }

    /// A crate of files: names from `src`, and texts.
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let file = |(name, text): (String, String)| {
            let tokens = tokens(&without_tests(&plain(&text)));
            let (uses, paths) = uses_and_paths(&tokens);
            (module(&name), File { name, tokens, uses, paths })
        };
        Self(files.into_iter().map(file).collect())
    }

    /// Files that import each other in a circle: the first one again at the end.
    pub(crate) fn circle(&self) -> Option<Vec<&str>> {
        let mut done = BTreeSet::new();
        self.0.keys().find_map(|module| self.circle_from(module, &mut Vec::new(), &mut done))
    }

    fn circle_from<'c>(
        &'c self,
        module: &'c Module,
        way: &mut Vec<&'c Module>,
        done: &mut BTreeSet<&'c Module>,
    ) -> Option<Vec<&'c str>> {
        if let Some(start) = way.iter().position(|earlier| *earlier == module) {
            let around = way[start..].iter().chain([&module]);
            return Some(around.map(|module| self.0[*module].name.as_str()).collect());
        }
        if done.contains(module) {
            return None;
        }
        way.push(module);
        let found = self.imports(module).into_iter().find_map(|to| self.circle_from(to, way, done));
        way.pop();
        done.insert(module);
        found
    }

    /// The other files that define what `module` names.
    fn imports(&self, module: &Module) -> BTreeSet<&Module> {
        let file = &self.0[module];
        let used = file.uses.iter().map(|it| &it.path).chain(&file.paths);
        let defined = used.filter_map(|path| self.defined_in(module, path, 0));
        defined.filter(|to| *to != module).collect()
    }

    /// The module that defines what `path` names when it stands in `module`. Nothing for what
    /// another crate or the file itself defines.
    fn defined_in(&self, module: &Module, path: &[String], depth: usize) -> Option<&Module> {
        assert!(depth < 20, "{path:?} in {module:?} leads nowhere");
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (Module::new(), &path[1..]),
            "self" => (module.clone(), &path[1..]),
            "super" => (parent(module), &path[1..]),
            first if self.0.contains_key(&child(module, first)) => (module.clone(), path),
            _ => return None,
        };
        while let [next, more @ ..] = rest {
            if next == "super" {
                at = parent(&at);
            } else if self.0.contains_key(&child(&at, next)) {
                at = child(&at, next);
            } else {
                return self.handed_on(&at, next, depth).or_else(|| self.key(&at));
            }
            rest = more;
        }
        self.key(&at)
    }

    /// The module from which `at` has `name`, if it only hands it on.
    fn handed_on(&self, at: &Module, name: &str, depth: usize) -> Option<&Module> {
        let uses = &self.0[at].uses;
        if let Some(named) = uses.iter().find(|it| it.name == name) {
            return self.defined_in(at, &named.path, depth + 1);
        }
        let whole = uses.iter().filter(|it| it.name == "*");
        whole
            .filter_map(|it| self.defined_in(at, &it.path, depth + 1))
            .find(|from| *from != at && self.0[*from].defines(name))
    }

    fn key(&self, module: &Module) -> Option<&Module> {
        self.0.get_key_value(module).map(|(key, _)| key)
    }
}

impl File {
    fn defines(&self, name: &str) -> bool {
        let keyword = |word: &str| {
            ["fn", "struct", "enum", "trait", "type", "const", "static"].contains(&word)
        };
        self.tokens.windows(2).any(|pair| keyword(&pair[0]) && pair[1] == name)
    }
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// `facts/ch01.rs` is `facts::ch01`, `facts/mod.rs` is `facts`, and `lib.rs` the root.
fn module(file: &str) -> Module {
    let mut parts: Module = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if ["mod", "lib"].contains(&parts[parts.len() - 1].as_str()) {
        parts.pop();
    }
    parts
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of the crate can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    paths
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The text without comments, and with nothing in its strings.
fn plain(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if next == '"' {
            quoted(rest, '"')
        } else if is_character(rest) {
            quoted(rest, '\'')
        } else {
            plain.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        plain.push(' ');
        rest = &rest[skipped..];
    }
    plain
}

/// Whether `r"`, `r#"`, … begins here, and with how many `#`.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Whether a character such as `'a'` begins here, and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut after = text.chars();
    after.next() == Some('\'') && (after.next() == Some('\\') || after.next() == Some('\''))
}

/// How long the quoted piece is that `text` begins with.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The text without what follows each `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let mut parts = text.split("#[cfg(test)]");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    kept.extend(parts.map(|part| {
        let open = part.find('{').unwrap_or(part.len());
        match part.find(';') {
            Some(end) if end < open => &part[end + 1..],
            _ => &part[closed(part, open)..],
        }
    }));
    kept
}

/// The byte after the brace that closes the one at `open`.
fn closed(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < open) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Words, `::`, and all other signs one by one.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let letter = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(word) if letter && in_word => word.push(c),
            Some(colon) if c == ':' && colon == ":" => colon.push(c),
            _ if !c.is_whitespace() => tokens.push(c.to_string()),
            _ => {}
        }
        in_word = letter;
    }
    tokens
}

/// What `use` brings in, and the paths in the rest of the code.
fn uses_and_paths(tokens: &[String]) -> (Vec<Use>, Vec<Vec<String>>) {
    let (mut uses, mut paths) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            let length = tokens[at..].iter().position(|it| it == ";").unwrap_or(tokens.len() - at);
            add_uses(&tokens[at + 1..at + length], &[], &mut uses);
            at += length;
        } else {
            let path = path(&tokens[at..]);
            at += (2 * path.len()).saturating_sub(1).max(1);
            if path.len() > 1 {
                paths.push(path);
            }
        }
    }
    (uses, paths)
}

/// The words with `::` between them that the tokens begin with.
fn path(tokens: &[String]) -> Vec<String> {
    let mut path = Vec::new();
    for pair in tokens.chunks(2) {
        if !is_word(&pair[0]) {
            break;
        }
        path.push(pair[0].clone());
        if pair.get(1).is_none_or(|sign| sign != "::") {
            break;
        }
    }
    path
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The names in the tree `a::{b, c::{self, d as e}, f::*}`, below the path `above`.
fn add_uses(tree: &[String], above: &[String], uses: &mut Vec<Use>) {
    let mut path = above.to_vec();
    let mut at = 0;
    while at < tree.len() {
        match tree[at].as_str() {
            "::" => {}
            "{" => {
                for branch in branches(&tree[at + 1..tree.len() - 1]) {
                    add_uses(branch, &path, uses);
                }
                return;
            }
            "*" => {
                uses.push(Use { name: "*".to_owned(), path });
                return;
            }
            "as" => {
                uses.push(Use { name: tree[at + 1].clone(), path });
                return;
            }
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    if let Some(name) = path.last().cloned() {
        uses.push(Use { name, path });
    }
}

/// The parts between the commas that stand in no inner braces.
fn branches(tree: &[String]) -> Vec<&[String]> {
    let mut depth = 0_i32;
    let parts = tree.split(|token| {
        depth += i32::from(token == "{") - i32::from(token == "}");
        depth == 0 && token == ","
    });
    parts.filter(|branch| !branch.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up(files: &[(&str, &str)]) -> Crate {
        Crate::new(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
    }

    #[test]
    fn two_files_that_import_each_other_are_told() {
        let tree = made_up(&[
            ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            ("b.rs", "use std::fmt;\nuse crate::{c::C, c};\npub struct B(C);"),
            ("c.rs", "pub fn c(_: super::a::A) {}\npub struct C;"),
        ]);
        assert_eq!(tree.circle().unwrap(), ["a.rs", "b.rs", "c.rs", "a.rs"]);
    }

    #[test]
    fn a_name_that_is_handed_on_comes_from_the_file_that_defines_it() {
        let facts = "mod one; mod table; pub use table::Facts; fn all() { one::add(); }";
        let one = "use super::Facts; pub fn add(_: Facts) {}";
        let table = ("facts/table.rs", "pub struct Facts;");
        let fine =
            [("lib.rs", "mod facts;"), ("facts/mod.rs", facts), ("facts/one.rs", one), table];
        assert_eq!(made_up(&fine).circle(), None);

        let all = facts.replace("table::Facts", "table::*");
        let fine = [("lib.rs", "mod facts;"), ("facts/mod.rs", &all), ("facts/one.rs", one), table];
        assert_eq!(made_up(&fine).circle(), None);

        // Defined beside what it uses, it closes a circle.
        let own = facts.replace("pub use table::Facts;", "pub struct Facts;");
        let wrong =
            [("lib.rs", "mod facts;"), ("facts/mod.rs", &own), ("facts/one.rs", one), table];
        let expected = ["facts/mod.rs", "facts/one.rs", "facts/mod.rs"];
        assert_eq!(made_up(&wrong).circle().unwrap(), expected);
    }

    #[test]
    fn comments_strings_and_tests_do_not_count() {
        let b = r##"
            //! See [`crate::a`]. /* crate::a */
            pub const TEXT: (&str, &str, char) = ("crate::a \" crate::a", r#"crate::a"#, '"');
            #[cfg(test)]
            use crate::a::A;
            #[cfg(test)]
            mod tests { use crate::a; fn inner() { a::f(); } }
        "##;
        let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::{self, TEXT as T};")];
        assert_eq!(made_up(&[files[0], files[1], ("b.rs", b)]).circle(), None);
        let after = format!("{b} fn late<'a>(_: &'a crate::a::A) {{}}");
        let circle = ["a.rs", "b.rs", "a.rs"];
        assert_eq!(made_up(&[files[0], files[1], ("b.rs", &after)]).circle().unwrap(), circle);
    }
}

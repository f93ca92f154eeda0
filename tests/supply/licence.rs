//! SPDX licence expressions: AND binds tighter than OR, WITH belongs to its licence, and an old `/` means OR.

use std::iter::Peekable;

type Words<'a> = Peekable<std::vec::IntoIter<&'a str>>;

/// Whether an expression can be kept with licences that `is_allowed`; `None` where it is no expression.
pub(super) fn holds(expression: &str, is_allowed: impl Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().collect::<Vec<_>>().into_iter().peekable();
    let holds = any(&mut words, &is_allowed)?;
    words.next().is_none().then_some(holds)
}

fn any(words: &mut Words, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut holds = all(words, is_allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        holds |= all(words, is_allowed)?;
    }
    Some(holds)
}

fn all(words: &mut Words, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut holds = one(words, is_allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, is_allowed)?;
    }
    Some(holds)
}

fn one(words: &mut Words, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    match words.next()? {
        "(" => {
            let holds = any(words, is_allowed)?;
            (words.next()? == ")").then_some(holds)
        }
        ")" | "AND" | "OR" | "WITH" => None,
        name => match words.next_if_eq(&"WITH") {
            Some(_) => Some(is_allowed(&format!("{name} WITH {}", words.next()?))),
            None => Some(is_allowed(name)),
        },
    }
}

#[test]
fn expressions_are_read_as_spdx_writes_them() {
    let mit = |id: &str| id == "MIT" || id == "Apache-2.0 WITH LLVM-exception";
    for kept in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "Apache-2.0 WITH LLVM-exception",
        "MIT AND (X OR MIT)",
        "MIT OR X AND Y",
    ] {
        assert_eq!(holds(kept, mit), Some(true), "{kept}");
    }
    for broken in ["GPL-3.0", "Apache-2.0", "MIT AND X", "(MIT OR X) AND Y", "X WITH LLVM-exception"] {
        assert_eq!(holds(broken, mit), Some(false), "{broken}");
    }
    for nonsense in ["", "MIT MIT", "(MIT", "MIT OR", "AND", "MIT WITH"] {
        assert_eq!(holds(nonsense, mit), None, "{nonsense}");
    }
}

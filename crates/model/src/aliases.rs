//! `aliases.yaml`: which version each alias of a name points at, an `alias: version` a line. Read line by line, so that no
//! file of this kind can ask for more than it is long: of YAML only comments, quotes and an empty `{}` are understood.

use std::collections::BTreeMap;

const HEAD: &str = "# Which version each alias points at, after line ";

/// The file's text, as it is after `n_lines` lines of the log.
pub(crate) fn render(aliases: &BTreeMap<String, u32>, n_lines: usize) -> String {
    let mut text = format!("{HEAD}{n_lines} of log.jsonl; change it with `nta promote`.\n");
    for (alias, number) in aliases {
        // Without quotes an alias such as `3` or `true` would be something else to other readers of YAML.
        text += &format!("\"{alias}\": {number}\n");
    }
    if aliases.is_empty() {
        text += "{}\n";
    }
    text
}

/// How many lines of the log the text holds; none where it does not say.
pub(crate) fn lines_held(text: &str) -> Option<usize> {
    text.strip_prefix(HEAD)?.split(' ').next()?.parse().ok()
}

/// What the text says, or the line that is none of its kind.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, u32>, String> {
    let mut aliases = BTreeMap::new();
    for (nth, line) in text.lines().enumerate() {
        let content = line.split('#').next().unwrap_or_default().trim();
        if matches!(content, "" | "{}" | "---") {
            continue;
        }
        let wrong = |why: &str| format!("line {}: not `alias: version`: {why}", nth + 1);
        let (alias, number) = content.split_once(':').ok_or_else(|| wrong("there is no colon"))?;
        let number = number.trim().parse().map_err(|_| wrong("no version number follows the colon"))?;
        if aliases.insert(unquoted(alias.trim()).to_owned(), number).is_some() {
            return Err(wrong("this alias stands twice"));
        }
    }
    Ok(aliases)
}

fn unquoted(word: &str) -> &str {
    let inside = |quote: char| word.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_hand_may_write_it_too() {
        let aliases = BTreeMap::from([("champion".to_owned(), 3), ("3".to_owned(), u32::MAX), ("true".to_owned(), 1)]);
        assert_eq!(parse(&render(&aliases, 7)), Ok(aliases));
        assert_eq!(parse(&render(&BTreeMap::new(), 0)), Ok(BTreeMap::new()));
        assert_eq!(lines_held(&render(&BTreeMap::new(), 7)), Some(7));
        let by_hand = "---\n\nchampion: 2  # since May\n'old' : 1\n";
        assert_eq!(lines_held(by_hand), None);
        assert_eq!(parse(by_hand), Ok(BTreeMap::from([("champion".to_owned(), 2), ("old".to_owned(), 1)])));
    }

    #[test]
    fn what_is_no_list_of_aliases_is_named_by_its_line() {
        let refused = |text: &str| parse(text).unwrap_err();
        assert!(refused("a: 1\nb: &x [1, 2]\n").starts_with("line 2: not `alias: version`"));
        for text in ["a: -1\n", "a: 4294967296\n", "a: 1.5\n", "a\n", "<<: *x\n", "a: 1\na: 2\n"] {
            assert!(refused(text).contains("not `alias: version`"), "{text}");
        }
    }
}

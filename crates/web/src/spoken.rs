//! What the pipeline says of an error, for somebody who has no command line: remedies by a flag become those of a page.

/// A remedy that a page has too, as it is told and as it is there.
const ACCEPT: [&str; 2] = ["say `--accept`", "say so with the box beside the file"];

/// `text` without flags and commands.
pub(crate) fn for_pages(text: &str) -> String {
    let text = plain_budget(&without_asides(&text.replace(ACCEPT[0], ACCEPT[1])));
    let clauses: Vec<&str> = text.split("; ").collect();
    let kept: Vec<&str> = clauses.iter().copied().filter(|clause| !names_command(clause)).collect();
    // Where nothing would be left the flag is better than silence.
    if kept.is_empty() { text } else { kept.join("; ") }
}

fn names_command(text: &str) -> bool {
    let is_flag = |(at, _): (usize, &str)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 2..].chars().next();
        before.is_none_or(|c| matches!(c, '`' | ' ' | '(')) && after.is_some_and(|c| c.is_ascii_lowercase())
    };
    text.contains("`nta ") || text.match_indices("--").any(is_flag)
}

/// Brackets that name a flag are for those who have one.
fn without_asides(text: &str) -> String {
    let Some((before, rest)) = text.split_once(" (") else { return text.to_owned() };
    match rest.split_once(')') {
        Some((aside, after)) if names_command(aside) => format!("{before}{}", without_asides(after)),
        Some((aside, after)) => format!("{before} ({aside}){}", without_asides(after)),
        None => text.to_owned(),
    }
}

/// `--budget 0.02` as the share that it asks for.
fn plain_budget(text: &str) -> String {
    let Some((before, rest)) = text.split_once("`--budget ") else { return text.to_owned() };
    match rest.split_once('`') {
        Some((budget, after)) => format!("{before}{budget}{after}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flag_is_left_and_all_else_is() {
        for (told, shown) in [
            ("flows.csv, line 5, column `dur`: `x` is no number", None),
            ("a -- b; x--y; pages (two)", None),
            (
                "f.csv lacks the columns `dur`; if it stands there under another name, say so: `--alias 'THEIRS=OURS'`; it has a, b",
                Some("f.csv lacks the columns `dur`; it has a, b"),
            ),
            (
                "f looks separated by ';'; set `delimiter: \";\"` in the schema (scoring: `--delimiter \";\"`), or export it again",
                Some("f looks separated by ';'; set `delimiter: \";\"` in the schema, or export it again"),
            ),
            (
                "give more flows, or ask for what these support, `--budget 0.02`",
                Some("give more flows, or ask for what these support, 0.02"),
            ),
            ("they are benign, say `--accept`", Some("they are benign, say so with the box beside the file")),
            ("`nta init` makes one", None),
        ] {
            assert_eq!(for_pages(told), shown.unwrap_or(told));
        }
    }
}

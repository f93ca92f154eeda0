//! YAML that nobody writes by hand, as a config and as a schema: read, or refused in one line that names the file.
//! `scripts/check/hostile.py yaml` does the same by the thousand.

use std::time::{Duration, Instant};

use crate::nta::{Home, root};

/// Far more than any of these needs, also where the machine is busy and nothing is optimised.
const SOON: Duration = Duration::from_secs(20);

/// Aliases of aliases: each level is ten times the one before.
fn laughs() -> String {
    let level = |i: usize| format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(10));
    "a0: &a0 [lol,lol]\n".to_owned() + &(1..30).map(level).collect::<String>()
}

fn tricks() -> Vec<String> {
    let fixed = [
        "&a [*a]",
        "a: &a {<<: *a}",
        "*a",
        "!!python/object:os.system x",
        "!!binary aGVsbG8=",
        "%YAML 9.9\n---\na: 1",
        "name: a\nname: b",
        "seed: 1e400",
        "name: \"\\e[2J\\0\"",
        "a: |99\n x",
        "\u{feff}\u{85}\u{2028}",
        "---\na: 1\n---\nb: 2",
        "\0",
        "? ? ? ?",
        "",
    ];
    let mut all: Vec<String> = fixed.iter().map(|text| (*text).to_owned()).collect();
    all.extend(["[", "{a: ", "- ", "? ", "&a ", "!!str "].map(|open| open.repeat(100_000)));
    all.push(laughs());
    all.push(format!("name: {}", "a".repeat(8 << 20)));
    all.push("- &a 1\n".repeat(100_000));
    all.push((0..100_000).map(|i| format!("k{i}: 1\n")).collect());
    all
}

/// `text` with one of its values, by number, replaced by what fits nowhere.
fn mangled(text: &str, number: usize) -> String {
    const VALUES: [&str; 6] = ["1e999", "-1", ".nan", "[[[]]]", "{a: {b: c}}", "\"\\u0007\""];
    let (at, _) = text.match_indices(": ").nth(number).unwrap();
    let end = text[at + 2..].find([',', '}', '\n']).map_or(text.len(), |n| at + 2 + n);
    format!("{}{}{}", &text[..at + 2], VALUES[number % VALUES.len()], &text[end..])
}

fn asked(home: &Home, command: &[&str], text: &str) {
    let began = Instant::now();
    let path = home.write("hostile.yaml", text);
    let done = home.nta(&[command, &[path.to_str().unwrap()]].concat());
    let begins: String = text.chars().take(40).collect();
    assert!(done.code == 0 || done.code == 2, "{command:?} {begins:?}: {} {}", done.code, done.err);
    assert!(!done.err.contains("panicked"), "{command:?} {begins:?}: {}", done.err);
    assert!(done.code == 0 || done.err.contains("hostile.yaml"), "{command:?} {begins:?}: {}", done.err);
    assert!(!done.err.trim_end().contains(|c: char| c != '\n' && c.is_control()), "{begins:?}: {:?}", done.err);
    assert!(began.elapsed() < SOON, "{command:?} {begins:?}: {:?}", began.elapsed());
}

#[test]
fn hostile_yaml_is_read_or_refused_by_name_and_soon() {
    let home = Home::new();
    for text in tricks() {
        asked(&home, &["config", "check"], &text);
        asked(&home, &["schema", "show"], &text);
    }
    let of = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    for number in 0..8 {
        asked(&home, &["config", "check"], &mangled(&of("configs/quickstart.yaml"), number));
        asked(&home, &["schema", "show"], &mangled(&of("crates/ingest/schemas/nsl-kdd.yaml"), number));
    }
}

//! Bad input is refused with one clear message that names the file and the remedy, exit code 1 or 2, no panic; and a
//! refused run leaves nothing behind.

use std::path::Path;

use crate::nta::Home;

/// A schema without order, two numbers and a text, so that small files can be split row by row.
pub(crate) const SCHEMA: &str = "\
name: small
order: none
label: { column: label, benign: [benign], attack: [attack] }
numeric: [{ name: bytes }, { name: seconds }]
categorical: [{ name: proto }]
";

/// An ordered one, with hosts.
const ORDERED: &str = "\
name: ordered
order: file
label: { column: label, benign: [benign], attack: [attack] }
time: { column: time }
entity: { src: src }
numeric: [{ name: bytes }, { name: seconds }]
categorical: [{ name: proto }]
";

/// `n` rows that a model can learn something from.
fn rows(n: usize) -> Vec<String> {
    let row = |i: usize| {
        let attack = i.is_multiple_of(5);
        let (label, bytes) = if attack { ("attack", 900 + i % 37) } else { ("benign", 100 + i % 501) };
        let proto = ["tcp", "udp", "icmp"][i % 3];
        format!("{},10.0.0.{},{bytes},{}.5,{proto},{label}", 1_700_000_000 + i, i % 17, i % 11)
    };
    (0..n).map(row).collect()
}

fn table(rows: &[String]) -> String {
    format!("time,src,bytes,seconds,proto,label\n{}\n", rows.join("\n"))
}

fn config(home: &Home, schema: &str) -> String {
    home.write("schema.yaml", schema);
    let schema = home.path().join("schema.yaml");
    format!(
        "name: small\nchoice: off\ndata: {{ schema: '{}', train: '{}' }}\nsplit: {{ test: 0.3, threshold: 0.2 }}\nforest: {{ trees: 5 }}\n\
         lstm: {{ hidden: 4, epochs: 1 }}\nhybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}\n",
        schema.display(),
        home.path().join("flows.csv").display(),
    )
}

/// Runs the config on `flows` and expects the refusal; then nothing but the inputs stands in the home.
fn refused(schema: &str, flows: &[u8], words: &[&str]) {
    let home = Home::new();
    home.write("flows.csv", flows);
    let config = home.write("config.yaml", config(&home, schema));
    home.nta(&["run", config.to_str().unwrap()]).refused(2, words);
    let left: Vec<_> =
        home.files().into_iter().filter(|f| f.starts_with("experiments") || f.starts_with("models")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_same_file_unspoilt_runs() {
    let home = Home::new();
    home.write("flows.csv", table(&rows(1_000)));
    let config = home.write("config.yaml", config(&home, SCHEMA));
    let done = home.nta(&["run", config.to_str().unwrap()]).ok();
    assert!(done.out.contains("models/small/1"), "{}", done.out);
    let list = home.nta(&["runs"]).ok();
    assert_eq!(list.out.matches("finished").count(), 1, "{}", list.out);
}

#[test]
fn a_missing_file() {
    let home = Home::new();
    let config = home.write("config.yaml", config(&home, SCHEMA));
    home.nta(&["run", config.to_str().unwrap()]).refused(2, &["flows.csv", "no such file"]);
}

#[test]
fn an_empty_file() {
    refused(SCHEMA, b"", &["flows.csv", "empty"]);
}

#[test]
fn a_header_and_nothing_else() {
    refused(SCHEMA, b"time,src,bytes,seconds,proto,label\n", &["flows.csv", "no rows"]);
}

#[test]
fn another_delimiter() {
    refused(SCHEMA, table(&rows(500)).replace(',', ";").as_bytes(), &["flows.csv", "delimiter"]);
}

#[test]
fn a_truncated_gz() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(table(&rows(2_000)).as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    let home = Home::new();
    home.write("flows.csv", &bytes[..bytes.len() / 2]);
    let config = home.write("config.yaml", config(&home, SCHEMA));
    home.nta(&["run", config.to_str().unwrap()]).refused(2, &["flows.csv", "damaged"]);
}

#[test]
fn a_text_in_a_numeric_column_with_line_and_column() {
    let mut rows = rows(1_000);
    rows[700] = rows[700].replace(".5,", "x,");
    refused(SCHEMA, table(&rows).as_bytes(), &["flows.csv", "line 702", "seconds"]);
}

#[test]
fn an_unknown_label() {
    let mut rows = rows(1_000);
    rows[10] = rows[10].replace("attack", "weird");
    refused(SCHEMA, table(&rows).as_bytes(), &["flows.csv", "line 12", "weird", "label"]);
}

#[test]
fn one_class_only() {
    let rows: Vec<String> = rows(1_000).into_iter().filter(|r| r.ends_with("benign")).collect();
    refused(SCHEMA, table(&rows).as_bytes(), &["flows.csv", "label", "one class"]);
}

#[test]
fn a_missing_time_or_entity() {
    let spoil = |i: usize, column: usize| {
        let mut rows = rows(1_000);
        let mut cells: Vec<&str> = rows[i].split(',').collect();
        cells[column] = "";
        rows[i] = cells.join(",");
        table(&rows)
    };
    refused(ORDERED, spoil(20, 0).as_bytes(), &["flows.csv", "line 22", "time"]);
    refused(ORDERED, spoil(20, 1).as_bytes(), &["flows.csv", "line 22", "src"]);
}

#[test]
fn a_missing_column_and_one_that_stands_twice() {
    refused(SCHEMA, table(&rows(500)).replace("seconds", "secs").as_bytes(), &["flows.csv", "seconds"]);
    refused(SCHEMA, table(&rows(500)).replace("seconds", "bytes").as_bytes(), &["flows.csv", "seconds", "bytes_2"]);
}

#[test]
fn too_few_rows_for_the_budget() {
    let home = Home::new();
    home.write("flows.csv", table(&rows(1_000)));
    let text = config(&home, SCHEMA).replace("0.05", "0.0001");
    let config = home.write("config.yaml", text);
    home.nta(&["run", config.to_str().unwrap()]).refused(2, &["threshold", "benign"]);
}

#[test]
fn an_unknown_key_and_a_value_out_of_range() {
    let home = Home::new();
    home.write("flows.csv", table(&rows(200)));
    let text = config(&home, SCHEMA);
    let path = home.write("config.yaml", text.replace("trees", "treees"));
    home.nta(&["run", path.to_str().unwrap()]).refused(2, &["config.yaml:5", "forest.treees", "did you mean `trees`"]);
    let path = home.write("config.yaml", text.replace("trees: 5", "trees: 0"));
    home.nta(&["run", path.to_str().unwrap()]).refused(2, &["config.yaml:5", "forest.trees", "0"]);
}

#[test]
fn a_full_disk_leaves_no_model_and_says_which_file() {
    let home = Home::new();
    home.write("flows.csv", table(&rows(3_000)));
    let text = config(&home, SCHEMA).replace("trees: 5", "trees: 60").replace("hidden: 4", "hidden: 64");
    let config = home.write("config.yaml", text);
    let nta = home.command(&["run", config.to_str().unwrap()]);
    // No file may grow beyond 40 KiB: the first checkpoint of the LSTM does not fit.
    let mut limited = std::process::Command::new("sh");
    limited.arg("-c").arg("ulimit -f 80; trap '' XFSZ; exec \"$0\" \"$@\"").arg(nta.get_program()).args(nta.get_args());
    let done = crate::nta::Done::from(limited.current_dir(crate::nta::root()).output().unwrap());
    done.refused(1, &["cannot write", "lstm.checkpoint"]);
    assert!(!home.path().join("models/small/1").exists());
    let leftovers = home.files().into_iter().filter(|f| f.to_string_lossy().contains(".nta-tmp-")).count();
    assert_eq!(leftovers, 0);
    let list = home.nta(&["runs"]).ok();
    assert_eq!(list.out.matches("failed").count(), 1, "{}", list.out);
}

#[test]
fn a_model_that_is_not_there() {
    let home = Home::new();
    let input = home.write("flows.csv", table(&rows(10)));
    let out = home.path().join("out.csv");
    let (input, out) = (input.to_str().unwrap(), out.to_str().unwrap());
    home.nta(&["score", "nobody", input, "-o", out]).refused(2, &["nobody"]);
    assert!(!Path::new(out).exists());
}

//! Damaged Parquet files end in our own words: what the reading library says on its way down reaches nobody.

use nta_ingest::{Added, AddedValues, TableWriter};

use crate::nta::{Done, Home};
use crate::refusals::SCHEMA;

/// Flows in several row groups, with every kind of column.
fn parquet(home: &Home) -> Vec<u8> {
    let path = home.path().join("whole.parquet");
    let mut writer = TableWriter::create(&path, None).unwrap();
    for group in 0..3 {
        let n = 400;
        let bytes: Vec<i64> = (0..n).map(|i| (group * n + i) * 7_919 % 1_501).collect();
        let seconds: Vec<f32> = (0..n).map(|i| i as f32 / 8.0).collect();
        let proto: Vec<&str> = (0..n as usize).map(|i| ["tcp", "udp", "icmp"][i % 3]).collect();
        let label: Vec<&str> = (0..n as usize).map(|i| if i % 5 == 0 { "attack" } else { "benign" }).collect();
        writer
            .write_columns(&[
                Added { name: "bytes", values: AddedValues::Integer(&bytes) },
                Added { name: "seconds", values: AddedValues::Float(&seconds) },
                Added { name: "proto", values: AddedValues::Text(&proto) },
                Added { name: "label", values: AddedValues::Text(&label) },
            ])
            .unwrap();
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

/// Reads `bytes` through the program; what it says of them is nothing or one line of ours about the file. Answers whether
/// it refused.
fn read(home: &Home, bytes: &[u8], what: &str) -> bool {
    let flows = home.write("flows.parquet", bytes);
    let schema = home.write("schema.yaml", SCHEMA);
    let config = home.write(
        "config.yaml",
        format!(
            "name: small\nchoice: off\ndata: {{ schema: '{}', train: '{}' }}\nhybrid: {{ budget: {{ false_positive_rate: 0.1 }} }}\n",
            schema.display(),
            flows.display()
        ),
    );
    let done: Done = home.nta(&["run", config.to_str().unwrap(), "--dry-run", "--quiet"]);
    if done.code == 0 {
        assert_eq!(done.err, "", "{what}");
        return false;
    }
    assert_eq!(done.code, 2, "{what}: {}", done.err);
    assert_eq!(done.err.trim_end().lines().count(), 1, "{what}: {}", done.err);
    assert!(done.err.starts_with("nta: ") && done.err.contains("flows.parquet"), "{what}: {}", done.err);
    true
}

#[test]
fn a_damaged_parquet_file_is_told_in_one_line_wherever_it_is_damaged() {
    let home = Home::new();
    let whole = parquet(&home);
    assert!(!read(&home, &whole, "unspoilt"));
    for cut in [1, 4, 8, whole.len() / 3, whole.len() / 2, whole.len() - 200, whole.len() - 8, whole.len() - 1] {
        assert!(read(&home, &whole[..cut], &format!("cut at {cut}")));
    }
    // Pages and their headers sparsely, the footer, where most can contradict itself, densely.
    let footer = whole.len() - 1_500;
    let mut refused = 0;
    for at in (4..footer).step_by(footer / 40).chain((footer..whole.len()).step_by(5)) {
        let mut flipped = whole.clone();
        flipped[at] ^= if at % 2 == 0 { 0x24 } else { 0x81 };
        refused += usize::from(read(&home, &flipped, &format!("byte {at}")));
    }
    assert!(refused > 20, "{refused}");
}

//! Large files: the first answer comes from a sample, says so and on how much it rests; `--whole` reads all.

use std::fmt::Write;

use crate::nta::Home;

/// 280,000 flows a second apart in some 56 MB, a third of them attacks; the label has a twin where `twin` is set.
fn large(twin: bool) -> String {
    let mut text = "Timestamp,Src IP,Bytes,Packets,note,tag,Label\n".to_owned();
    let note = "n".repeat(150);
    for i in 0..280_000u64 {
        let (day, second) = (1 + i / 86_400, i % 86_400);
        let attack = i * 7_919 % 100 < 33;
        let bytes = (i * 37 % 800) + if attack { 300 } else { 0 };
        let tag = if twin { if attack { 7 } else { 3 } } else { i * 31 % 9 };
        let label = if attack { "DDoS" } else { "Benign" };
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        let _ = writeln!(
            text,
            "2024-05-{day:02} {h:02}:{m:02}:{s:02},192.0.2.{},{bytes},{},{note},{tag},{label}",
            i % 8,
            1 + i * 13 % 40
        );
    }
    text
}

fn config(home: &Home, twin: bool) -> String {
    home.write("large.csv", large(twin));
    home.write(
        "schema.yaml",
        "name: large\norder: file\nlabel: { column: Label, benign: [Benign] }\ntime: { column: Timestamp, format: '%Y-%m-%d %H:%M:%S' }\n\
         entity: { src: Src IP }\nnumeric: [{ name: Bytes }, { name: Packets }, { name: tag }]\nignored: [note]\n",
    );
    let place = |name: &str| home.path().join(name).display().to_string();
    let text = format!(
        "name: large\nchoice: off\ndata: {{ schema: '{}', train: '{}' }}\nsplit: {{ test: 0.3, validation: 0.15, calibration: 0.1, threshold: 0.15 }}\n\
         hybrid: {{ budget: {{ false_positive_rate: 0.00001 }} }}\n",
        place("schema.yaml"),
        place("large.csv")
    );
    home.write("large.yaml", text).display().to_string()
}

#[test]
fn a_dry_run_answers_from_a_sample_and_says_so() {
    let home = Home::new();
    let config = config(&home, false);
    let refused = home.nta(&["run", &config, "--dry-run"]);
    refused.refused(2, &["benign", "seen on", "`--dry-run --whole` reads all"]);
    let set = ["--set", "hybrid.budget.false_positive_rate=0.001"];
    let sampled = home.nta(&[&["run", &config, "--dry-run"], &set[..]].concat()).ok().out;
    assert!(sampled.contains("rows        about 280,") || sampled.contains("rows        about 279,"), "{sampled}");
    assert!(sampled.contains("read at 16 places, 3") && sampled.contains("a sample does not tell"), "{sampled}");
    assert!(sampled.contains("2024-05-01 00:00:00 to 2024-05-04 05:46:39 UTC"), "first and last row: {sampled}");
    let whole = home.nta(&[&["run", &config, "--dry-run", "--whole"], &set[..]].concat()).ok().out;
    assert!(whole.contains("rows        280000\n") && !whole.contains("sample"), "{whole}");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let told = json(&home.nta(&[&["run", &config, "--dry-run", "--json"], &set[..]].concat()).ok().out);
    let benign: u64 =
        told["partition"]["parts"].as_array().unwrap().iter().map(|p| p["benign"].as_u64().unwrap()).sum();
    assert!(benign.abs_diff(187_600) < 4_000, "{benign} estimated");
    assert!(told["sample"]["rows"].as_u64().unwrap() < 260_000, "{}", told["sample"]);
}

#[test]
fn a_sample_is_checked_as_the_whole_is() {
    let home = Home::new();
    let config = config(&home, true);
    let set = ["--set", "hybrid.budget.false_positive_rate=0.001"];
    let plan = home.nta(&[&["run", &config, "--dry-run"], &set[..]].concat());
    assert!(plan.out.starts_with("  give-away   column `tag`: "), "{}", plan.out);
    plan.refused(3, &["`tag`"]);
}

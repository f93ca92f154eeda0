//! What features are worth on held-out flows: found by a whole run, and told where people and programs look.

use std::collections::HashMap;

use crate::nta::Home;

const SCHEMA: &str = "\
name: small
order: file
label: { column: label, benign: [benign], attack: [attack] }
numeric: [{ name: noise }, { name: bytes }, { name: rate }]
";

/// `bytes` tells the classes apart but for some overlap, `rate` a little, `noise` is drawn without regard to the label.
fn flows(n: u64, attacks: impl Fn(u64) -> bool) -> String {
    let mut state = 3u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = "time,noise,bytes,rate,label\n".to_owned();
    for i in 0..n {
        let (label, bytes, rate) = match attacks(i) {
            true => ("attack", 900 + draw(600), 40 + draw(100)),
            false => ("benign", draw(1_000), draw(100)),
        };
        text += &format!("{},{},{bytes},{rate},{label}\n", 1_700_000_000 + i, draw(1_000_000));
    }
    text
}

fn run(flows: &str) -> (Home, String) {
    let home = Home::new();
    let schema = home.write("schema.yaml", SCHEMA);
    let flows = home.write("flows.csv", flows);
    let config = format!(
        "name: small\nchoice: off\ndata: {{ schema: '{}', train: '{}' }}\nsplit: {{ strategy: temporal, test: 0.3, validation: 0.2, calibration: 0.1, threshold: 0.1 }}\n\
         forest: {{ trees: 20, bootstrap: rows, min_leaf: 1 }}\nlstm: {{ hidden: 4, epochs: 1, sequence: {{ by: capture }} }}\n\
         hybrid: {{ budget: {{ false_positive_rate: 0.1 }} }}\n",
        schema.display(),
        flows.display(),
    );
    let config = home.write("config.yaml", config);
    let done = home.nta(&["run", config.to_str().unwrap()]).ok();
    (home, done.err)
}

fn read(home: &Home, name: &str) -> String {
    let file = home.files().into_iter().find(|f| f.ends_with(name)).unwrap_or_else(|| panic!("there is no {name}"));
    std::fs::read_to_string(home.path().join(file)).unwrap()
}

/// Loss and its interval by feature.
fn losses(table: &str) -> HashMap<&str, Vec<f64>> {
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("feature,impurity_share,permutation_loss,permutation_low,permutation_high"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0], cells[2..].iter().map(|cell| cell.parse().unwrap()).collect())
        })
        .collect()
}

#[test]
fn the_give_away_is_worth_most_and_noise_nothing() {
    let (home, said) = run(&flows(4_000, |i| i % 4 == 0));
    let table = read(&home, "importances.csv");
    let losses = losses(&table);
    let (bytes, rate, noise) = (&losses["bytes"], &losses["rate"], &losses["noise"]);
    assert!(bytes[1] > rate[2] && rate[1] > noise[2], "{table}");
    assert!(noise[0].abs() < 0.02 && noise[1] < 0.0 && noise[2] > 0.0, "{table}");
    assert!(losses.values().all(|loss| loss[1] <= loss[0] && loss[0] <= loss[2]), "{table}");
    let line = said.lines().find(|line| line.trim_start().starts_with("importances")).unwrap();
    assert!(line.contains("bytes 0.") && line.contains("average precision lost"), "{line}");
    let page = read(&home, "report.html");
    assert!(page.contains("when the feature’s values are shuffled") && page.contains("average precision lost"), "page");
}

#[test]
fn too_few_attacks_are_a_reason_not_a_failure() {
    // The validation part is rows 900 to 1,500.
    let (home, said) = run(&flows(3_000, |i| if (900..1_500).contains(&i) { i == 1_200 } else { i % 4 == 0 }));
    assert!(said.contains("not measured"), "{said}");
    assert!(read(&home, "importances.csv").lines().skip(1).all(|line| line.ends_with(",,,")));
    assert!(read(&home, "report.html").contains("an interval takes two of each"));
}

//! The loop closed, through the real binary: drift planted half-way is found, a challenger that knows it takes over, and the
//! same traffic decides nothing twice.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::nta::Home;

/// Rows of a site where attacks are long flows; after the drift they are the shortest.
fn flows(rows: std::ops::Range<u64>, moved: bool) -> String {
    let row = |i: u64| {
        // Scattered by a multiplicative hash, so that neighbours differ.
        let noise = (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 1_000;
        let (host, attack) = (i % 20, (i / 20).is_multiple_of(5));
        let bytes = match (attack, moved) {
            // One flow in four tells nothing.
            _ if noise < 250 => 2_000 + noise * 4,
            (true, false) => 3_000 + noise,
            (true, true) => 100 + noise / 4,
            (false, _) => 500 + noise,
        };
        let label = if attack { "scan" } else { "benign" };
        format!("{},10.0.0.{host},{bytes},{},{label}\n", 1_700_000_000 + i, noise % 7)
    };
    format!("time,src,bytes,pkts,label\n{}", rows.map(row).collect::<String>())
}

/// A home with `site/1` in service, trained on traffic of before the drift.
fn in_service() -> (Home, PathBuf) {
    in_service_by("choice: off")
}

/// The same by a config of which `line` is a line.
fn in_service_by(line: &str) -> (Home, PathBuf) {
    let home = Home::new();
    home.write("before.csv", flows(0..6_000, false));
    home.write(
        "schema.yaml",
        "name: site\norder: file\nlabel: { column: label, benign: [benign] }\ntime: { column: time }\nentity: { src: src }\n\
         numeric: [{ name: bytes }, { name: pkts }]\n",
    );
    let place = home.path().display();
    let config = home.write(
        "site.yaml",
        format!(
            "name: site\n{line}\ndata: {{ schema: '{place}/schema.yaml', train: '{place}/before.csv', sensor: gate }}\n\
             forest: {{ trees: 20, max_depth: 6 }}\nlstm: {{ hidden: 4, epochs: 1 }}\n\
             hybrid: {{ combine: {{ weighted: {{ forest: 1, lstm: 0 }} }}, budget: {{ false_positive_rate: 0.05 }} }}\n"
        ),
    );
    home.nta(&["run", config.to_str().unwrap(), "--quiet"]).ok();
    home.nta(&["promote", "site/1", "--quiet"]).ok();
    let fresh = home.write("after.csv", flows(6_000..12_000, true));
    (home, fresh)
}

fn answer(home: &Home, code: i32, arguments: &[&str]) -> Value {
    let done = home.nta(&[arguments, &["--json", "--quiet"]].concat());
    assert_eq!(done.code, code, "{}", done.err);
    serde_json::from_str(&done.out).unwrap()
}

fn exists(decision: &Value, file: &str) -> bool {
    Path::new(decision["folder"].as_str().unwrap()).join(file).is_file()
}

#[test]
fn a_challenger_that_knows_the_drift_takes_over_and_decides_once() {
    let (home, fresh) = in_service();
    let fresh = fresh.to_str().unwrap();
    let compared = answer(&home, 0, &["retrain", "site", fresh, "--no-promote"]);
    let decision = &compared["decision"];
    assert_eq!((&decision["champion"], &decision["challenger"]), (&"site/1".into(), &"site/2".into()));
    assert_eq!((&decision["passed"], &decision["standing"]), (&true.into(), &"compared".into()));
    assert!(decision["drifted"].as_array().unwrap().iter().any(|name| name == "bytes"), "{decision}");
    assert!(decision["held_out"]["interval"][0].as_f64().unwrap() > 0.02);
    assert_eq!(decision["fresh"]["held_out"]["rows"], 1_800);
    assert_eq!(decision["replay"]["rows"], 4_200, "as many old as fresh ones");
    assert!(decision["old_test"].is_object());
    assert!(["decision.html", "decision.json", "report.html", "drift/drift.html"].iter().all(|f| exists(decision, f)));
    assert_eq!(answer(&home, 0, &["models", "show", "site@champion"])["version"], "site/1");

    // Asked again, and to promote: nothing is trained, the alias moves.
    let again = answer(&home, 0, &["retrain", "site@champion", fresh]);
    assert_eq!((&again["decided_before"], &again["decision"]["standing"]), (&true.into(), &"promoted".into()));
    let champion = answer(&home, 0, &["models", "show", "site@champion"]);
    assert_eq!((&champion["version"], &champion["ancestors"][0]), (&"site/2".into(), &"site/1".into()));
    let log = answer(&home, 0, &["models", "log", "site"]);
    assert!(log[1]["why"].as_str().unwrap().contains("retrained from site/1"), "{log}");
    let runs = answer(&home, 0, &["runs"]);
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["record"]["parent"]), (2, &runs[1]["record"]["id"]));
    // A rollback stands: the next call on the same traffic does not undo it, unless it says so.
    home.nta(&["rollback", "site"]).ok();
    let stays = answer(&home, 3, &["retrain", "site", fresh]);
    assert_eq!((&stays["champion"], &stays["decision"]["standing"]), (&"site/1".into(), &"taken_back".into()));
    let insisted = answer(&home, 0, &["retrain", "site", fresh, "--promote"]);
    assert_eq!(insisted["decision"]["standing"], "promoted");
    let before = answer(&home, 0, &["models", "show", "site/1"]);
    assert!(before["observed"][0]["benign"].as_u64().unwrap() > 4_000, "{before}");
    // `nta drift` on the same traffic, under another name, counts nothing twice.
    let copy = home.write("copy.csv", flows(6_000..12_000, true));
    answer(&home, 3, &["drift", "site/1", copy.to_str().unwrap()]);
    let looked = answer(&home, 0, &["models", "show", "site/1"]);
    let looks = looked["observed"].as_array().unwrap();
    assert_eq!((looks.len(), &looks[0]["by"]), (1, &"drift".into()), "{looked}");

    // Once learned, it is nothing new; and what brings nothing better changes nothing.
    let nothing = answer(&home, 0, &["retrain", "site", fresh]);
    assert_eq!(nothing["decision"], Value::Null);
    let later = home.write("later.csv", flows(12_000..16_000, true));
    let stays = answer(&home, 3, &["retrain", "site", later.to_str().unwrap(), fresh]);
    assert_eq!((&stays["champion"], &stays["decision"]["standing"]), (&"site/2".into(), &"refused".into()));
    assert_eq!(stays["known"].as_array().unwrap().len(), 1);
    assert!(stays["decision"]["replay"]["of"].as_u64().unwrap() > 8_000, "both generations: {stays}");
    assert_eq!(answer(&home, 0, &["models", "show", "site@champion"])["version"], "site/2");
}

#[test]
fn traffic_that_decides_nothing_is_refused_with_every_reason() {
    let (home, _) = in_service();
    let refused = |file: &Path, more: &[&str], words: &[&str]| {
        home.nta(&[&["retrain", "site", file.to_str().unwrap(), "--quiet"], more].concat()).refused(2, words);
    };
    let few = home.write("few.csv", flows(0..300, true));
    refused(&few, &[], &["10 attacks, and 30 are needed", "80 benign flows, and 100 are needed"]);
    refused(&few, &["--set", "retrain.false_positive_rate=0.01"], &["80 benign flows, and 500 are needed"]);
    let unlabelled = home.write("unlabelled.csv", "time,src,bytes,pkts\n1,10.0.0.1,3,4\n");
    refused(&unlabelled, &[], &["unlabelled.csv", "label"]);
    refused(&few, &["--set", "forest.trees=3"], &["only `retrain.…` can be set"]);
    refused(&few, &["--set", "retrain.replay=1"], &["retrain.replay", "a share from 0"]);
    home.nta(&["models", "unalias", "site@champion"]).ok();
    refused(&few, &[], &["site@champion points at nothing", "nta promote site/1"]);
    home.nta(&["promote", "site/1"]).ok();
    // A version that is not in service must not be replaced in its stead.
    home.nta(&["run", home.path().join("site.yaml").to_str().unwrap(), "--set", "seed=8", "--quiet"]).ok();
    home.nta(&["retrain", "site/2", few.to_str().unwrap()]).refused(2, &["site/2 is not in service"]);
}

/// Each block begins with hosts that the LSTM does not remember, unless its scores are taken as service gives them.
#[test]
fn traffic_dealt_by_blocks_is_no_drift_from_itself() {
    let home = Home::new();
    let (place, week) = (home.path().display(), home.path().join("week.csv"));
    let sets = ["flows=8000", "days=1", "hosts=40", "attack_share=0.1", "families=[scan, exfiltration]"];
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let simulate = ["simulate", "--seed", "5", "--quiet", "-o", week.to_str().unwrap()];
    home.nta(&simulate.into_iter().chain(sets).collect::<Vec<_>>()).ok();
    let config = home.write(
        "site.yaml",
        format!(
            "name: site\nchoice: off\ndata: {{ schema: nta, train: '{place}/week.csv' }}\nsplit: {{ strategy: blocked }}\n\
             forest: {{ trees: 10 }}\nlstm: {{ hidden: 8, epochs: 3, batch: 16, sequence: {{ by: src, length: 32 }} }}\n\
             hybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}\n"
        ),
    );
    home.nta(&["run", config.to_str().unwrap(), "--quiet"]).ok();
    let found = answer(&home, 0, &["drift", "site/1", week.to_str().unwrap()]);
    let columns = found["columns"].as_array().unwrap();
    let lstm = columns.iter().find(|column| column["name"] == "lstm").unwrap();
    assert!(lstm["psi"].as_f64().unwrap() < 0.3, "{lstm}");
}

#[test]
fn a_challenger_of_a_sites_version_keeps_the_sites_promise_and_says_where_it_cannot() {
    let (home, fresh) = in_service();
    // Benign flows of the site, some of which stand in the fresh traffic too.
    let all = flows(11_000..14_000, true);
    let benign: String = all.lines().filter(|line| !line.ends_with(",scan")).map(|line| format!("{line}\n")).collect();
    let baseline = home.write("baseline.csv", benign);
    let made = answer(&home, 0, &["baseline", "site/1", baseline.to_str().unwrap(), "--verified", "--accept"]);
    assert_eq!((&made["model"], &made["site"]["rows"]), (&"site/2".into(), &2_400.into()));
    home.nta(&["promote", "site/2", "--quiet"]).ok();
    let decision = answer(&home, 0, &["retrain", "site", fresh.to_str().unwrap()])["decision"].clone();
    assert_eq!((&decision["champion"], &decision["standing"]), (&"site/2".into(), &"promoted".into()));
    assert_eq!(decision["replay"]["rows"], 4_200, "a version of a site has learned from no traffic of its own");
    let site = &decision["site"];
    let kept = &site["kept"];
    assert_eq!((&kept["from"], &kept["left_out"]), (&"site/2".into(), &800.into()), "{site}");
    let n_fresh = kept["fresh"].as_u64().unwrap();
    assert!(n_fresh > 100 && site["rows"] == 1_600 + n_fresh, "{site}");
    let page = std::fs::read_to_string(decision["report"].as_str().unwrap()).unwrap();
    assert!(page.contains("The challenger keeps the site") && page.contains("benign flows of the site."));
    let shown = home.nta(&["models", "show", "site@champion"]).ok().out;
    assert!(shown.contains("the baseline of site/2") && shown.contains("for traffic like this site's"), "{shown}");

    // The next challenger has it from this one, as long as the files are there.
    let next = home.write("next.csv", flows(14_000..20_000, true));
    std::fs::remove_file(&baseline).unwrap();
    let said = ["site/2 promises for a site", "baseline.csv is not there", "nta baseline site/3 FILE"];
    home.nta(&["retrain", "site", next.to_str().unwrap()]).refused(2, &said);
}

/// Members that have learned every row leave no fresh flow that they have not seen, and no attack but to trees that have not drawn it.
#[test]
fn a_sites_promise_rests_on_its_own_flows_where_members_were_fitted_on_all_rows() {
    let (home, fresh) = in_service_by("split: { fit: all }");
    let fresh = fresh.to_str().unwrap();
    let alone = answer(&home, 0, &["retrain", "site", fresh, "--no-promote"])["decision"].clone();
    let all = flows(11_000..14_000, true);
    let benign: String = all.lines().filter(|line| !line.ends_with(",scan")).map(|line| format!("{line}\n")).collect();
    let baseline = home.write("baseline.csv", benign);
    let made = answer(&home, 0, &["baseline", "site/1", baseline.to_str().unwrap(), "--verified", "--accept"]);
    let choice = &made["site"]["choice"];
    assert_eq!((&choice["chosen"], &choice["out_of_bag"]), (&"as trained".into(), &true.into()), "{made}");
    assert_eq!(choice["unjudged"], serde_json::json!(["lstm"]), "the fusion as trained is of the forest alone: {made}");
    let version = made["model"].as_str().unwrap();
    home.nta(&["promote", version, "--quiet"]).ok();

    let decision = answer(&home, 0, &["retrain", "site", fresh, "--no-promote"])["decision"].clone();
    let site = &decision["site"];
    assert!(site["choice"]["out_of_bag"] == true && site["kept"]["fresh"] == 0 && site["rows"] == 1_600, "{site}");
    // The forest knows the site's flows too. The probability is that of the challenger without a site, as cross-fitted scores gave
    // it: the calibration part has been learned from by now.
    let file = |decision: &Value, name: &str| {
        let folder = home.path().join("models").join(decision["challenger"].as_str().unwrap());
        std::fs::read(folder.join(name)).unwrap()
    };
    assert!(file(&alone, "forest.bin") != file(&decision, "forest.bin"));
    assert_eq!(site["joined"], serde_json::json!(["forest"]));
    let scoring = |decision: &Value| serde_json::from_slice::<Value>(&file(decision, "scoring.json")).unwrap();
    let (alone, kept) = (scoring(&alone), scoring(&decision));
    assert!(alone["calibration"].is_object() && alone["calibration"] == kept["calibration"], "{kept}");
    assert_ne!(alone["thresholds"], kept["thresholds"]);
}

//! events.jsonl holds what a run told, as data: enough for a server that was not there when it ran.

use std::path::Path;

use nta_pipeline::{Event, Outcome};

use crate::nta::Home;

/// What stands in a run's events.jsonl, less the line of its end; that it is told in whole, well-formed lines is part of it.
fn events(folder: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let mut found = Vec::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        if line["event"] != "ended" {
            found.push(serde_json::from_value(line.clone()).unwrap_or_else(|error| panic!("{error} in {line}")));
        }
    }
    found
}

#[test]
fn a_runs_events_are_data_from_its_config_to_its_model() {
    let home = Home::new();
    let small = ["--set", "forest.trees=10", "--set", "lstm.epochs=2", "--set", "lstm.hidden=16"];
    let done = home.nta(&[&["run", "configs/csv.yaml", "--set", "choice=off", "--json"], &small[..]].concat()).ok();
    let outcome: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let events = events(Path::new(outcome["folder"].as_str().unwrap()));

    let Some(Event::Begun(begun)) = events.first() else { panic!("it begins with {:?}", events.first()) };
    assert_eq!(begun.run, outcome["run"].as_str().unwrap());
    assert_eq!(begun.config["forest"]["trees"], 10);
    let datasets: Vec<_> =
        events.iter().filter_map(|e| if let Event::Dataset(d) = e { Some(d) } else { None }).collect();
    assert!(datasets.iter().all(|d| d.sha256.len() == 64 && d.rows > 0) && datasets[0].role == "train", "{datasets:?}");
    let epochs = events.iter().filter(|e| matches!(e, Event::Epoch(_))).count();
    assert_eq!(epochs, 2);

    let outcomes: Vec<&Outcome> = events
        .iter()
        .filter_map(|e| if let Event::StageDone { outcome, .. } = e { Some(outcome) } else { None })
        .collect();
    let stages: Vec<&str> = outcomes.iter().map(|o| o.stage().name()).collect();
    let all = "read partition preprocess forest importances lstm hybrid evaluate report save";
    assert_eq!(stages.join(" "), all);
    for outcome in outcomes {
        match outcome {
            Outcome::Forest { trees, .. } => assert_eq!(*trees, 10),
            Outcome::Lstm { epochs, most_epochs, .. } => assert_eq!((*epochs, *most_epochs), (2, 2)),
            Outcome::Evaluate { metrics, .. } => {
                assert!(
                    metrics.contains_key("hybrid/roc_auc") && metrics.contains_key("forest/at_budget.recall"),
                    "{metrics:?}"
                );
            }
            Outcome::Save { model, digest } => assert!(model.ends_with("/1") && digest.len() == 64, "{model} {digest}"),
            _ => {}
        }
    }
}

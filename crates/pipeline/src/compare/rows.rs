//! Whether runs judged the same test rows, and where they did not, on what they differ.

use std::collections::BTreeSet;

use serde_json::Value;

use super::judged::JudgedRun;

/// What runs that judged different rows differ on, in words with names in backticks; `None` where they judged the same.
/// The rows count, not the columns that they were read by.
pub(super) fn differ_on(runs: &[JudgedRun]) -> Option<Vec<String>> {
    let all_same = |of: &dyn Fn(&JudgedRun) -> Option<String>| {
        let found: Vec<Option<String>> = runs.iter().map(of).collect();
        found.iter().all(Option::is_some) && found.windows(2).all(|pair| pair[0] == pair[1])
    };
    if all_same(&|run| run.record.test_digest.clone()) || all_same(&|run| Some(run.predictions().ok()?.rows)) {
        return None;
    }
    let mut on = files(runs);
    on.extend(keys(runs));
    if on.is_empty() {
        on.push("how the rows were dealt or read: their settings and files are the same".to_owned());
    }
    Some(on)
}

/// Files whose content differs, or that not all runs read.
fn files(runs: &[JudgedRun]) -> Vec<String> {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.record.digests.keys()).collect();
    let of = |name: &String| {
        let digests: Vec<Option<&String>> = runs.iter().map(|run| run.record.digests.get(name)).collect();
        if digests.iter().any(Option::is_none) {
            return (name != "schema").then(|| format!("`{name}`, which not all of them read"));
        }
        let differs = digests.windows(2).any(|pair| pair[0] != pair[1]);
        differs.then(|| if name == "schema" { "the schema".to_owned() } else { format!("the content of `{name}`") })
    };
    names.into_iter().filter_map(of).collect()
}

/// Settings that decide which rows are judged.
fn keys(runs: &[JudgedRun]) -> Vec<String> {
    let sections = ["split", "seed", "data"];
    let mut found: BTreeSet<String> = BTreeSet::new();
    for section in sections {
        let values: Vec<Option<&Value>> = runs.iter().map(|run| run.config.get(section)).collect();
        collect(section, &values, &mut found);
    }
    found.into_iter().map(|key| format!("`{key}`")).collect()
}

/// The innermost keys below `path` whose values are not the same everywhere.
fn collect(path: &str, values: &[Option<&Value>], found: &mut BTreeSet<String>) {
    if values.windows(2).all(|pair| pair[0] == pair[1]) {
        return;
    }
    let maps: Vec<_> = values.iter().filter_map(|value| value.and_then(Value::as_object)).collect();
    if maps.is_empty() {
        found.insert(path.to_owned());
        return;
    }
    let keys: BTreeSet<&String> = maps.iter().flat_map(|map| map.keys()).collect();
    for key in keys {
        let inner: Vec<Option<&Value>> = values.iter().map(|value| value.and_then(|value| value.get(key))).collect();
        collect(&format!("{path}.{key}"), &inner, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_named_down_to_the_one_that_differs() {
        let (a, b) = (json!({ "test": 0.2, "strategy": "temporal" }), json!({ "test": 0.3, "strategy": "temporal" }));
        let mut found = BTreeSet::new();
        collect("split", &[Some(&a), Some(&b), None], &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["split.strategy", "split.test"]);
        let mut found = BTreeSet::new();
        collect("split", &[Some(&a), Some(&b)], &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["split.test"]);
    }
}

//! `nta compare`: runs that judged other rows are told from runs that differ, and the page holds what a reader asks.

use crate::nta::Home;

const SMALL: [&str; 6] = ["--set", "forest.trees=8", "--set", "lstm.epochs=2", "--set", "lstm.hidden=8"];

/// Trains on flows.csv of the home; answers the run's id.
fn run(home: &Home, sets: &[&str]) -> String {
    let flows = format!("data.train={}", home.path().join("flows.csv").display());
    let mut arguments =
        vec!["run", "configs/csv.yaml", "--set", "choice=off", "--json", "--quiet", "--set", flows.as_str()];
    arguments.extend(SMALL);
    arguments.extend(sets.iter().flat_map(|set| ["--set", set]));
    let out = home.nta(&arguments).ok().out;
    serde_json::from_str::<serde_json::Value>(&out).unwrap()["run"].as_str().unwrap().to_owned()
}

/// Every second row of the example, from the first or the second on.
fn half(from: usize) -> String {
    let text = std::fs::read_to_string(crate::nta::root().join("data/example.csv")).unwrap();
    let rows = text.lines().enumerate().filter(|(i, _)| *i == 0 || i % 2 == from);
    rows.map(|(_, line)| format!("{line}\n")).collect()
}

#[test]
fn runs_on_other_content_under_one_name_are_said_to_have_judged_other_rows() {
    let home = Home::new();
    let ids = [0, 1].map(|from| {
        home.write("flows.csv", half(from));
        run(&home, &[])
    });
    let said = home.nta(&["compare", &ids[0], &ids[1]]).ok().out;
    assert!(said.starts_with("These runs judged different test rows"), "{said}");
    assert!(said.contains("They differ on the content of `train/flows.csv`."), "{said}");
    let page = home.path().join("compare.html");
    home.nta(&["compare", &ids[0], &ids[1], "-o", page.to_str().unwrap()]).ok();
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("different test rows") && page.contains("did not judge the baseline’s rows"));
    assert!(!page.contains("2 seeds"), "one config on two contents is no pair of seeds");
}

#[test]
fn seeds_of_one_config_are_one_column_and_differences_on_the_same_rows_have_intervals() {
    let home = Home::new();
    home.write("flows.csv", half(0));
    let seeds = ["seed=1", "seed=2"].map(|seed| run(&home, &[seed]));
    let other = run(&home, &["seed=1", "forest.max_depth=2", "name=shallow"]);
    let said = home.nta(&["compare", &seeds[0], &other]).ok().out;
    assert!(!said.contains("different test rows"), "{said}");
    let page = home.path().join("compare.html");
    let page_name = page.to_str().unwrap();
    home.nta(&["compare", &other, &seeds[0], &seeds[1], "--baseline", &seeds[1], "-o", page_name]).ok();
    let html = std::fs::read_to_string(&page).unwrap();
    for said in ["2 configurations compared", "2 seeds", "baseline", "forest.max_depth", "± ", "Learning curves"] {
        assert!(html.contains(said), "{said}");
    }
    let intervals = html.matches(" pp [").count();
    assert!(intervals >= 3, "{intervals} differences with an interval");
    assert!(html.contains("<tr class=\"same\"><th>lstm.hidden"), "what is the same is there, hidden");
    for outside in ["src=\"http", "href=\"http", "url(http", "@import", "<script"] {
        assert!(!html.contains(outside), "the page does not stand alone: {outside}");
    }
    home.nta(&["compare", &other]).refused(2, &["needs two runs"]);
    let text = home.path().join("compare.txt");
    home.nta(&["compare", &other, &seeds[0], "-o", text.to_str().unwrap()]).refused(2, &["compare.txt", ".html"]);
}

#[test]
fn a_run_that_reads_a_column_less_judged_the_same_rows() {
    let home = Home::new();
    home.write("flows.csv", half(0));
    let drafted = home.nta(&["schema", "show", "nta"]).ok().out;
    let less = drafted.replace("  - name: wrong_fragment\n", "");
    let schema = format!("data.schema={}", home.write("less.yaml", less).display());
    let (all, fewer) = (run(&home, &[]), run(&home, &[&schema]));
    let said = home.nta(&["compare", &all, &fewer]).ok().out;
    assert!(!said.contains("different test rows") && said.contains("data.schema"), "{said}");
}

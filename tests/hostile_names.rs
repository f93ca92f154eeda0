//! Names that a file brings are shown on terminals and in tables, and neither obeyed nor computed.

use crate::nta::Home;

/// Clears the screen, takes the C1 way to colours, turns the writing round, and begins like a formula.
const NAME: &str = "=1+\u{1b}[2J\u{9b}31m\u{202e}x";

/// A thousand flows that are told apart by the column of that name, and a config that trains on them.
fn flows(home: &Home) -> std::path::PathBuf {
    let row = |i: usize| {
        let (label, bytes) = if i.is_multiple_of(5) { ("attack", 900 + i % 37) } else { ("benign", 100 + i % 501) };
        format!("{bytes},{label}\n")
    };
    let rows: String = (0..1_000).map(row).collect();
    let flows = home.write("flows.csv", format!("{NAME},label\n{rows}"));
    let schema = home.write(
        "schema.yaml",
        "name: small\norder: none\nlabel: { column: label, benign: [benign], attack: [attack] }\n\
         numeric: [{ name: \"=1+\\e[2J\\u009b31m\\u202ex\" }]\n",
    );
    let config = format!(
        "name: small\nchoice: off\ndata: {{ schema: '{}', train: '{}' }}\nsplit: {{ test: 0.3, threshold: 0.2 }}\nforest: {{ trees: 5 }}\n\
         lstm: {{ hidden: 4, epochs: 1 }}\nhybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}\n",
        schema.display(),
        flows.display(),
    );
    home.write("config.yaml", config);
    flows
}

fn assert_shown(text: &str) {
    let obeyed = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!text.contains(obeyed), "{text:?}");
}

#[test]
fn a_column_that_a_terminal_and_a_spreadsheet_would_obey_is_shown_by_both() {
    let home = Home::new();
    let flows = flows(&home);
    let config = home.path().join("config.yaml");
    let config = config.to_str().unwrap();
    let plan = home.nta(&["run", config, "--dry-run"]).ok();
    assert_shown(&plan.out);
    assert!(plan.out.contains(r"=1+\u{1b}[2J\u{9b}31m\u{202e}x"), "{}", plan.out);
    let json = home.nta(&["run", config, "--dry-run", "--json"]).ok().out;
    assert_shown(&json);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["numeric"][0], NAME);
    let run = home.nta(&["run", config]).ok();
    assert_shown(&(run.out + &run.err));

    let folder = home.files().into_iter().find(|f| f.ends_with("tables/importances.csv")).unwrap();
    let importances = std::fs::read_to_string(home.path().join(folder)).unwrap();
    assert!(importances.contains(&format!("\n'{NAME},")), "{importances:?}");

    let output = home.path().join("scored.csv");
    let (input, output) = (flows.to_str().unwrap(), output.to_str().unwrap());
    home.nta(&["score", "small", input, "-o", output, "--explain", "1"]).ok();
    let scored = std::fs::read_to_string(output).unwrap();
    assert!(scored.starts_with(NAME), "what the file brought stays");
    assert!(scored.contains(&format!(",'{NAME} +")), "{}", &scored[..200]);
}

#[test]
fn an_error_that_quotes_a_file_stays_on_its_line() {
    let home = Home::new();
    flows(&home);
    let text = std::fs::read_to_string(home.path().join("flows.csv")).unwrap();
    home.write("flows.csv", text.replacen("900", "\u{1b}]0;owned\u{7}\u{9b}2J", 1));
    let config = home.path().join("config.yaml");
    let done = home.nta(&["run", config.to_str().unwrap()]);
    assert_shown(&done.err);
    done.refused(2, &["flows.csv", "line 2", r"\u{1b}"]);
}

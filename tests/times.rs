//! Times are read rightly, or the question is put: drafts, runs and scores of files whose clocks differ, through the
//! binary.

use crate::nta::{Done, Home};

const ROWS: usize = 600;

/// A file of `ROWS` flows, 20 s apart from 2024-05-01 09:00 on: the columns `head`, then bytes and label.
fn flows(head: &str, row: impl Fn(usize) -> String) -> String {
    let line = |i: usize| {
        let label = if i % 5 == 2 { "ddos" } else { "benign" };
        let bytes = if i % 5 == 2 { 900 + i % 37 } else { 100 + i * 7 % 501 };
        format!("{},10.0.0.{},{bytes},{label}\n", row(i), i % 9)
    };
    format!("{head},src_ip,bytes,label\n{}", (0..ROWS).map(line).collect::<String>())
}

/// Hours and minutes and seconds of flow `i`.
fn clock(i: usize) -> (usize, usize, usize) {
    let seconds = 9 * 3600 + 20 * i;
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The text of flow `i`, 24 hours: `09:00:00`.
fn hms(i: usize) -> String {
    let (h, m, s) = clock(i);
    format!("{h:02}:{m:02}:{s:02}")
}

/// The numbers below `ROWS` in no order: a column that rises with the rows is a counter.
fn mixed(i: usize) -> usize {
    i * 7_919 % ROWS
}

fn draft(home: &Home, text: &str) -> String {
    let file = home.write("flows.csv", text);
    let yaml = home.nta(&["schema", "infer", file.to_str().unwrap()]).ok().out;
    home.write("schema.yaml", &yaml);
    yaml
}

/// `nta run` by the schema that stands in the home.
fn run(home: &Home, more: &[&str]) -> Done {
    let place = |name: &str| home.path().join(name).display().to_string();
    let config = format!(
        "name: times\nchoice: off\ndata: {{ schema: '{}', train: '{}' }}\nsplit: {{ strategy: temporal, test: 0.3, validation: 0.15, \
         calibration: 0.1, threshold: 0.2 }}\nforest: {{ trees: 5 }}\nlstm: {{ hidden: 4, epochs: 1 }}\n\
         hybrid: {{ budget: {{ false_positive_rate: 0.1 }} }}\n",
        place("schema.yaml"),
        place("flows.csv"),
    );
    let config = home.write("config.yaml", config);
    home.nta(&[&["run", config.to_str().unwrap()], more].concat())
}

/// The draft of `text` holds each of `words`, and by it the flows lie between 9:00 and 12:20.
fn reads(text: &str, words: &[&str]) {
    let home = Home::new();
    let yaml = draft(&home, text);
    for word in words {
        assert!(yaml.contains(word), "`{word}` is not in:\n{yaml}");
    }
    let told = run(&home, &["--dry-run"]).ok().out;
    assert!(told.contains("2024-05-01 09:00:00 to 2024-05-01 12:19:"), "{told}\n{yaml}");
}

#[test]
fn the_unit_of_a_duration_is_read_off_name_tool_ends_and_room() {
    let at = |i: usize, name: &str, lasted: usize| format!("2024-05-01 {}{name}{lasted}", hms(i));
    let milliseconds = flows("timestamp,FLOW_DURATION_MILLISECONDS", |i| at(i, ",", 60_000 + 90 * mixed(i)));
    reads(&milliseconds, &["duration_unit: milliseconds  # the name says so", "order: end_time"]);
    let tool = flows("Timestamp,Flow Duration,Total Fwd Packets", |i| at(i, ",", 5_000_000 + 90 * mixed(i)) + ",7");
    reads(&tool, &["duration_unit: microseconds  # as CICFlowMeter writes"]);
    let room = flows("timestamp,duration", |i| at(i, ",", 60_000_000 + 90 * mixed(i)));
    reads(&room, &["duration_unit: microseconds  # in no coarser unit"]);
    let both = flows("start_time,end_time,dur", |i| {
        let (from, until) = (1_714_554_000_000 + 20_000 * i, 1_714_554_005_000 + 20_000 * i);
        format!("{from},{until},5000")
    });
    reads(&both, &["duration_unit: milliseconds  # ends less starts say so", "end_time  # an absolute time"]);
    reads(
        &flows("timestamp,dur", |i| at(i, ",", mixed(i) % 9) + ".25"),
        &["duration_unit: seconds  # they have fractions"],
    );
}

#[test]
fn a_duration_of_two_possible_units_is_asked_for() {
    let home = Home::new();
    let yaml = draft(&home, &flows("timestamp,duration", |i| format!("2024-05-01 {},{}", hms(i), 1_000 + mixed(i))));
    assert!(yaml.contains("duration_unit: unknown  # the longest is 1599: seconds or milliseconds"), "{yaml}");
    run(&home, &[]).refused(2, &["`duration_unit` is not settled", "`duration` counts seconds, milliseconds"]);
    home.write("schema.yaml", yaml.replace("duration_unit: unknown", "duration_unit: milliseconds"));
    run(&home, &["--dry-run"]).ok();
}

#[test]
fn flows_that_outlast_their_file_are_refused_with_the_unit_that_fits() {
    let home = Home::new();
    let yaml =
        draft(&home, &flows("timestamp,duration_ms", |i| format!("2024-05-01 {},{}", hms(i), 60_000 + mixed(i))));
    home.write("schema.yaml", yaml.replace("duration_unit: milliseconds", "duration_unit: seconds"));
    run(&home, &[]).refused(2, &["`duration_ms`, read in seconds", "set `duration_unit: milliseconds`"]);
}

#[test]
fn numbers_are_told_apart_by_their_size() {
    let epoch = |i: usize| 1_714_554_000 + 20 * i as u64;
    reads(&flows("ts", |i| epoch(i).to_string()), &["unit: seconds"]);
    reads(&flows("ts", |i| format!("{}", epoch(i) * 1_000)), &["unit: milliseconds"]);
    reads(&flows("ts", |i| format!("{}", epoch(i) * 1_000_000)), &["unit: microseconds"]);
    reads(&flows("ts", |i| format!("{}", epoch(i) * 1_000_000_000)), &["unit: nanoseconds"]);
    reads(&flows("Date", |i| format!("{:.6}", 45_413.375 + 20.0 * i as f64 / 86_400.0)), &["unit: excel_days"]);
    let digits = |i: usize| format!("20240501{}", hms(i).replace(':', ""));
    reads(&flows("timestamp", digits), &["%Y%m%d%H%M%S"]);
}

#[test]
fn text_in_common_formats_is_read() {
    for (head, before, after) in [
        ("timestamp", "01.05.2024 ", ""),
        ("Time", "2024-05-01T", "Z"),
        ("Time", "2024-05-01T", ".123456+00:00"),
        ("timestamp", "2024-05-01 ", " UTC"),
        ("timestamp", "01/May/2024:", " +0000"),
        ("Date first seen", "2024-05-01 ", ",123"),
        ("seen at", "24/05/01 ", ""),
        ("seen at", "05/06/24 ", ""),
    ] {
        let text = flows(head, |i| format!("\"{before}{}{after}\"", hms(i)));
        // Of the last, nothing tells day and month apart.
        let home = Home::new();
        let yaml = draft(&home, &text);
        if yaml.contains("%?") {
            run(&home, &[]).refused(2, &["`time.format` is not settled", "%d where the day stands"]);
        } else {
            reads(&text, &["time:", "format: "]);
        }
        assert_eq!(yaml.contains("%?"), before == "05/06/24 ", "{yaml}");
    }
    let afternoon = |i: usize| {
        let (h, m, _) = clock(i);
        format!("5/1/2024 {}:{m:02} {}", (h + 11) % 12 + 1, if h < 12 { "AM" } else { "PM" })
    };
    let home = Home::new();
    let yaml =
        draft(&home, &flows("Timestamp", afternoon).replace("ddos\n", "ddos\n5/13/2024 9:00 AM,10.0.0.1,5,benign\n"));
    assert!(yaml.contains("%m/%d/%Y %I:%M %p"), "{yaml}");
}

#[test]
fn a_time_in_no_known_format_is_named_and_no_category() {
    let home = Home::new();
    let yaml = draft(&home, &flows("timestamp", |i| format!("May 01 {}", hms(i / 9 * 9))));
    assert!(yaml.contains("timestamp looks like a time, in no known format, e.g. `May 01 09:00:00`"), "{yaml}");
    assert!(yaml.contains("- timestamp  # looks like a time") && yaml.contains("order: none"), "{yaml}");
    assert!(!yaml.contains("categorical:"), "{yaml}");
    let yaml = draft(&home, &flows("timestamp", |i| (17 + i).to_string()));
    assert!(yaml.contains("order: none") && yaml.contains("- timestamp  # looks like a time"), "{yaml}");
}

#[test]
fn a_time_of_no_year_with_traffic_is_refused_with_its_unit() {
    let home = Home::new();
    let yaml = draft(&home, &flows("ts", |i| format!("{}", 1_714_554_000_000 + 20_000 * i)));
    home.write("schema.yaml", yaml.replace("unit: milliseconds", "unit: seconds"));
    run(&home, &[]).refused(2, &["flows.csv, line 2, column `ts`", "set `time.unit: milliseconds`"]);
    home.write("schema.yaml", yaml.replace("unit: milliseconds", "unit: microseconds"));
    run(&home, &[]).refused(2, &["line 2, column `ts`", "1970-01-20"]);
}

#[test]
fn a_clock_of_twelve_hours_is_recognised_and_read() {
    let twelve = flows("Timestamp,Total Fwd Packets", |i| {
        let (h, m, _) = clock(i * 2);
        format!("1/5/2024 {}:{m:02},3", (h + 11) % 12 + 1)
    });
    let home = Home::new();
    let yaml = draft(&home, &twelve);
    assert!(yaml.contains("twelve_hour_from: 6") && yaml.contains("after 12:59 the clock falls back"), "{yaml}");
    let told = run(&home, &["--dry-run"]).ok().out;
    assert!(told.contains("2024-05-01 09:00:00 to 2024-05-01 15:39:00 UTC"), "{told}");
    home.write("schema.yaml", yaml.replace("  twelve_hour_from: 6\n", ""));
    run(&home, &[]).refused(2, &["`Timestamp` has no hour above 12", "set `time.twelve_hour_from: 6`"]);
    home.write("schema.yaml", yaml.replace("twelve_hour_from: 6", "twelve_hour_from: 0"));
    run(&home, &["--dry-run"]).ok();
}

#[test]
fn a_clock_of_twelve_hours_that_shows_late_is_found_by_the_run() {
    // From 7:20 on, a second apart: the 20,000 rows that a draft looks at end before 13:00, which is written 1:00.
    let mut text = "Timestamp,src_ip,bytes,label\n".to_owned();
    for i in 0..26_000 {
        let seconds = 7 * 3600 + 20 * 60 + i;
        let (h, m, s) = ((seconds / 3600 + 11) % 12 + 1, seconds / 60 % 60, seconds % 60);
        let label = if i % 5 == 0 { "scan" } else { "benign" };
        text.push_str(&format!("2024-05-01 {h:02}:{m:02}:{s:02},10.0.0.{},{},{label}\n", i % 9, i * 37 % 501));
    }
    let home = Home::new();
    let yaml = draft(&home, &text);
    assert!(!yaml.contains("twelve_hour_from"), "{yaml}");
    run(&home, &[]).refused(2, &["`Timestamp` has no hour above 12", "set `time.twelve_hour_from: "]);
    let made = home.path().join("made.yaml").display().to_string();
    let file = home.path().join("flows.csv").display().to_string();
    home.nta(&["init", &file, "-o", &made]).refused(2, &["does not run yet", "`Timestamp` has no hour above 12"]);
}

#[test]
fn the_newest_rows_are_not_trained_on_because_they_stand_first() {
    let home = Home::new();
    let falling = flows("Timestamp", |i| format!("2024-05-01 {}", hms(ROWS - 1 - i)));
    let yaml = draft(&home, &falling);
    assert!(yaml.contains("# The newest rows stand first: sorted by time.\norder: end_time"), "{yaml}");
    home.write("schema.yaml", yaml.replace("order: end_time", "order: file"));
    run(&home, &[]).refused(2, &["the newest rows stand first", "set `order: end_time`"]);
    let shuffled = flows("Timestamp", |i| format!("2024-05-01 {}", hms(i * 7 % ROWS)));
    assert!(draft(&home, &shuffled).contains("order: end_time"));
}

#[test]
fn absolute_clocks_are_no_features() {
    let home = Home::new();
    let yaml = draft(
        &home,
        &flows("id,bidirectional_first_seen_ms,bidirectional_last_seen_ms,bidirectional_duration_ms,x17", |i| {
            let first = 1_714_554_000_000 + 20_000 * i;
            format!("{i},{first},{},{},{}", first + 500, 500, first / 1_000)
        }),
    );
    assert!(yaml.contains("column: bidirectional_first_seen_ms\n  unit: milliseconds"), "{yaml}");
    for column in ["bidirectional_last_seen_ms", "x17"] {
        assert!(yaml.contains(&format!("- {column}  # an absolute time")), "{yaml}");
    }
    assert!(yaml.contains("duration_unit: milliseconds"), "{yaml}");
}

#[test]
fn the_span_of_times_read_is_shown_by_run_report_and_score() {
    let home = Home::new();
    draft(&home, &flows("ts", |i| format!("{}", 1_714_554_000_000 + 20_000 * i)));
    let done = run(&home, &[]).ok();
    let span = "2024-05-01 09:00:00 to 2024-05-01 12:19:40 UTC (ts read as milliseconds since 1970-01-01 UTC)";
    assert!(done.err.contains(&format!("train {span}")), "{}", done.err);
    let report = home.files().into_iter().find(|f| f.ends_with("report.html")).unwrap();
    let page = std::fs::read_to_string(home.path().join(report)).unwrap();
    assert!(page.contains("2024-05-01 09:00:00 UTC to 2024-05-01 12:19:40 UTC"));
    let (flows, scored) = (home.path().join("flows.csv"), home.path().join("scored.csv"));
    let done = home.nta(&["score", "times", flows.to_str().unwrap(), "-o", scored.to_str().unwrap()]).ok();
    assert!(done.out.contains(span), "{}", done.out);
}

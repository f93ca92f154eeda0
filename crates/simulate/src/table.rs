//! Simulated flows as a table: as CSV text, or as a dataset without a file between.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use nta_data::{Categories, Dataset, Label, Order, RowId, Schema, SequenceBy, Watch, entity_hash};

use crate::config::{SimulateConfig, SimulateError};
use crate::flow::Flow;

/// Column names, in file order.
pub const COLUMNS: [&str; 16] = [
    "time",
    "duration",
    "src",
    "dst",
    "src_port",
    "dst_port",
    "proto",
    "service",
    "state",
    "src_bytes",
    "dst_bytes",
    "src_pkts",
    "dst_pkts",
    "wrong_fragment",
    "label",
    "family",
];

/// What the family column says of a benign flow, and the label column too.
const BENIGN: &str = "benign";

/// Writes the flows as CSV with a header: time in RFC 3339 to the microsecond, duration in seconds, `label` benign or
/// attack, `family` benign or the attack's.
pub fn write_csv(flows: &[Flow], mut out: impl Write) -> io::Result<()> {
    let mut line = COLUMNS.join(",");
    for flow in flows {
        line.push('\n');
        out.write_all(line.as_bytes())?;
        line.clear();
        for (i, column) in COLUMNS.iter().enumerate() {
            if i > 0 {
                line.push(',');
            }
            push_text(flow, column, &mut line);
        }
    }
    line.push('\n');
    out.write_all(line.as_bytes())?;
    out.flush()
}

/// The flows as a dataset by this schema, as reading them from a file would give it: the same values, in the same
/// order, and the entities of one capture under `key`. The schema may ask for any of [`COLUMNS`], as number where it is
/// one, or as text.
pub fn to_dataset(
    flows: &[Flow],
    schema: Arc<Schema>,
    by: SequenceBy,
    key: [u8; 16],
) -> Result<Dataset, SimulateError> {
    let schema = Arc::new(schema.resolved(|name| COLUMNS.contains(&name)));
    let numeric = schema.numeric.iter().map(|c| numbers(flows, &schema, &c.name)).collect::<Result<_, _>>()?;
    let categorical = schema.categorical.iter().map(|c| texts(flows, &schema, &c.name)).collect::<Result<_, _>>()?;
    let family = match (&schema.family, &schema.label) {
        (Some(role), _) => Some(texts(flows, &schema, &role.column)?),
        (None, Some(role)) => Some(texts(flows, &schema, &role.column)?),
        (None, None) => None,
    };
    let label = |f: &Flow| if f.family.is_some() { Label::Attack } else { Label::Benign };
    let ordered = schema.order != Order::None;
    Ok(Dataset {
        numeric,
        categorical,
        label: schema.label.as_ref().map(|_| flows.iter().map(label).collect()),
        family,
        time: schema.time.as_ref().map(|_| flows.iter().map(|f| f.time).collect()),
        end_time: schema.time.as_ref().map(|_| flows.iter().map(Flow::end).collect()),
        entity: if ordered { entities(flows, by, &key) } else { Vec::new() },
        row: (0..flows.len() as u64).map(|row| RowId { file: 0, row }).collect(),
        files: vec!["simulated".to_owned()],
        schema,
    })
}

impl SimulateConfig {
    /// [`SimulateConfig::generate`] and [`to_dataset`] in one.
    pub fn dataset(
        &self,
        schema: Arc<Schema>,
        by: SequenceBy,
        key: [u8; 16],
        seed: u64,
        watch: &dyn Watch,
    ) -> Result<Dataset, SimulateError> {
        to_dataset(&self.generate(seed, watch)?, schema, by, key)
    }
}

/// Hash of (capture, host) a row; the capture is file 0, as for a single file read.
fn entities(flows: &[Flow], by: SequenceBy, key: &[u8; 16]) -> Vec<u64> {
    let (mut src, mut dst) = (String::new(), String::new());
    flows
        .iter()
        .map(|flow| {
            src.clear();
            dst.clear();
            push_text(flow, "src", &mut src);
            push_text(flow, "dst", &mut dst);
            match by {
                SequenceBy::Src => entity_hash(key, &[b"0", src.as_bytes()]),
                SequenceBy::Dst => entity_hash(key, &[b"0", dst.as_bytes()]),
                SequenceBy::Pair => entity_hash(key, &[b"0", src.as_bytes(), dst.as_bytes()]),
                SequenceBy::Capture => entity_hash(key, &[b"0"]),
            }
        })
        .collect()
}

fn unknown(schema: &Schema, column: &str) -> SimulateError {
    SimulateError::UnknownColumn { schema: schema.name.clone(), column: column.to_owned(), known: COLUMNS.join(", ") }
}

/// A column as numbers, rounded to f32 once, as a reader of the text would.
fn numbers(flows: &[Flow], schema: &Schema, column: &str) -> Result<Vec<f32>, SimulateError> {
    let value: fn(&Flow) -> f64 = match column {
        "duration" => |f| f.duration as f64 / 1e6,
        "src_port" => |f| f64::from(f.src_port),
        "dst_port" => |f| f64::from(f.dst_port),
        "src_bytes" => |f| f.src_bytes as f64,
        "dst_bytes" => |f| f.dst_bytes as f64,
        "src_pkts" => |f| f64::from(f.src_pkts),
        "dst_pkts" => |f| f64::from(f.dst_pkts),
        "wrong_fragment" => |f| f64::from(f.wrong_fragment),
        _ => return Err(unknown(schema, column)),
    };
    Ok(flows.iter().map(|f| value(f) as f32).collect())
}

/// A column as text.
fn texts(flows: &[Flow], schema: &Schema, column: &str) -> Result<Categories, SimulateError> {
    if !COLUMNS.contains(&column) {
        return Err(unknown(schema, column));
    }
    let words: Vec<String> = flows
        .iter()
        .map(|flow| {
            let mut text = String::new();
            push_text(flow, column, &mut text);
            text
        })
        .collect();
    Ok(Categories::from_texts(words.iter().map(|w| Some(w.as_str()))))
}

/// One cell as it stands in a file.
fn push_text(flow: &Flow, column: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match column {
        "time" => {
            let time = jiff::Timestamp::from_microsecond(flow.time).unwrap_or_default();
            write!(out, "{time:.6}")
        }
        "duration" => write!(out, "{}.{:06}", flow.duration / 1_000_000, flow.duration % 1_000_000),
        "src" => write!(out, "{}", flow.src),
        "dst" => write!(out, "{}", flow.dst),
        "src_port" => write!(out, "{}", flow.src_port),
        "dst_port" => write!(out, "{}", flow.dst_port),
        "proto" => out.write_str(flow.proto.name()),
        "service" => out.write_str(flow.service.name()),
        "state" => out.write_str(flow.state.name()),
        "src_bytes" => write!(out, "{}", flow.src_bytes),
        "dst_bytes" => write!(out, "{}", flow.dst_bytes),
        "src_pkts" => write!(out, "{}", flow.src_pkts),
        "dst_pkts" => write!(out, "{}", flow.dst_pkts),
        "wrong_fragment" => write!(out, "{}", flow.wrong_fragment),
        "label" => out.write_str(if flow.family.is_some() { "attack" } else { BENIGN }),
        "family" => out.write_str(flow.family.map_or(BENIGN, |f| f.name())),
        _ => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use nta_data::{CategoricalColumn, EntityRole, FamilyRole, LabelRole, NumericColumn, Quiet, TimeRole, TimeUnit};

    fn schema(numeric: &[&str], categorical: &[&str]) -> Arc<Schema> {
        Arc::new(Schema {
            name: "test".to_owned(),
            description: String::new(),
            header: Vec::new(),
            optional: Vec::new(),
            delimiter: None,
            aliases: Default::default(),
            label: Some(LabelRole {
                column: "label".to_owned(),
                benign: vec![BENIGN.to_owned()],
                attack: Vec::new(),
                ignore: Vec::new(),
                matching: Default::default(),
            }),
            family: Some(FamilyRole { column: "family".to_owned() }),
            capture: None,
            time: Some(TimeRole { column: "time".to_owned(), ..TimeRole::default() }),
            duration: Some("duration".to_owned()),
            duration_unit: TimeUnit::Seconds,
            entity: EntityRole { src: Some("src".to_owned()), dst: Some("dst".to_owned()) },
            order: Order::EndTime,
            categorical: categorical.iter().map(|&n| CategoricalColumn { name: n.to_owned() }).collect(),
            numeric: numeric.iter().map(|&n| NumericColumn::plain(n)).collect(),
            ignored: Vec::new(),
            accepted: Vec::new(),
        })
    }

    fn small() -> SimulateConfig {
        SimulateConfig { flows: 2_000, days: 1, hosts: 16, ..SimulateConfig::default() }
    }

    #[test]
    fn the_dataset_holds_what_the_file_says() {
        let flows = small().generate(5, &Quiet).unwrap();
        let schema = schema(&["duration", "src_bytes", "dst_port"], &["proto", "dst_port"]);
        let dataset = to_dataset(&flows, schema, SequenceBy::Src, [7; 16]).unwrap();
        let mut file = Vec::new();
        write_csv(&flows, &mut file).unwrap();
        let file = String::from_utf8(file).unwrap();
        let rows: Vec<Vec<&str>> = file.lines().map(|l| l.split(',').collect()).collect();
        assert_eq!(rows[0], COLUMNS);
        assert_eq!(rows.len(), flows.len() + 1);
        let column = |name| COLUMNS.iter().position(|&c| c == name).unwrap();
        for (i, row) in rows[1..].iter().enumerate() {
            let number = |name| row[column(name)].parse::<f64>().unwrap() as f32;
            assert_eq!(dataset.numeric[0][i], number("duration"));
            assert_eq!(dataset.numeric[1][i], number("src_bytes"));
            assert_eq!(dataset.numeric[2][i], number("dst_port"));
            assert_eq!(dataset.categorical[0].text(i), Some(row[column("proto")]));
            assert_eq!(dataset.categorical[1].text(i), Some(row[column("dst_port")]));
            assert_eq!(dataset.family_of(i), Some(row[column("family")]));
            let attack = dataset.label.as_ref().unwrap()[i].is_attack();
            assert_eq!(if attack { "attack" } else { "benign" }, row[column("label")]);
            assert_eq!(dataset.entity[i], entity_hash(&[7; 16], &[b"0", row[column("src")].as_bytes()]));
            let time: jiff::Timestamp = row[column("time")].parse().unwrap();
            assert_eq!(time.as_microsecond(), dataset.time.as_ref().unwrap()[i]);
        }
        assert!(dataset.end_time.as_ref().unwrap().is_sorted());
        assert_eq!(dataset.row[3], RowId { file: 0, row: 3 });
    }

    #[test]
    fn a_column_that_is_not_simulated_is_refused_by_name() {
        let flows = small().generate(5, &Quiet).unwrap();
        for schema in [schema(&["num_failed_logins"], &[]), schema(&["proto"], &[]), schema(&[], &["flag"])] {
            let error = to_dataset(&flows, Arc::clone(&schema), SequenceBy::Src, [0; 16]).unwrap_err().to_string();
            let column = schema.numeric.first().map_or("flag", |c| c.name.as_str());
            assert!(error.contains(&format!("`{column}`")) && error.contains("wrong_fragment"), "{error}");
        }
    }
}

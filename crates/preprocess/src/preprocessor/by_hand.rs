//! What is public of a preprocessor tells everything that its views are made of: rows transformed by hand agree.

use nta_data::{Categories, Dataset, MemoryConfig};

use super::tests::{config, table};
use super::{CLIP, GapMemory, Impute, NumericConfig, PreprocessConfig, Preprocessor, Scale, Sequencing, Transform};

fn number(table: &Dataset, name: &str, row: usize) -> f32 {
    let column = table.schema.numeric.iter().position(|c| c.name == name).unwrap();
    table.numeric[column][row]
}

fn text<'a>(table: &'a Dataset, name: &str, row: usize) -> Option<&'a str> {
    let column = table.schema.categorical.iter().position(|c| c.name == name).unwrap();
    table.categorical[column].text(row)
}

/// A row of the dense view: numbers, then codes.
fn dense(fitted: &Preprocessor, table: &Dataset, row: usize, previous_end: Option<i64>) -> (Vec<f32>, Vec<u32>) {
    let mut numbers = Vec::new();
    for column in fitted.numeric() {
        let x = number(table, &column.name, row);
        let x = if x.is_finite() { f64::from(x) } else { column.fill };
        let x = match fitted.config().numeric.transform {
            Transform::Log1p => x.abs().ln_1p() * x.signum(),
            Transform::None => x,
        };
        numbers.push(((x - column.center) / column.spread).clamp(-CLIP, CLIP) as f32);
    }
    for column in fitted.numeric().iter().filter(|column| column.missing_rows > 0) {
        numbers.push(f32::from(u8::from(!number(table, &column.name, row).is_finite())));
    }
    if let Some(gap) = fitted.gap() {
        let end = table.end_time.as_ref().unwrap()[row];
        match previous_end {
            None => numbers.extend([0.0, 1.0]),
            Some(previous) => {
                let seconds = (end - previous).max(0) as f64 / 1e6;
                let x = (seconds.ln_1p() - gap.mean) / gap.deviation;
                numbers.extend([x.clamp(-CLIP, CLIP) as f32, 0.0]);
            }
        }
    }
    let code = |column: &super::FittedCategorical| match text(table, &column.name, row) {
        Some(text) => column.values.get(text).unwrap_or(&column.other).code,
        None => column.missing.as_ref().unwrap_or(&column.other).code,
    };
    (numbers, fitted.categorical().iter().map(code).collect())
}

/// Values, texts and silences that training never saw.
fn later() -> Dataset {
    let mut later = table();
    later.numeric[0][1] = f32::NAN;
    later.numeric[0][2] = -70_000.0;
    later.numeric[1][3] = f32::INFINITY;
    later.numeric[3][4] = f32::MAX;
    later.categorical[0] =
        Categories::from_texts((0..20).map(|i| [Some("sctp"), None, Some("udp"), Some("tcp")][i % 4]));
    later.categorical[1].codes[7] = Categories::MISSING;
    later.end_time.as_mut().unwrap()[9] = 0;
    later.end_time.as_mut().unwrap()[19] += 7_000_000;
    later
}

#[test]
fn rows_transformed_by_hand_are_those_of_both_views() {
    let numeric = |impute, transform, scale| NumericConfig { impute, transform, scale };
    let settings = [
        numeric(Impute::Median, Transform::Log1p, Scale::Standard),
        numeric(Impute::Mean, Transform::None, Scale::Robust),
        numeric(Impute::Zero, Transform::Log1p, Scale::Minmax),
    ];
    for (numeric, sequencing) in settings.into_iter().zip([
        Sequencing::Gap(MemoryConfig { idle_seconds: 45.0, ..MemoryConfig::default() }),
        Sequencing::None,
        Sequencing::Gap(MemoryConfig::default()),
    ]) {
        let config = PreprocessConfig { numeric, ..config() };
        let fitted = config.fit(&table(), sequencing).unwrap();
        let table = later();
        let features = fitted.transform(&table).unwrap();
        let mut memory = fitted.gap().map(|gap| GapMemory::new(&gap.memory));
        for row in 0..table.n_rows() {
            let end = table.end_time.as_ref().unwrap()[row];
            let previous = memory.as_mut().and_then(|memory| memory.visit(table.entity[row], end));
            let (numbers, codes) = dense(&fitted, &table, row, previous);
            assert_eq!(features.dense.numeric_row(row), numbers, "row {row}");
            assert_eq!(features.dense.code_row(row), codes, "row {row}");
            for (column, values) in fitted.numeric().iter().zip(&features.tabular.columns) {
                let x = number(&table, &column.name, row);
                assert!(if x.is_finite() { values[row] == x } else { values[row].is_nan() });
            }
            for (column, ranks) in fitted.categorical().iter().zip(&features.tabular.columns[fitted.numeric().len()..])
            {
                assert_eq!(ranks[row], column.category(text(&table, &column.name, row)).rank as f32);
            }
        }
    }
}

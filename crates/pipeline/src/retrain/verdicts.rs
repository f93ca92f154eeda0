//! What analysts said of flows (`nta feedback`), among the rows that a challenger learns from.

use std::collections::HashSet;

use nta_data::{Dataset, Sealed};

use super::mix::behind;
use crate::error::PipelineError;

/// `learned` with the flows of `verdicts` in place of the same flows there. Flows that are held out stay out: nothing that is
/// judged on is learned. Answers the rows, and how many verdicts are among them.
pub(super) fn join(learned: &Dataset, verdicts: &Dataset, held_out: &Sealed) -> Result<(Dataset, u64), PipelineError> {
    let judged: HashSet<u128> = held_out.feature_hashes().into_iter().collect();
    let hashes = verdicts.feature_hashes();
    let rows: Vec<u32> = (0..hashes.len()).filter(|&i| !judged.contains(&hashes[i])).map(|i| i as u32).collect();
    if rows.is_empty() {
        return Ok((learned.clone(), 0));
    }
    let flow = |table: &Dataset, hash: u128, i: usize| (hash, table.time.as_ref().map(|times| times[i]));
    let said: HashSet<(u128, Option<i64>)> =
        rows.iter().map(|&i| flow(verdicts, hashes[i as usize], i as usize)).collect();
    let known = learned.feature_hashes();
    let unsaid: Vec<u32> =
        (0..known.len()).filter(|&i| !said.contains(&flow(learned, known[i], i))).map(|i| i as u32).collect();
    Ok((behind(verdicts.take(&rows), &learned.take(&unsaid))?, rows.len() as u64))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nta_data::{Categories, Label, RowId};

    use super::*;

    fn flows(values: &[f32], label: Label) -> Dataset {
        let schema = r#"{ "name": "toy", "order": "file", "numeric": [{ "name": "x" }] }"#;
        let mut rows = Dataset::empty(Arc::new(serde_json::from_str(schema).unwrap()));
        rows.numeric[0] = values.to_vec();
        rows.label = Some(vec![label; values.len()]);
        rows.family = Some(Categories::from_texts(values.iter().map(|_| Some("any"))));
        rows.time = Some(values.iter().map(|x| *x as i64).collect());
        rows.entity = vec![1; values.len()];
        rows.row = (0..values.len() as u64).map(|row| RowId { file: 0, row }).collect();
        rows.files = vec!["flows.csv".into()];
        rows
    }

    #[test]
    fn a_verdict_goes_before_the_files_label_and_never_onto_what_is_held_out() {
        let learned = flows(&[1.0, 2.0, 3.0], Label::Attack);
        let held_out = Sealed::new(flows(&[8.0, 9.0], Label::Attack));
        let verdicts = flows(&[2.0, 9.0, 5.0], Label::Benign);
        let (rows, n) = join(&learned, &verdicts, &held_out).unwrap();
        assert_eq!((n, &rows.numeric[0]), (2, &vec![2.0, 5.0, 1.0, 3.0]));
        assert_eq!(rows.n_attacks(), 2);
        let (same, none) = join(&learned, &flows(&[9.0], Label::Benign), &held_out).unwrap();
        assert_eq!((none, same.n_rows()), (0, 3));
    }
}

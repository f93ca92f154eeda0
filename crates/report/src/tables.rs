//! The tables as CSV, for spreadsheets and scripts. Numbers in full; an undefined one is an empty cell.

use nta_metrics::{AT_THRESHOLD, MemberEvaluation, OperatingPoint, RANKING};

use crate::names::file_name;
use crate::spreadsheet::inert_cell;
use crate::{Loss, ReportError, RunReport};

/// File names and contents.
pub(crate) fn write(run: &RunReport) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut files = Vec::new();
    for (name, member) in run.evaluation.members.iter() {
        let rows = classification_report(&member.at_budget);
        let file = format!("classification_report_{}.csv", file_name(name));
        files.push((file, csv("classification_report", rows)?));
    }
    files.push(("members.csv".into(), csv("members.csv", members(run))?));
    files.push(("families.csv".into(), csv("families.csv", families(run))?));
    files.push(("importances.csv".into(), csv("importances.csv", importances(run))?));
    files.push(("learning_curve.csv".into(), csv("learning_curve.csv", learning_curve(run))?));
    Ok(files)
}

type Rows = Vec<Vec<String>>;

fn csv(name: &'static str, rows: Rows) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: &Vec<String>| writer.write_record(row.iter().map(|cell| inert_cell(cell).into_owned()));
    rows.iter().try_for_each(&mut write).map_err(|source| ReportError::Table { name, source })?;
    writer.into_inner().map_err(|error| ReportError::Table { name, source: error.into_error().into() })
}

fn header(names: &[&str]) -> Rows {
    vec![names.iter().map(|name| (*name).to_owned()).collect()]
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// As scikit-learn prints its report: the classes, accuracy in the column of F1, the two averages.
fn classification_report(point: &OperatingPoint) -> Rows {
    let mut rows = header(&["class", "precision", "recall", "f1-score", "support"]);
    for class in &point.classes {
        if class.class == "macro avg" {
            let total = point.confusion.total().to_string();
            rows.push(vec!["accuracy".into(), String::new(), String::new(), number(point.accuracy), total]);
        }
        let numbers = [class.precision, class.recall, class.f1].map(number);
        let [precision, recall, f1] = numbers;
        rows.push(vec![class.class.clone(), precision, recall, f1, class.support.to_string()]);
    }
    rows
}

fn members(run: &RunReport) -> Rows {
    let ranking = RANKING.iter().map(|entry| entry.metric.name);
    let names: Vec<&str> = ranking.chain(AT_THRESHOLD.iter().map(|entry| entry.metric.name)).collect();
    let head = std::iter::once("member").chain(names.iter().copied()).map(str::to_owned).collect();
    let row = |(name, member): (&str, &MemberEvaluation)| {
        let numbers = names.iter().map(|metric| number(member.value(metric)));
        std::iter::once(name.to_owned()).chain(numbers).collect()
    };
    std::iter::once(head).chain(run.evaluation.with_beside().map(row)).collect()
}

fn families(run: &RunReport) -> Rows {
    let mut rows = header(&["member", "family", "flows", "seen_in_training", "recall_at_budget", "recall_at_half"]);
    for (member, evaluation) in run.evaluation.members.iter() {
        rows.extend(evaluation.families.iter().map(|(name, family)| {
            vec![
                member.to_owned(),
                name.to_owned(),
                family.flows.to_string(),
                family.seen_in_training.to_string(),
                family.recall_at_budget.to_string(),
                family.recall_at_half.to_string(),
            ]
        }));
    }
    rows
}

fn importances(run: &RunReport) -> Rows {
    let mut features: Vec<_> = run.importances.iter().collect();
    features.sort_by(|a, b| b.importance.total_cmp(&a.importance).then_with(|| a.name.cmp(&b.name)));
    let mut rows = header(&["feature", "impurity_share", "permutation_loss", "permutation_low", "permutation_high"]);
    rows.extend(features.iter().map(|feature| {
        let loss = |of: fn(&Loss) -> f64| number(feature.loss.as_ref().map(of));
        vec![feature.name.clone(), feature.importance.to_string(), loss(|l| l.mean), loss(|l| l.low), loss(|l| l.high)]
    }));
    rows
}

fn learning_curve(run: &RunReport) -> Rows {
    let names =
        ["epoch", "train_loss", "validation_loss", "validation_average_precision", "seconds", "flows", "best_so_far"];
    let mut rows = header(&names);
    rows.extend(run.epochs.iter().map(|e| {
        vec![
            e.epoch.to_string(),
            e.train_loss.to_string(),
            number(e.validation_loss),
            number(e.validation_average_precision),
            e.seconds.to_string(),
            e.flows.to_string(),
            e.best.to_string(),
        ]
    }));
    rows
}

#[cfg(test)]
mod tests {
    use nta_metrics::ConfusionMatrix;

    use super::*;
    use crate::sample;

    #[test]
    fn the_classification_report_reads_like_scikit_learns() {
        let point = OperatingPoint::of(ConfusionMatrix { tn: 50, fp: 50, fn_: 25, tp: 75 }, Some(0.5));
        let text = String::from_utf8(csv("test", classification_report(&point)).unwrap()).unwrap();
        // By hand: benign precision 50/75, recall 50/100; attack precision 75/125, recall 75/100.
        insta::assert_snapshot!(text, @r"
        class,precision,recall,f1-score,support
        benign,0.6666666666666666,0.5,0.5714285714285714,100
        attack,0.6,0.75,0.6666666666666666,100
        accuracy,,,0.625,200
        macro avg,0.6333333333333333,0.625,0.6190476190476191,200
        weighted avg,0.6333333333333333,0.625,0.619047619047619,200
        ");
    }

    #[test]
    fn undefined_numbers_are_empty_cells() {
        let point = OperatingPoint::of(ConfusionMatrix { tn: 5, fp: 0, fn_: 0, tp: 0 }, Some(0.5));
        let rows = classification_report(&point);
        assert_eq!(rows[2], ["attack", "", "", "", "0"]);
        assert_eq!(rows[3], ["accuracy", "", "", "1", "5"]);
    }

    #[test]
    fn a_column_named_like_a_formula_computes_nothing() {
        let mut run = sample::usual();
        run.importances[0].name = "=HYPERLINK(\"http://x\")".into();
        let files = write(&run).unwrap();
        let (_, bytes) = files.iter().find(|(name, _)| name == "importances.csv").unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let names: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
        assert!(names.contains(&"'=HYPERLINK(\"http://x\")".to_owned()), "{names:?}");
    }

    #[test]
    fn every_table_is_rectangular_and_names_its_columns() {
        for (name, bytes) in write(&sample::usual()).unwrap() {
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let width = reader.headers().unwrap().len();
            let rows = reader.records().map(|row| row.unwrap().len()).collect::<Vec<_>>();
            assert!(rows.len() > 1 && rows.iter().all(|&n| n == width), "{name}");
        }
    }
}

//! What is learned about a text column.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use nta_data::{Categories, Label};
use serde::{Deserialize, Serialize};

use super::config::{CategoricalConfig, Rank};

/// A text column, fitted. Codes and ranks each run from 0 without a hole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedCategorical {
    /// Column name.
    pub name: String,
    /// Categories too rare in training, or never seen there.
    pub other: Category,
    /// Missing cells, where they occur in training; elsewhere they count as `other`.
    pub missing: Option<Category>,
    /// Categories with a code of their own, by their text.
    pub values: BTreeMap<String, Category>,
}

/// A category, as both members see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The LSTM's code.
    pub code: u32,
    /// The forest's number: the place among all categories by what `categorical.rank` says, lowest first.
    pub rank: u32,
    /// Training rows.
    pub rows: usize,
    /// Share of attacks among them, smoothed.
    pub attack_rate: f64,
}

/// Rows and attacks of one category.
#[derive(Clone, Copy, Default)]
struct Count {
    rows: usize,
    attacks: usize,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.rows += other.rows;
        self.attacks += other.attacks;
    }

    fn category(self, config: &CategoricalConfig, base_rate: f64) -> Category {
        let weight = self.rows as f64 + config.smoothing;
        let attack_rate =
            if weight > 0.0 { (self.attacks as f64 + config.smoothing * base_rate) / weight } else { base_rate };
        Category { code: 0, rank: 0, rows: self.rows, attack_rate }
    }
}

impl FittedCategorical {
    /// Fits one column, `(n_rows)`, or says why it carries nothing. `base_rate` is the share of attacks among all training rows.
    pub(super) fn fit(
        name: &str,
        column: &Categories,
        labels: &[Label],
        base_rate: f64,
        config: &CategoricalConfig,
    ) -> Result<Self, String> {
        let (counts, missing) = count(column, labels);
        let present: Vec<usize> = (0..counts.len()).filter(|&v| counts[v].rows > 0).collect();
        match (&present[..], missing.rows) {
            ([], _) => return Err("missing in every training row".to_owned()),
            ([only], 0) => return Err(format!("`{}` in every training row", column.values[*only])),
            _ => {}
        }
        let mut other = Count::default();
        let mut values = BTreeMap::new();
        for value in present {
            if counts[value].rows >= config.min_count {
                values.insert(column.values[value].clone(), counts[value].category(config, base_rate));
            } else {
                other.add(counts[value]);
            }
        }
        let missing = (missing.rows > 0).then(|| missing.category(config, base_rate));
        if values.is_empty() && missing.is_none() {
            let why = format!("no category occurs in {} training rows (categorical.min_count)", config.min_count);
            return Err(why);
        }
        let other = other.category(config, base_rate);
        let mut fitted = FittedCategorical { name: name.to_owned(), other, missing, values };
        fitted.number(config.rank);
        Ok(fitted)
    }

    /// Gives out codes (`other`, missing, then texts in their order) and ranks (ties by code).
    fn number(&mut self, by: Rank) {
        let mut all: Vec<&mut Category> =
            std::iter::once(&mut self.other).chain(&mut self.missing).chain(self.values.values_mut()).collect();
        for (code, category) in all.iter_mut().enumerate() {
            category.code = code as u32;
        }
        all.sort_by(|a, b| {
            let before = match by {
                // A run settles `auto` before it fits.
                Rank::AttackRate | Rank::Auto => a.attack_rate.total_cmp(&b.attack_rate),
                Rank::Frequency => a.rows.cmp(&b.rows),
                Rank::Name => Ordering::Equal,
            };
            before.then(a.code.cmp(&b.code))
        });
        for (rank, category) in all.iter_mut().enumerate() {
            category.rank = rank as u32;
        }
    }

    /// Distinct codes, `other` included.
    pub fn cardinality(&self) -> u32 {
        (1 + usize::from(self.missing.is_some()) + self.values.len()) as u32
    }

    /// The category of a cell's text, `None` for a missing cell.
    pub fn category(&self, text: Option<&str>) -> &Category {
        match text {
            Some(text) => self.values.get(text).unwrap_or(&self.other),
            None => self.missing.as_ref().unwrap_or(&self.other),
        }
    }

    /// `pick` of the category of each row, `(n_rows)`. Each distinct text of the batch is looked up once.
    pub(super) fn map<T: Copy>(&self, column: &Categories, pick: impl Fn(&Category) -> T) -> Vec<T> {
        let missing = pick(self.category(None));
        let mut picked: Vec<Option<T>> = vec![None; column.values.len()];
        let of_code = |&code: &u32| match picked.get_mut(code as usize) {
            None => missing,
            Some(known) => *known.get_or_insert_with(|| pick(self.category(Some(&column.values[code as usize])))),
        };
        column.codes.iter().map(of_code).collect()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let all: Vec<&Category> =
            std::iter::once(&self.other).chain(&self.missing).chain(self.values.values()).collect();
        for (what, mut numbers) in [
            ("codes", all.iter().map(|c| c.code as usize).collect::<Vec<_>>()),
            ("ranks", all.iter().map(|c| c.rank as usize).collect()),
        ] {
            numbers.sort_unstable();
            if numbers.iter().enumerate().any(|(i, &n)| i != n) {
                return Err(format!("column `{}`: {what} do not run from 0 to {}", self.name, all.len() - 1));
            }
        }
        Ok(())
    }
}

fn count(column: &Categories, labels: &[Label]) -> (Vec<Count>, Count) {
    let mut counts = vec![Count::default(); column.values.len()];
    let mut missing = Count::default();
    for (&code, label) in column.codes.iter().zip(labels) {
        let to = counts.get_mut(code as usize).unwrap_or(&mut missing);
        to.add(Count { rows: 1, attacks: usize::from(label.is_attack()) });
    }
    (counts, missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Label::{Attack, Benign};

    const CONFIG: CategoricalConfig = CategoricalConfig { min_count: 2, smoothing: 2.0, rank: Rank::AttackRate };

    fn column() -> (Categories, Vec<Label>) {
        let texts = ["udp", "tcp", "tcp", "udp", "icmp", "tcp", "-", "-", "gre", "tcp"];
        let cells = texts.iter().map(|&t| (t != "-").then_some(t));
        let labels = vec![Benign, Attack, Attack, Benign, Attack, Attack, Benign, Attack, Benign, Benign];
        (Categories::from_texts(cells), labels)
    }

    fn fitted() -> FittedCategorical {
        let (column, labels) = column();
        match FittedCategorical::fit("proto", &column, &labels, 0.5, &CONFIG) {
            Ok(fitted) => fitted,
            Err(why) => panic!("{why}"),
        }
    }

    #[test]
    fn rates_ranks_and_codes_are_as_counted_by_hand() {
        let got = fitted();
        // Attacks + 2 * 0.5 over rows + 2.
        assert_eq!(got.other, Category { code: 0, rank: 1, rows: 2, attack_rate: 0.5 });
        assert_eq!(got.missing, Some(Category { code: 1, rank: 2, rows: 2, attack_rate: 0.5 }));
        assert_eq!(got.values["tcp"], Category { code: 2, rank: 3, rows: 4, attack_rate: 4.0 / 6.0 });
        assert_eq!(got.values["udp"], Category { code: 3, rank: 0, rows: 2, attack_rate: 0.25 });
        assert_eq!((got.values.len(), got.cardinality()), (2, 4));
    }

    #[test]
    fn ranks_go_by_rows_or_by_text_where_asked() {
        let (column, labels) = column();
        let ranks = |rank| {
            let config = CategoricalConfig { rank, ..CONFIG };
            let Ok(got) = FittedCategorical::fit("proto", &column, &labels, 0.5, &config) else { panic!("dropped") };
            assert!(got.check().is_ok());
            [got.other.rank, got.category(None).rank, got.values["tcp"].rank, got.values["udp"].rank]
        };
        assert_eq!(ranks(Rank::Frequency), [0, 1, 3, 2]);
        assert_eq!(ranks(Rank::Name), [0, 1, 2, 3]);
        assert_eq!(ranks(Rank::AttackRate), [1, 2, 3, 0]);
    }

    #[test]
    fn codes_depend_on_the_text_and_not_on_the_batch() {
        let got = fitted();
        let batch = Categories::from_texts([Some("sctp"), None, Some("udp"), Some("tcp"), Some("icmp"), Some("udp")]);
        assert_eq!(got.map(&batch, |c| c.code), [0, 1, 3, 2, 0, 3]);
        assert_eq!(got.map(&batch, |c| c.rank), [1, 2, 0, 3, 1, 0]);
    }

    #[test]
    fn without_missing_cells_in_training_a_missing_cell_is_other() {
        let column = Categories::from_texts([Some("a"), Some("b"), Some("a"), Some("b")]);
        let look = FittedCategorical::fit("x", &column, &[Benign, Attack, Benign, Attack], 0.5, &CONFIG);
        let Ok(got) = look else { panic!("dropped") };
        assert_eq!(got.category(None), &got.other);
        assert_eq!((got.other.rows, got.other.attack_rate), (0, 0.5), "nothing is known of it");
    }

    #[test]
    fn columns_that_say_nothing_are_dropped_by_name() {
        let why = |cells: &[Option<&str>]| {
            let column = Categories::from_texts(cells.iter().copied());
            match FittedCategorical::fit("x", &column, &vec![Benign; cells.len()], 0.5, &CONFIG) {
                Err(why) => why,
                Ok(_) => "kept".to_owned(),
            }
        };
        assert_eq!(why(&[None, None]), "missing in every training row");
        assert_eq!(why(&[Some("tcp"), Some("tcp")]), "`tcp` in every training row");
        assert_eq!(why(&[Some("a"), Some("b")]), "no category occurs in 2 training rows (categorical.min_count)");
        assert_eq!(why(&[Some("a"), None]), "kept");
    }
}

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
        Category { code: 0, rank: 0, rows: self.rows, attack_rate: self.attack_rate(config.smoothing, base_rate) }
    }

    /// The share of attacks with `smoothing` rows of average traffic.
    fn attack_rate(self, smoothing: f64, base_rate: f64) -> f64 {
        let weight = self.rows as f64 + smoothing;
        if weight > 0.0 { (self.attacks as f64 + smoothing * base_rate) / weight } else { base_rate }
    }
}

/// Parts of the training rows, in their order, each ranked by the others' attacks.
const FIFTHS: usize = 5;

/// The rank of each code by its attack rate in all of `counts` but `own`, ties by code. `(n_codes)`.
fn ranks_without(counts: &[Vec<Count>], own: usize, smoothing: f64) -> Vec<f32> {
    let n_codes = counts[own].len();
    let mut others = vec![Count::default(); n_codes];
    for (_, of) in counts.iter().enumerate().filter(|(i, _)| *i != own) {
        others.iter_mut().zip(of).for_each(|(sum, count)| sum.add(*count));
    }
    let mut all = Count::default();
    others.iter().for_each(|count| all.add(*count));
    let base_rate = all.attacks as f64 / all.rows.max(1) as f64;
    let rates: Vec<f64> = others.iter().map(|count| count.attack_rate(smoothing, base_rate)).collect();
    let mut order: Vec<usize> = (0..n_codes).collect();
    order.sort_by(|&a, &b| rates[a].total_cmp(&rates[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; n_codes];
    order.into_iter().enumerate().for_each(|(rank, code)| ranks[code] = rank as f32);
    ranks
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
                Rank::AttackRate | Rank::CrossFitted | Rank::Auto => a.attack_rate.total_cmp(&b.attack_rate),
                Rank::Frequency => a.rows.cmp(&b.rows),
                Rank::Name => Ordering::Equal,
            };
            before.then(a.code.cmp(&b.code))
        });
        for (rank, category) in all.iter_mut().enumerate() {
            category.rank = rank as u32;
        }
    }

    /// The rank of each training row's category by the attack rates in the other fifths of the rows, `(n_rows)`; `column` and
    /// `labels` are those that were fitted on.
    pub(super) fn cross_fitted_ranks(&self, column: &Categories, labels: &[Label], smoothing: f64) -> Vec<f32> {
        let codes = self.map(column, |category| category.code as usize);
        let fifth = |row: usize| row * FIFTHS / codes.len();
        let mut counts = vec![vec![Count::default(); self.cardinality() as usize]; FIFTHS];
        for (row, (&code, label)) in codes.iter().zip(labels).enumerate() {
            counts[fifth(row)][code].add(Count { rows: 1, attacks: usize::from(label.is_attack()) });
        }
        let ranks: Vec<Vec<f32>> = (0..FIFTHS).map(|own| ranks_without(&counts, own, smoothing)).collect();
        codes.iter().enumerate().map(|(row, &code)| ranks[fifth(row)][code]).collect()
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
    fn a_training_row_is_ranked_by_the_attacks_of_the_other_fifths() {
        // Ten rows, two a fifth: `a` is attacked in the first fifth alone, `b` in all others.
        let texts = ["a", "a", "b", "a", "b", "a", "b", "a", "b", "a"];
        let column = Categories::from_texts(texts.map(Some));
        let labels: Vec<Label> =
            texts.iter().enumerate().map(|(i, &t)| if (i < 2) == (t == "a") { Attack } else { Benign }).collect();
        let config = CategoricalConfig { smoothing: 1.0, rank: Rank::CrossFitted, ..CONFIG };
        let Ok(got) = FittedCategorical::fit("x", &column, &labels, 0.6, &config) else { panic!("dropped") };
        // Codes: other 0, a 1, b 2. Of the first fifth's others a is never attacked and b always, other at the mean between.
        let ranks = got.cross_fitted_ranks(&column, &labels, 1.0);
        assert_eq!(ranks, [0.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
        // A fifth's own labels say nothing to its own ranks.
        let mut turned = labels.clone();
        turned[0] = Benign;
        turned[1] = Benign;
        assert_eq!(got.cross_fitted_ranks(&column, &turned, 1.0)[..2], ranks[..2]);
        let swapped: Vec<Label> = labels.iter().map(|l| if l.is_attack() { Benign } else { Attack }).collect();
        assert_eq!(got.cross_fitted_ranks(&column, &swapped, 1.0)[..3], [2.0, 2.0, 0.0]);
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

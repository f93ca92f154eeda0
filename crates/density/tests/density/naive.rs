//! Surprises against their definition, counted row by row.

use nta_data::{Label, Quiet, Tabular, TabularKind};
use nta_density::{Bins, Density, DensityConfig, Structure, Unseen};
use proptest::prelude::*;

use crate::tables::{fit, table, traffic};

/// The code of `x` by what `Bins` says of itself.
fn code(bins: &Bins, x: f32) -> usize {
    if x.is_nan() {
        return 0;
    }
    match bins {
        Bins::Numbers { bounds } => 1 + bounds.iter().filter(|bound| **bound < x).count(),
        Bins::Categories { kept, rare } => match kept.iter().position(|rank| *rank as f32 == x) {
            Some(place) => 3 + place,
            None if rare.contains(&(x as u32)) => 2,
            None => 1,
        },
    }
}

/// The rows' codes, `(n_rows, n_columns)`.
fn codes(density: &Density, x: &Tabular) -> Vec<Vec<usize>> {
    let of = |row: usize| density.bins().zip(&x.columns).map(|(bins, column)| code(bins, column[row])).collect();
    (0..x.n_rows()).map(of).collect()
}

/// The weight of the training rows that `holds`.
fn weigh(rows: &[(Vec<usize>, f64)], holds: impl Fn(&[usize]) -> bool) -> f64 {
    rows.iter().filter(|(codes, _)| holds(codes)).map(|(_, weight)| weight).sum()
}

fn mutual_information(rows: &[(Vec<usize>, f64)], a: usize, b: usize) -> f64 {
    let total = weigh(rows, |_| true);
    let mut pairs: Vec<(usize, usize)> = rows.iter().map(|(codes, _)| (codes[a], codes[b])).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let told = |(va, vb): (usize, usize)| {
        let both = weigh(rows, |c| c[a] == va && c[b] == vb) / total;
        let alone = weigh(rows, |c| c[a] == va) / total * weigh(rows, |c| c[b] == vb) / total;
        both * (both / alone).ln()
    };
    pairs.into_iter().map(told).sum()
}

/// The surprise of `row` after `rows`, by the formulas of docs/density-format.md.
fn surprise(density: &Density, unseen: Unseen, rows: &[(Vec<usize>, f64)], row: &[usize]) -> f64 {
    let total = weigh(rows, |_| true);
    let sizes: Vec<usize> = density.bins().map(Bins::n_codes).collect();
    let is_category: Vec<bool> = density.bins().map(|bins| matches!(bins, Bins::Categories { .. })).collect();
    let of = |own: usize, given: Option<usize>| {
        if unseen == Unseen::Neutral && is_category[own] && row[own] == 1 {
            return 0.0;
        }
        let alone = (weigh(rows, |c| c[own] == row[own]) + 0.5 / sizes[own] as f64) / (total + 0.5);
        let Some(given) = given else { return -alone.ln() };
        let both = weigh(rows, |c| c[own] == row[own] && c[given] == row[given]);
        -((both + 2.0 * alone) / (weigh(rows, |c| c[given] == row[given]) + 2.0)).ln()
    };
    let parents = |own: usize| density.terms().filter(move |term| term.column == own).count() as f64;
    density.terms().map(|term| of(term.column, term.given) / parents(term.column)).sum()
}

fn assert_as_counted(config: &DensityConfig, x: &Tabular, y: &[Label], weights: &[f32], fresh: &Tabular) {
    let density = config.fit_weighted(x, y, weights, &Quiet).unwrap();
    let all = codes(&density, x);
    let benign = (0..y.len()).filter(|&i| !y[i].is_attack() && weights[i] > 0.0);
    let rows: Vec<(Vec<usize>, f64)> = benign.map(|i| (all[i].clone(), f64::from(weights[i]))).collect();
    let found = density.surprise(fresh).unwrap();
    for (row, found) in codes(&density, fresh).iter().zip(found) {
        let expected = surprise(&density, config.unseen, &rows, row);
        assert!((expected - found).abs() < 1e-4, "{expected} {found}");
        // However few tables the summands lie in, their sum is the same to the last bit.
        let terms = density.terms().map(|term| {
            let n_own = density.bins().nth(term.column).unwrap().n_codes();
            f64::from(term.nats[term.given.map_or(0, |given| row[given]) * n_own + row[term.column]])
        });
        assert_eq!(terms.sum::<f64>(), found);
    }
    let n = x.n_features();
    for own in 0..n {
        let told = |other: usize| mutual_information(&rows, own, other);
        let parents: Vec<usize> = density.terms().filter(|t| t.column == own).filter_map(|t| t.given).collect();
        if config.structure == Structure::Averaged {
            assert_eq!(parents.len(), (n - 1).min(config.parents.into()));
            let worst = parents.iter().map(|&p| told(p)).fold(f64::INFINITY, f64::min);
            let left = (0..n).filter(|other| *other != own && !parents.contains(other)).map(told);
            assert!(left.fold(0.0, f64::max) <= worst + 1e-9);
        }
    }
}

#[test]
fn surprises_are_as_counted_row_by_row() {
    let ((x, y), (fresh, _)) = (traffic(400, 20), traffic(50, 21));
    let weights: Vec<f32> = (0..400).map(|i| (i % 3) as f32 + 0.5).collect();
    for structure in [Structure::Averaged, Structure::ChowLiu] {
        for (parents, bins, categories, unseen) in [(4, 16, 128, Unseen::Neutral), (2, 4, 2, Unseen::Surprising)] {
            let config = DensityConfig { structure, parents, bins, categories, unseen, ..DensityConfig::default() };
            assert_as_counted(&config, &x, &y, &weights, &fresh);
        }
    }
}

#[test]
fn columns_that_are_nearly_always_the_same_are_as_counted() {
    let (x, y) = traffic(600, 23);
    let seldom = |j: usize, n: usize| {
        let value = |(i, value): (usize, &f32)| if (i * 7 + j).is_multiple_of(n) { *value } else { 0.0 };
        x.columns[j].iter().enumerate().map(value).collect::<Vec<f32>>()
    };
    let columns = vec![seldom(0, 30), seldom(1, 12), x.columns[3].clone(), seldom(2, 40), seldom(4, 9)];
    let x = table(columns, 1);
    for weights in [vec![1.0; 600], (0..600).map(|i| (i % 3) as f32 + 0.5).collect()] {
        assert_as_counted(&DensityConfig::default(), &x, &y, &weights, &x);
    }
}

#[test]
fn chow_and_liu_hang_every_column_but_one_on_another() {
    let (x, y) = traffic(800, 22);
    let density = fit(&DensityConfig { structure: Structure::ChowLiu, ..DensityConfig::default() }, &x, &y);
    let given: Vec<Option<usize>> = density.terms().map(|term| term.given).collect();
    assert_eq!((given.len(), given.iter().filter(|g| g.is_none()).count()), (6, 1));
    // The size hangs together with the port, and the port with the service.
    let pairs: Vec<(usize, usize)> =
        density.terms().filter_map(|t| Some((t.column.min(t.given?), t.column.max(t.given?)))).collect();
    assert!(pairs.contains(&(1, 2)) && pairs.contains(&(0, 1)), "{pairs:?}");
}

/// Any small table with labels and weights.
fn tables() -> impl Strategy<Value = (Tabular, Vec<Label>, Vec<f32>)> {
    let value = prop_oneof![Just(f32::NAN), (-3i8..4).prop_map(f32::from), -1e6f32..1e6, Just(-0.0), Just(f32::MAX)];
    let rank = prop_oneof![4 => (0u8..9).prop_map(f32::from), 1 => Just(f32::NAN)];
    let row = (proptest::collection::vec(rank, 2), proptest::collection::vec(value, 3), any::<bool>(), 0u8..5);
    proptest::collection::vec(row, 1..40).prop_map(|rows| {
        let column = |j: usize| rows.iter().map(|r| if j < 2 { r.0[j] } else { r.1[j - 2] }).collect();
        let x = table((0..5).map(column).collect(), 2);
        let mut y: Vec<Label> = rows.iter().map(|r| if r.2 { Label::Attack } else { Label::Benign }).collect();
        y[0] = Label::Benign;
        let weights = rows.iter().enumerate().map(|(i, r)| if i == 0 { 1.0 } else { f32::from(r.3) / 2.0 }).collect();
        (x, y, weights)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn any_table_is_as_counted((x, y, weights) in tables(), bins in 2u16..7, categories in 1u16..5, parents in 1u16..6) {
        assert!(x.kinds[0] == TabularKind::RankedCategory);
        for (structure, unseen) in [(Structure::Averaged, Unseen::Neutral), (Structure::ChowLiu, Unseen::Surprising)] {
            let config = DensityConfig { structure, bins, categories, parents, unseen, ..DensityConfig::default() };
            assert_as_counted(&config, &x, &y, &weights, &x);
            let density = config.fit_weighted(&x, &y, &weights, &Quiet).unwrap();
            let bytes = density.to_bytes();
            assert_eq!(Density::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        }
    }
}

//! Whose value each column is held against.

use super::Pairs;
use crate::{DensityConfig, Structure};

/// The parents of each column, `(n_columns)` lists of column places, by the mutual information of every two columns.
/// Equal ones go by the columns' order.
pub(super) fn choose(config: &DensityConfig, told: &Pairs) -> Vec<Vec<usize>> {
    match config.structure {
        Structure::Averaged => (0..told.n_columns()).map(|own| most_told(own, told, config.parents.into())).collect(),
        Structure::ChowLiu => tree(told),
    }
}

fn most_told(own: usize, told: &Pairs, most: usize) -> Vec<usize> {
    let mut others: Vec<usize> = (0..told.n_columns()).filter(|&other| other != own).collect();
    others.sort_by(|&a, &b| told.of(own, b).total_cmp(&told.of(own, a)));
    others.truncate(most);
    others
}

/// The tree of greatest mutual information (Prim), from the column that tells most of all others; that one has no parent.
fn tree(told: &Pairs) -> Vec<Vec<usize>> {
    let n = told.n_columns();
    let tells = |own: usize| (0..n).filter(|&other| other != own).map(|other| told.of(own, other)).sum::<f64>();
    let mut parents = vec![Vec::new(); n];
    let Some(root) = first_greatest((0..n).map(|own| (own, tells(own)))) else { return parents };
    // What each column outside the tree would hang on.
    let mut hangs: Vec<Option<usize>> = (0..n).map(|own| (own != root).then_some(root)).collect();
    let outside = |hangs: &[Option<usize>]| -> Option<usize> {
        first_greatest((0..n).filter_map(|own| hangs[own].map(|parent| (own, told.of(own, parent)))))
    };
    while let Some(next) = outside(&hangs) {
        parents[next].extend(hangs[next].take());
        for (own, hang) in hangs.iter_mut().enumerate() {
            if let Some(parent) = hang
                && told.of(own, next) > told.of(own, *parent)
            {
                *parent = next;
            }
        }
    }
    parents
}

fn first_greatest(of: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
    of.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns 0 to 3: 0-1 tell .9, 1-2 .8, 2-3 .1, 0-2 .7, 0-3 .2, 1-3 .2.
    fn told() -> Pairs {
        let of = |a: usize, b: usize| match (a, b) {
            (0, 1) => Ok(0.9),
            (1, 2) => Ok(0.8),
            (2, 3) => Ok(0.1),
            (0, 2) => Ok(0.7),
            _ => Ok(0.2),
        };
        Pairs::measure(4, &of).unwrap()
    }

    #[test]
    fn the_columns_that_tell_most_come_first_and_equal_ones_in_their_order() {
        let parents = choose(&DensityConfig { parents: 2, ..DensityConfig::default() }, &told());
        assert_eq!(parents, [vec![1, 2], vec![0, 2], vec![1, 0], vec![0, 1]]);
    }

    #[test]
    fn the_tree_is_the_heaviest_one() {
        let config = DensityConfig { structure: Structure::ChowLiu, ..DensityConfig::default() };
        // Column 1 tells 1.9 in all and is the root; 3 hangs on it, for 0 tells no more of 3 and comes later.
        assert_eq!(choose(&config, &told()), [vec![1], vec![], vec![1], vec![1]]);
        assert_eq!(choose(&config, &Pairs::measure(1, &|_, _| Ok(0.0)).unwrap()), [Vec::<usize>::new()]);
    }
}

//! Whatever the bytes, reading them ends in a sound forest or an error.

use nta_data::{Purpose, Tabular, rng};
use nta_forest::{Forest, ForestConfig, ForestError};
use rand_core::RngCore;

use crate::tables::{fit, noisy, small, tabular};

fn bytes() -> Vec<u8> {
    let (x, y) = noisy(150, 40);
    fit(&ForestConfig { trees: 6, ..small() }, &x, &y).forest.to_bytes()
}

/// A forest that was read gives probabilities and writes itself back.
fn assert_sound(forest: &Forest, bytes: &[u8]) {
    assert_eq!(forest.to_bytes(), bytes);
    for value in [0.0, -1e30, 1e30, f32::NAN] {
        let score = forest.predict_row(&vec![value; forest.n_features()]);
        assert!((0.0..=1.0).contains(&score), "{score}");
        let x = tabular(vec![vec![value]; forest.n_features()]);
        let x = Tabular { names: forest.names().to_vec(), ..x };
        assert_eq!(forest.predict_proba(&x).unwrap()[0].to_bits(), score.to_bits());
        if let Ok(explained) = forest.explainer().and_then(|explainer| explainer.explain(&x, &[0])) {
            let sum: f64 = explained.contributions.iter().map(|&v| f64::from(v)).sum();
            assert!((sum + explained.base - f64::from(score)).abs() < 1e-5, "{sum} {score}");
        }
    }
}

#[test]
fn flipped_bits_are_refused_or_harmless() {
    let whole = bytes();
    let mut random = rng(41, Purpose::Simulation, 0, 0);
    let (mut refused, mut read) = (0, 0);
    for round in 0..20_000 {
        let mut damaged = whole.clone();
        for _ in 0..1 + round % 3 {
            let bit = random.next_u32() as usize % (whole.len() * 8);
            damaged[bit / 8] ^= 1 << (bit % 8);
        }
        match Forest::from_bytes(&damaged) {
            Ok(forest) => {
                read += 1;
                assert_sound(&forest, &damaged);
            }
            Err(ForestError::Damaged { offset, .. }) => {
                refused += 1;
                assert!(offset <= damaged.len());
            }
            Err(error) => assert!(matches!(error, ForestError::NewerRevision { .. }), "{error}"),
        }
    }
    assert!(refused > 5_000 && read > 1_000, "{refused} {read}");
}

#[test]
fn every_truncation_and_every_tail_is_refused() {
    let whole = bytes();
    assert!((0..whole.len()).all(|n| Forest::from_bytes(&whole[..n]).is_err()));
    let mut longer = whole;
    longer.push(0);
    let error = Forest::from_bytes(&longer).unwrap_err().to_string();
    assert!(error.ends_with("there is more after the last tree"), "{error}");
}

#[test]
fn noise_behind_a_good_head_is_refused() {
    let mut random = rng(42, Purpose::Simulation, 0, 0);
    for round in 0..5_000usize {
        let mut noise = b"NTAFORST\x01\0\0\0".to_vec();
        noise.extend((0..round % 300).map(|_| random.next_u32() as u8 >> (random.next_u32() % 9).min(7)));
        if let Ok(forest) = Forest::from_bytes(&noise) {
            assert_sound(&forest, &noise);
        }
    }
}

#[test]
fn huge_counts_are_refused_before_memory_is_taken() {
    for at in [12, 16] {
        let mut bytes = bytes();
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let error = Forest::from_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains("than the file can hold"), "{error}");
    }
}

#[test]
fn a_newer_revision_is_told_from_damage() {
    let mut bytes = bytes();
    bytes[8] = 9;
    let error = Forest::from_bytes(&bytes).unwrap_err().to_string();
    assert_eq!(error, "the forest file is of revision 9, this program reads up to 2: update it");
    bytes[0] = b'X';
    let error = Forest::from_bytes(&bytes).unwrap_err().to_string();
    assert_eq!(error, "the forest file is damaged at byte 0: it does not begin with NTAFORST");
}

/// One feature, one tree, given nodes.
fn by_hand(depth: u32, nodes: &[(f32, u32)]) -> Result<Forest, ForestError> {
    let mut bytes = b"NTAFORST".to_vec();
    for number in [1, 1, 1, depth, 1] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.push(b'a');
    bytes.extend(1.0f64.to_le_bytes());
    bytes.extend((nodes.len() as u32).to_le_bytes());
    for (value, link) in nodes {
        bytes.extend(value.to_le_bytes());
        bytes.extend(link.to_le_bytes());
    }
    Forest::from_bytes(&bytes)
}

#[test]
fn each_fault_of_a_tree_is_named() {
    // With one feature a link is `pair << 1 | missing_left`.
    let leaf = (0.5, 0);
    assert_eq!(by_hand(1, &[(3.0, 2), (0.0, 0), (1.0, 0)]).unwrap().predict_row(&[3.5]), 1.0);
    let fault = |depth, nodes: &[(f32, u32)]| match by_hand(depth, nodes) {
        Err(ForestError::Damaged { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let children = "a split's children are not its own nodes further down";
    assert_eq!(fault(1, &[(3.0, 4), leaf, leaf]), children);
    assert_eq!(fault(1, &[(3.0, 1), leaf, leaf]), children);
    assert_eq!(fault(2, &[(3.0, 2), (3.0, 2), leaf]), children);
    assert_eq!(fault(2, &[(3.0, 4), (3.0, 4), leaf, leaf, leaf]), children);
    assert_eq!(fault(1, &[(3.0, 4), leaf, leaf, leaf, leaf]), "a tree has nodes without a parent");
    assert_eq!(fault(1, &[(f32::NAN, 2), leaf, leaf]), "a threshold is not finite");
    assert_eq!(fault(1, &[(3.0, 2), (1.5, 0), leaf]), "a leaf's share is not in [0, 1]");
    assert_eq!(fault(0, &[(3.0, 2), leaf, leaf]), "the depth is not that of the trees");
    assert_eq!(fault(0, &[leaf, leaf]), "a tree has an even number of nodes");
}

//! Whatever the bytes, reading them ends in a sound density or an error.

use nta_data::{Purpose, rng};
use nta_density::{Density, DensityConfig, DensityError};
use rand_core::RngCore;

use crate::tables::{fit, table, traffic};

fn bytes() -> Vec<u8> {
    let (x, y) = traffic(300, 40);
    fit(&DensityConfig { bins: 4, parents: 2, ..DensityConfig::default() }, &x, &y).to_bytes()
}

/// A density that was read gives scores and explains them, and what it writes is read as the same.
fn assert_sound(density: &Density) {
    assert_eq!(Density::from_bytes(&density.to_bytes()).unwrap(), *density);
    for value in [0.0, -1e30, 1e30, f32::NAN, 3.0] {
        let columns = vec![vec![value]; density.n_columns()];
        for n_categories in 0..=density.n_columns() {
            let mut x = table(columns.clone(), n_categories);
            x.names = density.names().map(str::to_owned).collect();
            let Ok(scores) = density.predict_proba(&x) else { continue };
            assert!((0.0..=1.0).contains(&scores[0]), "{}", scores[0]);
            let sum: f64 = density.surprises(&x, &[0], usize::MAX).unwrap()[0].iter().map(|s| s.nats).sum();
            assert!((sum - density.surprise(&x).unwrap()[0]).abs() < 1e-3);
        }
    }
}

#[test]
fn changed_bytes_are_refused_or_harmless() {
    let whole = bytes();
    let mut random = rng(41, Purpose::Simulation, 0, 0);
    let mut draw = |n: usize| random.next_u32() as usize % n;
    let (mut refused, mut read) = (0, 0);
    for round in 0..20_000 {
        let mut damaged = whole.clone();
        for _ in 0..1 + round % 3 {
            let at = draw(whole.len());
            match round % 2 {
                0 => damaged[at] ^= 1 << draw(8),
                _ => damaged[at] = b"0123456789-+.eE,[]{}\":"[draw(22)],
            }
        }
        match Density::from_bytes(&damaged) {
            Ok(density) => {
                read += 1;
                assert_sound(&density);
            }
            Err(DensityError::Damaged { .. }) => refused += 1,
            Err(error) => assert!(matches!(error, DensityError::NewerRevision { .. }), "{error}"),
        }
    }
    // Most of the file is counts that must agree with each other.
    assert!(refused > 15_000 && read > 20, "{refused} {read}");
}

#[test]
fn every_truncation_and_every_tail_is_refused() {
    let whole = bytes();
    assert!((0..whole.len() - 1).step_by(7).all(|n| Density::from_bytes(&whole[..n]).is_err()));
    let longer = [whole.as_slice(), b"x"].concat();
    assert!(Density::from_bytes(&longer).is_err());
    assert!(Density::from_bytes(&[b"[".repeat(100_000), vec![b']'; 100_000]].concat()).is_err());
}

#[test]
fn a_newer_revision_and_another_format_are_told_from_damage() {
    let text = String::from_utf8(bytes()).unwrap();
    let read = |text: String| Density::from_bytes(text.as_bytes()).unwrap_err().to_string();
    let newer = read(text.replacen("\"revision\":2", "\"revision\":9", 1));
    assert_eq!(newer, "the density file is of revision 9, this program reads up to 2: update it");
    let foreign = read(text.replacen("nta-density", "nta-other", 1));
    assert_eq!(foreign, "the density file is damaged: its `format` is not nta-density");
    assert!(read(r#"{"format":"nta-density","revision":3,"quite":"different"}"#.to_owned()).contains("update it"));
}

/// Two columns by hand: a number of bins `[missing, any]`, and the same again, held against it.
fn by_hand(half: &str, name: &str, bounds: &str, weights: &str, parents: &str) -> Result<Density, DensityError> {
    let first = r#"{"name":"a","bins":{"numbers":{"bounds":[]}},"weights":[1,2],"parents":[]}"#;
    let second = format!(
        r#"{{"name":"{name}","bins":{{"numbers":{{"bounds":{bounds}}}}},"weights":{weights},"parents":{parents}}}"#
    );
    let text = format!(r#"{{"format":"nta-density","revision":1,"half":{half},"columns":[{first},{second}]}}"#);
    Density::from_bytes(text.as_bytes())
}

#[test]
fn each_fault_is_named() {
    let sound = r#"[{"column":0,"weights":[[1,0],[0,2]]}]"#;
    assert_sound(&by_hand("3.5", "b", "[]", "[1,2]", sound).unwrap());
    let fault = |half: &str, name: &str, bounds: &str, weights: &str, parents: &str| match by_hand(
        half, name, bounds, weights, parents,
    ) {
        Err(DensityError::Damaged { problem }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(fault("0", "b", "[]", "[1,2]", sound).contains("`half` is 0"));
    assert!(fault("1", "a", "[]", "[1,2]", sound).contains("`a`: it stands twice"));
    assert!(fault("1", "b", "[2,1]", "[1,2,0,0]", sound).contains("not finite and ascending"));
    assert!(fault("1", "b", "[1]", "[1,2]", sound).contains("2 weights for 3 codes"));
    assert!(fault("1", "b", "[]", "[1,3]", sound).contains("weigh other than the first column's"));
    assert!(fault("1", "b", "[]", "[4,-1]", sound).contains("-1 is no weight"));
    let parent = |text: &str| fault("1", "b", "[]", "[1,2]", text);
    assert!(parent(&sound.replace("\"column\":0", "\"column\":1")).contains("column 1 cannot be its parent"));
    assert!(parent(&sound.replace("\"column\":0", "\"column\":7")).contains("column 7 cannot be its parent"));
    assert!(
        parent(&sound.replace("]}]", "]},{\"column\":0,\"weights\":[[1,0],[0,2]]}]")).contains("cannot be its parent")
    );
    assert!(parent(&sound.replace("[0,2]", "[0,2],[0,0]")).contains("`a` has 2 codes, not 3"));
    assert!(parent(&sound.replace("[1,0],[0,2]", "[0,0],[1,2]")).contains("a code of `a` weigh other"));
    assert!(parent(&sound.replace("[1,0],[0,2]", "[0,1],[0,2]")).contains("weigh other together with `a` than alone"));
    assert!(parent(&sound.replace("[0,2]", "[0,2,0]")).contains("3 weights for 2 codes"));
    let many = format!("1{}", ",1".repeat(300));
    assert!(fault("1", "b", &format!("[{many}]"), "[1,2]", sound).contains("more than 256"));
}

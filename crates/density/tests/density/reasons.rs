//! Reasons: the columns that surprise most, and what they usually hold.

use nta_data::Label;
use nta_density::{Bin, Cell, Density, DensityConfig, Given, Unseen};

use crate::tables::{fit, table, traffic};

#[test]
fn a_port_that_a_service_never_has_is_named_with_the_one_that_it_has() {
    // Service 0 on port 443 in 800 of 1,000 rows, service 1 on port 53.
    let service: Vec<f32> = (0..1_000).map(|i| if i % 5 == 0 { 1.0 } else { 0.0 }).collect();
    let port: Vec<f32> = service.iter().map(|s| if *s == 0.0 { 443.0 } else { 53.0 }).collect();
    let x = table(vec![service, port], 1);
    let density = fit(&DensityConfig::default(), &x, &[Label::Benign; 1_000]);
    let strange = table(vec![vec![0.0, 0.0], vec![4444.0, 443.0]], 1);
    let found = density.surprises(&strange, &[0, 1], 2).unwrap();
    let port = &found[0].iter().find(|s| s.column == "c1").unwrap();
    assert_eq!((port.found, port.usual), (Cell::Number(4444.0), Bin::Number(443.0)));
    assert_eq!(port.given, Some(Given { column: "c0".to_owned(), found: Cell::Category(0) }));
    // One of six bins without rows: 2 * (0.5 / 6) / 1000.5, after 800 rows and 2 of the back-off.
    assert!((port.probability - 2.0 * (0.5 / 6.0 / 1_000.5) / 802.0).abs() < 1e-12, "{}", port.probability);
    assert!(port.usual_probability > 0.99);
    assert!(found[1].iter().all(|surprise| surprise.nats < 0.01));
}

#[test]
fn all_surprises_together_are_the_rows() {
    let (x, y) = traffic(700, 30);
    for structure in [nta_density::Structure::Averaged, nta_density::Structure::ChowLiu] {
        let density = fit(&DensityConfig { structure, ..DensityConfig::default() }, &x, &y);
        let rows = [5u32, 600, 5];
        let (found, whole) = (density.surprises(&x, &rows, usize::MAX).unwrap(), density.surprise(&x).unwrap());
        for (found, row) in found.iter().zip(rows) {
            let sum: f64 = found.iter().map(|surprise| surprise.nats).sum();
            assert!((sum - whole[row as usize]).abs() < 1e-4, "{sum} {}", whole[row as usize]);
            assert!(found.is_sorted_by(|a, b| a.nats >= b.nats) && found.len() == 6);
            assert!(found.iter().all(|s| s.probability > 0.0 && s.usual_probability >= s.probability));
        }
        assert_eq!(density.surprises(&x, &rows, 2).unwrap()[1][..], found[1][..2]);
    }
    let density = fit(&DensityConfig::default(), &x, &y);
    let error = density.surprises(&x, &[700], 1).unwrap_err().to_string();
    assert_eq!(error, "there is no row 700: the table has 700 rows, counted from 0");
}

#[test]
fn a_category_that_no_benign_row_has_adds_nothing_unless_asked_to() {
    let service: Vec<f32> = (0..300).map(|i| (i % 2) as f32).collect();
    let x = table(vec![service.clone(), service], 1);
    let strange = table(vec![vec![7.0], vec![1.0]], 1);
    let surprise = |unseen| {
        let density = fit(&DensityConfig { unseen, ..DensityConfig::default() }, &x, &[Label::Benign; 300]);
        let again = Density::from_bytes(&density.to_bytes()).unwrap();
        assert_eq!((again.surprise(&strange).unwrap(), &again), (density.surprise(&strange).unwrap(), &density));
        let reasons = density.surprises(&strange, &[0], 2).unwrap();
        let of_service = reasons[0].iter().find(|s| s.column == "c0").unwrap().nats;
        (density.surprise(&strange).unwrap()[0], of_service)
    };
    let (neutral, surprising) = (surprise(Unseen::Neutral), surprise(Unseen::Surprising));
    assert_eq!(neutral.1, 0.0);
    // The number beside it is held against its own frequencies: every other row has it.
    assert!((neutral.0 - 2f64.ln()).abs() < 0.01, "{neutral:?}");
    assert!((surprising.0 - surprising.1 - neutral.0).abs() < 1e-5 && surprising.1 > 5.0, "{surprising:?}");
}

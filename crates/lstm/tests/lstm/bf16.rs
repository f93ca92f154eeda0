//! Training with products of bf16, on a CPU that has them.

use nta_lstm::{Categorical, DeviceChoice, Fitted, Loss, LstmConfig, LstmError, Precision};

use crate::contract::{Traffic, auc, error, fit, killed_and_resumed, small, with_threads};
use crate::skip;

/// The configuration with products of bf16, unless the CPU has none.
fn in_bf16(config: LstmConfig) -> Option<LstmConfig> {
    if Precision::Bf16.check_available(DeviceChoice::Cpu).is_err() {
        skip("this CPU has no products of bf16 numbers (AVX512-BF16)");
        return None;
    }
    Some(LstmConfig { device: DeviceChoice::Cpu, precision: Precision::Bf16, ..config })
}

/// Two layers, embedded categories, dropout and focal loss: all that the way there and back can meet.
fn full() -> LstmConfig {
    let (categorical, loss) = (Categorical::Embedding(3), Loss::Focal(2.0));
    LstmConfig { layers: 2, hidden: 20, categorical, loss, dropout: 0.2, batch: 70, weight_decay: 0.01, ..small() }
}

fn lowest_loss(fitted: &Fitted) -> f64 {
    fitted.history.iter().map(|report| report.validation_loss).fold(f64::INFINITY, f64::min)
}

#[test]
fn it_learns_what_f32_learns() {
    let Some(rounded) = in_bf16(small()) else { return };
    let exact = LstmConfig { precision: Precision::F32, ..rounded.clone() };
    let (train, validation) = (Traffic::ordered(12_000, 1), Traffic::ordered(3_000, 2));
    let (rounded, exact) = (fit(&rounded, &train, &validation), fit(&exact, &train, &validation));
    assert_ne!(rounded.lstm, exact.lstm);
    let found = auc(&rounded.lstm, &Traffic::ordered(3_000, 3));
    assert!(found > 0.95, "{found}");
    let (here, there) = (lowest_loss(&rounded), lowest_loss(&exact));
    assert!((here - there).abs() < 0.1 * there, "{here} and {there}");
}

#[test]
fn rows_alone_and_an_odd_number_of_them_are_learned_too() {
    let Some(mut config) = in_bf16(LstmConfig { batch: 7, ..small() }) else { return };
    config.sequence.length = 1;
    let (train, validation) = (Traffic::separable(3_001, 1), Traffic::separable(801, 2));
    let found = auc(&fit(&config, &train, &validation).lstm, &validation);
    assert!(found > 0.98, "{found}");
}

#[test]
fn the_number_of_threads_changes_no_bit_of_it_nor_does_a_kill() {
    let Some(config) = in_bf16(full()) else { return };
    let (train, validation) = (Traffic::ordered(4_000, 1), Traffic::ordered(1_000, 2));
    let one = with_threads(1, || fit(&config, &train, &validation).lstm);
    for threads in [2, 8] {
        assert_eq!(with_threads(threads, || fit(&config, &train, &validation).lstm), one);
    }
    killed_and_resumed(&config, &train, &validation);
}

#[test]
fn where_there_is_none_it_is_refused_with_a_remedy() {
    let (train, validation) = (Traffic::separable(300, 1), Traffic::separable(100, 2));
    let refused = |device| {
        let config = LstmConfig { device, precision: Precision::Bf16, ..small() };
        error(&config, train.rows(), validation.rows())
    };
    let found = refused(DeviceChoice::Flex);
    assert!(matches!(found, LstmError::Precision { precision: "bf16", .. }), "{found}");
    assert!(found.to_string().contains("`precision: f32`"), "{found}");
    if Precision::Bf16.check_available(DeviceChoice::Cpu).is_err() {
        assert!(refused(DeviceChoice::Cpu).to_string().contains("AVX512-BF16"));
    }
}

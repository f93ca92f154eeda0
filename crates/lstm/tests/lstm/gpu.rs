//! Devices other than the CPU, where there is one: a real GPU, or one imitated by Mesa's software Vulkan.

use nta_lstm::{Categorical, DeviceChoice, Lstm, LstmConfig, devices};

use crate::contract::{Traffic, auc, fit, small};
use crate::skip;

#[test]
fn a_gpu_trains_what_the_cpu_trains() {
    let (train, validation) = (Traffic::separable(2_500, 1), Traffic::separable(800, 2));
    let config = LstmConfig { dropout: 0.0, epochs: 3, batch: 4, ..small() };
    let embedded = LstmConfig { layers: 2, categorical: Categorical::Embedding(4), ..config.clone() };
    for device in [DeviceChoice::Wgpu, DeviceChoice::Cuda] {
        let Some(info) = devices().into_iter().find(|d| d.name == device.name() && d.available) else {
            skip(&format!("no device {} here", device.name()));
            continue;
        };
        for config in [&config, &embedded] {
            let here = fit(config, &train, &validation);
            let there = fit(&LstmConfig { device, ..config.clone() }, &train, &validation);
            for (a, b) in here.history.iter().zip(&there.history) {
                let (a, b) = (a.train_loss, b.train_loss);
                assert!((a - b).abs() < 1e-4 * a, "{}: {a} and {b}", info.what);
            }
            let scores = |lstm: &Lstm| lstm.predict_proba(&validation.dense, &validation.sequences).unwrap();
            for (a, b) in scores(&here.lstm).iter().zip(&scores(&there.lstm)) {
                assert!((a - b).abs() < 1e-4, "{}: {a} and {b}", info.what);
            }
            let found = auc(&there.lstm, &validation);
            assert!(found > 0.9, "{}: {found}", info.what);
        }
    }
}

#[test]
fn auto_takes_a_real_gpu_or_says_why_it_takes_the_cpu() {
    let resolved = DeviceChoice::Auto.resolve();
    match (resolved.device, resolved.why_not_gpu) {
        (DeviceChoice::Wgpu | DeviceChoice::Cuda, None) => {}
        (DeviceChoice::Cpu, None) => {
            let built = |name: &str| !devices().iter().any(|d| d.name == name && d.what.contains("built without it"));
            assert!(!built("wgpu") && !built("cuda"), "a GPU engine is built in, and nothing is said of it");
        }
        (DeviceChoice::Cpu, Some(why)) => assert!(why.contains("wgpu: ") || why.contains("cuda: "), "{why}"),
        other => panic!("{other:?}"),
    }
    let auto = devices().into_iter().find(|d| d.name == "auto").unwrap();
    assert!(auto.what.contains(resolved.device.name()), "{}", auto.what);
    assert_eq!(DeviceChoice::Flex.resolve().device, DeviceChoice::Flex);
}

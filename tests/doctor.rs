//! What this machine offers is listed, and what it lacks is refused with a remedy.

use crate::nta::Home;

#[test]
fn the_doctor_lists_machine_and_devices() {
    let home = Home::new();
    let shown = home.nta(&["doctor"]).ok().out;
    for word in ["nta", "threads", "vectors", "memory", "lstm.device auto", "takes ", "fused engine", "cuda", "wgpu"] {
        assert!(shown.contains(word), "`{word}` is not in:\n{shown}");
    }
    let told: serde_json::Value = serde_json::from_str(&home.nta(&["doctor", "--json"]).ok().out).unwrap();
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert!(told["threads"].as_u64().unwrap() >= 1);
    let names: Vec<&str> = told["devices"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["auto", "cpu", "flex", "ndarray", "wgpu", "cuda"]);
    assert!(home.files().is_empty());
}

#[test]
fn a_device_that_is_not_here_is_refused_before_anything_is_read() {
    let home = Home::new();
    let told: serde_json::Value = serde_json::from_str(&home.nta(&["doctor", "--json"]).ok().out).unwrap();
    for device in told["devices"].as_array().unwrap().iter().filter(|d| d["available"] == false) {
        let set = format!("lstm.device={}", device["name"].as_str().unwrap());
        let done = home.nta(&["run", "configs/quickstart.yaml", "--set", "choice=off", "--set", &set]);
        done.refused(2, &["lstm.device", "not available", device["what"].as_str().unwrap()]);
    }
    assert!(home.files().is_empty());
}

//! The hot parts on a table from a seed: fit (binning and growing), scoring, explaining.

#![allow(missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nta_data::{Label, Purpose, Quiet, Tabular, TabularKind, rng};
use nta_forest::ForestConfig;
use rand_core::RngCore;

/// 20 columns: even ones tell the classes apart a little, odd ones are noise with few values.
fn table(n_rows: usize) -> (Tabular, Vec<Label>) {
    let mut random = rng(1, Purpose::Simulation, 0, 0);
    let mut columns = vec![Vec::new(); 20];
    let mut y = Vec::with_capacity(n_rows);
    for _ in 0..n_rows {
        let attack = random.next_u32().is_multiple_of(3);
        for (j, column) in columns.iter_mut().enumerate() {
            let value = random.next_u32() as f32 / 4_294_967_296.0;
            column.push(if j % 2 == 0 { value + 0.2 * f32::from(u8::from(attack)) } else { (value * 30.0).floor() });
        }
        y.push(if attack { Label::Attack } else { Label::Benign });
    }
    let names = (0..20).map(|j| format!("f{j}")).collect();
    (Tabular { names, kinds: vec![TabularKind::Numeric; 20], columns }, y)
}

fn forest(c: &mut Criterion) {
    let (x, y) = table(20_000);
    let config = ForestConfig { trees: 50, ..ForestConfig::default() };
    let mut group = c.benchmark_group("forest");
    group.sample_size(10).throughput(Throughput::Elements(20_000));
    group.bench_function("fit 50 trees", |b| {
        b.iter_batched(|| x.clone(), |x| config.fit(x, &y, 1, &Quiet).unwrap(), BatchSize::LargeInput);
    });
    let forest = config.fit(x.clone(), &y, 1, &Quiet).unwrap().forest;
    group.bench_function("predict", |b| b.iter(|| forest.predict_proba(&x).unwrap()));
    let bytes = forest.to_bytes();
    group.bench_function("load", |b| b.iter(|| nta_forest::Forest::from_bytes(&bytes).unwrap()));
    let rows: Vec<u32> = (0..256).collect();
    group.throughput(Throughput::Elements(256));
    group.bench_function("explain", |b| b.iter(|| forest.explainer().unwrap().explain(&x, &rows).unwrap()));
    group.finish();
}

criterion_group!(benches, forest);
criterion_main!(benches);

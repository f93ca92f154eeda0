//! A model whose list was changed and sealed again is refused: the digest is that of the parts that score.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use nta_data::{Order, Quiet};
use nta_forest::ForestConfig;

use crate::digest::sha256_hex;
use crate::fixture::{model, traffic};
use crate::manifest::{FileEntry, MANIFEST, Manifest};
use crate::parts::{GOLDEN, HYBRID_FILE, PREPROCESSOR, SCHEMA, SCORING};
use crate::{Model, Scorer, store};

/// Saves the fixture, lets `change` at its list, seals it again and says why it is refused.
fn refused(change: impl FnOnce(&Path, &mut Manifest)) -> String {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("m");
    model(Order::File).save(&folder).unwrap();
    let mut manifest = store::read_manifest(&folder).unwrap();
    change(&folder, &mut manifest);
    fs::write(folder.join(MANIFEST), manifest.to_sealed_text().unwrap()).unwrap();
    Model::load(&folder).unwrap_err().to_string()
}

/// A forest of the same columns that says something else.
fn other_forest() -> Vec<u8> {
    let (sound, train) = (model(Order::File), traffic(600, 20, Order::File));
    let config = ForestConfig { trees: 3, ..Default::default() };
    let features = sound.preprocessor.tabular(&train).unwrap();
    config.fit(features, train.labels().unwrap(), 2, &Quiet).unwrap().forest.to_bytes()
}

fn put(folder: &Path, entry: &mut FileEntry, bytes: &[u8]) {
    fs::write(folder.join(&entry.name), bytes).unwrap();
    (entry.bytes, entry.sha256) = (bytes.len() as u64, sha256_hex(bytes));
}

fn entry<'a>(manifest: &'a mut Manifest, name: &str) -> &'a mut FileEntry {
    manifest.files.iter_mut().find(|file| file.name == name).unwrap()
}

#[test]
fn another_forest_under_the_genuine_digest_is_refused() {
    let said = refused(|folder, manifest| {
        let mut evil = entry(manifest, "forest.bin").clone();
        (evil.name, evil.learned) = ("evil.bin".into(), false);
        put(folder, &mut evil, &other_forest());
        manifest.files.push(evil);
        manifest.members[0].file = "evil.bin".into();
    });
    assert!(said.contains("member forest stands in `evil.bin`, not in `forest.bin`"), "{said}");
}

#[test]
fn another_forest_under_a_digest_of_its_own_contradicts_the_golden_rows() {
    let swap = |folder: &Path, manifest: &mut Manifest| {
        put(folder, entry(manifest, "forest.bin"), &other_forest());
        manifest.digest = Manifest::digest_of(&manifest.files);
    };
    let said = refused(swap);
    assert!(said.contains("golden.json: golden row") && said.contains("forest says"), "{said}");
    let said = refused(|folder, manifest| {
        swap(folder, manifest);
        put(folder, entry(manifest, GOLDEN), b"{\"rows\": []}\n");
    });
    assert!(said.contains("golden.json: there are no golden rows"), "{said}");
}

#[test]
fn the_digest_covers_every_learned_part_and_nothing_else() {
    for (name, words) in [
        (SCORING, "`scoring.json` decides scores, and the digest does not cover it"),
        ("forest.bin", "`forest.bin` decides scores, and the digest does not cover it"),
        (GOLDEN, "`golden.json` decides no score, and the digest covers it"),
    ] {
        let said = refused(|_, manifest| {
            let entry = entry(manifest, name);
            entry.learned = !entry.learned;
            manifest.digest = Manifest::digest_of(&manifest.files);
        });
        assert!(said.contains("manifest.json") && said.contains(words), "{said}");
    }
}

#[test]
fn a_model_without_golden_rows_is_not_saved() {
    let home = tempfile::tempdir().unwrap();
    let mut bare = Arc::unwrap_or_clone(model(Order::File));
    bare.golden.rows.clear();
    let said = bare.save(&home.path().join("m")).unwrap_err().to_string();
    assert!(said.contains("golden rows"), "{said}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

/// What a load and a score of a fixture say whose part `name` was damaged by `damage` and sealed again.
fn damaged(name: &str, damage: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<f32>, String> {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("m");
    model(Order::File).save(&folder).unwrap();
    let mut manifest = store::read_manifest(&folder).unwrap();
    let mut bytes = fs::read(folder.join(name)).unwrap();
    damage(&mut bytes);
    put(&folder, entry(&mut manifest, name), &bytes);
    manifest.digest = Manifest::digest_of(&manifest.files);
    fs::write(folder.join(MANIFEST), manifest.to_sealed_text().unwrap()).unwrap();
    let model = Model::load(&folder).map_err(|e| e.to_string())?;
    let scores = Scorer::new(Arc::new(model)).and_then(|mut scorer| scorer.score(&traffic(50, 9, Order::File)));
    let scores = scores.map_err(|e| e.to_string())?;
    Ok(scores.columns().flat_map(|column| column.p_attack.to_vec()).collect())
}

#[test]
fn a_part_that_was_damaged_and_sealed_again_is_refused_by_name_or_scores_finitely() {
    let mut state = 12u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut refused = 0;
    for name in ["forest.bin", "lstm.safetensors", PREPROCESSOR, HYBRID_FILE, SCORING, GOLDEN, SCHEMA] {
        for trial in 0..12 {
            let (place, byte, near) = (random(1 << 30), random(256) as u8, trial % 2 == 0);
            let found = damaged(name, |bytes| {
                let at = place % if near { bytes.len().min(200) } else { bytes.len() };
                bytes[at] = if trial % 3 == 0 { 0xff } else { byte };
            });
            match found {
                Ok(scores) => assert!(scores.iter().all(|p| (0.0..=1.0).contains(p)), "{name}, {trial}"),
                Err(said) => {
                    refused += usize::from(said.contains(name) || said.contains(name.split('.').next().unwrap()))
                }
            }
        }
    }
    assert!(refused > 30, "{refused}");
}

//! The trained whole: everything that turns rows as read into scores and flags.

use std::path::Path;
use std::sync::Arc;

use nta_data::{Dataset, HYBRID, MemoryConfig, Schema, Scores, SensorKey, SequenceBy};
use nta_hybrid::Hybrid;
use nta_metrics::{ChosenThreshold, Isotonic};
use nta_preprocess::{Preprocessor, Profile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::golden::Golden;
use crate::manifest::{FileEntry, MANIFEST, Manifest, Provenance, is_plain};
use crate::member::NamedMember;
use crate::parts::{GOLDEN, HYBRID_FILE, PREPROCESSOR, PROFILE, SCALER, SCHEMA, SCORING};
use crate::store::{self, ModelFile};
use crate::{ModelError, hex_key};

/// A trained model, applied by [`crate::Scorer`] and by nothing else.
#[derive(Debug, Clone)]
pub struct Model {
    /// Column roles of the traffic it reads.
    pub schema: Schema,
    /// How state is carried from an entity's flow to its next; `None` where every flow is judged cold.
    pub state: Option<StateRule>,
    /// What was learned about columns.
    pub preprocessor: Preprocessor,
    /// The members, in the order of their scores.
    pub members: Vec<NamedMember>,
    /// How their scores become one.
    pub hybrid: Hybrid,
    /// One for each member in their order, then the hybrid's.
    pub thresholds: Vec<NamedThreshold>,
    /// The share of attacks to expect at a fused score: what is reported as probability. It decides nothing.
    pub calibration: Isotonic,
    /// What the training traffic and the scores looked like, for comparison with later traffic; `None` in a model of before
    /// profiles. Nothing is scored by it, and it is outside the digest.
    pub profile: Option<Profile>,
    /// A few rows and what the model said to them; see [`Model::record_golden`].
    pub golden: Golden,
    /// Where it came from.
    pub provenance: Provenance,
}

/// How state is carried along an entity's flows. Part of the model: another key, another size of memory, other scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRule {
    /// Whose flows follow each other.
    pub by: SequenceBy,
    /// Key of the hash that makes an entity of capture and host; hex in the file.
    #[serde(with = "hex_key")]
    pub entity_key: [u8; 16],
    /// What stands for the capture in it, where no column does. Models of before it was a choice do not hold it, and
    /// must keep their digests.
    #[serde(default, skip_serializing_if = "is_file_index")]
    pub sensor_key: SensorKey,
    /// How much is remembered, and for how long.
    pub memory: MemoryConfig,
}

fn is_file_index(key: &SensorKey) -> bool {
    *key == SensorKey::FileIndex
}

/// From which score on a row is flagged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedThreshold {
    /// A member's name, or [`HYBRID`].
    pub name: String,
    /// The value and how it was chosen; a row is flagged when its score is greater.
    pub chosen: ChosenThreshold,
}

/// The contents of `scoring.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scoring {
    state: Option<StateRule>,
    thresholds: Vec<NamedThreshold>,
    calibration: Isotonic,
}

impl Model {
    /// Names of the members, then the hybrid's: the columns of its scores and its thresholds, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.member_names().chain([HYBRID])
    }

    /// Names of the members, in the order of their scores.
    pub fn member_names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|m| m.name.as_str())
    }

    /// Scores of no rows, in the columns that this model's scores have.
    ///
    /// # Errors
    /// A model that names two members alike.
    pub fn no_scores(&self) -> Result<Scores, ModelError> {
        Scores::empty(self.member_names()).map_err(ModelError::parts)
    }

    /// The threshold of the member `name`, or of [`HYBRID`].
    ///
    /// # Errors
    /// There is none.
    pub fn threshold(&self, name: &str) -> Result<&ChosenThreshold, ModelError> {
        let found = self.thresholds.iter().find(|threshold| threshold.name == name);
        let none = || ModelError::parts(format!("there is no threshold for {name}"));
        found.map(|threshold| &threshold.chosen).ok_or_else(none)
    }

    /// The probability of attack to report for each fused score, `(n_rows)`.
    pub fn probability(&self, hybrid: &[f32]) -> Vec<f32> {
        hybrid.iter().map(|&score| self.calibration.probability(score)).collect()
    }

    /// Digest over the learned parts: equal for equal data, config and seed, whenever and wherever trained.
    ///
    /// # Errors
    /// Parts that do not fit each other, a number that JSON cannot hold.
    pub fn digest(&self) -> Result<String, ModelError> {
        Ok(self.to_files()?.1.digest)
    }

    /// Writes the model to `folder`, which must not exist, whole or not at all. Whatever fails (a full disk, a limit),
    /// the error names the file and nothing stays behind.
    ///
    /// # Errors
    /// A folder that exists already, parts that do not fit each other, no golden rows, whatever the system refuses.
    pub fn save(&self, folder: &Path) -> Result<Manifest, ModelError> {
        self.check_golden()?;
        let (files, manifest) = self.to_files()?;
        store::write(folder, &files, &manifest)?;
        Ok(manifest)
    }

    /// Reads a model, checking every byte of every file that its manifest names; files that it does not name are none
    /// of the model's and are passed over. The digest is that of the parts read, and the golden rows are scored: the model
    /// says what it said when it was made. Nothing in the folder is ever executed.
    ///
    /// # Errors
    /// A file that is missing, damaged or of a newer format, parts that do not fit each other, a digest that does not cover
    /// just what was learned, golden rows that are none or score otherwise.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let manifest = store::read_manifest(folder)?;
        // Every file is verified before any is parsed, those included that only other tools read.
        let mut files = Vec::with_capacity(manifest.files.len());
        for entry in &manifest.files {
            files.push((entry, store::read_file(folder, entry)?));
        }
        let file = |name: &str| find_file(folder, &files, name);
        let members = manifest
            .members
            .iter()
            .map(|entry| NamedMember::from_bytes(entry, file(&entry.file)?, &folder.join(&entry.file)));
        let members = members.collect::<Result<Vec<_>, ModelError>>()?;
        let scoring: Scoring = from_json(folder, SCORING, file(SCORING)?)?;
        let model = Model {
            schema: from_json(folder, SCHEMA, file(SCHEMA)?)?,
            state: scoring.state,
            preprocessor: from_json(folder, PREPROCESSOR, file(PREPROCESSOR)?)?,
            members,
            hybrid: from_json(folder, HYBRID_FILE, file(HYBRID_FILE)?)?,
            thresholds: scoring.thresholds,
            calibration: scoring.calibration,
            profile: match files.iter().find(|(entry, _)| entry.name == PROFILE) {
                Some((_, bytes)) => Some(from_json(folder, PROFILE, bytes)?),
                None => None,
            },
            golden: from_json(folder, GOLDEN, file(GOLDEN)?)?,
            provenance: manifest.provenance,
        };
        model.check().map_err(|e| ModelError::damaged(&folder.join(MANIFEST), e))?;
        // A few rows from cold memory: milliseconds, whatever the size of the model.
        let model = Arc::new(model);
        let golden = model.check_golden().and_then(|()| model.verify());
        golden.map_err(|e| ModelError::damaged(&folder.join(GOLDEN), e))?;
        Ok(Arc::unwrap_or_clone(model))
    }

    /// Every model that was ever saved has golden rows: they were in the first revision of the format.
    pub(crate) fn check_golden(&self) -> Result<(), ModelError> {
        match self.golden.rows.is_empty() {
            true => Err(ModelError::NoGolden),
            false => Ok(()),
        }
    }

    /// The model as files, and their manifest.
    pub(crate) fn to_files(&self) -> Result<(Vec<ModelFile>, Manifest), ModelError> {
        self.check()?;
        let scoring = Scoring {
            state: self.state.clone(),
            thresholds: self.thresholds.clone(),
            calibration: self.calibration.clone(),
        };
        let mut files = vec![
            to_json(SCHEMA, &self.schema)?,
            to_json(PREPROCESSOR, &self.preprocessor)?,
            to_json(HYBRID_FILE, &self.hybrid)?,
            to_json(SCORING, &scoring)?,
        ];
        for member in &self.members {
            files.push(member.to_file());
        }
        files.push(ModelFile { learned: false, ..to_json(GOLDEN, &self.golden)? });
        if let Some(profile) = &self.profile {
            files.push(ModelFile { learned: false, ..to_json(PROFILE, profile)? });
        }
        files.push(ModelFile { name: SCALER.into(), bytes: self.preprocessor.scaler_npy(), learned: false });
        let members = self.members.iter().map(NamedMember::entry).collect();
        let manifest = store::describe(&files, members, self.provenance.clone());
        Ok((files, manifest))
    }

    /// Refuses parts that do not fit each other.
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let refuse = |why: String| Err(ModelError::Parts { why });
        if self.members.is_empty() {
            return refuse("there is no member".into());
        }
        for (i, member) in self.members.iter().enumerate() {
            let taken = member.name == HYBRID || self.members[..i].iter().any(|other| other.name == member.name);
            if taken || !is_plain(&member.name) {
                return refuse(format!("`{}` cannot name a member", member.name));
            }
        }
        let names: Vec<&str> = self.names().collect();
        let thresholds: Vec<&str> = self.thresholds.iter().map(|t| t.name.as_str()).collect();
        if names != thresholds {
            return refuse(format!("the thresholds are for {thresholds:?}, the scores are {names:?}"));
        }
        if let Some(nan) = self.thresholds.iter().find(|t| t.chosen.value.is_nan()) {
            return refuse(format!("the threshold of {} is not a number", nan.name));
        }
        let members: Vec<&str> = self.member_names().collect();
        let fused: Vec<&str> = self.hybrid.members().iter().map(String::as_str).collect();
        if fused != members {
            return refuse(format!("the hybrid fuses {fused:?}, the members are {members:?}"));
        }
        self.check_inputs()
    }

    /// Refuses members that were trained on other inputs than the preprocessor makes, and a preprocessor that remembers
    /// otherwise than the scorer will.
    fn check_inputs(&self) -> Result<(), ModelError> {
        let nothing = Dataset::empty(self.schema.clone().into());
        let dense = self.preprocessor.dense_without_gap(&nothing).map_err(ModelError::parts)?;
        let tabular = self.preprocessor.tabular(&nothing).map_err(ModelError::parts)?;
        for member in &self.members {
            member.member.check_inputs(&tabular, &dense)?;
        }
        let remembered = self.state.as_ref().map(|state| &state.memory);
        match self.preprocessor.gap() {
            Some(gap) if Some(&gap.memory) != remembered => {
                let why = format!("gaps were learned with {:?}, scoring remembers {remembered:?}", gap.memory);
                Err(ModelError::Parts { why })
            }
            _ => Ok(()),
        }
    }
}

/// A readable file. It is read back at once: a number that JSON cannot hold must fail here, not when the model is
/// needed.
fn to_json<T: Serialize + DeserializeOwned>(name: &str, value: &T) -> Result<ModelFile, ModelError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| ModelError::parts(format!("{name}: {e}")))?;
    bytes.push(b'\n');
    serde_json::from_slice::<T>(&bytes)
        .map_err(|e| ModelError::parts(format!("{name} could not be read back: {e}")))?;
    Ok(ModelFile { name: name.into(), bytes, learned: true })
}

fn from_json<T: DeserializeOwned>(folder: &Path, name: &str, bytes: &[u8]) -> Result<T, ModelError> {
    serde_json::from_slice(bytes).map_err(|e| ModelError::damaged(&folder.join(name), e))
}

fn find_file<'a>(folder: &Path, files: &'a [(&FileEntry, Vec<u8>)], name: &str) -> Result<&'a [u8], ModelError> {
    match files.iter().find(|(entry, _)| entry.name == name) {
        Some((_, bytes)) => Ok(bytes),
        None => Err(ModelError::damaged(&folder.join(MANIFEST), format!("names no {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::sync::Arc;

    use nta_data::{Order, Purpose, rng};
    use rand_core::RngCore;

    use super::*;
    use crate::fixture::{model, traffic};
    use crate::{FORMAT_REVISION, Scorer};

    fn names(folder: &Path) -> BTreeSet<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_loaded_model_scores_the_same_bits() {
        let home = tempfile::tempdir().unwrap();
        for order in [Order::File, Order::None] {
            let folder = home.path().join(format!("{order:?}"));
            let saved = model(order);
            let manifest = saved.save(&folder).unwrap();
            let loaded = Arc::new(Model::load(&folder).unwrap());
            assert_eq!(loaded.digest().unwrap(), manifest.digest);
            assert_eq!(loaded.verify().unwrap(), 0.0);
            let rows = traffic(300, 9, order);
            let scores = |m: &Arc<Model>| Scorer::new(Arc::clone(m)).unwrap().score(&rows).unwrap();
            assert_eq!(scores(&saved), scores(&loaded));
        }
    }

    #[test]
    fn a_folder_holds_readable_parts_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("m");
        model(Order::File).save(&folder).unwrap();
        let expected = [
            "forest.bin",
            "golden.json",
            "hybrid.json",
            "lstm.safetensors",
            "manifest.json",
            "preprocessor.json",
            "profile.json",
            "scaler_lstm.npy",
            "schema.json",
            "scoring.json",
        ];
        assert!(names(&folder).iter().eq(expected));
        assert_eq!(names(home.path()).len(), 1);
        let scoring = fs::read_to_string(folder.join("scoring.json")).unwrap();
        assert!(scoring.contains("\"entity_key\": \"07070707070707070707070707070707\""), "{scoring}");
        let again = model(Order::File).save(&folder).unwrap_err().to_string();
        assert!(again.contains("exists already"), "{again}");
    }

    #[test]
    fn a_model_of_before_sensors_had_names_keeps_its_rule_and_its_digest() {
        let home = tempfile::tempdir().unwrap();
        let mut old = (*model(Order::File)).clone();
        old.state.as_mut().unwrap().sensor_key = SensorKey::FileIndex;
        let folder = home.path().join("old");
        let manifest = old.save(&folder).unwrap();
        let scoring = fs::read_to_string(folder.join("scoring.json")).unwrap();
        assert!(!scoring.contains("sensor"), "what was written then: {scoring}");
        let loaded = Model::load(&folder).unwrap();
        assert_eq!(loaded.state.as_ref().unwrap().sensor_key, SensorKey::FileIndex);
        assert_eq!(loaded.digest().unwrap(), manifest.digest);
        let folder = home.path().join("new");
        model(Order::File).save(&folder).unwrap();
        assert_eq!(Model::load(&folder).unwrap().state.unwrap().sensor_key, SensorKey::Name);
    }

    #[test]
    fn every_changed_bit_and_lost_byte_is_refused_and_its_file_named() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("m");
        model(Order::File).save(&folder).unwrap();
        let files: Vec<String> = names(&folder).into_iter().collect();
        let mut rng = rng(1, Purpose::Shuffle, 0, 0);
        let mut draw = |n: usize| (rng.next_u64() % n as u64) as usize;
        for round in 0..250 {
            let path = folder.join(&files[round % files.len()]);
            let whole = fs::read(&path).unwrap();
            let mut bytes = whole.clone();
            if round < 200 {
                bytes[draw(whole.len())] ^= 1 << draw(8);
            } else {
                bytes.truncate(draw(whole.len()));
            }
            fs::write(&path, &bytes).unwrap();
            let error = Model::load(&folder).unwrap_err().to_string();
            assert!(error.contains(&path.display().to_string()), "{}: {error}", path.display());
            fs::write(&path, &whole).unwrap();
        }
        Model::load(&folder).unwrap();
    }

    #[test]
    fn a_lost_lengthened_or_swapped_file_is_refused_and_a_strangers_file_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("m");
        model(Order::File).save(&folder).unwrap();
        fs::write(folder.join("NOTES.md"), "mine").unwrap();
        Model::load(&folder).unwrap();
        let forest = folder.join("forest.bin");
        let whole = fs::read(&forest).unwrap();
        fs::write(&forest, [whole.as_slice(), b"x"].concat()).unwrap();
        assert!(Model::load(&folder).unwrap_err().to_string().contains("forest.bin: longer"));
        fs::copy(folder.join("schema.json"), &forest).unwrap();
        assert!(Model::load(&folder).unwrap_err().to_string().contains("forest.bin"));
        fs::remove_file(&forest).unwrap();
        assert!(Model::load(&folder).unwrap_err().to_string().contains("forest.bin is missing"));
        fs::remove_file(folder.join(MANIFEST)).unwrap();
        assert!(Model::load(&folder).unwrap_err().to_string().contains("manifest.json is missing"));
        assert!(Model::load(&home.path().join("none")).is_err());
    }

    #[test]
    fn a_model_of_a_newer_format_is_refused_in_words() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("m");
        let model = model(Order::File);
        model.save(&folder).unwrap();
        let (_, mut manifest) = model.to_files().unwrap();
        manifest.format_revision = FORMAT_REVISION + 1;
        fs::write(folder.join(MANIFEST), manifest.to_sealed_text().unwrap()).unwrap();
        let error = Model::load(&folder).unwrap_err().to_string();
        assert!(error.contains("manifest.json: this model was made by a newer nta"), "{error}");
    }

    #[test]
    fn the_digest_is_of_what_was_learned_and_of_nothing_else() {
        let first = Arc::unwrap_or_clone(model(Order::File));
        let mut other_run = first.clone();
        other_run.provenance = Provenance { run: "20261123-000000-aaaa".into(), ..Default::default() };
        other_run.golden = Golden::default();
        other_run.profile = None;
        assert_eq!(first.digest().unwrap(), other_run.digest().unwrap());
        let mut other_key = first.clone();
        other_key.state.as_mut().unwrap().entity_key[0] ^= 1;
        assert_ne!(first.digest().unwrap(), other_key.digest().unwrap());
    }

    #[test]
    fn the_profile_is_kept_and_a_model_without_one_loads_with_none() {
        let home = tempfile::tempdir().unwrap();
        let mut model = Model::clone(&model(Order::File));
        model.save(&home.path().join("with")).unwrap();
        let loaded = Model::load(&home.path().join("with")).unwrap();
        assert!(loaded.profile.as_ref().is_some_and(|profile| profile.rows > 0 && profile.numeric.len() == 2));
        assert_eq!(loaded.profile, model.profile);
        model.profile = None;
        let manifest = model.save(&home.path().join("without")).unwrap();
        assert_eq!(manifest.digest, loaded.digest().unwrap());
        assert_eq!(Model::load(&home.path().join("without")).unwrap().profile, None);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let sound = model(Order::File);
        let refused = |change: &dyn Fn(&mut Model)| {
            let mut changed = Arc::unwrap_or_clone(Arc::clone(&sound));
            change(&mut changed);
            changed.digest().unwrap_err().to_string()
        };
        assert!(refused(&|m| m.members.clear()).contains("no member"));
        assert!(refused(&|m| m.state = None).contains("gaps were learned with"));
        assert!(refused(&|m| m.preprocessor = model(Order::None).preprocessor.clone()).contains("numeric input"));
        assert!(refused(&|m| m.members[1].name = "forest".into()).contains("`forest` cannot name"));
        assert!(refused(&|m| m.members[1].name = "../lstm".into()).contains("cannot name"));
        assert!(refused(&|m| m.members[1].name = "hybrid".into()).contains("cannot name"));
        assert!(refused(&|m| m.thresholds.swap(0, 1)).contains("thresholds"));
        assert!(refused(&|m| m.members.swap(0, 1)).contains("thresholds"));
        assert!(refused(&|m| m.thresholds[2].chosen.value = f32::NAN).contains("not a number"));
        assert!(refused(&|m| m.schema.numeric.clear()).contains("bytes"));
    }
}

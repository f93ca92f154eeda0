//! `manifest.json`: what lies in a model's folder, where it came from, and a seal over itself.

use std::collections::BTreeMap;
use std::path::Path;

use nta_leakage::Finding;
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::data_digest::DataDigest;
use crate::digest::{digest_of_digests, sha256_hex};
use crate::parts;
use crate::site::{FromVerdicts, SiteBaseline};

/// The revision of the folder's format that this version writes and reads.
pub const FORMAT_REVISION: u32 = 1;

/// The manifest's file name; it is written last, so a folder without one is no model.
pub const MANIFEST: &str = "manifest.json";

/// A saved model's table of contents and provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT_REVISION`] of the version that wrote it.
    pub format_revision: u32,
    /// Digest over the learned parts alone: equal for equal data, config and seed, whenever and wherever trained.
    pub digest: String,
    /// Where it came from.
    pub provenance: Provenance,
    /// The members, in the order of their scores.
    pub members: Vec<MemberEntry>,
    /// Every other file of the model.
    pub files: Vec<FileEntry>,
}

/// Where a model came from. Nothing in it reaches a score or the digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The config's name.
    pub name: String,
    /// When it was trained, RFC 3339.
    pub created: String,
    /// The run that made it.
    pub run: String,
    /// The model or run it was made from (a retraining).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Seed of every random number.
    pub seed: u64,
    /// The resolved config, YAML, variables unexpanded.
    pub config: String,
    /// Versions of the program and of what scores depend on: `nta`, `burn`, …
    pub versions: BTreeMap<String, String>,
    /// The files read.
    pub data: Vec<DataDigest>,
    /// Features that give the label away or say which row it is, and were accepted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Finding>,
    /// The benign flows of one site that its thresholds were set on, where they were (`nta baseline`): all else is as its
    /// parent learned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteBaseline>,
    /// What analysts said of the parent's alerts, where the threshold was raised by that (`nta verdicts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<FromVerdicts>,
}

/// A member and the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberEntry {
    /// `forest`, `lstm`, … as the hybrid calls it.
    pub name: String,
    /// Which kind of member it is.
    pub kind: MemberKind,
    /// Its file.
    pub file: String,
}

/// The kinds of members that this version can apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A random forest: judges each flow by itself.
    Forest,
    /// A sequence labelling LSTM: judges each flow by what its entity did before.
    Lstm,
    /// A density over benign flows: judges each flow by itself, by how surprising it is.
    #[serde(rename = "novelty")]
    Density,
}

impl MemberKind {
    /// Every kind, in the order in which a run trains its members and a model holds their scores.
    pub const ALL: [MemberKind; 3] = [MemberKind::Forest, MemberKind::Lstm, MemberKind::Density];

    /// The name in the manifest; also that of the member which a run trains of this kind.
    pub fn name(self) -> &'static str {
        match self {
            MemberKind::Forest => "forest",
            MemberKind::Lstm => "lstm",
            MemberKind::Density => nta_data::NOVELTY,
        }
    }

    /// What the name of its file ends in.
    pub(crate) fn file_ending(self) -> &'static str {
        match self {
            MemberKind::Forest => "bin",
            MemberKind::Lstm => "safetensors",
            MemberKind::Density => "json",
        }
    }
}

/// A file of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of the contents.
    pub sha256: String,
    /// Whether it is one of the learned parts that the model's digest covers.
    pub learned: bool,
}

/// The key of the seal, the last line of the file.
const SEAL: &str = "\"manifest_sha256\": \"";
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands in the file: the manifest and its seal.
#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    #[serde(flatten)]
    manifest: T,
    manifest_sha256: String,
}

impl Manifest {
    /// Digest over the learned files.
    pub(crate) fn digest_of(files: &[FileEntry]) -> String {
        digest_of_digests(files.iter().filter(|f| f.learned).map(|f| (f.name.as_str(), f.sha256.as_str())))
    }

    /// The text of the file: the seal is the digest of the text with zeros in the seal's place.
    pub(crate) fn to_sealed_text(&self) -> Result<String, ModelError> {
        let sealed = Sealed { manifest: self, manifest_sha256: BLANK.to_owned() };
        let blank = serde_json::to_string_pretty(&sealed).map_err(ModelError::parts)? + "\n";
        let seal = sha256_hex(blank.as_bytes());
        let at = blank.rfind(SEAL).map_or(0, |at| at + SEAL.len());
        Ok(format!("{}{seal}{}", &blank[..at], &blank[at + seal.len()..]))
    }

    /// Reads the file's bytes. The seal is held against the bytes as they are, so that no changed bit passes, not even
    /// in a blank; the revision is asked first, for a newer manifest may look quite different.
    pub(crate) fn from_sealed_text(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        #[derive(Deserialize)]
        struct Revision {
            format_revision: u64,
        }
        let sealed = seal_holds(bytes);
        if let Ok(Revision { format_revision: found }) = serde_json::from_slice(bytes)
            && found > u64::from(FORMAT_REVISION)
        {
            let doubt = if sealed { "" } else { " (or the file is damaged: its seal does not hold)" };
            return Err(ModelError::Newer { path: path.to_owned(), found, reads: FORMAT_REVISION, doubt });
        }
        if !sealed {
            return Err(ModelError::damaged(path, "the seal does not hold: the file was changed or cut short"));
        }
        let manifest: Manifest = serde_json::from_slice::<Sealed<serde_json::Value>>(bytes)
            .and_then(|sealed| serde_json::from_value(sealed.manifest))
            .map_err(|e| ModelError::damaged(path, format!("not a manifest: {e}")))?;
        manifest.check(path)?;
        Ok(manifest)
    }

    /// A sealed manifest can still be one that somebody wrote with ill intent: no name may lead out of the folder.
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        if self.format_revision != FORMAT_REVISION {
            return Err(ModelError::damaged(path, format!("format revision {} never was", self.format_revision)));
        }
        for (i, file) in self.files.iter().enumerate() {
            if !is_plain(&file.name) || file.name == MANIFEST {
                return Err(ModelError::damaged(path, format!("`{}` is no part's name", file.name)));
            }
            if self.files[..i].iter().any(|other| other.name == file.name) {
                return Err(ModelError::damaged(path, format!("`{}` is listed twice", file.name)));
            }
        }
        for member in &self.members {
            if !self.files.iter().any(|file| file.name == member.file) {
                return Err(ModelError::damaged(path, format!("member {} has no file", member.name)));
            }
        }
        check_learned(self).map_err(|why| ModelError::damaged(path, why))?;
        if self.digest != Self::digest_of(&self.files) {
            return Err(ModelError::damaged(path, "the model's digest is not that of its parts"));
        }
        Ok(())
    }
}

/// Refuses a list by which the digest would be that of other parts than those that are applied: a genuine forest beside
/// the one that scores, a threshold that the digest does not see.
fn check_learned(manifest: &Manifest) -> Result<(), String> {
    for member in &manifest.members {
        let (file, right) = (&member.file, format!("{}.{}", member.name, member.kind.file_ending()));
        if *file != right {
            return Err(format!("member {} stands in `{file}`, not in `{right}`", member.name));
        }
    }
    let is_learned = |name: &str| parts::is_learned(name) || manifest.members.iter().any(|member| member.file == name);
    match manifest.files.iter().find(|file| file.learned != is_learned(&file.name)) {
        None => Ok(()),
        Some(odd) if odd.learned => Err(format!("`{}` decides no score, and the digest covers it", odd.name)),
        Some(odd) => Err(format!("`{}` decides scores, and the digest does not cover it", odd.name)),
    }
}

fn seal_holds(bytes: &[u8]) -> bool {
    let seal = SEAL.as_bytes();
    let Some(at) = bytes.windows(seal.len()).rposition(|window| window == seal) else { return false };
    let at = at + seal.len();
    let Some(found) = bytes.get(at..at + BLANK.len()) else { return false };
    let mut blank = bytes.to_vec();
    blank[at..at + BLANK.len()].copy_from_slice(BLANK.as_bytes());
    sha256_hex(&blank).as_bytes() == found
}

/// Whether `name` is a plain file or folder name that every system knows.
pub(crate) fn is_plain(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let files = vec![FileEntry { name: "forest.bin".into(), bytes: 3, sha256: sha256_hex(b"abc"), learned: true }];
        Manifest {
            format_revision: FORMAT_REVISION,
            digest: Manifest::digest_of(&files),
            provenance: Provenance { config: format!("note: {SEAL}{BLANK}\""), ..Default::default() },
            members: vec![MemberEntry { name: "forest".into(), kind: MemberKind::Forest, file: "forest.bin".into() }],
            files,
        }
    }

    fn read(text: &[u8]) -> Result<Manifest, ModelError> {
        Manifest::from_sealed_text(text, Path::new("m/manifest.json"))
    }

    #[test]
    fn what_is_written_is_read_and_every_changed_bit_or_lost_byte_is_refused() {
        let text = manifest().to_sealed_text().unwrap();
        assert_eq!(read(text.as_bytes()).unwrap(), manifest());
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let error = read(&bytes).unwrap_err().to_string();
            assert!(error.contains("m/manifest.json"), "{error}");
        }
        for length in 0..text.len() {
            assert!(read(&text.as_bytes()[..length]).is_err());
        }
    }

    #[test]
    fn a_newer_revision_is_refused_in_words_sealed_or_edited_by_hand() {
        let newer = Manifest { format_revision: 2, ..manifest() }.to_sealed_text().unwrap();
        let error = read(newer.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("made by a newer nta (format revision 2); this one reads revision 1"), "{error}");
        assert!(!error.contains("damaged"), "{error}");
        let edited = manifest().to_sealed_text().unwrap().replace("revision\": 1", "revision\": 7");
        let error = read(edited.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("format revision 7") && error.contains("or the file is damaged"), "{error}");
        let foreign = br#"{"format_revision": 9, "entirely": ["different"]}"#;
        assert!(matches!(read(foreign), Err(ModelError::Newer { found: 9, .. })));
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused_even_under_a_good_seal() {
        for name in ["../x", "/etc/passwd", ".hidden", "a/b", "manifest.json", ""] {
            let mut evil = manifest();
            evil.files[0].name = name.into();
            evil.members[0].file = name.into();
            evil.digest = Manifest::digest_of(&evil.files);
            assert!(read(evil.to_sealed_text().unwrap().as_bytes()).is_err(), "{name}");
        }
        let wrong_digest = Manifest { digest: sha256_hex(b"other"), ..manifest() };
        assert!(read(wrong_digest.to_sealed_text().unwrap().as_bytes()).is_err());
    }

    #[test]
    fn a_kind_is_called_in_the_manifest_as_it_calls_itself() {
        for kind in MemberKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}

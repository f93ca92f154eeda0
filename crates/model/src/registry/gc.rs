//! Letting go of versions that nothing needs: not the newest ones, not what an alias points at or can go back to, and not
//! what one of those was made from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use nta_atomic::TEMPORARY_PREFIX;
use serde::Serialize;

use super::Registry;
use super::log::{self, AliasChange};
use crate::ModelError;

/// Whether versions go, or it is only said which would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// They go.
    Do,
    /// They stay.
    OnlySay,
}

/// A version, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// `name/3`.
    pub version: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// Why it stays; null where it goes.
    pub kept: Option<String>,
}

/// Versions that stay, each with the first reason found.
type Needed = BTreeMap<(String, u32), String>;

impl Registry {
    /// Removes every version that nothing needs, `keep` of each name's newest left. Every version is told of.
    ///
    /// # Errors
    /// Whatever the system refuses; versions removed before that are gone, each whole.
    pub fn gc(&self, keep: usize, removal: Removal) -> Result<Vec<Collected>, ModelError> {
        let names: Vec<String> = self.list()?.into_iter().map(|versions| versions.name).collect();
        // All at once, in the order of names: nobody promotes or adds a child while it is decided what is needed.
        let _locks = names.iter().map(|name| self.lock(&self.folder(name))).collect::<Result<Vec<_>, _>>()?;
        let mut needed = Needed::new();
        for name in &names {
            self.need_of_name(name, keep, &mut needed)?;
        }
        self.need_ancestors(&mut needed)?;
        let mut told = Vec::new();
        for name in names {
            for number in self.numbers(&name)? {
                let version = self.version(&name, number);
                let kept = needed.get(&(name.clone(), number)).cloned();
                let bytes = bytes_below(&version.path);
                if kept.is_none() && removal == Removal::Do {
                    remove(&version.path)?;
                }
                told.push(Collected { version: version.title(), bytes, kept });
            }
        }
        Ok(told)
    }

    /// What aliases, rollbacks and age keep of a name, and what cannot be judged.
    fn need_of_name(&self, name: &str, keep: usize, needed: &mut Needed) -> Result<(), ModelError> {
        let numbers = self.numbers(name)?;
        let mut need = |number: u32, why: String| {
            needed.entry((name.to_owned(), number)).or_insert(why);
        };
        match self.settle(name) {
            Ok(settled) => {
                settled.aliases.iter().for_each(|(alias, &number)| need(number, format!("{alias} points at it")));
                let log: Vec<AliasChange> = settled.log.into_iter().chain(settled.found).collect();
                let aliases: BTreeSet<&String> = log.iter().map(|change| &change.alias).collect();
                for alias in aliases {
                    if let Some(number) = log::before(&log, alias).into_iter().find(|back| numbers.contains(back)) {
                        need(number, format!("{alias} can go back to it"));
                    }
                }
            }
            Err(error) => numbers.iter().for_each(|&number| need(number, error.to_string())),
        }
        numbers.iter().rev().take(keep).for_each(|&number| need(number, "among the newest".to_owned()));
        for &number in &numbers {
            if let Err(error) = self.version(name, number).manifest() {
                need(number, error.to_string());
            }
        }
        Ok(())
    }

    /// What those that stay were made from stays too.
    fn need_ancestors(&self, needed: &mut Needed) -> Result<(), ModelError> {
        let heads: Vec<(String, u32)> = needed.keys().cloned().collect();
        for (name, number) in heads {
            let head = self.version(&name, number);
            for ancestor in self.ancestors(&head)? {
                if let Some(place) = ancestor.registered {
                    needed.entry(place).or_insert_with(|| format!("{} was made from it", head.title()));
                }
            }
        }
        Ok(())
    }
}

/// Takes the version away in one step, then its files; what a kill leaves of those goes with the next writer's sweep.
fn remove(version: &Path) -> Result<(), ModelError> {
    let number = version.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let doomed = version.with_file_name(format!("{TEMPORARY_PREFIX}gone-{number}"));
    nta_atomic::rename_folder(version, &doomed)?;
    fs::remove_dir_all(&doomed).map_err(ModelError::io("remove", &doomed))
}

/// Sum of a model's files; what cannot be looked at counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file).map(|found| found.len()).sum()
}

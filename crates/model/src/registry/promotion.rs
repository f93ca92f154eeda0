//! Moving aliases. Each move is written to the log first, then to aliases.yaml, which says how many lines of the log it
//! holds: whoever comes after a process that was killed between the two finishes its move.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::log::{self, Act, AliasChange, Reign};
use super::{ALIASES, Registry, check_name, listed, not_found};
use crate::{ModelError, aliases, store};

/// Who moves an alias, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// `user@host`.
    pub who: String,
    /// The reason, where one is given.
    pub why: Option<String>,
}

/// Longest reason, in characters.
const MOST_WHY: usize = 1_000;

impl Registry {
    /// Points `name@alias` at a version, in place of where it pointed before.
    ///
    /// # Errors
    /// A version or a name that is not there, an alias that cannot be one, whatever the system refuses.
    pub fn promote(&self, name: &str, alias: &str, number: u32, by: &By) -> Result<AliasChange, ModelError> {
        self.point(name, alias, number, by, |_| Ok(()))
    }

    /// The same, only where the alias still points at `from`, or there is none where that is `None`: what the version was
    /// held against.
    ///
    /// # Errors
    /// As [`Registry::promote`], and an alias that was moved meanwhile.
    pub fn succeed(
        &self,
        name: &str,
        alias: &str,
        from: Option<u32>,
        number: u32,
        by: &By,
    ) -> Result<AliasChange, ModelError> {
        self.point(name, alias, number, by, |now| {
            let moved = || ModelError::Moved { alias: format!("{name}@{alias}"), from, now };
            if now == from { Ok(()) } else { Err(moved()) }
        })
    }

    fn point(
        &self,
        name: &str,
        alias: &str,
        number: u32,
        by: &By,
        may: impl FnOnce(Option<u32>) -> Result<(), ModelError>,
    ) -> Result<AliasChange, ModelError> {
        check_name(alias)?;
        self.known_numbers(name, name)?;
        self.change(name, alias, by, |aliases, _| {
            may(aliases.get(alias).copied())?;
            let (asked, numbers) = (format!("{name}/{number}"), self.numbers(name)?);
            match numbers.contains(&number) {
                true => Ok((Act::Promote, Some(number))),
                false => Err(not_found(&asked, format!("{name} has the versions {}", listed(&numbers)))),
            }
        })
    }

    /// Points `name@alias` back at where it pointed before, of the versions that are still there. A second rollback goes
    /// one further back.
    ///
    /// # Errors
    /// No version before, whatever the system refuses.
    pub fn rollback(&self, name: &str, alias: &str, by: &By) -> Result<AliasChange, ModelError> {
        let numbers = self.known_numbers(name, name)?;
        self.change(name, alias, by, |aliases, log| {
            let past = log::before(log, alias);
            match past.iter().find(|number| numbers.contains(number)) {
                Some(&number) => Ok((Act::Rollback, Some(number))),
                None => Err(ModelError::NothingBefore {
                    alias: format!("{name}@{alias}"),
                    found: match (aliases.get(alias), past.is_empty()) {
                        (None, _) => "there is no such alias".to_owned(),
                        (Some(now), true) => format!("{name}/{now} is the first version that it points at"),
                        (Some(_), false) => format!("the versions before, {}, are gone", listed(&past)),
                    },
                }),
            }
        })
    }

    /// Takes the alias away.
    ///
    /// # Errors
    /// A name or alias that is not there, whatever the system refuses.
    pub fn remove_alias(&self, name: &str, alias: &str, by: &By) -> Result<AliasChange, ModelError> {
        self.known_numbers(name, name)?;
        self.change(name, alias, by, |aliases, _| match aliases.contains_key(alias) {
            true => Ok((Act::Remove, None)),
            false => Err(no_alias(&format!("{name}@{alias}"), name, aliases)),
        })
    }

    /// Every change of the aliases of `name`, oldest first.
    ///
    /// # Errors
    /// A name that is not there, a damaged log.
    pub fn log(&self, name: &str) -> Result<Vec<AliasChange>, ModelError> {
        self.known_numbers(name, name)?;
        log::read(&self.folder(name))
    }

    /// Who was champion when: the times of every alias of `name`, oldest first.
    ///
    /// # Errors
    /// A name that is not there, a damaged log.
    pub fn reigns(&self, name: &str) -> Result<Vec<Reign>, ModelError> {
        Ok(log::reigns(&self.log(name)?))
    }

    /// The aliases of `name`. A move that a killed process left half done is finished.
    pub(super) fn settled_aliases(&self, name: &str) -> Result<BTreeMap<String, u32>, ModelError> {
        let folder = self.folder(name);
        let aliases = self.aliases(name)?;
        // Asked after the aliases were read: a move in between shows and is waited for.
        if lines_held(&folder)?.unwrap_or(0) == log::count(&folder)? {
            return Ok(aliases);
        }
        let _lock = self.lock(&folder)?;
        let settled = self.settle(name)?;
        if settled.found.is_empty() {
            // Where nothing may be written the move counts all the same.
            let _ = write_aliases(&folder, &settled.aliases, settled.log.len());
        }
        Ok(settled.aliases)
    }

    /// What stands now, with the log and the aliases in agreement. The folder's lock is held.
    pub(super) fn settle(&self, name: &str) -> Result<Settled, ModelError> {
        let folder = self.folder(name);
        let (mut aliases, log) = (self.aliases(name)?, log::read(&folder)?);
        // A file of before the log, or written by hand: what stands in it counts.
        let held = lines_held(&folder)?.unwrap_or(log.len()).min(log.len());
        let mut told = BTreeMap::new();
        for (i, change) in log.iter().enumerate() {
            log::apply(&mut told, change);
            if i >= held {
                log::apply(&mut aliases, change);
            }
        }
        let odd = |alias: &&String| told.get(*alias) != aliases.get(*alias);
        let names: BTreeSet<&String> = told.keys().chain(aliases.keys()).filter(odd).collect();
        let by = By { who: "unknown".into(), why: Some("aliases.yaml said so".into()) };
        let found = |alias: &String| {
            let (from, to) = (told.get(alias).copied(), aliases.get(alias).copied());
            change_now(alias, Act::Found, from, to, &by)
        };
        let found = names.into_iter().map(found).collect();
        Ok(Settled { aliases, log, found })
    }

    fn change(
        &self,
        name: &str,
        alias: &str,
        by: &By,
        decide: impl FnOnce(&BTreeMap<String, u32>, &[AliasChange]) -> Result<(Act, Option<u32>), ModelError>,
    ) -> Result<AliasChange, ModelError> {
        if by.why.as_ref().is_some_and(|why| why.chars().count() > MOST_WHY) {
            return Err(ModelError::LongWhy { most: MOST_WHY });
        }
        let folder = self.folder(name);
        let _lock = self.lock(&folder)?;
        let Settled { mut aliases, mut log, found } = self.settle(name)?;
        let n_written = log.len();
        log.extend(found);
        let (act, to) = decide(&aliases, &log)?;
        let change = change_now(alias, act, aliases.get(alias).copied(), to, by);
        log::apply(&mut aliases, &change);
        log.push(change.clone());
        let before = log::append(&folder, &log[n_written..])?;
        write_aliases(&folder, &aliases, log.len()).inspect_err(|_| log::take_back(&folder, before))?;
        Ok(change)
    }
}

/// Aliases and log in agreement.
pub(super) struct Settled {
    pub(super) aliases: BTreeMap<String, u32>,
    /// What stands in the log's file.
    pub(super) log: Vec<AliasChange>,
    /// What it lacks: changes of aliases.yaml that nobody told.
    pub(super) found: Vec<AliasChange>,
}

pub(super) fn no_alias(asked: &str, name: &str, aliases: &BTreeMap<String, u32>) -> ModelError {
    let known: Vec<&str> = aliases.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "no aliases".to_owned() } else { format!("the aliases {}", known.join(", ")) };
    not_found(asked, format!("{name} has {known}"))
}

fn change_now(alias: &str, act: Act, from: Option<u32>, to: Option<u32>, by: &By) -> AliasChange {
    let time = format!("{:.6}", jiff::Timestamp::now());
    AliasChange { time, who: by.who.clone(), act, alias: alias.to_owned(), from, to, why: by.why.clone() }
}

fn write_aliases(folder: &Path, aliases: &BTreeMap<String, u32>, n_lines: usize) -> Result<(), ModelError> {
    Ok(nta_atomic::write(&folder.join(ALIASES), aliases::render(aliases, n_lines).as_bytes())?)
}

/// How many lines of the log the aliases' file holds; none where it does not say.
fn lines_held(folder: &Path) -> Result<Option<usize>, ModelError> {
    let bytes = match store::read_at_most(&folder.join(ALIASES), super::MOST_ALIAS_BYTES) {
        Err(ModelError::Missing { .. }) => return Ok(Some(0)),
        other => other?,
    };
    Ok(std::str::from_utf8(&bytes).ok().and_then(aliases::lines_held))
}

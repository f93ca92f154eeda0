//! The versions of a project's models: `models/<name>/<version>/` and the aliases that point at them.

mod gc;
mod lineage;
mod lines;
mod log;
mod observed;
mod promotion;
#[cfg(test)]
mod promotion_tests;

pub use gc::{Collected, Removal};
pub use log::{Act, AliasChange, Reign};
pub use observed::{Look, Observed};
pub use promotion::By;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nta_atomic::FolderLock;
use nta_data::{Awaited, Contact};

use crate::manifest::{MANIFEST, Manifest, is_plain};
use crate::{Model, ModelError, aliases, store};

/// A project's `models/` folder.
#[derive(Debug, Clone)]
pub struct Registry {
    home: PathBuf,
    contact: Contact,
}

/// A model's place on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its folder.
    pub path: PathBuf,
    /// Name and number, where it stands in the registry.
    pub registered: Option<(String, u32)>,
}

/// The versions of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The name.
    pub name: String,
    /// Numbers, smallest first.
    pub numbers: Vec<u32>,
    /// What each alias (`champion`) points at; none where their file is damaged.
    pub aliases: BTreeMap<String, u32>,
    /// Why the aliases cannot be read, where they cannot.
    pub damaged: Option<String>,
}

impl Registry {
    /// The registry of the project at `home`. Nothing is made until something is stored.
    pub fn new(home: &Path) -> Self {
        Registry { home: home.to_owned(), contact: Contact::default() }
    }

    /// The same, where `contact` is told when another process holds a name, and may end the waiting.
    pub fn in_contact(self, contact: Contact) -> Self {
        Registry { contact, ..self }
    }

    /// A name's folder to oneself, cleared of what killed writers left.
    fn lock(&self, folder: &Path) -> Result<FolderLock, ModelError> {
        let go_on = |wait: &nta_atomic::FolderWait<'_>| {
            self.contact.waits(Awaited::Folder { path: wait.folder, holder: wait.holder }, wait.elapsed)
        };
        let lock = FolderLock::take(folder, &go_on).map_err(ModelError::io("lock", folder))?;
        lock.sweep().map_err(ModelError::io("clear", folder))?;
        Ok(lock)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.join("models").join(name)
    }

    fn place(&self, name: &str, number: u32) -> PathBuf {
        self.folder(name).join(number.to_string())
    }

    /// Stores a model as the next version of `name`. Two that store at once get two numbers. A run that was killed
    /// between storing and saying so, and is taken up again, finds the version it stored.
    ///
    /// # Errors
    /// A name that cannot be a folder, and what [`Model::save`] refuses.
    pub fn add(&self, name: &str, model: &Model) -> Result<Version, ModelError> {
        check_name(name)?;
        model.check_golden()?;
        let folder = self.home.join("models").join(name);
        let existed = folder.exists();
        let _lock = self.lock(&folder)?;
        let stored = self.add_locked(name, model);
        if stored.is_err() && !existed {
            // Goes only while it is empty.
            let _ = fs::remove_dir(&folder);
        }
        stored
    }

    fn add_locked(&self, name: &str, model: &Model) -> Result<Version, ModelError> {
        let (files, manifest) = model.to_files()?;
        let numbers = self.numbers(name)?;
        let stored = |number: &&u32| {
            let same = |m: Manifest| {
                (m.provenance.run, m.digest) == (manifest.provenance.run.clone(), manifest.digest.clone())
            };
            store::read_manifest(&self.place(name, **number)).is_ok_and(same)
        };
        if !manifest.provenance.run.is_empty()
            && let Some(&number) = numbers.iter().rev().find(stored)
        {
            return Ok(self.version(name, number));
        }
        let mut last = numbers.last().copied().unwrap_or(0);
        loop {
            let number = last.checked_add(1).ok_or_else(|| ModelError::NoNumberLeft { name: name.to_owned(), last })?;
            match store::write(&self.place(name, number), &files, &manifest) {
                // Where the lock does not hold (some network shares), the rename decides who was first.
                Err(ModelError::Exists { .. }) => last = number,
                Err(ModelError::Write(e)) if e.source.kind() == io::ErrorKind::DirectoryNotEmpty => last = number,
                Err(e) => return Err(e),
                Ok(()) => return Ok(self.version(name, number)),
            }
        }
    }

    /// All names and their versions, by name. One whose aliases are damaged hides no other.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn list(&self) -> Result<Vec<Versions>, ModelError> {
        let mut all = Vec::new();
        for name in folder_names(&self.home.join("models"))? {
            let numbers = self.numbers(&name)?;
            if numbers.is_empty() {
                continue;
            }
            let (aliases, damaged) = match self.settled_aliases(&name) {
                Ok(aliases) => (aliases, None),
                Err(error) => (BTreeMap::new(), Some(error.to_string())),
            };
            all.push(Versions { name, numbers, aliases, damaged });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The versions of `name`; none where nothing goes by it.
    ///
    /// # Errors
    /// A folder that cannot be read, aliases that are no YAML.
    pub fn versions(&self, name: &str) -> Result<Versions, ModelError> {
        let (numbers, aliases) = (self.numbers(name)?, self.settled_aliases(name)?);
        Ok(Versions { name: name.to_owned(), numbers, aliases, damaged: None })
    }

    /// Finds the model meant by `asked`: a folder (or its manifest), `name` (the newest), `name/3` or `name@alias`.
    ///
    /// # Errors
    /// Nothing goes by it; the error says what there is.
    pub fn resolve(&self, asked: &str) -> Result<Version, ModelError> {
        if let Some(path) = self.folder_meant(asked) {
            return Ok(Version { registered: self.registered_as(&path), path });
        }
        if let Some((name, alias)) = asked.split_once('@') {
            return self.by_alias(asked, name, alias);
        }
        let (name, number) = match asked.rsplit_once('/') {
            Some((name, number)) => (name.strip_prefix("models/").unwrap_or(name), Some(number)),
            None => (asked, None),
        };
        let numbers = self.known_numbers(asked, name)?;
        let Some(number) = number else {
            return Ok(self.version(name, numbers[numbers.len() - 1]));
        };
        match number.parse() {
            Ok(number) if numbers.contains(&number) => Ok(self.version(name, number)),
            _ => Err(not_found(asked, format!("{name} has the versions {}", listed(&numbers)))),
        }
    }

    fn by_alias(&self, asked: &str, name: &str, alias: &str) -> Result<Version, ModelError> {
        let numbers = self.known_numbers(asked, name)?;
        let aliases = self.settled_aliases(name)?;
        match aliases.get(alias) {
            Some(number) if numbers.contains(number) => Ok(self.version(name, *number)),
            Some(number) => Err(not_found(asked, format!("it points at version {number}, which is gone"))),
            None => Err(promotion::no_alias(asked, name, &aliases)),
        }
    }

    fn folder_meant(&self, asked: &str) -> Option<PathBuf> {
        let is_model = |path: &PathBuf| path.join(MANIFEST).is_file();
        let folder = match Path::new(asked) {
            path if path.ends_with(MANIFEST) => path.parent()?.to_owned(),
            path => path.to_owned(),
        };
        if folder.as_os_str().is_empty() {
            return is_model(&PathBuf::from(".")).then(|| ".".into());
        }
        [folder.clone(), self.home.join(&folder)].into_iter().find(is_model)
    }

    fn registered_as(&self, path: &Path) -> Option<(String, u32)> {
        let path = path.canonicalize().ok()?;
        let models = self.home.join("models").canonicalize().ok()?;
        let mut parts = path.strip_prefix(models).ok()?.iter();
        let (name, number) = (parts.next()?.to_str()?, parts.next()?.to_str()?.parse().ok()?);
        parts.next().is_none().then(|| (name.to_owned(), number))
    }

    /// Version `number` of `name`, whether or not it is there.
    pub fn version(&self, name: &str, number: u32) -> Version {
        Version { path: self.place(name, number), registered: Some((name.to_owned(), number)) }
    }

    /// The versions of `name`, at least one.
    fn known_numbers(&self, asked: &str, name: &str) -> Result<Vec<u32>, ModelError> {
        let numbers = if is_plain(name) { self.numbers(name)? } else { Vec::new() };
        if numbers.is_empty() {
            let names: Vec<String> = self.list()?.into_iter().map(|v| v.name).collect();
            let known = if names.is_empty() {
                format!(
                    "there is no folder of that name, and {} holds no model yet",
                    self.home.join("models").display()
                )
            } else {
                format!("there is no folder of that name, and the models are {}", names.join(", "))
            };
            return Err(not_found(asked, known));
        }
        Ok(numbers)
    }

    fn numbers(&self, name: &str) -> Result<Vec<u32>, ModelError> {
        let folder = self.home.join("models").join(name);
        // Only names that this writes: `03` or `+3` is somebody else's folder.
        let number = |text: &String| text.parse::<u32>().ok().filter(|n| n.to_string() == *text);
        let mut numbers: Vec<u32> = folder_names(&folder)?.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn aliases(&self, name: &str) -> Result<BTreeMap<String, u32>, ModelError> {
        let path = self.home.join("models").join(name).join(ALIASES);
        let wrong = |why: String| ModelError::Aliases { path: path.clone(), why };
        let text = match store::read_at_most(&path, MOST_ALIAS_BYTES) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|e| wrong(e.to_string()))?,
            Err(ModelError::Missing { .. }) => return Ok(BTreeMap::new()),
            Err(ModelError::Damaged { why, .. }) => return Err(wrong(why)),
            Err(e) => return Err(e),
        };
        aliases::parse(&text).map_err(wrong)
    }
}

impl Version {
    /// `nsl-kdd/3`, or the folder of a model that stands elsewhere.
    pub fn title(&self) -> String {
        match &self.registered {
            Some((name, number)) => format!("{name}/{number}"),
            None => self.path.display().to_string(),
        }
    }

    /// Its manifest: the seal is checked, the parts are not.
    ///
    /// # Errors
    /// A manifest that is missing, damaged or of a newer format.
    pub fn manifest(&self) -> Result<Manifest, ModelError> {
        store::read_manifest(&self.path)
    }
}

const ALIASES: &str = "aliases.yaml";

/// Thousands of aliases are shorter; what is longer is none of ours.
const MOST_ALIAS_BYTES: u64 = 1 << 20;

fn check_name(name: &str) -> Result<(), ModelError> {
    if is_plain(name) { Ok(()) } else { Err(ModelError::BadName { name: name.to_owned() }) }
}

fn not_found(asked: &str, known: String) -> ModelError {
    ModelError::NotFound { asked: asked.to_owned(), known }
}

fn listed(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn folder_names(folder: &Path) -> Result<Vec<String>, ModelError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(ModelError::io("list", folder)(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ModelError::io("list", folder))?;
        if entry.path().is_dir()
            && let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nta_data::Order;

    use super::*;
    use crate::fixture::model;

    fn by() -> By {
        By { who: "ann@box".into(), why: None }
    }

    fn of_run(run: &str) -> Model {
        let mut model = Arc::unwrap_or_clone(model(Order::None));
        model.provenance.run = run.into();
        model
    }

    #[test]
    fn versions_count_up_and_a_run_stores_its_model_once() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        assert_eq!(registry.list().unwrap(), []);
        assert_eq!(registry.add("toy", &of_run("a")).unwrap().title(), "toy/1");
        assert_eq!(registry.add("toy", &of_run("a")).unwrap().title(), "toy/1");
        assert_eq!(registry.add("toy", &of_run("b")).unwrap().title(), "toy/2");
        assert_eq!(registry.add("toy", &of_run("a")).unwrap().title(), "toy/1");
        fs::create_dir_all(home.path().join("models/toy/007")).unwrap();
        fs::write(home.path().join("models/README.md"), "about").unwrap();
        assert_eq!(registry.add("toy", &of_run("c")).unwrap().title(), "toy/3");
        let all = registry.list().unwrap();
        assert_eq!((all.len(), all[0].name.as_str(), &all[0].numbers[..]), (1, "toy", &[1, 2, 3][..]));
        assert_eq!(registry.resolve("toy").unwrap().manifest().unwrap().provenance.run, "c");
        assert!(matches!(registry.add("../toy", &of_run("d")), Err(ModelError::BadName { .. })));
    }

    #[test]
    fn models_stored_at_once_get_a_number_each() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        let runs: Vec<String> = (0..8).map(|i| format!("run{i}")).collect();
        let mut titles: Vec<String> = std::thread::scope(|scope| {
            let store = |run: &String| registry.add("toy", &of_run(run)).unwrap().title();
            let threads: Vec<_> = runs.iter().map(|run| scope.spawn(move || store(run))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        titles.sort();
        assert_eq!(titles, (1..=8).map(|n| format!("toy/{n}")).collect::<Vec<_>>());
    }

    #[test]
    fn leftovers_of_killed_writers_go_with_the_next_one() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        fs::create_dir_all(home.path().join("models/toy/.nta-tmp-dead")).unwrap();
        registry.add("toy", &of_run("a")).unwrap();
        let names: Vec<_> =
            fs::read_dir(home.path().join("models/toy")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["1"]);
    }

    #[test]
    fn a_model_is_found_by_every_name_it_goes_by() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        for run in ["a", "b", "c"] {
            registry.add("toy", &of_run(run)).unwrap();
        }
        registry.promote("toy", "champion", 2, &by()).unwrap();
        registry.promote("toy", "true", 1, &by()).unwrap();
        let title = |asked: &str| registry.resolve(asked).map(|version| version.title());
        assert_eq!(title("toy").unwrap(), "toy/3");
        assert_eq!(title("toy/1").unwrap(), "toy/1");
        assert_eq!(title("models/toy/1").unwrap(), "toy/1");
        assert_eq!(title("toy@champion").unwrap(), "toy/2");
        assert_eq!(title("toy@true").unwrap(), "toy/1");
        let folder = home.path().join("models/toy/2");
        assert_eq!(title(folder.to_str().unwrap()).unwrap(), "toy/2");
        assert_eq!(title(folder.join(MANIFEST).to_str().unwrap()).unwrap(), "toy/2");
        let elsewhere = home.path().join("copy");
        model(Order::None).save(&elsewhere).unwrap();
        let found = registry.resolve(elsewhere.to_str().unwrap()).unwrap();
        assert_eq!((found.registered, found.path), (None, elsewhere));
    }

    #[test]
    fn damaged_aliases_hide_no_other_name() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        for name in ["one", "two"] {
            registry.add(name, &of_run("a")).unwrap();
            registry.promote(name, "champion", 1, &by()).unwrap();
        }
        fs::write(home.path().join("models/one/aliases.yaml"), "champion: [1").unwrap();
        let all = registry.list().unwrap();
        assert!(all[0].damaged.as_ref().unwrap().contains("aliases.yaml") && all[0].aliases.is_empty());
        assert_eq!((all[1].aliases.len(), &all[1].damaged), (1, &None));
        assert!(registry.resolve("three").unwrap_err().to_string().contains("the models are one, two"));
    }

    #[test]
    fn the_last_number_is_followed_by_none() {
        let home = tempfile::tempdir().unwrap();
        let last = home.path().join("models/toy").join(u32::MAX.to_string());
        fs::create_dir_all(&last).unwrap();
        let error = Registry::new(home.path()).add("toy", &of_run("a")).unwrap_err();
        assert!(matches!(error, ModelError::NoNumberLeft { last: u32::MAX, .. }), "{error}");
        assert_eq!(fs::read_dir(last.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::new(home.path());
        let error = |asked: &str| registry.resolve(asked).unwrap_err().to_string();
        assert!(error("toy").contains("holds no model yet"), "{}", error("toy"));
        registry.add("toy", &of_run("a")).unwrap();
        assert!(error("toi").contains("the models are toy"), "{}", error("toi"));
        assert!(error("toy/2").contains("toy has the versions 1"), "{}", error("toy/2"));
        assert!(error("toy/../toy").contains("no model"), "{}", error("toy/../toy"));
        assert!(error("toy@x").contains("toy has no aliases"), "{}", error("toy@x"));
        registry.promote("toy", "champion", 1, &by()).unwrap();
        assert!(error("toy@x").contains("toy has the aliases champion"), "{}", error("toy@x"));
        assert!(registry.promote("toy", "old", 9, &by()).is_err());
        assert_eq!(registry.remove_alias("toy", "champion", &by()).unwrap().from, Some(1));
        assert!(registry.remove_alias("toy", "champion", &by()).is_err());
        fs::write(home.path().join("models/toy/aliases.yaml"), "champion: [1").unwrap();
        assert!(error("toy@champion").contains("aliases.yaml"), "{}", error("toy@champion"));
    }
}

//! Where a new config goes, what it is called, and how it names the files.

use std::path::{Path, PathBuf};

use super::InitRequest;
use crate::error::PipelineError;
use crate::project::Project;

/// What is to be written.
pub(super) struct Target {
    /// Name of the experiment and of the model.
    pub(super) name: String,
    pub(super) config: PathBuf,
    /// Where a schema is drafted.
    pub(super) schema: Option<PathBuf>,
    /// The folder that paths in the config start from.
    root: PathBuf,
}

/// Endings that say what a file is, not what it is about.
const ENDINGS: [&str; 11] =
    ["csv", "tsv", "txt", "log", "labeled", "json", "ndjson", "jsonl", "parquet", "binetflow", "argus"];
/// Longest name made of a file's.
const LONGEST_NAME: usize = 60;

impl Target {
    /// The config that is asked for; else `NAME.yaml` in the project's `configs`, or here where there are none.
    pub(super) fn of(request: &InitRequest, first: &Path, is_drafted: bool) -> Result<Target, PipelineError> {
        let is_yaml = |path: &Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let of_file = name_of(first);
        let config = match &request.output {
            Some(path) if is_yaml(path) => path.clone(),
            Some(folder) => folder.join(format!("{of_file}.yaml")),
            None => {
                let configs = Project::around(Path::new("."), None).root.join("configs");
                let file = format!("{of_file}.yaml");
                if configs.is_dir() { shortest(&configs).join(file) } else { PathBuf::from(file) }
            }
        };
        let name = if request.output.as_deref().is_some_and(is_yaml) { name_of(&config) } else { of_file };
        let schema = is_drafted.then(|| config.with_file_name(format!("{name}.schema.yaml")));
        for path in [Some(&config), schema.as_ref()].into_iter().flatten() {
            if path.exists() && !request.force {
                let path = path.display();
                return Err(PipelineError::refuse(format!(
                    "{path} is there already; `--force` replaces it, `-o OTHER.yaml` leaves it"
                )));
            }
        }
        if let Some(folder) = config.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|error| PipelineError::fail(format!("cannot make {}: {error}", folder.display())))?;
        }
        let root = Project::around(&config, None).root;
        Ok(Target { name, config, schema, root })
    }

    /// A file as the config names it: from the project's root where it lies inside, else by its whole path.
    pub(super) fn path_in_config(&self, file: &Path) -> Result<String, PipelineError> {
        let whole = |path: &Path| {
            let absolute = std::path::absolute(path);
            absolute.map_err(|error| PipelineError::fail(format!("cannot tell where {} is: {error}", path.display())))
        };
        let (file, root) = (whole(file)?, whole(&self.root)?);
        let path = file.strip_prefix(&root).unwrap_or(&file);
        let text = path.to_str().ok_or_else(|| {
            PipelineError::refuse(format!(
                "{}: a config cannot name a path that is no UTF-8; rename it",
                path.display()
            ))
        })?;
        Ok(text.to_owned())
    }
}

/// The folder as seen from here, where that is shorter.
fn shortest(folder: &Path) -> PathBuf {
    let working = std::env::current_dir().unwrap_or_default();
    folder.strip_prefix(working).map_or_else(|_| folder.to_owned(), Path::to_owned)
}

/// A name of an experiment from a file's: without its endings, other characters than a name may have as dashes.
pub(super) fn name_of(file: &Path) -> String {
    let mut stem = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    while let Some((before, ending)) = stem.rsplit_once('.') {
        let ending = ending.to_ascii_lowercase();
        let says_what_it_is =
            ENDINGS.contains(&ending.as_str()) || ["gz", "zst", "yaml", "yml"].contains(&ending.as_str());
        if before.is_empty() || !says_what_it_is {
            break;
        }
        stem = before.to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
    let name: String = stem.chars().map(plain).take(LONGEST_NAME).collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    match name {
        "" => "flows".to_owned(),
        "latest" => "latest-flows".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_what_files_are_about() {
        for (file, name) in [
            ("data/KDDTrain+.txt.gz", "KDDTrain"),
            ("UNSW-NB15_1.csv", "UNSW-NB15_1"),
            ("conn.log.labeled", "conn"),
            ("my flows (2).csv", "my-flows--2"),
            ("capture20110816.binetflow", "capture20110816"),
            ("été.csv", "t"),
            ("latest.csv", "latest-flows"),
            ("+.csv", "flows"),
            ("v1.2.csv", "v1.2"),
        ] {
            assert_eq!(name_of(Path::new(file)), name, "{file}");
        }
    }
}

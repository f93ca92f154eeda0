//! A config and a schema on their way to a training: made as `nta init` makes them, corrected by answers or in their text.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use nta_pipeline::{
    Answers, CheckedConfig, ColumnRole, ColumnSeen, DryRun, Guess, InitRequest, Listener, LoadedConfig, PipelineError,
    RunConfig, chain, check_config, init,
};
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::spoken::for_pages;

/// A draft as it is kept beside its texts, and told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// What the user calls the file.
    pub(crate) name: String,
    /// Its upload.
    pub(crate) upload: String,
    /// Our name of it: the texts are called after it.
    pub(crate) file: String,
    /// The built-in schema that fits; then no schema stands beside the config.
    pub(crate) builtin: Option<String>,
    /// What was answered in place of guesses.
    pub(crate) answers: Answers,
    /// The config as it was made, with the paths of this server: where it reads from is not to be edited.
    made: String,
    /// The file names of the config and the schema.
    config_name: String,
    schema_name: Option<String>,
    seen: Vec<ColumnSeen>,
    /// What each column is, by the schema as it stands.
    roles: BTreeMap<String, ColumnRole>,
    /// Labels that mean benign.
    benign: Vec<String>,
    /// What was guessed: the key, and what it became.
    pub(crate) guesses: Vec<(String, String)>,
    /// What a run would do.
    pub(crate) plan: Option<Plan>,
    /// Why there would be none.
    pub(crate) problem: Option<String>,
}

/// What a run would do, as the page tells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    rows: u64,
    /// From when until when.
    times: Option<(String, String)>,
    /// Name, rows, benign ones, attacks.
    parts: Vec<(String, usize, usize, usize)>,
    /// Seconds to expect.
    seconds: f64,
    /// Why the run would stop before it learns.
    gate: Option<String>,
}

impl Plan {
    fn of(plan: &DryRun) -> Self {
        let parts = plan.partition.parts.iter().map(|p| (p.part.to_string(), p.rows, p.benign, p.attacks));
        let times = plan.times.first().map(|times| (times.read.from.to_string(), times.read.until.to_string()));
        let gate = plan.gate.as_deref().map(for_pages);
        Plan { rows: plan.rows, times, parts: parts.collect(), seconds: plan.seconds, gate }
    }
}

/// A column as the page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnShown {
    name: String,
    role: Option<ColumnRole>,
    /// Some of what it holds.
    values: Vec<String>,
    n_distinct: usize,
}

/// The texts as they stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) schema: Option<String>,
}

/// The folder of a draft, and the home around it.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) home: PathBuf,
}

const KEPT: &str = "draft.json";
/// Values of a column that the page shows.
const SHOWN: usize = 4;

impl Draft {
    pub(crate) fn read(place: &Place) -> Result<Draft, Problem> {
        let kept = fs::read(place.folder.join(KEPT)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        kept.ok_or_else(|| Problem::not_found("training in preparation"))
    }

    fn keep(&self, place: &Place) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        nta_atomic::write(&place.folder.join(KEPT), &text).map_err(|error| error.source)
    }

    /// Makes config and schema for the file in the folder, exactly as `nta init` does, with `answers` in place of guesses.
    pub(crate) fn make(
        place: &Place,
        upload: &str,
        (name, file): (&str, &str),
        answers: Answers,
        listener: &dyn Listener,
    ) -> Result<Draft, PipelineError> {
        let request = InitRequest {
            files: vec![place.folder.join(file)],
            test: None,
            output: Some(place.folder.clone()),
            answers: answers.clone(),
            force: true,
            home: Some(place.home.clone()),
        };
        let found = init(&request, listener)?;
        let failed = |error: io::Error| PipelineError::fail(format!("cannot keep the draft: {error}"));
        let checked =
            CheckedConfig { roles: found.roles, benign: found.benign, plan: found.plan, problem: found.problem };
        let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let schema_name = found.schema.as_deref().map(named);
        let files: Vec<&str> = [Some(file), schema_name.as_deref()].into_iter().flatten().collect();
        let draft = Draft {
            name: name.to_owned(),
            upload: upload.to_owned(),
            file: file.to_owned(),
            builtin: found.builtin,
            answers,
            made: fs::read_to_string(&found.config).map_err(failed)?,
            config_name: named(&found.config),
            schema_name: schema_name.clone(),
            seen: found.columns,
            roles: BTreeMap::new(),
            benign: Vec::new(),
            guesses: found.guesses.iter().map(|guess| told(guess, &files)).collect(),
            plan: None,
            problem: None,
        };
        let draft = draft.with(checked, place);
        draft.keep(place).map_err(failed)?;
        Ok(draft)
    }

    fn with(self, checked: CheckedConfig, place: &Place) -> Self {
        let problem = checked.problem.map(|problem| self.spoken(&problem, place));
        let plan = checked.plan.as_ref().map(Plan::of);
        Draft { roles: checked.roles, benign: checked.benign, plan, problem, ..self }
    }

    /// An error with the user's names of files in place of ours.
    pub(crate) fn spoken(&self, text: &str, place: &Place) -> String {
        let names = [Some(&self.config_name), self.schema_name.as_ref()].into_iter().flatten();
        let text = names.fold(for_pages(text), |text, name| without_folders(&text, name));
        told_of(&text, place, (&self.name, &self.file))
    }

    /// Puts edited texts in place of those that stand, and looks at what they say.
    pub(crate) fn edit(self, place: &Place, texts: &Texts, listener: &dyn Listener) -> Result<Draft, Problem> {
        if let (Some(schema), Some(name)) = (&texts.schema, &self.schema_name) {
            write(&place.folder.join(name), schema)?;
        }
        write(&place.folder.join(&self.config_name), &self.with_folder(&texts.config))?;
        let checked = match self.loaded(place) {
            Ok(loaded) => check_config(&loaded, listener)?,
            Err(problem) => {
                CheckedConfig { problem: Some(problem.detail), roles: self.roles.clone(), ..CheckedConfig::default() }
            }
        };
        let draft = self.with(checked, place);
        draft.keep(place)?;
        Ok(draft)
    }

    /// The config as it stands, if it reads what it was made for and nothing else.
    pub(crate) fn loaded(&self, place: &Place) -> Result<LoadedConfig, Problem> {
        let refuse = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
        let path = place.folder.join(&self.config_name);
        let loaded = RunConfig::load(&path, &[], Some(&place.home))
            .map_err(|error| refuse(self.spoken(&error.to_string(), place)))?;
        let made = RunConfig::parse(&self.made, &self.config_name, &[]).map_err(|error| refuse(error.to_string()))?;
        let (config, file) = (&loaded.config, &self.config_name);
        // What a text names is read, and sent, by the server: a path or an address is not a client's to give.
        let schema = &config.data.schema;
        let is_built_in = schema == "auto" || nta_pipeline::list_schemas().iter().any(|(name, _)| name == schema);
        let odd = [
            ("data.train", config.data.train != made.data.train),
            ("data.test", config.data.test != made.data.test),
            ("data.labels", config.data.labels != made.data.labels),
            ("data.schema", *schema != made.data.schema && !is_built_in),
            ("tracking", config.tracking.is_some()),
        ];
        match odd.iter().find(|(_, is_odd)| *is_odd) {
            Some((key, _)) => Err(refuse(format!(
                "{file}: `{key}` is set by this server: a page trains on the file that was sent to it, by its schema or a \
                 built-in one"
            ))),
            None => Ok(loaded),
        }
    }

    /// The texts as they stand, without the folders of this server.
    pub(crate) fn texts(&self, place: &Place) -> io::Result<Texts> {
        let read = |name: &String| fs::read_to_string(place.folder.join(name)).map(|text| self.plain(&text));
        Ok(Texts { config: read(&self.config_name)?, schema: self.schema_name.as_ref().map(read).transpose()? })
    }

    /// What a config or schema says, with the files that it names alone.
    fn plain(&self, text: &str) -> String {
        let names = [Some(&self.file), self.schema_name.as_ref()].into_iter().flatten();
        names.fold(text.to_owned(), |text, name| without_folders(&text, name))
    }

    /// A config as it is shown, with the paths that it was made with.
    fn with_folder(&self, config: &str) -> String {
        let lines: Vec<(String, &str)> = self.made.lines().map(|line| (self.plain(line), line)).collect();
        let whole = |line: &str| {
            let made = lines.iter().find(|(plain, made)| plain == line && plain != made);
            made.map_or(line, |(_, made)| *made).to_owned()
        };
        let text: Vec<String> = config.lines().map(whole).collect();
        text.join("\n") + if config.ends_with('\n') { "\n" } else { "" }
    }

    /// The columns in the order of the file, then those that the schema alone names.
    pub(crate) fn columns(&self) -> Vec<ColumnShown> {
        let of_file = self.seen.iter().map(|seen| ColumnShown {
            name: seen.name.clone(),
            role: self.roles.get(&seen.name).copied(),
            values: seen.values.iter().take(SHOWN).cloned().collect(),
            n_distinct: seen.n_distinct,
        });
        let is_seen = |name: &String| self.seen.iter().any(|seen| seen.name == *name);
        let others = self.roles.iter().filter(|(name, _)| !is_seen(name));
        let others = others.map(|(name, role)| ColumnShown {
            name: name.clone(),
            role: Some(*role),
            values: Vec::new(),
            n_distinct: 0,
        });
        of_file.chain(others).collect()
    }

    /// The labels found, and whether each means benign.
    pub(crate) fn labels(&self) -> Vec<(String, bool)> {
        let column = self.roles.iter().find(|(_, role)| **role == ColumnRole::Label).map(|(name, _)| name);
        let seen = self.seen.iter().find(|seen| Some(&seen.name) == column);
        let values = seen.map(|seen| seen.values.clone()).unwrap_or_default();
        values.into_iter().map(|value| (value.clone(), self.benign.contains(&value))).collect()
    }
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    nta_atomic::write(path, text.as_bytes()).map_err(|error| Problem::from(error.source))
}

/// A guess as the page shows it, without the folders of `files`.
fn told(guess: &Guess, files: &[&str]) -> (String, String) {
    let values = nta_pipeline::listed(&guess.values).to_string();
    let is = match (&guess.becomes, guess.values.is_empty()) {
        (Some(becomes), _) => format!("{values}: {becomes}"),
        (None, true) => "none found".to_owned(),
        (None, false) => values,
    };
    (guess.key.clone(), files.iter().fold(is, |is, file| without_folders(&is, file)))
}

/// The user's name of a file as one of ours: letters, digits, `.`, `-` and `_`, and none but the first two in front.
pub(crate) fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let plain: String = name.chars().map(plain).collect();
    let plain: String = plain.trim_start_matches(['.', '-', '_']).chars().take(80).collect();
    match plain.as_str() {
        "" => "flows".to_owned(),
        // The draft itself stands beside it.
        KEPT => format!("flows-{KEPT}"),
        // As the config is called.
        yaml if [".yaml", ".yml"].iter().any(|ending| yaml.to_ascii_lowercase().ends_with(ending)) => {
            format!("{yaml}.txt")
        }
        _ => plain,
    }
}

/// Why it cannot be made, in the user's words.
pub(crate) fn refusal(error: &PipelineError, place: &Place, (name, file): (&str, &str)) -> String {
    told_of(&for_pages(&chain(error)), place, (name, file))
}

fn told_of(text: &str, place: &Place, (name, file): (&str, &str)) -> String {
    let text = without_folders(text, file).replace(&format!("{}/", place.folder.display()), "");
    if file == name { text } else { text.replace(file, name) }
}

/// `text` with `file` alone where it stands at the end of a path.
fn without_folders(text: &str, file: &str) -> String {
    let end = format!("/{file}");
    let mut text = text.to_owned();
    while let Some(at) = text.find(&end) {
        let begins = |c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '(');
        let begin = text[..at]
            .rfind(begins)
            .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
        text.replace_range(begin..=at, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_folder_is_told() {
        let told = without_folders("web/training/0a/m.yaml:3:5: see `/a/b/m.yaml` (/m.yaml), not m.yaml", "m.yaml");
        assert_eq!(told, "m.yaml:3:5: see `m.yaml` (m.yaml), not m.yaml");
    }

    #[test]
    fn a_file_has_a_plain_name() {
        assert_eq!(file_name("../a b.csv"), "a_b.csv");
        assert_eq!(file_name("-.."), "flows");
        assert_ne!(file_name("draft.json"), "draft.json");
        assert_eq!(file_name("flows.YAML"), "flows.YAML.txt");
        assert!(file_name(&"x".repeat(200)).len() <= 80);
    }
}

//! `tracking/about.json`: what a server is told of a run's surroundings, as they were when it began.

use std::path::{Path, PathBuf};

use nta_tracking::mlflow::{Server, TRACKING};
use nta_tracking::{RunDir, RunRecord};
use serde::{Deserialize, Serialize};

use super::server::{environment, experiment};
use crate::config::LoadedConfig;
use crate::error::{PipelineError, failed};

/// The surroundings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct About {
    /// The experiment on the server.
    pub(super) experiment: String,
    /// The server that it is told to, without a login.
    pub(super) server: String,
    /// Who ran it.
    pub(super) user: Option<String>,
    /// What was run.
    pub(super) source: Option<String>,
    /// The commit that the project's folder stood at.
    pub(super) git_commit: Option<String>,
}

impl About {
    /// The surroundings of a run of `loaded` that begins now.
    pub(super) fn of(loaded: &LoadedConfig, server: &Server) -> Result<Self, PipelineError> {
        let root = &loaded.project.root;
        let path = loaded.path.canonicalize().unwrap_or_else(|_| loaded.path.clone());
        let below = root.canonicalize().ok().and_then(|root| path.strip_prefix(root).map(Path::to_owned).ok());
        let path = below.or_else(|| path.file_name().map(PathBuf::from)).unwrap_or_default();
        Ok(About {
            experiment: experiment(loaded.config.tracking.as_ref(), &loaded.config.name)?,
            server: server.address().to_owned(),
            user: environment("USER").or_else(|| environment("LOGNAME")),
            source: Some(format!("nta run {}", path.display())),
            git_commit: git_commit(root),
        })
    }

    /// Keeps it with the run; that of a run taken up again stays.
    pub(super) fn keep(&self, dir: &RunDir) -> Result<(), PipelineError> {
        let relative = format!("{TRACKING}/{ABOUT}");
        if dir.path().join(&relative).exists() {
            return Ok(());
        }
        let text = serde_json::to_vec_pretty(self).map_err(failed)?;
        dir.write(&relative, &text).map(drop).map_err(failed)
    }

    /// What was kept with the run in `folder`; where nothing was, it belongs to the experiment of its name.
    pub(super) fn read(folder: &Path, record: &RunRecord) -> Self {
        let kept = std::fs::read(folder.join(TRACKING).join(ABOUT)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<About>(&bytes).ok());
        let named = |about: &About| !about.experiment.is_empty();
        kept.filter(named).unwrap_or_else(|| About { experiment: record.name.clone(), ..About::default() })
    }
}

const ABOUT: &str = "about.json";

/// The commit that is checked out around `folder`, read from git's own files: no git need be installed.
fn git_commit(folder: &Path) -> Option<String> {
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    let git = match std::fs::read_to_string(&git) {
        // A work tree of its own: the file names its folder.
        Ok(text) => git.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let read = |path: PathBuf| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let head = read(git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else { return Some(head).filter(|hash| is_hash(hash)) };
    let common = read(git.join("commondir")).map_or_else(|| git.clone(), |common| git.join(common));
    let loose = [&git, &common].into_iter().find_map(|git| read(git.join(name)));
    let packed = || {
        let text = read(common.join("packed-refs"))?;
        text.lines().find_map(|line| line.strip_suffix(name)).map(|hash| hash.trim().to_owned())
    };
    loose.or_else(packed).filter(|hash| is_hash(hash))
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_commit_is_found_loose_packed_detached_and_in_a_work_tree() {
        let folder = tempfile::tempdir().unwrap();
        let (root, hash) = (folder.path(), "0123456789abcdef0123456789abcdef01234567");
        let write = |path: &str, text: &str| {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        };
        write("p/.git/HEAD", "ref: refs/heads/main\n");
        fs::create_dir_all(root.join("p/configs")).unwrap();
        assert_eq!(git_commit(&root.join("p")), None);
        write("p/.git/packed-refs", &format!("# pack-refs\n{hash} refs/heads/main\n"));
        assert_eq!(git_commit(&root.join("p/configs")).as_deref(), Some(hash));
        write("p/.git/refs/heads/main", &hash.replace('0', "f"));
        assert_eq!(git_commit(&root.join("p")).unwrap(), hash.replace('0', "f"));
        write("p/.git/worktrees/w/HEAD", "ref: refs/heads/main\n");
        write("p/.git/worktrees/w/commondir", "../..\n");
        write("w/.git", &format!("gitdir: {}\n", root.join("p/.git/worktrees/w").display()));
        assert_eq!(git_commit(&root.join("w")).unwrap(), hash.replace('0', "f"));
        write("w2/.git/HEAD", hash);
        assert_eq!(git_commit(&root.join("w2")).as_deref(), Some(hash));
        write("w3/.git/HEAD", "ref: ../../etc/passwd");
        assert_eq!(git_commit(&root.join("w3")), None);
    }
}

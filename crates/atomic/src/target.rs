//! What stands where a file shall stand: asked before any work, and what of it the new file keeps.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Links followed before they are taken for a circle, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Where a file will stand, every link followed, and what stands there now.
#[derive(Debug)]
pub(crate) struct Target {
    /// The place itself: the file that a link leads to, not the link.
    pub(crate) path: PathBuf,
    /// The regular file that will be replaced.
    replaced: Option<Metadata>,
}

impl Target {
    /// Looks without opening anything: opening a pipe would wait for its other end.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                let is_link = path.symlink_metadata()?.is_symlink();
                let path = if is_link { path.canonicalize()? } else { path.to_owned() };
                Ok(Target { path, replaced: Some(found) })
            }
            Ok(found) => Err(io::Error::new(io::ErrorKind::InvalidInput, refusal(&found))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Target { path: end_of_links(path)?, replaced: None }),
            Err(e) => Err(e),
        }
    }

    /// How a temporary file for this target is opened: no wider than what it replaces, else as the umask allows.
    #[cfg(unix)]
    pub(crate) fn begin_mode(&self) -> u32 {
        if self.replaced.is_some() { 0o600 } else { 0o666 }
    }

    /// Gives `file` the owner, where the system permits it, and the mode of the file that it replaces. Where the group
    /// cannot be kept, its rights are not given to another.
    pub(crate) fn pass_on_rights(&self, file: &File) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(replaced) = &self.replaced {
            use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
            let (own, mut mode) = (file.metadata()?, replaced.mode() & 0o777);
            let (uid, gid) = (replaced.uid(), replaced.gid());
            if (own.uid(), own.gid()) != (uid, gid)
                && fchown(file, Some(uid), Some(gid)).is_err()
                && own.gid() != gid
                && fchown(file, None, Some(gid)).is_err()
            {
                mode &= !0o070;
            }
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        #[cfg(not(unix))]
        let _ = file;
        Ok(())
    }
}

/// Where a link that leads to nothing yet leads.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        match at.symlink_metadata() {
            Ok(found) if found.is_symlink() => at = crate::folder_of(&at).join(fs::read_link(&at)?),
            Ok(_) => return Ok(at),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(at),
            Err(e) => return Err(e),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "its links lead in a circle"))
}

/// Why nothing is written in place of what is no regular file.
fn refusal(found: &Metadata) -> &'static str {
    if found.is_dir() {
        return "it is a folder: name a file in it";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = found.file_type();
        if kind.is_fifo() {
            return "it is a pipe, which cannot be written whole or not at all: write a file, then `cat` it into the pipe";
        }
        if kind.is_socket() {
            return "it is a socket: write a file, then send that";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "it is a device, which a file would replace: name a file, and remove it where nothing is to be kept";
        }
    }
    "it is no regular file: name one, or a new one"
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::{AtomicFile, check_target, write};

    fn c_path(path: &Path) -> std::ffi::CString {
        std::ffi::CString::new(path.to_str().unwrap()).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn handle_mode(file: &AtomicFile) -> u32 {
        file.handle().unwrap().metadata().unwrap().mode() & 0o7777
    }

    /// Nothing is written there, nothing is left beside it, and what stood there still does.
    fn refused(path: &Path, words: &str) {
        let before = path.symlink_metadata().unwrap().file_type();
        let count = || fs::read_dir(crate::folder_of(path)).unwrap().count();
        let entries = count();
        for error in [write(path, b"x").unwrap_err(), check_target(path).unwrap_err()] {
            let said = error.to_string();
            assert!(said.contains(words) && said.contains(path.to_str().unwrap()), "{said}");
        }
        assert_eq!((path.symlink_metadata().unwrap().file_type(), count()), (before, entries));
    }

    #[test]
    fn folders_pipes_and_sockets_are_refused_in_words_through_links_too() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        // SAFETY: a path that ends in a zero byte, which the call only reads.
        assert_eq!(unsafe { libc::mkfifo(c_path(&at("pipe")).as_ptr(), 0o600) }, 0);
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (name, words) in [("folder", "it is a folder"), ("pipe", "it is a pipe"), ("socket", "it is a socket")] {
            refused(&at(name), words);
            let link = at(&format!("to-{name}"));
            symlink(name, &link).unwrap();
            refused(&link, words);
        }
        symlink("round", at("round")).unwrap();
        assert!(write(&at("round"), b"x").is_err());
    }

    #[test]
    fn a_device_is_refused_and_stays_one() {
        // Only looked at: what would be written is refused before a temporary file is made.
        let said = check_target(Path::new("/dev/null")).unwrap_err().to_string();
        assert!(said.contains("cannot write /dev/null: it is a device"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        let node = folder.path().join("node");
        // SAFETY: a path that ends in a zero byte, which the call only reads.
        if unsafe { libc::mknod(c_path(&node).as_ptr(), libc::S_IFCHR | 0o600, libc::makedev(1, 3)) } == 0 {
            refused(&node, "it is a device");
        }
    }

    #[test]
    fn a_link_stays_and_the_file_it_leads_to_is_replaced_in_its_own_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (link, real) = (folder.path().join("link"), folder.path().join("deep/real"));
        fs::create_dir(folder.path().join("deep")).unwrap();
        symlink("deep/real", &link).unwrap();
        for text in ["new where the link led to nothing", "replaced"] {
            let mut file = AtomicFile::create(&link).unwrap();
            let beside: Vec<_> =
                fs::read_dir(real.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert!(beside.iter().any(|name| name.to_string_lossy().starts_with(crate::TEMPORARY_PREFIX)));
            io::Write::write_all(&mut file, text.as_bytes()).unwrap();
            file.commit().unwrap();
            assert!(link.symlink_metadata().unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&real).unwrap(), text);
        }
    }

    #[test]
    fn mode_and_owner_of_what_is_replaced_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        for kept in [0o600, 0o640, 0o444, 0o755] {
            fs::write(&path, b"old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
            let unfinished = AtomicFile::create(&path).unwrap();
            assert_eq!(handle_mode(&unfinished), kept, "nor is the unfinished file wider");
            unfinished.commit().unwrap();
            assert_eq!(mode(&path), kept);
            fs::remove_file(&path).unwrap();
        }
        fs::write(&path, b"old").unwrap();
        // Only root may give a file away.
        if std::os::unix::fs::chown(&path, Some(12_345), Some(54_321)).is_ok() {
            write(&path, b"new").unwrap();
            let found = fs::metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (12_345, 54_321));
        }
    }

    #[test]
    fn what_became_a_pipe_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let unfinished = AtomicFile::create(&path).unwrap();
        // SAFETY: a path that ends in a zero byte, which the call only reads.
        assert_eq!(unsafe { libc::mkfifo(c_path(&path).as_ptr(), 0o600) }, 0);
        assert!(unfinished.commit().unwrap_err().to_string().contains("it is a pipe"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

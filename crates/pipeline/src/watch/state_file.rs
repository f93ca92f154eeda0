//! The file of a watch's state: a first frame that holds all, then what changed from save to save, folded into a new first
//! frame once that has become more. A new first frame stands whole or not at all; of what was being added when a watch was
//! killed nothing is read.

use std::borrow::Cow;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use nta_atomic::AtomicFile;
use nta_model::{MemoryShape, Span};
use serde::{Deserialize, Serialize};

use super::frame::{Found, Frame, FrameWriter, begins_behind, read_frame};
use super::line_file::{ToSync, unwritten};
use super::position::Position;
use crate::error::{PipelineError, failed, is_for_want_of_room, refused};

/// Changes of fewer bytes are not folded.
const LEAST_FOLDED: u64 = 1 << 20;
/// After so many frames they are folded however small they are: each has its places in memory, and is read at a restart.
const MOST_FRAMES: usize = 4_096;
/// Bytes handed to the system at a time.
const BUFFER: usize = 1 << 18;

/// What a frame's header says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Header<'a> {
    /// Digest of the model whose memory this is.
    pub(super) model: Cow<'a, str>,
    /// Sections of its memory.
    pub(super) sections: usize,
    pub(super) position: Cow<'a, Position>,
}

/// What is saved at a time.
pub(super) struct Save {
    /// As JSON.
    pub(super) header: Vec<u8>,
    /// Whether all that is remembered, or what changed since the save before.
    pub(super) span: Span,
    pub(super) sections: Vec<Vec<u8>>,
    /// How to put sections together.
    pub(super) shape: MemoryShape,
    /// Files of lines whose lengths the header tells, to be on disk before it.
    pub(super) lines: Vec<ToSync>,
}

/// What came of a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It holds.
    Saved,
    /// What the changes follow is gone from the disk, or no longer what it was: all is to be saved.
    Gone,
}

/// The file of a state, and what stands in it.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// `None` where there is nothing that changes could follow.
    frames: Option<Frames>,
    /// Of the last frame, as JSON.
    header: Vec<u8>,
    /// Changes of more bytes are folded.
    most_changes: u64,
}

/// Frames that stand whole in a file.
#[derive(Debug)]
struct Frames {
    file: File,
    all: Vec<Frame>,
}

impl StateFile {
    /// A file yet to be written, whatever stands there.
    pub(super) fn new(path: &Path) -> StateFile {
        StateFile { path: path.to_owned(), frames: None, header: Vec::new(), most_changes: 0 }
    }

    /// The file of frames at `path`, and the header of the last whole one; what stands behind that is cut off.
    ///
    /// # Errors
    /// A file that another watch holds, that is no state or a damaged or a newer one.
    pub(super) fn read(path: &Path) -> Result<(StateFile, Header<'static>), PipelineError> {
        let unreadable = |error| unreadable(path, &error);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(unreadable)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let remedy = "end that one, or give this one a --state of its own";
            return Err(PipelineError::refuse(format!("{} is another watch's that runs; {remedy}", path.display())));
        }
        let (mut all, mut last): (Vec<Frame>, _) = (Vec::new(), None);
        let parsed = |header: &[u8]| serde_json::from_slice::<Header<'static>>(header).ok();
        let end = loop {
            let (end, before) = (all.last().map_or(0, |frame| frame.end), all.last().map(|frame| &frame.seal));
            let n_sections = |header: &[u8]| parsed(header).map(|header| header.sections);
            match read_frame(&mut file, end, before, n_sections).map_err(unreadable)? {
                Found::Whole(frame, header) => {
                    all.push(frame);
                    last = Some(header);
                }
                Found::Newer(found) if all.is_empty() => return Err(newer(path, found)),
                Found::Newer(_) | Found::Part => break end,
            }
        };
        // The last one may be in part: it was being written. One that others follow was whole.
        let is_damaged = begins_behind(&mut file, end).map_err(unreadable)?;
        let last = last.filter(|_| !is_damaged).and_then(|header| Some((parsed(&header)?, header)));
        let (parsed, header) = last.ok_or_else(|| damaged(path))?;
        file.set_len(end).map_err(unreadable)?;
        let frames = Frames { file, all };
        let most_changes = frames.most_changes();
        Ok((StateFile { path: path.to_owned(), frames: Some(frames), header, most_changes }, parsed))
    }

    /// Whether changes can follow what stands there.
    pub(super) fn takes_changes(&self) -> bool {
        self.frames.is_some()
    }

    /// A shard's sections, from that of the whole memory on.
    ///
    /// # Errors
    /// A file that is no longer what it was.
    pub(super) fn sections_of(&mut self, shard: usize) -> Result<Vec<Vec<u8>>, PipelineError> {
        self.frames.as_mut().map_or(Ok(Vec::new()), |frames| frames.sections_of(shard, &self.path))
    }

    /// Puts a save on disk. Where that fails, the one before still holds.
    ///
    /// # Errors
    /// What could not be written.
    pub(super) fn save(&mut self, save: &Save) -> Result<Kept, PipelineError> {
        save.lines.iter().try_for_each(ToSync::sync)?;
        match save.span {
            Span::Whole => {
                let frames = Frames::write(&self.path, &save.header, save.sections.iter().map(Ok))?;
                self.most_changes = frames.most_changes();
                self.frames = Some(frames);
            }
            Span::Changes => match self.frames.as_mut().filter(|frames| frames.stand_at(&self.path)) {
                Some(frames) => frames.append(save).map_err(|error| unwritten(&self.path, error))?,
                None => return Ok(Kept::Gone),
            },
        }
        self.header.clone_from(&save.header);
        Ok(Kept::Saved)
    }

    /// Folds the changes into a new first frame once they have become more than that, a shard at a time. Without room for it
    /// they are left as they are until they are twice as many.
    ///
    /// # Errors
    /// What could not be written; what is saved still holds.
    pub(super) fn fold_if_large(&mut self, shape: &MemoryShape) -> Result<Kept, PipelineError> {
        let is_large =
            |frames: &&mut Frames| frames.changes() > self.most_changes || frames.all.len().is_multiple_of(MOST_FRAMES);
        let Some(frames) = self.frames.as_mut().filter(is_large) else {
            return Ok(Kept::Saved);
        };
        let (path, n_sections) = (&self.path, frames.all.first().map_or(0, |first| first.sections.len()));
        let fold = |shard| shape.fold(shard, &frames.sections_of(shard, path)?).map_err(refused);
        match Frames::write(path, &self.header, (0..n_sections).map(fold)) {
            Ok(folded) => {
                self.most_changes = folded.most_changes();
                self.frames = Some(folded);
                Ok(Kept::Saved)
            }
            // What is in the file is refused, what cannot be put there fails.
            Err(PipelineError::Refused(_)) => Ok(Kept::Gone),
            Err(error) if is_for_want_of_room(&error) => {
                self.most_changes *= 2;
                Ok(Kept::Saved)
            }
            Err(error) => Err(error),
        }
    }
}

impl Frames {
    /// Replaces what stands at `path` by a first frame.
    fn write<S: AsRef<[u8]>>(
        path: &Path,
        header: &[u8],
        sections: impl Iterator<Item = Result<S, PipelineError>>,
    ) -> Result<Frames, PipelineError> {
        let unwritten = |error| unwritten(path, error);
        let file = AtomicFile::create(path).map_err(failed)?;
        // Locked, and so is what stands at `path` then.
        let handle = file.handle().map_err(failed)?;
        let out = BufWriter::with_capacity(BUFFER, &handle);
        let mut frame = FrameWriter::begin(out, 0, None, header).map_err(unwritten)?;
        for section in sections {
            frame.section(section?.as_ref()).map_err(unwritten)?;
        }
        let all = vec![frame.finish().map_err(unwritten)?];
        file.commit().map_err(failed)?;
        Ok(Frames { file: handle, all })
    }

    /// Adds a frame. Where that fails, what was added of it is cut off again, and a later one takes its place.
    fn append(&mut self, save: &Save) -> io::Result<()> {
        let (end, before) = (self.end(), self.all.last().map(|frame| frame.seal));
        let write = || {
            (&self.file).seek(SeekFrom::Start(end))?;
            let out = BufWriter::with_capacity(BUFFER, &self.file);
            let mut frame = FrameWriter::begin(out, end, before.as_ref(), &save.header)?;
            save.sections.iter().try_for_each(|section| frame.section(section))?;
            let frame = frame.finish()?;
            self.file.sync_data()?;
            Ok(frame)
        };
        match write() {
            Ok(frame) => self.all.push(frame),
            Err(error) => {
                let _ = self.file.set_len(end);
                return Err(error);
            }
        }
        Ok(())
    }

    fn sections_of(&mut self, shard: usize, path: &Path) -> Result<Vec<Vec<u8>>, PipelineError> {
        let section = |frame: &Frame| {
            let section = frame.section(&mut self.file, shard).map_err(|error| unreadable(path, &error))?;
            section.ok_or_else(|| damaged(path))
        };
        self.all.iter().map(section).collect()
    }

    fn end(&self) -> u64 {
        self.all.last().map_or(0, |frame| frame.end)
    }

    /// Bytes behind the first frame.
    fn changes(&self) -> u64 {
        self.end() - self.all.first().map_or(0, |first| first.end)
    }

    /// As many as the first frame has.
    fn most_changes(&self) -> u64 {
        self.all.first().map_or(0, |first| first.end).max(LEAST_FOLDED)
    }

    /// Whether these are what stands at `path`: it may have been removed, replaced or cut.
    fn stand_at(&self, path: &Path) -> bool {
        let found = path.metadata().and_then(|found| Ok((found, self.file.metadata()?)));
        found.is_ok_and(|(found, ours)| is_same(&found, &ours) && found.len() == self.end())
    }
}

#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Refuses a state that is not what was saved.
pub(super) fn damaged(path: &Path) -> PipelineError {
    let remedy = "move it away to begin anew";
    PipelineError::refuse(format!("{} is no state of a watch, or damaged; {remedy}", path.display()))
}

/// Refuses a state that cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> PipelineError {
    PipelineError::refuse(format!("cannot read {}: {error}", path.display()))
}

fn newer(path: &Path, found: u32) -> PipelineError {
    PipelineError::refuse(format!(
        "{} was saved by a newer nta: it has format revision {found}, this one reads 2: update nta",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use nta_data::{Changes, EntityStore, MemoryConfig, N_SHARDS, Remembered};

    use super::*;

    /// A memory of two shards, whose states are numbers.
    struct Memory {
        shards: Vec<EntityStore<u32>>,
        shape: MemoryShape,
        flows: u64,
    }

    impl Memory {
        fn new() -> Memory {
            let config = MemoryConfig { entities: 8 * N_SHARDS, idle_seconds: 60.0 };
            let shards = (0..2).map(|_| EntityStore::new(&config)).collect();
            Memory { shards, shape: MemoryShape::new(config, size_of::<u32>()), flows: 0 }
        }

        /// Sees `n` more flows, of some hosts more than it remembers.
        fn see(&mut self, n: u64) {
            for flow in self.flows..self.flows + n {
                let (shard, host) = (flow % 2, flow * flow % 23 % 11);
                let (state, _) = self.shards[shard as usize].visit(shard << 60 | host, flow as i64, || 0);
                *state += 1;
            }
            self.flows += n;
        }

        fn save(&mut self, span: Span) -> Save {
            let position = Position { clocks: [("gate".to_owned(), self.flows as i64)].into(), ..Position::default() };
            let header = Header { model: "m".into(), sections: 2, position: Cow::Owned(position) };
            let sections = self.shards.iter().map(|shard| match span {
                Span::Whole => section(&shard.whole()),
                Span::Changes => section(&shard.changes()),
            });
            let (sections, lines) = (sections.collect(), Vec::new());
            self.shards.iter_mut().for_each(EntityStore::begin_stretch);
            Save { header: serde_json::to_vec(&header).unwrap(), span, sections, shape: self.shape.clone(), lines }
        }

        fn whole(&self) -> (i64, Vec<Vec<u8>>) {
            (self.flows as i64, self.shards.iter().map(|shard| section(&shard.whole())).collect())
        }

        /// What a watch would go on with from the file at `path`.
        fn read(&self, path: &Path) -> Result<(i64, Vec<Vec<u8>>), PipelineError> {
            let (mut file, header) = StateFile::read(path)?;
            let sections = (0..header.sections).map(|i| self.shape.fold(i, &file.sections_of(i)?).map_err(refused));
            Ok((header.position.clocks["gate"], sections.collect::<Result<_, _>>()?))
        }
    }

    fn section(changes: &Changes<&u32>) -> Vec<u8> {
        let lengths =
            [changes.kept_probation, changes.kept_established, changes.probation.len(), changes.established.len()];
        let mut bytes = changes.evictions.to_le_bytes().to_vec();
        lengths.iter().for_each(|length| bytes.extend((*length as u32).to_le_bytes()));
        for Remembered { entity, last_end, state } in changes.probation.iter().chain(&changes.established) {
            bytes.extend(entity.to_le_bytes());
            bytes.extend(last_end.to_le_bytes());
            bytes.extend(state.to_le_bytes());
        }
        bytes
    }

    fn length(path: &Path) -> u64 {
        path.metadata().unwrap().len()
    }

    #[test]
    fn a_file_cut_at_any_byte_holds_the_last_state_saved_before() {
        let folder = tempfile::tempdir().unwrap();
        let (path, cut) = (folder.path().join("state"), folder.path().join("cut"));
        let (mut memory, mut file, mut saved) = (Memory::new(), StateFile::new(&path), Vec::new());
        assert!(!file.takes_changes());
        for n in [5, 0, 7, 1, 60, 3] {
            memory.see(n);
            let span = if saved.is_empty() { Span::Whole } else { Span::Changes };
            assert_eq!(file.save(&memory.save(span)).unwrap(), Kept::Saved);
            saved.push((length(&path), memory.whole()));
        }
        let bytes = fs::read(&path).unwrap();
        for n in 0..=bytes.len() {
            fs::write(&cut, &bytes[..n]).unwrap();
            match saved.iter().rev().find(|(end, _)| *end <= n as u64) {
                Some((end, state)) => {
                    assert_eq!(memory.read(&cut).unwrap(), *state, "{n} bytes");
                    assert_eq!(length(&cut), *end, "what was in part is gone");
                }
                None => assert!(memory.read(&cut).unwrap_err().to_string().contains("move it away")),
            }
        }
        // The same where what was being written reached the disk as zeros.
        let (before, _) = saved[saved.len() - 2];
        let zeros = bytes.len() - before as usize;
        fs::write(&cut, [&bytes[..before as usize], &vec![0; zeros]].concat()).unwrap();
        assert_eq!(memory.read(&cut).unwrap(), saved[saved.len() - 2].1);
    }

    #[test]
    fn a_changed_byte_before_the_last_save_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (mut memory, mut file) = (Memory::new(), StateFile::new(&path));
        let mut before = 0;
        for span in [Span::Whole, Span::Changes, Span::Changes] {
            memory.see(9);
            before = path.metadata().map_or(0, |found| found.len() as usize);
            file.save(&memory.save(span)).unwrap();
        }
        drop(file);
        let bytes = fs::read(&path).unwrap();
        for i in 0..before {
            let mut changed = bytes.clone();
            changed[i] ^= 1 << (i % 8);
            fs::write(&path, changed).unwrap();
            let error = memory.read(&path).unwrap_err().to_string();
            assert!(error.contains("move it away") || error.contains("update nta"), "byte {i}: {error}");
        }
    }

    #[test]
    fn changes_are_folded_and_what_follows_goes_on_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (mut memory, mut file) = (Memory::new(), StateFile::new(&path));
        file.save(&memory.save(Span::Whole)).unwrap();
        let mut folds = 0;
        for i in 0..40 {
            memory.see(i % 9);
            file.save(&memory.save(Span::Changes)).unwrap();
            let unfolded = length(&path);
            file.most_changes = 500;
            assert_eq!(file.fold_if_large(&memory.shape).unwrap(), Kept::Saved);
            folds += u32::from(length(&path) < unfolded);
            if i % 5 == 0 {
                drop(file);
                assert_eq!(memory.read(&path).unwrap(), memory.whole(), "after {i}");
                file = StateFile::read(&path).unwrap().0;
            }
        }
        assert!(folds > 3 && length(&path) < 1_500, "{folds} folds, {} bytes", length(&path));
        // A save of all takes the place of everything.
        file.save(&memory.save(Span::Whole)).unwrap();
        assert_eq!(file.frames.as_ref().unwrap().all.len(), 1);
    }

    #[test]
    fn a_file_that_went_away_is_asked_for_whole_and_one_that_is_held_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let (mut memory, mut file) = (Memory::new(), StateFile::new(&path));
        file.save(&memory.save(Span::Whole)).unwrap();
        assert!(StateFile::read(&path).unwrap_err().to_string().contains("another watch's that runs"));
        let other = folder.path().join("other");
        let other_comes = || fs::write(&other, "x").and_then(|()| fs::rename(&other, &path)).unwrap();
        let is_cut = || File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        let changes: [&dyn Fn(); 3] = [&|| fs::remove_file(&path).unwrap(), &other_comes, &is_cut];
        for change in changes {
            change();
            memory.see(3);
            assert_eq!(file.save(&memory.save(Span::Changes)).unwrap(), Kept::Gone);
            assert_eq!(file.save(&memory.save(Span::Whole)).unwrap(), Kept::Saved);
        }
        drop(file);
        assert_eq!(memory.read(&path).unwrap(), memory.whole());
        let mut newer = fs::read(&path).unwrap();
        newer[11] = 3;
        fs::write(&path, newer).unwrap();
        let error = StateFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("format revision 3, this one reads 2: update nta"), "{error}");
    }
}

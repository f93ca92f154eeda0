//! What a scorer remembers of the entities of one shard: the states of those that came last in memory, the others' on disk
//! where there is a folder for it. So memory stays small however many entities a model remembers.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use nta_data::{EntityStore, MemoryConfig};
use nta_lstm::LstmState;

use crate::ModelError;

/// What is remembered of an entity: the state of each network.
#[derive(Debug)]
pub(crate) enum Kept {
    /// In memory, and when it was last made use of.
    Here { states: Vec<LstmState>, used: u64 },
    /// With the rows that are being scored.
    Lent,
    /// On disk, at this place.
    Away { place: u32 },
}

/// The entities of one shard.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) store: EntityStore<Kept>,
    disk: Option<Disk>,
    /// Counts the times that states came back.
    clock: u64,
    /// States that came into memory since those there were last counted.
    n_new: usize,
}

/// Where states go that memory has no room for.
#[derive(Debug)]
struct Disk {
    folder: PathBuf,
    /// Made when it is needed.
    file: Option<File>,
    /// Entities whose states may stay in memory.
    most_here: usize,
    /// Bytes of an entity's states.
    state_bytes: usize,
    /// Whether it takes no more: then states stay in memory.
    is_full: bool,
}

impl Shard {
    /// One that remembers nothing.
    pub(crate) fn new(config: &MemoryConfig) -> Shard {
        Shard::of(EntityStore::new(config))
    }

    /// One that remembers what `store` does.
    pub(crate) fn of(store: EntityStore<Kept>) -> Shard {
        let n_new = store.len();
        Shard { store, disk: None, clock: 0, n_new }
    }

    /// Keeps the states of no more than `most_here` entities in memory, and the others in a file without a name in `folder`,
    /// as far as that takes them: `state_bytes` bytes an entity.
    pub(crate) fn use_disk(&mut self, folder: &Path, most_here: usize, state_bytes: usize) {
        let folder = folder.to_owned();
        self.disk = Some(Disk { folder, file: None, most_here, state_bytes, is_full: false });
    }

    /// States that are in memory.
    pub(crate) fn here(states: Vec<LstmState>) -> Kept {
        Kept::Here { states, used: 0 }
    }

    /// Visits an entity ([`EntityStore::visit`]): what is kept of it, the end of its flow before, and what brings its states
    /// from disk.
    pub(crate) fn visit(
        &mut self,
        entity: u64,
        end: i64,
        fresh: impl FnOnce() -> Vec<LstmState>,
    ) -> (&mut Kept, Option<i64>, Bring<'_>) {
        let (kept, previous_end) = self.store.visit(entity, end, || Shard::here(fresh()));
        (kept, previous_end, Bring(self.disk.as_ref()))
    }

    /// What brings states from disk.
    pub(crate) fn bring(&self) -> Bring<'_> {
        Bring(self.disk.as_ref())
    }

    /// Takes back what was lent of an entity, where it was not forgotten since.
    pub(crate) fn take_back(&mut self, entity: u64, states: Vec<LstmState>) {
        self.clock += 1;
        if let Some(kept) = self.store.get_mut(entity).filter(|kept| matches!(kept, Kept::Lent)) {
            *kept = Kept::Here { states, used: self.clock };
            self.n_new += 1;
        }
    }

    /// Puts on disk what memory has no room for: of the entities that were lent longest ago, so many that half of the room
    /// is free again. `write` appends the bytes of an entity's states.
    pub(crate) fn make_room(&mut self, write: impl Fn(&[LstmState], &mut Vec<u8>)) {
        let Some(disk) = self.disk.as_mut().filter(|disk| !disk.is_full && self.n_new > disk.most_here / 2) else {
            return;
        };
        self.n_new = 0;
        let used = |kept: &Kept| if let Kept::Here { used, .. } = kept { Some(*used) } else { None };
        let mut times: Vec<u64> = self.store.states_mut().filter_map(|(_, kept)| used(kept)).collect();
        if times.len() <= disk.most_here {
            return;
        }
        let n_away = times.len() - disk.most_here / 2;
        let (_, last, _) = times.select_nth_unstable(n_away - 1);
        let (last, mut bytes) = (*last, Vec::with_capacity(disk.state_bytes));
        for (place, kept) in self.store.states_mut() {
            let Kept::Here { states, used } = kept else { continue };
            if *used > last {
                continue;
            }
            bytes.clear();
            write(states, &mut bytes);
            if disk.put(place, &bytes).is_err() {
                disk.is_full = true;
                return;
            }
            *kept = Kept::Away { place };
        }
    }
}

/// Brings states from disk.
pub(crate) struct Bring<'a>(Option<&'a Disk>);

impl Bring<'_> {
    /// Appends the bytes of an entity's states, which `write` makes of those in memory.
    ///
    /// # Errors
    /// A disk that does not give back what it keeps.
    pub(crate) fn append(
        &self,
        kept: &Kept,
        out: &mut Vec<u8>,
        write: impl Fn(&[LstmState], &mut Vec<u8>),
    ) -> Result<(), ModelError> {
        match kept {
            Kept::Here { states, .. } => write(states, out),
            Kept::Away { place } => out.extend_from_slice(&self.bytes(*place)?),
            // Nothing is lent between two calls.
            Kept::Lent => {}
        }
        Ok(())
    }

    /// The bytes of the states at a place.
    ///
    /// # Errors
    /// A disk that does not give them back.
    pub(crate) fn bytes(&self, place: u32) -> Result<Vec<u8>, ModelError> {
        let Some(disk) = self.0 else { return Err(ModelError::rows("a host's state is on no disk")) };
        disk.get(place).map_err(ModelError::io("read what is remembered of hosts in", &disk.folder))
    }
}

impl Disk {
    fn put(&mut self, place: u32, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile_in(&self.folder)?);
        }
        self.at(place)?.write_all(bytes)
    }

    fn get(&self, place: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.state_bytes];
        self.at(place)?.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The file at a place.
    fn at(&self, place: u32) -> io::Result<&File> {
        let mut file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(u64::from(place) * self.state_bytes as u64))?;
        Ok(file)
    }
}

//! The one way to apply a model: evaluation, batch scoring and live traffic all come through here.
//!
//! Two steps. [`Scorer::prepare`] does what depends on a row alone, in any order. [`Scorer::score_prepared`] carries
//! state along each entity's rows and must see them in arrival order. [`Scorer::score`] is one after the other. A row's
//! scores depend on that row and its entity's earlier rows, never on which batch it came in or how many threads ran.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use nta_data::{Dataset, HYBRID, N_SHARDS, ScoreColumn, Scores, shard_of};
use rayon::prelude::*;

use crate::memory::Shard;
use crate::networks::Networks;
use crate::prepared::{PreparedRows, RecordLayout};
use crate::{Model, ModelError};

/// Rows prepared at a time by [`Scorer::score`], so that a large part is never held twice.
const BLOCK: usize = 1 << 16;

/// A model and what it remembers of the traffic seen so far. A new one remembers nothing.
#[derive(Debug)]
pub struct Scorer {
    pub(crate) model: Arc<Model>,
    pub(crate) networks: Networks,
    layout: RecordLayout,
    pub(crate) shards: Vec<Shard>,
    /// The model's, once somebody has asked.
    digest: OnceLock<String>,
}

impl Scorer {
    /// Takes up the model with an empty memory.
    ///
    /// # Errors
    /// A model whose parts do not fit each other.
    pub fn new(model: Arc<Model>) -> Result<Self, ModelError> {
        model.check()?;
        let networks = Networks::new(Arc::clone(&model));
        let layout = match networks.len() {
            0 => RecordLayout { n_scores: model.members.len(), n_numeric: 0, n_codes: 0 },
            n_networks => RecordLayout {
                n_scores: model.members.len() - n_networks,
                n_numeric: model.preprocessor.n_numeric() - networks.n_gap,
                n_codes: model.preprocessor.categorical().len(),
            },
        };
        let memory = model.state.as_ref().map(|state| &state.memory);
        let shards = memory.map_or(Vec::new(), |memory| (0..N_SHARDS).map(|_| Shard::new(memory)).collect());
        Ok(Scorer { model, networks, layout, shards, digest: OnceLock::new() })
    }

    /// The same scorer, which keeps in memory some `room_bytes` of what it remembers of hosts, and the rest in files without
    /// names in `folder`, as far as that takes them: for a job with many hosts. Its scores are the same.
    pub fn with_disk(mut self, folder: &Path, room_bytes: usize) -> Self {
        let state_bytes = self.networks.state_bytes();
        let most_here = room_bytes / N_SHARDS / state_bytes.max(1);
        self.shards.iter_mut().for_each(|shard| shard.use_disk(folder, most_here, state_bytes));
        self
    }

    /// The model applied.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The model's digest, worked out at the first call.
    ///
    /// # Errors
    /// A model that cannot be put into files.
    pub fn digest(&self) -> Result<&str, ModelError> {
        if let Some(known) = self.digest.get() {
            return Ok(known);
        }
        let digest = self.model.digest()?;
        Ok(self.digest.get_or_init(|| digest))
    }

    /// How prepared rows of this model look as records.
    pub fn layout(&self) -> RecordLayout {
        self.layout
    }

    /// Entities remembered now.
    pub fn entities(&self) -> usize {
        self.shards.iter().map(|shard| shard.store.len()).sum()
    }

    /// Entities forgotten for lack of room since the start.
    pub fn evictions(&self) -> u64 {
        self.shards.iter().map(|shard| shard.store.evictions()).sum()
    }

    /// Scores the next rows of the traffic, which stand in arrival order.
    ///
    /// # Errors
    /// Rows of another schema, without the entity or time that the model follows.
    pub fn score(&mut self, rows: &Dataset) -> Result<Scores, ModelError> {
        if rows.n_rows() <= BLOCK {
            let prepared = self.prepare(rows)?;
            return self.score_prepared(&prepared);
        }
        let mut all = self.model.no_scores()?;
        all.reserve(rows.n_rows());
        let order: Vec<u32> = (0..rows.n_rows() as u32).collect();
        for block in order.chunks(BLOCK) {
            all.append(self.score(&rows.take(block))?).map_err(ModelError::rows)?;
        }
        Ok(all)
    }

    /// The step that needs no order: everything about a row that no other row has a say in.
    ///
    /// # Errors
    /// Rows of another schema, without the entity or time that the model follows.
    pub fn prepare(&self, rows: &Dataset) -> Result<PreparedRows, ModelError> {
        self.check_rows(rows)?;
        let n_rows = rows.n_rows();
        let mut prepared = PreparedRows::empty(self.layout);
        prepared.rows = rows.row.clone();
        prepared.entity = if self.model.state.is_some() { rows.entity.clone() } else { vec![0; n_rows] };
        prepared.end = rows.end_time.clone().unwrap_or_else(|| vec![0; n_rows]);
        prepared.scores = self.order_free_scores(rows)?;
        if !self.networks.is_empty() {
            let dense = self.model.preprocessor.dense_without_gap(rows).map_err(ModelError::rows)?;
            let width = dense.numeric_names.len();
            prepared.numeric = dense.numeric;
            if self.networks.n_gap > 0 {
                let keep = self.layout.n_numeric;
                prepared.numeric = prepared.numeric.chunks_exact(width).flat_map(|row| &row[..keep]).copied().collect();
            }
            prepared.codes = dense.codes;
        }
        Ok(prepared)
    }

    /// The step that carries state: rows of each entity stand in arrival order, here and from call to call.
    ///
    /// # Errors
    /// Rows prepared by another model, a disk that does not give back what it keeps.
    pub fn score_prepared(&mut self, rows: &PreparedRows) -> Result<Scores, ModelError> {
        if rows.layout() != self.layout {
            return Err(ModelError::rows("these rows were prepared by another model"));
        }
        let carried = match (self.networks.is_empty(), self.shards.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => self.networks.cold(rows),
            (false, false) => self.by_entity(rows)?,
        };
        self.assemble(rows, &carried)
    }

    /// Scores of members that judge a row by itself. `(n_rows, n_scores)`, row-major.
    fn order_free_scores(&self, rows: &Dataset) -> Result<Vec<f32>, ModelError> {
        if self.layout.n_scores == 0 {
            return Ok(Vec::new());
        }
        let tabular = self.model.preprocessor.tabular(rows).map_err(ModelError::rows)?;
        let members = self.model.members.iter().filter_map(|m| m.member.judge_alone(&tabular));
        let columns: Vec<Vec<f32>> = members.collect::<Result<_, _>>()?;
        Ok((0..rows.n_rows()).flat_map(|i| columns.iter().map(move |column| column[i])).collect())
    }

    /// Scores of the networks, each shard's rows in order and by one thread. `(n_rows, n_networks)`, row-major.
    fn by_entity(&mut self, rows: &PreparedRows) -> Result<Vec<f32>, ModelError> {
        let mut rows_of: Vec<Vec<u32>> = vec![Vec::new(); N_SHARDS];
        for (i, &entity) in rows.entity.iter().enumerate() {
            rows_of[shard_of(entity)].push(i as u32);
        }
        let networks = &self.networks;
        // As many shards at once as leaves every thread its part: the more hosts go side by side, the less each costs.
        let at_once = N_SHARDS.div_ceil(rayon::current_num_threads());
        let by_shards: Vec<Vec<f32>> = self
            .shards
            .par_chunks_mut(at_once)
            .zip(rows_of.par_chunks(at_once))
            .enumerate()
            .map(|(i, (shards, rows_of))| networks.along_entities(shards, i * at_once, rows, rows_of))
            .collect::<Result<_, _>>()?;
        let width = networks.len();
        let mut scores = vec![0.0; rows.n_rows() * width];
        let found = by_shards.iter().flat_map(|scores| scores.chunks_exact(width));
        for (&i, row_scores) in rows_of.iter().flatten().zip(found) {
            scores[i as usize * width..][..width].copy_from_slice(row_scores);
        }
        Ok(scores)
    }

    /// All scores in the model's order, fused and held against the thresholds.
    fn assemble(&self, rows: &PreparedRows, carried: &[f32]) -> Result<Scores, ModelError> {
        let (n_alone, n_networks) = (self.layout.n_scores, self.networks.len());
        let (mut alone_columns, mut carried_columns) = (0..n_alone, 0..n_networks);
        let column = |values: &[f32], width: usize, j: Option<usize>| {
            values.iter().skip(j.unwrap_or(0)).step_by(width.max(1)).copied().collect()
        };
        let mut members = Vec::with_capacity(self.model.members.len());
        for member in &self.model.members {
            let p_attack = match member.member.lstm() {
                None => column(&rows.scores, n_alone, alone_columns.next()),
                Some(_) => column(carried, n_networks, carried_columns.next()),
            };
            members.push(self.flagged(&member.name, p_attack)?);
        }
        let hybrid = self.model.hybrid.combine(&members).map_err(ModelError::parts)?;
        Scores::new(rows.rows.clone(), members, self.flagged(HYBRID, hybrid)?).map_err(ModelError::parts)
    }

    /// The column `name`, held against its threshold.
    fn flagged(&self, name: &str, p_attack: Vec<f32>) -> Result<ScoreColumn, ModelError> {
        let threshold = self.model.threshold(name)?;
        Ok(ScoreColumn::new(name, p_attack, |score| threshold.flags(score)))
    }

    fn check_rows(&self, rows: &Dataset) -> Result<(), ModelError> {
        let (ours, theirs) = (&self.model.schema, &rows.schema);
        let ours_names = ours.numeric.iter().map(|c| &c.name).chain(ours.categorical.iter().map(|c| &c.name));
        let their_names = theirs.numeric.iter().map(|c| &c.name).chain(theirs.categorical.iter().map(|c| &c.name));
        let same_widths =
            (ours.numeric.len(), ours.categorical.len()) == (theirs.numeric.len(), theirs.categorical.len());
        if !same_widths || !ours_names.eq(their_names) {
            let (ours, theirs) = (&ours.name, &theirs.name);
            return Err(ModelError::rows(format!("it was read by schema {theirs}, the model was trained on {ours}")));
        }
        let Some(state) = &self.model.state else { return Ok(()) };
        if rows.entity.len() != rows.n_rows() {
            let why = format!("its rows have no entity, and the model follows {:?}: read it with sequences", state.by);
            return Err(ModelError::rows(why));
        }
        if rows.end_time.is_none() && ours.time.is_some() && rows.n_rows() > 0 {
            return Err(ModelError::rows("its rows have no time, and the model was trained on rows that have"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nta_data::{MemoryConfig, Order};

    use super::*;
    use crate::fixture::{fit, memory, model, sequences, traffic};

    fn in_batches(model: &Arc<Model>, rows: &Dataset, batch: usize) -> Scores {
        let mut scorer = Scorer::new(Arc::clone(model)).unwrap();
        let all: Vec<u32> = (0..rows.n_rows() as u32).collect();
        let mut together = model.no_scores().unwrap();
        for part in all.chunks(batch) {
            together.append(scorer.score(&rows.take(part)).unwrap()).unwrap();
        }
        together
    }

    #[test]
    fn no_batch_size_and_no_number_of_threads_changes_a_bit() {
        for order in [Order::File, Order::None] {
            // More hosts than the memory holds, so that evictions happen too.
            let (model, rows) = (model(order), traffic(3_000, 900, order));
            let whole = in_batches(&model, &rows, rows.n_rows());
            assert_eq!(whole.rows(), rows.row);
            for batch in [1, 7, 1_000] {
                assert_eq!(in_batches(&model, &rows, batch), whole, "{order:?} in batches of {batch}");
            }
            for threads in [1, 2, 5] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                assert_eq!(pool.install(|| in_batches(&model, &rows, 1_500)), whole, "{order:?}, {threads} threads");
            }
        }
    }

    #[test]
    fn what_is_kept_on_disk_is_what_was_kept_in_memory() {
        let (model, rows) = (model(Order::File), traffic(3_000, 900, Order::File));
        let folder = tempfile::tempdir().unwrap();
        let all: Vec<u32> = (0..rows.n_rows() as u32).collect();
        for (room_bytes, place) in [(0, folder.path()), (1 << 12, folder.path()), (0, Path::new("/no/such/folder"))] {
            let mut in_memory = Scorer::new(Arc::clone(&model)).unwrap();
            let mut on_disk = Scorer::new(Arc::clone(&model)).unwrap().with_disk(place, room_bytes);
            for part in all.chunks(170) {
                assert_eq!(on_disk.score(&rows.take(part)).unwrap(), in_memory.score(&rows.take(part)).unwrap());
            }
            assert_eq!(on_disk.snapshot(b"").unwrap(), in_memory.snapshot(b"").unwrap());
            assert_eq!(on_disk.evictions(), in_memory.evictions());
        }
    }

    #[test]
    fn a_part_scores_the_bits_that_training_saw() {
        // 900 hosts are more than the memory holds: training must forget them as scoring does.
        for (order, hosts) in [(Order::File, 12), (Order::File, 900), (Order::None, 12)] {
            let (model, rows) = (model(order), traffic(3_000, hosts, order));
            let scores = in_batches(&model, &rows, 100);
            let features = model.preprocessor.transform(&rows).unwrap();
            let forest = model.members[0].member.forest().unwrap().predict_proba(&features.tabular).unwrap();
            let lstm = model.members[1].member.lstm().unwrap();
            let lstm = lstm.predict_proba(&features.dense, &sequences(&rows)).unwrap();
            assert_eq!(scores.member("forest").unwrap().p_attack, forest, "{order:?}");
            assert_eq!(scores.member("lstm").unwrap().p_attack, lstm, "{order:?}");
        }
    }

    #[test]
    fn a_part_larger_than_a_block_scores_as_one() {
        let (model, rows) = (model(Order::File), traffic(BLOCK + 5, 300, Order::File));
        let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
        let prepared = scorer.prepare(&rows).unwrap();
        let at_once = scorer.score_prepared(&prepared).unwrap();
        assert_eq!(Scorer::new(Arc::clone(&model)).unwrap().score(&rows).unwrap(), at_once);
    }

    #[test]
    fn categories_in_another_order_of_appearance_score_the_same() {
        let (model, rows) = (model(Order::File), traffic(200, 9, Order::File));
        let mut renamed = rows.clone();
        let column = &mut renamed.categorical[0];
        column.values.reverse();
        let last = column.values.len() as u32 - 1;
        column.codes.iter_mut().filter(|c| **c != nta_data::Categories::MISSING).for_each(|c| *c = last - *c);
        assert_eq!(in_batches(&model, &rows, 200), in_batches(&model, &renamed, 200));
    }

    #[test]
    fn sorted_records_score_as_the_rows_themselves() {
        let (model, rows) = (model(Order::File), traffic(400, 9, Order::File));
        let shuffled: Vec<u32> = (0..400u32).map(|i| i * 171 % 400).collect();
        let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
        let prepared = scorer.prepare(&rows.take(&shuffled)).unwrap();
        let mut order: Vec<usize> = (0..400).collect();
        order.sort_by_key(|&i| (prepared.end_time(i), prepared.row(i)));
        let mut bytes = Vec::new();
        order.iter().for_each(|&i| prepared.write_record(i, &mut bytes));
        assert_eq!(bytes.len(), 400 * scorer.layout().record_bytes());
        let sorted = PreparedRows::from_bytes(scorer.layout(), &bytes).unwrap();
        assert_eq!(scorer.score_prepared(&sorted).unwrap(), in_batches(&model, &rows, 400));
    }

    #[test]
    fn a_long_silence_is_forgotten_and_a_short_one_is_not() {
        let model = model(Order::File);
        let mut pair = traffic(2, 1, Order::File);
        pair.entity = vec![3, 3];
        let second = |pause_micros: i64| {
            let mut rows = pair.clone();
            let start = rows.end_time.as_ref().unwrap()[0];
            rows.end_time = Some(vec![start, start + pause_micros]);
            Scorer::new(Arc::clone(&model)).unwrap().score(&rows).unwrap().members()[1].p_attack[1]
        };
        let cold = Scorer::new(Arc::clone(&model)).unwrap().score(&pair.take(&[1])).unwrap().members()[1].p_attack[0];
        assert_eq!(second(60_000_001), cold);
        assert_ne!(second(60_000_000), cold);
        assert_eq!(second(-5), second(0));
    }

    #[test]
    fn a_million_spoofed_one_flow_hosts_leave_a_real_hosts_state_alone() {
        // A small memory under a flood eighty times its size, and the default one under the real million.
        for (entities, flood) in [(256, 20_000), (MemoryConfig::default().entities, 1_000_000)] {
            let model = fit(Order::File, MemoryConfig { entities, ..memory() });
            let mut host = traffic(3, 1, Order::File);
            host.entity.fill(3);
            let mut undisturbed = Scorer::new(Arc::clone(&model)).unwrap();
            let expected = undisturbed.score(&host).unwrap().members()[1].p_attack[2];
            let cold =
                Scorer::new(Arc::clone(&model)).unwrap().score(&host.take(&[2])).unwrap().members()[1].p_attack[0];
            assert_ne!(expected, cold);

            let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
            scorer.score(&host.take(&[0, 1])).unwrap();
            let mut spoofed = traffic(1_000, 1, Order::File);
            spoofed.end_time = Some(vec![host.end_time.as_ref().unwrap()[1]; 1_000]);
            for batch in 0..flood / 1_000u64 {
                let address = |i: u64| nta_data::entity_hash(&[2; 16], &[&(batch * 1_000 + i).to_le_bytes()]);
                spoofed.entity = (0..1_000).map(address).collect();
                scorer.score(&spoofed).unwrap();
            }
            assert!(scorer.entities() <= entities && scorer.evictions() > flood / 2);
            assert_eq!(scorer.score(&host.take(&[2])).unwrap().members()[1].p_attack[0], expected);
        }
    }

    #[test]
    fn a_row_is_flagged_above_the_threshold_and_not_at_it() {
        let mut model = model(Order::None);
        let rows = traffic(50, 9, Order::None);
        let score = in_batches(&model, &rows, 50).members()[0].p_attack[7];
        Arc::make_mut(&mut model).thresholds[0].chosen.value = score;
        let scores = in_batches(&model, &rows, 50);
        let forest = &scores.members()[0];
        assert!(!forest.flags[7]);
        for (flag, p) in forest.flags.iter().zip(&forest.p_attack) {
            assert_eq!(*flag, *p > score);
        }
    }

    #[test]
    fn what_fits_not_is_refused_in_words() {
        let model = model(Order::File);
        let mut scorer = Scorer::new(Arc::clone(&model)).unwrap();
        let rows = traffic(5, 9, Order::File);
        let mut error = |change: &dyn Fn(&mut Dataset)| {
            let mut rows = rows.clone();
            change(&mut rows);
            scorer.score(&rows).unwrap_err().to_string()
        };
        assert!(error(&|r| r.entity.clear()).contains("no entity"));
        assert!(error(&|r| r.end_time = None).contains("no time"));
        let other = error(&|r| {
            let mut schema = (*r.schema).clone();
            schema.name = "other".into();
            schema.numeric.swap(0, 1);
            r.schema = Arc::new(schema);
        });
        assert!(other.contains("read by schema other, the model was trained on toy"), "{other}");
        let empty = scorer.score(&Dataset::empty(Arc::new(model.schema.clone()))).unwrap();
        assert_eq!(empty, model.no_scores().unwrap());
        let strange = PreparedRows::empty(RecordLayout { n_scores: 9, n_numeric: 9, n_codes: 9 });
        assert!(scorer.score_prepared(&strange).is_err());
    }
}

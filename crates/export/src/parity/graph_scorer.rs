//! Applies a graph to rows as another tool would: what is remembered of a host is handed from its flow to its next.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use nta_data::{Dataset, EntityStore, N_SHARDS, shard_of};
use nta_model::Model;

use crate::ExportError;
use crate::evaluate::{Runtime, Tensor};
use crate::graph::{FLAGGED, Form, GAP, PROBABILITY, state_input, state_len, state_output};

/// Rows that go through the graph at once.
const ROWS_AT_ONCE: usize = 1_024;

/// What a graph said to some rows.
pub(super) struct Said {
    /// Each member's scores, then the hybrid's, `(n_rows)` each.
    pub(super) scores: Vec<Vec<f32>>,
    pub(super) probability: Vec<f32>,
    pub(super) flags: Vec<bool>,
}

/// A graph and what its members remember.
pub(super) struct GraphScorer {
    model: Arc<Model>,
    runtime: Box<dyn Runtime>,
    /// The number of each host's last row. The same memory as the scorer's: where it is full, both forget alike.
    last_rows: Vec<EntityStore<u64>>,
    /// What each member that carries state remembers after a host's last row, by that row's number.
    states: HashMap<u64, Vec<Vec<f32>>>,
    /// Members that carry state, and how many numbers each remembers.
    widths: Vec<(String, usize)>,
    /// Rows so far.
    n_rows: u64,
    has_gap: bool,
}

/// What a row goes on from.
#[derive(Clone, Copy)]
struct Past {
    /// The number of its host's row before.
    row: Option<u64>,
    /// End of that row, microseconds.
    end: Option<i64>,
}

impl GraphScorer {
    pub(super) fn new(model: Arc<Model>, form: Form, runtime: Box<dyn Runtime>) -> Self {
        let memory = model.state.as_ref().map(|state| &state.memory).filter(|_| form == Form::Sequences);
        let last_rows = memory.map_or(Vec::new(), |m| (0..N_SHARDS).map(|_| EntityStore::new(m)).collect());
        let width = |m: &nta_model::NamedMember| state_len(&m.member).map(|width| (m.name.clone(), width));
        let widths = match form {
            Form::Sequences => model.members.iter().filter_map(width).collect(),
            Form::SingleFlows => Vec::new(),
        };
        let has_gap = form == Form::Sequences && model.preprocessor.gap().is_some();
        GraphScorer { model, runtime, last_rows, states: HashMap::new(), widths, n_rows: 0, has_gap }
    }

    pub(super) fn name(&self) -> String {
        self.runtime.name()
    }

    /// Scores the next rows, which stand in arrival order.
    pub(super) fn score(&mut self, rows: &Dataset) -> Result<Said, ExportError> {
        let n_columns = self.model.members.len() + 1;
        let mut said = Said {
            scores: vec![vec![0.0; rows.n_rows()]; n_columns],
            probability: vec![0.0; rows.n_rows()],
            flags: vec![false; rows.n_rows()],
        };
        let first = self.n_rows;
        let pasts = self.pasts(rows);
        for wave in waves(&pasts, first) {
            for at_once in wave.chunks(ROWS_AT_ONCE) {
                self.step(rows, at_once, &pasts, first, &mut said)?;
            }
        }
        self.n_rows += rows.n_rows() as u64;
        self.forget();
        Ok(said)
    }

    /// Lets go of what no host goes on from: of hosts that the memory forgot, or that were silent for too long.
    fn forget(&mut self) {
        let remembered: usize = self.last_rows.iter().map(EntityStore::len).sum();
        if self.states.len() > 2 * remembered {
            let hosts = self.last_rows.iter().flat_map(|hosts| hosts.probation().chain(hosts.established()));
            let last: HashSet<u64> = hosts.map(|host| *host.state).collect();
            self.states.retain(|row, _| last.contains(row));
        }
    }

    /// What each row goes on from.
    fn pasts(&mut self, rows: &Dataset) -> Vec<Past> {
        if self.last_rows.is_empty() {
            return vec![Past { row: None, end: None }; rows.n_rows()];
        }
        let past = |i: usize| {
            let (entity, end) = (rows.entity[i], rows.end_time.as_ref().map_or(0, |end| end[i]));
            let number = self.n_rows + i as u64;
            let (last, end) = self.last_rows[shard_of(entity)].visit(entity, end, || number);
            let last = std::mem::replace(last, number);
            Past { row: end.map(|_| last), end }
        };
        (0..rows.n_rows()).map(past).collect()
    }

    /// Scores the rows `which`, none of which goes on from another.
    fn step(
        &mut self,
        rows: &Dataset,
        which: &[usize],
        pasts: &[Past],
        first: u64,
        said: &mut Said,
    ) -> Result<(), ExportError> {
        let mut inputs = self.columns(rows, which)?;
        if self.has_gap {
            let gap = |&i: &usize| {
                let end = rows.end_time.as_ref().map_or(0, |end| end[i]);
                pasts[i].end.map_or(f64::NAN, |before| end.saturating_sub(before) as f64 / 1e6)
            };
            inputs.push((GAP.to_owned(), Tensor::doubles(which.iter().map(gap).collect())));
        }
        let states: Vec<Option<Vec<Vec<f32>>>> =
            which.iter().map(|&i| pasts[i].row.and_then(|row| self.states.remove(&row))).collect();
        for (m, (member, width)) in self.widths.iter().enumerate() {
            let fresh = vec![0.0; *width];
            let values = states.iter().flat_map(|state| state.as_ref().map_or(&fresh, |state| &state[m]).clone());
            inputs.push((state_input(member), Tensor::floats(vec![which.len(), *width], values)));
        }
        let outputs = self.runtime.run(inputs)?;
        let output = |name: &str, width: usize| -> Result<Vec<f32>, ExportError> {
            let tensor = outputs.get(name).ok_or_else(|| ExportError::graph(format!("it has no output `{name}`")))?;
            let (_, _, values) = tensor.numbers().map_err(ExportError::graph)?;
            match values.len() == which.len() * width {
                true => Ok(values.iter().map(|&x| x as f32).collect()),
                false => Err(ExportError::graph(format!("`{name}` has {} values", values.len()))),
            }
        };
        let next = self.widths.iter().map(|(member, width)| output(&state_output(member), *width));
        let next = next.collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = self.model.names().map(str::to_owned).collect();
        for (column, name) in said.scores.iter_mut().zip(&names) {
            which.iter().zip(output(name, 1)?).for_each(|(&i, score)| column[i] = score);
        }
        which.iter().zip(output(PROBABILITY, 1)?).for_each(|(&i, share)| said.probability[i] = share);
        which.iter().zip(output(FLAGGED, 1)?).for_each(|(&i, flag)| said.flags[i] = flag == 1.0);
        if !self.widths.is_empty() {
            for (place, &i) in which.iter().enumerate() {
                let of =
                    |((_, width), values): (&(String, usize), &Vec<f32>)| values[place * width..][..*width].to_vec();
                self.states.insert(first + i as u64, self.widths.iter().zip(&next).map(of).collect());
            }
        }
        Ok(())
    }

    /// The rows' columns as the graph takes them.
    fn columns(&self, rows: &Dataset, which: &[usize]) -> Result<Vec<(String, Tensor)>, ExportError> {
        let fitted = &self.model.preprocessor;
        let names = fitted.tabular_names();
        let (numeric, texts) = names.split_at(fitted.numeric().len());
        let mut inputs = Vec::with_capacity(names.len());
        let none = |name: &str| ExportError::unsayable(format!("the rows have no column `{name}`"));
        for (name, column) in numeric.iter().zip(fitted.numeric()) {
            let place = rows.schema.numeric.iter().position(|c| c.name == column.name).ok_or_else(|| none(name))?;
            let values = which.iter().map(|&i| rows.numeric[place][i]);
            inputs.push((name.clone(), Tensor::floats(vec![which.len()], values)));
        }
        for (name, column) in texts.iter().zip(fitted.categorical()) {
            let place = rows.schema.categorical.iter().position(|c| c.name == column.name).ok_or_else(|| none(name))?;
            let text = |&i: &usize| rows.categorical[place].text(i).unwrap_or_default().to_owned();
            inputs.push((name.clone(), Tensor::Texts(which.iter().map(text).collect())));
        }
        Ok(inputs)
    }
}

/// Rows of a block in waves: a row stands in the wave behind the one of the row that it goes on from.
fn waves(pasts: &[Past], first: u64) -> Vec<Vec<usize>> {
    let mut wave_of: Vec<usize> = Vec::with_capacity(pasts.len());
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (i, past) in pasts.iter().enumerate() {
        let before = past.row.and_then(|row| row.checked_sub(first)).map(|row| wave_of[row as usize]);
        let wave = before.map_or(0, |wave| wave + 1);
        wave_of.push(wave);
        if wave == waves.len() {
            waves.push(Vec::new());
        }
        waves[wave].push(i);
    }
    waves
}

//! Training from first weights, or from a checkpoint, to the best weights seen.

use std::ops::ControlFlow;
use std::time::Instant;

use nta_data::{Dense, Label, Sequences, Watch};
use nta_metrics::Ranking;
use serde::{Deserialize, Serialize};

use crate::adam::{Adam, Rate};
use crate::batches::{assemble, plan_epoch};
use crate::checkpoint::{Checkpoint, Run};
use crate::engine::{Engine, Truth};
use crate::fused::Fused;
use crate::inputs::Inputs;
use crate::pieces::Pieces;
use crate::predict::check_sequences;
use crate::shape::Shape;
use crate::tensors::Tensors;
use crate::weights::Weights;
use crate::{ClassWeight, DeviceChoice, Lstm, LstmConfig, LstmError, Schedule};

/// Most that a row of the rarer class counts against one of the other.
const MOST_CLASS_WEIGHT: f32 = 10.0;

/// Share of the learning rate that is left at the last planned step of a cosine schedule.
const COSINE_FLOOR: f64 = 0.01;

/// What an epoch without a lower validation log loss leaves of the learning rate on a plateau schedule.
const PLATEAU_FACTOR: f64 = 0.5;

/// Labelled rows in their sequences.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The inputs.
    pub dense: &'a Dense,
    /// Which rows follow each other; each row stands in exactly one sequence. Cut by the caller where the memory lets
    /// go of an entity (`Sequences::by_entity`), not at `sequence.length`.
    pub sequences: &'a Sequences,
    /// `(n_rows)`.
    pub labels: &'a [Label],
    /// `(n_rows)`, finite, at least 0; a row of weight 0 is seen as context and left out of the loss. `None`: all 1.
    pub weight: Option<&'a [f32]>,
}

/// How one epoch went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochReport {
    /// From 1.
    pub epoch: usize,
    /// Mean loss over the epoch's batches: the one trained on, class weights and dropout included.
    pub train_loss: f64,
    /// Mean log loss on the validation rows that count, every row the same.
    pub validation_loss: f64,
    /// Average precision on those rows; `None` without an attack among them.
    pub validation_average_precision: Option<f64>,
    /// Wall time of the epoch, validation included.
    pub seconds: f64,
    /// Flows trained on.
    pub flows: u64,
    /// Whether this is the lowest validation loss so far.
    pub best: bool,
}

/// A trained network and how it came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// With the weights of the epoch of lowest validation loss.
    pub lstm: Lstm,
    /// One report an epoch.
    pub history: Vec<EpochReport>,
}

impl LstmConfig {
    /// Trains on `train`, keeps the weights that give the lowest log loss on `validation`.
    ///
    /// After each epoch `on_epoch` gets the report and a checkpoint; `Break` ends training there with the best weights
    /// so far. With `resume` training goes on after that checkpoint's epoch and ends, on the same kind of CPU, with the
    /// same bits as if it had not been interrupted. `watch` counts batches; cancelling is an error.
    ///
    /// The same configuration, seed, rows and CPU give the same bits for any number of threads.
    pub fn fit(
        &self,
        train: Rows<'_>,
        validation: Rows<'_>,
        seed: u64,
        resume: Option<&Checkpoint>,
        on_epoch: &mut dyn FnMut(&EpochReport, &Checkpoint) -> ControlFlow<()>,
        watch: &dyn Watch,
    ) -> Result<Fitted, LstmError> {
        self.check()?;
        self.device.check_available()?;
        self.precision.check_available(self.device)?;
        let shape = check_parts(self, train, validation)?;
        let mut training = Training::begin(self, shape, train, validation, seed, resume)?;
        while !training.is_over() {
            let report = training.epoch(watch)?;
            let checkpoint = training.checkpoint(report)?;
            let report = &checkpoint.history[checkpoint.history.len() - 1];
            if on_epoch(report, &checkpoint).is_break() {
                break;
            }
        }
        Ok(training.finish())
    }
}

/// A run between two epochs.
struct Training<'a> {
    config: &'a LstmConfig,
    train: Rows<'a>,
    validation: Rows<'a>,
    pieces: Pieces,
    truth: Truth,
    engine: Box<dyn Engine>,
    run: Run,
    /// The network as validated, and the best so far.
    now: Lstm,
    best: Weights,
    history: Vec<EpochReport>,
}

impl<'a> Training<'a> {
    fn begin(
        config: &'a LstmConfig,
        shape: Shape,
        train: Rows<'a>,
        validation: Rows<'a>,
        seed: u64,
        resume: Option<&Checkpoint>,
    ) -> Result<Self, LstmError> {
        let class_weight = class_weights(config.class_weight, &train);
        let truth = Truth::new(train.labels, train.weight, class_weight, config.loss);
        let run = Run {
            config: config.clone(),
            seed,
            inputs: Inputs::of(train.dense),
            sizes: [train.dense.n_rows, train.sequences.len(), validation.dense.n_rows],
        };
        let (weights, adam, best, history) = match resume {
            Some(from) => {
                from.check_run(&run)?;
                (from.weights.clone(), from.adam.clone(), from.best.clone(), from.history.clone())
            }
            None => {
                let weights = Weights::draw(&shape, seed, prior(&truth));
                (weights.clone(), Adam::new(&shape), weights, Vec::new())
            }
        };
        let engine: Box<dyn Engine> = match config.device.resolve().device {
            DeviceChoice::Cpu => {
                Box::new(Fused::new(config.precision.simd()?, weights.clone(), adam, config.dropout, seed))
            }
            device => Box::new(Tensors::new(device, &weights, &adam, config.dropout, seed)?),
        };
        let now = Lstm::new(weights, run.inputs.clone(), config.sequence.length > 1);
        let pieces = Pieces::new(train.sequences, config.sequence.length, config.sequence.start);
        Ok(Training { config, train, validation, pieces, truth, engine, run, now, best, history })
    }

    /// Whether all epochs are behind, or the last ones brought nothing.
    fn is_over(&self) -> bool {
        let since_best = self.history.iter().rev().take_while(|report| !report.best).count();
        self.history.len() >= self.config.epochs || since_best >= self.config.patience
    }

    fn epoch(&mut self, watch: &dyn Watch) -> Result<EpochReport, LstmError> {
        let begun = Instant::now();
        let epoch = self.history.len();
        let train_loss = self.train_epoch(epoch, watch)?;
        self.now.set_weights(self.engine.weights()?);
        let (validation_loss, validation_average_precision) = self.validate();
        if !validation_loss.is_finite() || !self.now.learned().are_finite() {
            let batch = self.pieces.len().div_ceil(self.config.batch);
            return Err(LstmError::Diverged { epoch: epoch + 1, batch, loss: validation_loss.to_string() });
        }
        let lowest = self.history.iter().map(|r| r.validation_loss).fold(f64::INFINITY, f64::min);
        Ok(EpochReport {
            epoch: epoch + 1,
            train_loss,
            validation_loss,
            validation_average_precision,
            seconds: begun.elapsed().as_secs_f64(),
            flows: self.train.dense.n_rows as u64,
            best: validation_loss < lowest,
        })
    }

    fn train_epoch(&mut self, epoch: usize, watch: &dyn Watch) -> Result<f64, LstmError> {
        let plan = plan_epoch(&self.pieces, self.config.batch, self.run.seed, epoch);
        let total = (plan.len() * self.config.epochs) as u64;
        let worse = self.history.iter().filter(|report| !report.best).count();
        let (mut sum, mut weight) = (0.0, 0.0);
        for (index, members) in plan.iter().enumerate() {
            if watch.cancelled() {
                return Err(LstmError::Cancelled);
            }
            let behind = (epoch * plan.len() + index) as u64;
            let batch = assemble(&self.pieces, members, epoch, index);
            let rate = rate(self.config, behind, total, worse);
            let loss = self.engine.step(self.train.dense, &self.truth, &batch, rate)?;
            if !loss.sum.is_finite() {
                return Err(LstmError::Diverged { epoch: epoch + 1, batch: index + 1, loss: loss.sum.to_string() });
            }
            sum += loss.sum;
            weight += loss.weight;
            watch.step(behind + 1, total);
        }
        Ok(sum / weight)
    }

    /// Log loss and average precision on the validation rows that count.
    fn validate(&self) -> (f64, Option<f64>) {
        let rows = self.validation;
        let mut scores = self.now.predict_checked(rows.dense, rows.sequences);
        let mut labels = rows.labels.to_vec();
        if let Some(weight) = rows.weight {
            let mut counts = weight.iter().map(|w| *w > 0.0);
            scores.retain(|_| counts.next().unwrap_or(false));
            let mut counts = weight.iter().map(|w| *w > 0.0);
            labels.retain(|_| counts.next().unwrap_or(false));
        }
        let loss = nta_metrics::log_loss(&scores, &labels).ok().flatten().unwrap_or(f64::NAN);
        (loss, Ranking::new(&scores, &labels).ok().and_then(|ranking| ranking.average_precision()))
    }

    fn checkpoint(&mut self, report: EpochReport) -> Result<Checkpoint, LstmError> {
        if report.best {
            self.best = self.now.learned().clone();
        }
        self.history.push(report);
        Ok(Checkpoint {
            run: self.run.clone(),
            weights: self.now.learned().clone(),
            best: self.best.clone(),
            adam: self.engine.adam()?,
            history: self.history.clone(),
        })
    }

    fn finish(self) -> Fitted {
        let mut lstm = self.now;
        lstm.set_weights(self.best);
        Fitted { lstm, history: self.history }
    }
}

/// The step size of step `behind` of `total`, after `worse` epochs without a lower validation log loss.
fn rate(config: &LstmConfig, behind: u64, total: u64, worse: usize) -> Rate {
    let share = match config.schedule {
        Schedule::Constant => 1.0,
        Schedule::Plateau => PLATEAU_FACTOR.powi(worse as i32),
        Schedule::Cosine => {
            let way = std::f64::consts::PI * behind as f64 / total as f64;
            COSINE_FLOOR + (1.0 - COSINE_FLOOR) * 0.5 * (1.0 + way.cos())
        }
    };
    Rate { learning_rate: config.learning_rate * share, weight_decay: config.weight_decay, clip_norm: config.clip_norm }
}

/// Weights of benign and attack rows.
fn class_weights(choice: ClassWeight, rows: &Rows<'_>) -> [f32; 2] {
    let count = |label: Label| rows.counting().filter(|&i| rows.labels[i] == label).count() as f32;
    let (benign, attacks) = (count(Label::Benign), count(Label::Attack));
    match choice {
        ClassWeight::None => [1.0, 1.0],
        ClassWeight::Balanced if attacks < benign => [1.0, (benign / attacks).min(MOST_CLASS_WEIGHT)],
        ClassWeight::Balanced => [(attacks / benign).min(MOST_CLASS_WEIGHT), 1.0],
    }
}

/// Log odds of an attack among the weighted rows.
fn prior(truth: &Truth) -> f32 {
    let mut sums = [0f64; 2];
    for (&attack, &weight) in truth.attack.iter().zip(&truth.weight) {
        sums[usize::from(attack)] += f64::from(weight);
    }
    (sums[1] / sums[0]).ln().clamp(-10.0, 10.0) as f32
}

impl Rows<'_> {
    /// Indices of the rows whose weight is not 0.
    fn counting(&self) -> impl Iterator<Item = usize> {
        (0..self.labels.len()).filter(|&i| self.weight.is_none_or(|w| w[i] > 0.0))
    }

    fn check(&self, part: &'static str, inputs: &Inputs) -> Result<(), LstmError> {
        let n_rows = self.dense.n_rows;
        inputs.check(part, self.dense)?;
        let same = |what, found: usize| {
            if found == n_rows { Ok(()) } else { Err(LstmError::RowsDiffer { part, what, found, expected: n_rows }) }
        };
        same("labels", self.labels.len())?;
        same("weights", self.weight.map_or(n_rows, <[f32]>::len))?;
        let bad = |w: &f32| !w.is_finite() || *w < 0.0;
        if let Some((weights, row)) = self.weight.and_then(|w| Some((w, w.iter().position(bad)?))) {
            return Err(LstmError::BadWeight { part, row, value: weights[row].to_string() });
        }
        check_sequences(part, self.sequences, n_rows)?;
        if self.counting().next().is_none() { Err(LstmError::Empty { part }) } else { Ok(()) }
    }
}

/// Refuses parts that cannot be trained on; gives the shape of the network for them.
fn check_parts(config: &LstmConfig, train: Rows<'_>, validation: Rows<'_>) -> Result<Shape, LstmError> {
    let inputs = Inputs::of(train.dense);
    train.check("training", &inputs)?;
    validation.check("validation", &inputs)?;
    let attacks = train.counting().filter(|&i| train.labels[i].is_attack()).count();
    let rows = train.counting().count();
    if attacks == 0 || attacks == rows {
        let found = if attacks == 0 { "benign" } else { "attacks" };
        return Err(LstmError::OneClass { found, rows });
    }
    let shape = Shape {
        n_numeric: train.dense.numeric_names.len(),
        cardinality: train.dense.cardinality.clone(),
        embedding: config.categorical.dimension(&train.dense.cardinality),
        hidden: config.hidden,
        layers: config.layers,
    };
    shape.check().map_err(|why| LstmError::Damaged { what: "input", why })?;
    Ok(shape)
}

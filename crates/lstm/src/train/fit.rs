//! Training from first weights, or from a checkpoint, to the best weights seen.

use std::ops::ControlFlow;
use std::time::Instant;

use nta_data::Watch;
use nta_metrics::Ranking;

use super::batches::{assemble, plan_epoch};
use super::checkpoint::{Checkpoint, Run};
use super::pieces::Pieces;
use super::report::{EpochReport, Fitted};
use super::rows::{Rows, check_parts, class_weights, prior};
use super::schedule::rate;
use crate::engine::{Adam, Engine, Fused, Tensors, Truth};
use crate::input::Inputs;
use crate::weights::{Shape, Weights};
use crate::{DeviceChoice, Lstm, LstmConfig, LstmError};

impl LstmConfig {
    /// Trains on `train`, keeps the weights that give the lowest log loss on `validation`.
    ///
    /// After each epoch `on_epoch` gets the report and a checkpoint; `Break` ends training there with the best weights
    /// so far. With `resume` training goes on after that checkpoint's epoch and ends, on the same kind of CPU, with the
    /// same bits as if it had not been interrupted. `watch` counts batches; cancelling is an error.
    ///
    /// The same configuration, seed, rows and CPU give the same bits for any number of threads.
    ///
    /// # Errors
    /// A setting out of its range, a device or precision that is not there, rows that cannot be learned from (none, one class,
    /// numbers that are not finite, sequences that do not hold each row once), a checkpoint of another run, a loss that is no
    /// number any more, cancelled.
    pub fn fit(
        &self,
        train: Rows<'_>,
        validation: Rows<'_>,
        seed: u64,
        resume: Option<&Checkpoint>,
        on_epoch: &mut dyn FnMut(&EpochReport, &Checkpoint) -> ControlFlow<()>,
        watch: &dyn Watch,
    ) -> Result<Fitted, LstmError> {
        self.train((train, Course::By(validation)), seed, resume, on_epoch, watch)
    }

    /// The same on rows of which none is held out, for as long as was best where some were: `lowered` says of each epoch until
    /// then whether it lowered the validation log loss, for the learning rate goes by that on a plateau schedule. The last epoch is
    /// kept, and a report's validation loss is the training's.
    ///
    /// # Errors
    /// As [`LstmConfig::fit`].
    pub fn fit_as(
        &self,
        lowered: &[bool],
        train: Rows<'_>,
        seed: u64,
        resume: Option<&Checkpoint>,
        on_epoch: &mut dyn FnMut(&EpochReport, &Checkpoint) -> ControlFlow<()>,
        watch: &dyn Watch,
    ) -> Result<Fitted, LstmError> {
        let lowered = &lowered[..lowered.len().min(self.epochs)];
        self.train((train, Course::As(lowered)), seed, resume, on_epoch, watch)
    }

    fn train(
        &self,
        (train, course): (Rows<'_>, Course<'_>),
        seed: u64,
        resume: Option<&Checkpoint>,
        on_epoch: &mut dyn FnMut(&EpochReport, &Checkpoint) -> ControlFlow<()>,
        watch: &dyn Watch,
    ) -> Result<Fitted, LstmError> {
        self.check()?;
        self.device.check_available()?;
        self.precision.check_available(self.device)?;
        let shape = check_parts(self, train, course.validation())?;
        let mut training = Training::begin(self, shape, (train, course), seed, resume)?;
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

/// What an epoch is judged by.
#[derive(Clone, Copy)]
enum Course<'a> {
    /// Rows that are held out.
    By(Rows<'a>),
    /// What epochs were worth in a fit that held some out; no more of them are trained.
    As(&'a [bool]),
}

impl<'a> Course<'a> {
    fn validation(self) -> Option<Rows<'a>> {
        match self {
            Course::By(rows) => Some(rows),
            Course::As(_) => None,
        }
    }
}

/// A run between two epochs.
struct Training<'a> {
    config: &'a LstmConfig,
    train: Rows<'a>,
    course: Course<'a>,
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
        (train, course): (Rows<'a>, Course<'a>),
        seed: u64,
        resume: Option<&Checkpoint>,
    ) -> Result<Self, LstmError> {
        let class_weight = class_weights(config.class_weight, &train);
        let truth = Truth::new(train.labels, train.weight, class_weight, config.loss);
        let run = Run {
            config: config.clone(),
            seed,
            inputs: Inputs::of(train.dense),
            sizes: [train.dense.n_rows, train.sequences.len(), course.validation().map_or(0, |rows| rows.dense.n_rows)],
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
        Ok(Training { config, train, course, pieces, truth, engine, run, now, best, history })
    }

    /// Whether all epochs are behind, or the last ones brought nothing.
    fn is_over(&self) -> bool {
        let since_best = self.history.iter().rev().take_while(|report| !report.best).count();
        match self.course {
            Course::By(_) => self.history.len() >= self.config.epochs || since_best >= self.config.patience,
            Course::As(lowered) => self.history.len() >= lowered.len(),
        }
    }

    fn epoch(&mut self, watch: &dyn Watch) -> Result<EpochReport, LstmError> {
        let begun = Instant::now();
        let epoch = self.history.len();
        let train_loss = self.train_epoch(epoch, watch)?;
        self.now.set_weights(self.engine.weights()?);
        let (validation_loss, validation_average_precision) = match self.course {
            Course::By(rows) => self.validate(rows),
            Course::As(_) => (train_loss, None),
        };
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
            best: match self.course {
                Course::By(_) => validation_loss < lowest,
                Course::As(lowered) => lowered[epoch],
            },
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
    fn validate(&self, rows: Rows<'_>) -> (f64, Option<f64>) {
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

//! Turns blocks of a table into a dataset by the plan: labels first, then every other role, columns in parallel.

use std::iter::repeat_n;
use std::sync::Arc;

use nta_data::{Dataset, Label, NumericColumn, RowId};
use rayon::prelude::*;

use crate::assemble::columns::{CategoryBuilder, DurationBuilder, Kept, NumericBuilder, is_kept};
use crate::assemble::entity::{Capture, entities, identifiers};
use crate::assemble::fault::{Fault, FaultKind};
use crate::assemble::plan::Plan;
use crate::assemble::planned_file::{PlannedFile, hosts_needed};
use crate::assemble::refusal::refusal;
use crate::assemble::role::Written;
use crate::assemble::starts::TimeBuilder;
use crate::assemble::truth::{FamilyBuilder, LabelBuilder, WithoutTruth, first_labelled};
use crate::block::{Block, Texts};
use crate::error::IngestError;
use crate::labelling::join::{Join, Joined, Told};
use crate::options::Truth;
use crate::values::cell::TypedColumn;
use crate::values::time::span::TimeSpan;

/// A dataset in the making.
pub(crate) struct Assembler<'p> {
    plan: &'p Plan,
    numeric: Vec<NumericBuilder>,
    categorical: Vec<CategoryBuilder>,
    time: Option<TimeBuilder<'p>>,
    duration: Option<DurationBuilder>,
    label: Option<LabelBuilder>,
    joined: Option<Joined>,
    family: FamilyBuilder,
    entity: Vec<u64>,
    row: Vec<RowId>,
}

/// What was learned about the rows besides the rows.
pub(crate) struct Assembled {
    pub(crate) dataset: Dataset,
    /// Missing cells per feature column, numeric then categorical.
    pub(crate) missing: Vec<(String, u64)>,
    pub(crate) label_counts: Vec<(String, u64)>,
    /// Rows of which no truth is known, by why.
    pub(crate) without_truth: WithoutTruth,
    /// Their places, where such rows are kept.
    pub(crate) unjudged: Vec<u32>,
    /// From when until when; `None` without rows or a time column.
    pub(crate) span: Option<TimeSpan>,
    /// What was found in a second file of labels.
    pub(crate) joined: Option<Joined>,
}

/// One column's work on a block.
enum Job<'b, 'p> {
    Numeric(&'b mut NumericBuilder),
    Category(&'b mut CategoryBuilder),
    Time(&'b mut TimeBuilder<'p>),
    Duration(&'b mut DurationBuilder),
}

impl<'p> Assembler<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        let schema = &plan.schema;
        let numeric = |c: &NumericColumn| NumericBuilder::new(c.into(), plan.scale(&c.name));
        Assembler {
            numeric: schema.numeric.iter().map(numeric).collect(),
            categorical: schema.categorical.iter().map(|_| CategoryBuilder::default()).collect(),
            time: plan.read_by.time.as_ref().map(|role| TimeBuilder::new(plan, role)),
            duration: schema.duration.as_ref().filter(|_| schema.time.is_some()).map(|name| DurationBuilder {
                unit: plan.read_by.duration_unit,
                written: Written::of(schema, name),
                micros: Vec::new(),
            }),
            label: plan.label.clone().map(|rule| LabelBuilder::new(rule, plan.truth == Truth::IfPresent)),
            joined: None,
            family: FamilyBuilder::default(),
            entity: Vec::new(),
            row: Vec::new(),
            plan,
        }
    }

    /// Rows so far.
    pub(crate) fn n_rows(&self) -> usize {
        self.row.len()
    }

    /// Adds the rows of `block` of file number `index`. Returns which rows were kept, `None` where all were.
    pub(crate) fn push(&mut self, index: usize, block: &Block) -> Result<Option<Vec<bool>>, IngestError> {
        let file = &self.plan.files[index];
        let kept = self.push_labels(file, block)?;
        let kept = kept.as_deref();
        self.push_columns(file, block, kept)?;
        self.push_entities(index, block, kept)?;
        let rows = block.rows.iter().enumerate().filter(|(i, _)| kept.is_none_or(|k| k[*i]));
        self.row.extend(rows.map(|(_, row)| RowId { file: index as u32, row: *row }));
        if self.row.len() > u32::MAX as usize - 1 {
            return Err(IngestError::TooManyRows { file: file.file.clone(), limit: u64::from(u32::MAX) - 1 });
        }
        Ok(kept.map(<[bool]>::to_vec))
    }

    fn push_labels(&mut self, file: &PlannedFile, block: &Block) -> Result<Option<Vec<bool>>, IngestError> {
        let schema = &self.plan.schema;
        let (Some(builder), Some(role)) = (&mut self.label, &schema.label) else { return Ok(None) };
        let column = file.layout.column(&role.column);
        let cells = column.map(|column| file.typed_column(&block.frame, column)).transpose()?;
        let before = builder.codes.len();
        let n_rows = block.rows.len();
        let given = file.label.as_deref().or(file.join.as_ref().map(Join::name));
        let second = given.and_then(|given| Some((given, first_labelled(cells.as_ref()?)?)));
        let mut told = None;
        let kept = match (second, &file.join, &file.label, &cells) {
            (Some((given, (row, value))), ..) => {
                Err(Fault { row, value, kind: FaultKind::LabelTwice { given: given.to_owned() } })
            }
            (None, Some(join), ..) => {
                let rows = join.labels(&file.file, block, self.joined.get_or_insert_default())?;
                let kept = builder.take(rows.iter().map(|row| row.label));
                told = Some(rows);
                kept
            }
            (None, None, Some(label), _) => builder.take(repeat_n(label.as_str(), n_rows)),
            (None, None, None, Some(cells)) => builder.read(cells),
            (None, None, None, None) => builder.take(repeat_n("", n_rows)),
        };
        let kept = kept.map_err(|fault| refusal(fault, file, block, column.unwrap_or(&role.column), self.plan))?;
        self.push_families(file, block, kept.as_deref(), before, told)?;
        Ok(kept)
    }

    /// The families of the rows of a block, whose labels stand from number `before` on; `told` of them by a second file.
    fn push_families(
        &mut self,
        file: &PlannedFile,
        block: &Block,
        kept: Kept<'_>,
        before: usize,
        told: Option<Vec<Told<'_>>>,
    ) -> Result<(), IngestError> {
        let Some(builder) = &self.label else { return Ok(()) };
        let (rule, texts) = (builder.rule(), builder.texts());
        let labels = builder.codes[before..].iter().map(|code| rule.family(&texts[*code as usize]));
        if let Some(told) = told {
            let families = told.iter().enumerate().filter(|(row, _)| is_kept(kept, *row)).map(|(_, row)| row.family);
            let either = families.zip(labels).map(|(family, label)| if family.is_empty() { label } else { family });
            self.family.push(None, kept, either);
            return Ok(());
        }
        let family = self.plan.schema.family.as_ref().and_then(|f| file.layout.column(&f.column));
        let family = family.map(|column| file.typed_column(&block.frame, column)).transpose()?;
        self.family.push(family.as_ref(), kept, labels);
        Ok(())
    }

    fn push_columns(&mut self, file: &PlannedFile, block: &Block, kept: Kept<'_>) -> Result<(), IngestError> {
        let schema = &self.plan.schema;
        let mut jobs: Vec<(&str, Job<'_, '_>)> = Vec::new();
        jobs.extend(schema.time.iter().map(|t| t.column.as_str()).zip(self.time.iter_mut().map(Job::Time)));
        jobs.extend(schema.duration.as_deref().into_iter().zip(self.duration.iter_mut().map(Job::Duration)));
        let numeric = schema.numeric.iter().map(|c| c.name.as_str());
        jobs.extend(numeric.zip(self.numeric.iter_mut().map(Job::Numeric)));
        let categorical = schema.categorical.iter().map(|c| c.name.as_str());
        jobs.extend(categorical.zip(self.categorical.iter_mut().map(Job::Category)));
        let results: Vec<Result<Option<(Fault, &str)>, IngestError>> = jobs
            .into_par_iter()
            .map(|(name, job)| {
                let column = file.layout.column(name).unwrap_or(name);
                let cells = file.typed_column(&block.frame, column)?;
                Ok(job.run(&cells, kept).err().map(|fault| (fault, column)))
            })
            .collect();
        // The first fault in the file, whichever column met it first.
        let mut first: Option<(Fault, &str)> = None;
        for result in results {
            if let Some((fault, column)) = result?
                && first.as_ref().is_none_or(|(f, _)| fault.row < f.row)
            {
                first = Some((fault, column));
            }
        }
        match first {
            None => Ok(()),
            Some((fault, column)) => Err(refusal(fault, file, block, column, self.plan)),
        }
    }

    fn push_entities(&mut self, index: usize, block: &Block, kept: Kept<'_>) -> Result<(), IngestError> {
        if self.plan.by.is_none() {
            return Ok(());
        }
        let (plan, file) = (self.plan, &self.plan.files[index]);
        let texts = |name: &str| {
            let column = file.layout.column(name).unwrap_or(name);
            let cells = file.typed_column(&block.frame, column)?;
            identifiers(&cells, kept).map_err(|fault| refusal(fault, file, block, column, plan))
        };
        let capture = match &plan.schema.capture {
            Some(name) => Capture::Column(texts(name)?),
            None => Capture::Sensor(file.sensor.clone()),
        };
        let hosts: Vec<Texts> = hosts_needed(&plan.schema, plan.by).into_iter().map(texts).collect::<Result<_, _>>()?;
        let n_rows = kept.map_or(block.frame.height(), |k| k.iter().filter(|k| **k).count());
        self.entity.extend(entities(&plan.key, n_rows, &capture, &hosts));
        Ok(())
    }

    /// The dataset of all rows added; `files` are the names that it carries.
    pub(crate) fn finish(self, files: Vec<String>) -> Assembled {
        let schema = Arc::clone(&self.plan.schema);
        let missing = missing_counts(&schema, &self.numeric, &self.categorical);
        let span = self.plan.read_by.time.as_ref().zip(self.time.as_ref());
        let span = span.and_then(|(role, times)| TimeSpan::of(role, times.read_as(role), &times.micros));
        let time = self.time.map(|t| t.micros);
        let end_time = time.as_ref().map(|starts| match self.duration {
            Some(d) => starts.iter().zip(d.micros).map(|(start, lasted)| start.saturating_add(lasted)).collect(),
            None => starts.clone(),
        });
        let (mut label_counts, mut without_truth, mut label, mut unjudged) = Default::default();
        if let Some(builder) = self.label {
            label_counts = builder.label_counts();
            without_truth = builder.without_truth();
            // A table of which no row's truth is known is unlabelled.
            let is_labelled = builder.unjudged.is_empty() || builder.unjudged.len() < builder.labels.len();
            unjudged = builder.unjudged;
            label = Some(builder.labels).filter(|_| is_labelled);
        }
        let dataset = Dataset {
            schema,
            numeric: self.numeric.into_iter().map(|c| c.values).collect(),
            categorical: self.categorical.into_iter().map(CategoryBuilder::finish).collect(),
            family: label.as_ref().map(|_| self.family.finish()),
            label,
            time,
            end_time,
            entity: self.entity,
            row: self.row,
            files,
        };
        Assembled { dataset, missing, label_counts, without_truth, unjudged, span, joined: self.joined }
    }

    /// Attacks among the rows so far.
    pub(crate) fn n_attacks(&self) -> usize {
        self.label.as_ref().map_or(0, |l| l.labels.iter().filter(|l| **l == Label::Attack).count())
    }
}

impl Job<'_, '_> {
    fn run(self, cells: &TypedColumn<'_>, kept: Kept<'_>) -> Result<(), Fault> {
        match self {
            Job::Numeric(builder) => builder.push(cells, kept),
            Job::Category(builder) => {
                builder.push(cells, kept);
                Ok(())
            }
            Job::Time(builder) => builder.push(cells, kept),
            Job::Duration(builder) => builder.push(cells, kept),
        }
    }
}

fn missing_counts(
    schema: &nta_data::Schema,
    numeric: &[NumericBuilder],
    categorical: &[CategoryBuilder],
) -> Vec<(String, u64)> {
    let numbers = schema.numeric.iter().zip(numeric).map(|(c, b)| (c.name.clone(), b.n_missing));
    let is_number = |name: &String| schema.numeric.iter().any(|c| c.name == *name);
    let texts = schema.categorical.iter().zip(categorical).map(|(c, b)| (c.name.clone(), b.n_missing));
    // A column that is both is counted once.
    numbers.chain(texts.filter(|(name, _)| !is_number(name))).collect()
}

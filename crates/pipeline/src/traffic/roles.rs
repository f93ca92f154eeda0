//! By which column roles traffic is read, and whose flows follow each other: what the config asks for, or what the data
//! makes of its `auto`.

use std::sync::Arc;

use nta_data::{Contact, LabelMatch, LabelRole, Order, Schema, SequenceBy};
use nta_ingest::{ReadOptions, Recognised};
use nta_lstm::SequenceChoice;

use super::{resolve, unset};
use crate::config::{RunConfig, Traffic};
use crate::error::{PipelineError, refused};
use crate::project::{Project, expand};
use crate::yaml::spelt;

/// `data.schema` of a config that leaves it to the data.
const AUTO: &str = "auto";

/// The schema that the config names, and how it was found where that was left to the first training file.
pub(super) fn schema_of(
    config: &RunConfig,
    project: &Project,
    contact: &Contact,
) -> Result<(Schema, Option<Recognised>), PipelineError> {
    let name = expand(&config.data.schema).map_err(|name| unset(&name))?;
    let (mut schema, recognised) = match (name.as_str(), &config.data.train) {
        (AUTO, Traffic::Simulated { .. }) => (nta_ingest::load_schema("nta", &project.root).map_err(refused)?, None),
        (AUTO, traffic) => {
            let source = resolve(&traffic.files(), &project.root)?;
            let first = source.files().first().ok_or_else(|| PipelineError::refuse("`data.train` names no file"))?;
            let found = nta_ingest::recognise(first, contact).map_err(refused)?;
            (found.schema.clone(), Some(found))
        }
        (name, _) => (nta_ingest::load_schema(name, &project.root).map_err(refused)?, None),
    };
    if schema.label.is_none() && config.data.gives_labels() {
        // Files of the kind have no such column; one to be scored may, and is judged by it then.
        let (column, benign) = ("label".to_owned(), vec!["benign".to_owned()]);
        let matching = LabelMatch::Whole;
        schema.label = Some(LabelRole { column, benign, attack: Vec::new(), ignore: Vec::new(), matching });
    }
    schema.check().map_err(refused)?;
    if !config.data.benign.is_empty() {
        let role = schema.label.as_ref().ok_or_else(|| {
            PipelineError::refuse(format!("`data.benign` is given, but schema {} names no label column", schema.name))
        })?;
        // Part of the schema from here on, and so of the model: what counts as benign is asked the same way later.
        schema.label = Some(nta_ingest::with_benign(role, &config.data.benign));
    }
    accept(&mut schema, &config.data.accepted)?;
    Ok((schema, recognised))
}

/// Takes the features that the config accepts as they are, whatever they give away, into the schema.
fn accept(schema: &mut Schema, accepted: &[String]) -> Result<(), PipelineError> {
    if let Some(name) = accepted.iter().find(|name| !schema.is_feature(name)) {
        let why = format!("`data.accepted` names `{name}`, which is no feature of schema {}", schema.name);
        return Err(PipelineError::refuse(why));
    }
    let new: Vec<String> = accepted.iter().filter(|name| !schema.accepted.contains(name)).cloned().collect();
    schema.accepted.extend(new);
    Ok(())
}

/// Whose flows form sequences: what the config asks for, none where the data has no order.
pub(super) fn sequences(
    config: &RunConfig,
    schema: &Arc<Schema>,
    project: &Project,
    contact: &Contact,
) -> Result<Option<SequenceBy>, PipelineError> {
    match config.lstm.sequence.by {
        SequenceChoice::Auto => {
            let present = schema_of_files(schema, &config.data.train, project, contact)?;
            sequences_of(config, &present)
        }
        _ => sequences_of(config, schema),
    }
}

/// The same by a schema from which the optional columns that are absent have left.
pub(crate) fn sequences_of(config: &RunConfig, schema: &Schema) -> Result<Option<SequenceBy>, PipelineError> {
    supported(config.lstm.sequence.by.settled(schema), schema)
}

fn supported(by: SequenceBy, schema: &Schema) -> Result<Option<SequenceBy>, PipelineError> {
    if schema.order == Order::None {
        return Ok(None);
    }
    if schema.supports(by) {
        return Ok(Some(by));
    }
    let can: Vec<&str> = [
        (SequenceBy::Src, "src"),
        (SequenceBy::Dst, "dst"),
        (SequenceBy::Pair, "pair"),
        (SequenceBy::Capture, "capture"),
    ]
    .iter()
    .filter(|(by, _)| schema.supports(*by))
    .map(|(_, name)| *name)
    .collect();
    Err(PipelineError::refuse(format!(
        "`lstm.sequence.by` is `{}`, but schema {} names no such host column; it can form sequences by {}",
        spelt(&by),
        schema.name,
        can.join(", ")
    )))
}

/// The schema without optional columns that the training files lack. Nothing but their headers is read.
fn schema_of_files(
    schema: &Arc<Schema>,
    train: &Traffic,
    project: &Project,
    contact: &Contact,
) -> Result<Arc<Schema>, PipelineError> {
    if matches!(train, Traffic::Simulated { .. }) {
        return Ok(Arc::clone(schema));
    }
    let source = resolve(&train.files(), &project.root)?;
    let options = ReadOptions { contact: contact.clone(), ..ReadOptions::new(Arc::clone(schema)) };
    Ok(Arc::clone(nta_ingest::batches(&source, &options).map_err(refused)?.schema()))
}

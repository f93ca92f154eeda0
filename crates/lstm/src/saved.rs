//! Networks as safetensors: the tensors under PyTorch's names, and one metadata entry `nta` that says what they are.

use std::collections::HashMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::LstmError;
use crate::input::Inputs;
use crate::weights::{Shape, Tensor};

/// Format revision written, and the newest that is read.
const REVISION: u64 = 1;

/// First look at the metadata, before anything that a later revision may have changed.
#[derive(Deserialize)]
struct Revision {
    revision: u64,
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    kind: String,
    revision: u64,
    about: T,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) shape: Shape,
    pub(crate) inputs: Inputs,
    pub(crate) carries_state: bool,
}

impl About {
    /// Refuses a description that contradicts itself.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.shape.check()?;
        let Inputs { numeric_names, code_names, cardinality } = &self.inputs;
        let widths = (numeric_names.len(), code_names.len());
        if widths != (self.shape.n_numeric, cardinality.len()) || *cardinality != self.shape.cardinality {
            return Err("its inputs do not fit its sizes".into());
        }
        Ok(())
    }
}

/// Bytes of the tensors with `about` as metadata; the same bytes for the same contents.
pub(crate) fn write<T: Serialize>(kind: &'static str, about: &T, tensors: &[Tensor]) -> Vec<u8> {
    let envelope = Envelope { kind: kind.to_owned(), revision: REVISION, about };
    let text = serde_json::to_string(&envelope).expect("plain data with text keys becomes JSON");
    let bytes = |tensor: &Tensor| tensor.values.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let bytes: Vec<Vec<u8>> = tensors.iter().map(bytes).collect();
    let views = tensors.iter().zip(&bytes).map(|(Tensor { name, shape, .. }, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("each tensor's bytes fit its shape");
        (name.as_str(), view)
    });
    // One entry only: more would be written in the random order of a hash map.
    let metadata = HashMap::from([("nta".to_owned(), text)]);
    safetensors::serialize(views, Some(metadata)).expect("a header of a few tensors fits")
}

/// The reverse of [`write`]. Never panics, whatever the bytes.
pub(crate) fn read<'a, T: DeserializeOwned>(
    kind: &'static str,
    bytes: &'a [u8],
) -> Result<(T, SafeTensors<'a>), LstmError> {
    let damaged = |why: String| LstmError::Damaged { what: kind, why };
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(e.to_string()))?;
    let text = metadata.metadata().as_ref().and_then(|m| m.get("nta"));
    let text = text.ok_or_else(|| damaged("its metadata has no entry `nta`".into()))?;
    let first: Revision = serde_json::from_str(text).map_err(|e| damaged(e.to_string()))?;
    if first.kind != kind {
        return Err(damaged(format!("it is a {}", first.kind)));
    }
    if first.revision > REVISION {
        return Err(LstmError::Newer { what: kind, found: first.revision, known: REVISION });
    }
    let envelope: Envelope<T> = serde_json::from_str(text).map_err(|e| damaged(e.to_string()))?;
    Ok((envelope.about, tensors))
}

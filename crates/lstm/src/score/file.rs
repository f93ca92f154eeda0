//! A network as the file of a model, and back.

use crate::saved::{About, read, write};
use crate::weights::Weights;
use crate::{Lstm, LstmError};

impl Lstm {
    const KIND: &'static str = "model";

    /// The network as a safetensors file that Python reads too; the same bytes for the same network.
    pub fn to_safetensors(&self) -> Vec<u8> {
        write(Self::KIND, &self.about(), &self.learned().to_tensors(""))
    }

    /// Reads [`Lstm::to_safetensors`]. Never panics.
    ///
    /// # Errors
    /// A file of a newer revision, or bytes that are no such network, with the first fault.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, LstmError> {
        let damaged = |why| LstmError::Damaged { what: Self::KIND, why };
        let (about, tensors): (About, _) = read(Self::KIND, bytes)?;
        about.check().map_err(damaged)?;
        let weights = Weights::from_tensors(&about.shape, "", &tensors).map_err(damaged)?;
        Ok(Lstm::new(weights, about.inputs, about.carries_state))
    }

    pub(crate) fn about(&self) -> About {
        About { shape: self.learned().shape.clone(), inputs: self.inputs.clone(), carries_state: self.carries_state }
    }
}

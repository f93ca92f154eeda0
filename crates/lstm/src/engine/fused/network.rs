//! A network as the CPU engine computes with it: weights laid out for the way forward, and turned for the way back.

use super::turned::Turned;
use crate::cell::{Layer, Layout, Panels};
use crate::kernel::Simd;
use crate::weights::{Parameter, Weights};

/// A network as a pass needs it: its weights, and the same for the way back, turned once a step of the optimiser.
pub(super) struct Network {
    pub(super) weights: Weights,
    /// Rows of the first layer's matrix where the categories' tables begin.
    pub(super) tables: Vec<u32>,
    pub(super) panels: Panels,
    /// The panels' layers in words; empty where a word is one term, and the panels are that already.
    words: Vec<Layer>,
    /// A layer: recurrent, and input but for the first, whose inputs need no derivative.
    pub(super) turned: Vec<(Turned, Option<Turned>)>,
}

impl Network {
    pub(super) fn new(simd: Simd, weights: Weights) -> Self {
        let panels = Panels::of(simd, &weights);
        let layout = panels.layout;
        let turned = |l| (Turned::new(layout), (l > 0).then(|| Turned::new(layout)));
        let turned = (0..weights.shape.layers).map(turned).collect();
        let in_words = if simd.terms() > 1 { &panels.layers[..] } else { &[] };
        let words = in_words.iter().map(|layer| Layer::to_join(layer, layout)).collect();
        Network { tables: weights.shape.table_rows(), weights, panels, words, turned }
    }

    /// A layer's weights as products take them.
    pub(super) fn layer(&self, l: usize) -> &Layer {
        self.words.get(l).unwrap_or(&self.panels.layers[l])
    }

    pub(super) fn layout(&self) -> Layout {
        self.panels.layout
    }

    /// To be called when the weights have changed.
    pub(super) fn update(&mut self) {
        let Network { weights, panels, words, turned, .. } = self;
        let turn = || {
            for (l, (recurrent, input)) in turned.iter_mut().enumerate() {
                recurrent.update(weights, Parameter::Recurrent(l));
                if let Some(input) = input {
                    input.update(weights, Parameter::Input(l));
                }
            }
        };
        let lay_out = || {
            panels.update(weights);
            for (words, layer) in words.iter_mut().zip(&panels.layers) {
                words.join(layer, panels.layout);
            }
        };
        rayon::join(lay_out, turn);
    }
}

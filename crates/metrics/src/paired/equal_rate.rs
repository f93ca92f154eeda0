//! The threshold at which a model flags a given share of the benign rows, and what it finds there.

use nta_data::Label;

use super::AtRate;

/// A model's scores by class, highest first, each with the unit of its row.
pub(super) struct Ordered {
    benign: Vec<(f32, u32)>,
    attacks: Vec<(f32, u32)>,
}

impl Ordered {
    /// `unit` `(n_rows)` tells which rows are drawn together.
    pub(super) fn new(scores: &[f32], labels: &[Label], unit: &[u32]) -> Self {
        let of = |attack: bool| {
            let rows = (0..scores.len()).filter(|&i| labels[i].is_attack() == attack);
            let mut rows: Vec<(f32, u32)> = rows.map(|i| (scores[i], unit[i])).collect();
            rows.sort_by(|a, b| b.0.total_cmp(&a.0));
            rows
        };
        Ordered { benign: of(false), attacks: of(true) }
    }

    /// The model at the lowest threshold above which at most `rate` of the benign rows lie, each row counted as often as
    /// `weights` `(n_units)` says of its unit. Tied scores stand or fall together.
    pub(super) fn at_rate(&self, rate: f64, weights: &[u32]) -> AtRate {
        let weight = |row: &(f32, u32)| u64::from(weights[row.1 as usize]);
        let benign: u64 = self.benign.iter().map(weight).sum();
        // A share times a whole number may come out a rounding error below one.
        let allowed = (rate * benign as f64 + 1e-9).floor() as u64;
        let (mut threshold, mut false_alarms) = (-1.0, 0);
        for tied in self.benign.chunk_by(|a, b| a.0 == b.0) {
            let more: u64 = tied.iter().map(weight).sum();
            if false_alarms + more > allowed {
                threshold = tied[0].0;
                break;
            }
            false_alarms += more;
        }
        let detected: u64 = self.attacks.iter().take_while(|row| row.0 > threshold).map(weight).sum();
        let attacks: u64 = self.attacks.iter().map(weight).sum();
        AtRate { threshold, false_alarms, detected, recall: detected as f64 / attacks as f64 }
    }
}

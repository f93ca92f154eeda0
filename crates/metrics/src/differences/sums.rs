//! The compared metrics from rows gathered by falling score, each row counted so many times.

use nta_data::Label;

use super::Values;

/// Rows by class.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    benign: u64,
    attacks: u64,
}

impl Counts {
    pub(super) fn add(&mut self, label: Label, times: u64) {
        if label.is_attack() { self.attacks += times } else { self.benign += times }
    }
}

/// What ranking metrics are made of, gathered from the highest score down, tied scores as one step.
#[derive(Debug, Default)]
pub(super) struct Sums {
    seen: Counts,
    /// Precision at each step times the attacks gained there.
    precision: f64,
    /// Twice the pairs put right so far, as if every benign row to come scored lower.
    pairs: f64,
}

impl Sums {
    pub(super) fn add(&mut self, step: Counts) {
        self.pairs += step.benign as f64 * (2 * self.seen.attacks + step.attacks) as f64;
        self.seen = Counts { benign: self.seen.benign + step.benign, attacks: self.seen.attacks + step.attacks };
        let flagged = self.seen.benign + self.seen.attacks;
        if flagged > 0 {
            self.precision += step.attacks as f64 * (self.seen.attacks as f64 / flagged as f64);
        }
    }

    /// The compared metrics, in their order.
    pub(super) fn values(&self, flagged: Option<Counts>) -> Values {
        let Counts { benign, attacks } = self.seen;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let average_precision = (attacks > 0).then(|| self.precision / attacks as f64);
        let roc_auc = (attacks > 0 && benign > 0).then(|| self.pairs / (2.0 * benign as f64 * attacks as f64));
        let at = flagged.map(|flagged| {
            let precision = share(flagged.attacks, flagged.attacks + flagged.benign);
            let f1 = share(2 * flagged.attacks, attacks + flagged.attacks + flagged.benign);
            [precision, share(flagged.attacks, attacks), f1, share(flagged.benign, benign)]
        });
        let [precision, recall, f1, fpr] = at.unwrap_or_default();
        [average_precision, roc_auc, precision, recall, f1, fpr]
    }
}

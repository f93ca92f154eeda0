//! The words of the `reasons` column: what moved the forest's score, and what the density finds unusual.

use std::sync::Arc;

use nta_data::Dataset;
use nta_model::{Held, Model, Novelties, Novelty, Reasons};

use crate::error::{PipelineError, refused};

/// Finds why rows are flagged.
pub(crate) struct WhyFlagged {
    reasons: Reasons,
    /// Where a member is a density.
    novelties: Option<Novelties>,
    most: usize,
}

impl WhyFlagged {
    /// Of each kind the `most` weighty reasons.
    pub(crate) fn new(model: &Arc<Model>, most: usize) -> Result<Self, PipelineError> {
        let reasons = Reasons::new(Arc::clone(model)).map_err(refused)?;
        Ok(WhyFlagged { reasons, novelties: Novelties::new(Arc::clone(model)), most })
    }

    /// The reasons of each of the rows `which`, in words: `bytes +0.120; dst_port 4444 given service https: 1 in 80,000,
    /// mostly 443`.
    pub(crate) fn of(&self, rows: &Dataset, which: &[u32]) -> Result<Vec<String>, PipelineError> {
        let reasons = self.reasons.of(rows, which, self.most).map_err(refused)?;
        let novelties = match &self.novelties {
            Some(finder) => finder.of(rows, which, self.most).map_err(refused)?,
            None => vec![Vec::new(); which.len()],
        };
        let words = reasons.iter().zip(&novelties).map(|(reasons, novelties)| {
            let reasons = reasons.iter().map(|r| format!("{} {:+.3}", r.feature, r.contribution));
            reasons.chain(novelties.iter().map(unusual)).collect::<Vec<_>>().join("; ")
        });
        Ok(words.collect())
    }
}

fn unusual(novelty: &Novelty) -> String {
    let given = novelty.given.iter().map(|(column, found)| format!(" given {column} {}", held(found)));
    let given: String = given.collect();
    let usual = match novelty.usual_probability > novelty.probability {
        true => format!(", mostly {}", held(&novelty.usual)),
        false => String::new(),
    };
    format!("{} {}{given}: {}{usual}", novelty.column, held(&novelty.found), one_in(novelty.probability))
}

/// A probability as people say a small one: `1 in 80,000`, to two digits.
fn one_in(probability: f64) -> String {
    let times = 1.0 / probability;
    let step = 10f64.powf(times.log10().floor() - 1.0).max(1.0);
    let whole = format!("{:.0}", (times / step).round() * step);
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("1 in {grouped}")
}

fn held(held: &Held) -> String {
    match held {
        Held::Missing => "missing".to_owned(),
        Held::Number(x) => x.to_string(),
        Held::Between(low, high) if *low == f32::NEG_INFINITY => format!("{high} or less"),
        Held::Between(low, high) if *high == f32::INFINITY => format!("above {low}"),
        Held::Between(low, high) => format!("{low} to {high}"),
        Held::Text(text) => text.clone(),
        Held::Rare => "a rare value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unusual_is_said_in_a_clause() {
        let novelty = Novelty {
            column: "dst_port".to_owned(),
            found: Held::Number(4444.0),
            given: Some(("service".to_owned(), Held::Text("https".to_owned()))),
            probability: 1.0 / 80_123.0,
            usual: Held::Number(443.0),
            usual_probability: 0.99,
            nats: 11.3,
        };
        assert_eq!(unusual(&novelty), "dst_port 4444 given service https: 1 in 80,000, mostly 443");
        let alone = Novelty { given: None, found: Held::Missing, usual: Held::Between(0.5, 2.0), ..novelty };
        assert_eq!(unusual(&alone), "dst_port missing: 1 in 80,000, mostly 0.5 to 2");
        assert_eq!([1.0, 0.3, 1e-7, 1.0 / 1234.0].map(one_in), ["1 in 1", "1 in 3", "1 in 10,000,000", "1 in 1,200"]);
    }
}

//! The fitted fusion: members' scores in, one score out.

use nta_data::ScoreColumn;
use nta_metrics::Named;
use serde::{Deserialize, Serialize};

use crate::HybridError;
use crate::log_odds::log_odds;
use crate::tail::Tail;

/// A fusion of named members. Everything learned is readable in its serialised form, and what contradicts itself is
/// refused on reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Hybrid {
    members: Vec<String>,
    fusion: Fusion,
}

/// How members' scores become one; each form never falls when a member's score rises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fusion {
    /// The mean.
    Average,
    /// The mean by weights that sum to 1, one a member in the members' order.
    Weighted(Named<f64>),
    /// `1 / (1 + exp(-(intercept + Σ coefficient · log odds)))`, one coefficient a member in the members' order; 0
    /// for a member left out.
    Stacking {
        /// Log odds where all members say one half.
        intercept: f64,
        /// One a member, none below 0.
        coefficients: Named<f64>,
    },
    /// `s / (s + half)` of the summed surprise `s`: each member's -ln p among the benign calibration rows.
    Surprise {
        /// The summed surprise, in nats, that scores one half: at most 1 % of the benign calibration rows surprise more.
        half: f64,
        /// One for each member that is fused, in the members' order; the others' scores play no part.
        tails: Named<Tail>,
    },
}

/// A [`Hybrid`] as it stands in a file, not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    members: Vec<String>,
    fusion: Fusion,
}

impl TryFrom<Saved> for Hybrid {
    type Error = HybridError;

    fn try_from(saved: Saved) -> Result<Self, HybridError> {
        Hybrid::new(saved.members, saved.fusion)
    }
}

impl Fusion {
    /// The weighted mean, weights scaled to sum to 1.
    pub(crate) fn weighted(weights: Vec<(String, f64)>) -> Self {
        // By the largest first: the sum of two weights near the largest float would overflow.
        let largest = weights.iter().fold(0.0f64, |largest, (_, w)| largest.max(*w));
        let sum: f64 = weights.iter().map(|(_, w)| w / largest).sum();
        Fusion::Weighted(weights.into_iter().map(|(name, w)| (name, w / largest / sum)).collect())
    }

    /// The summed surprise of `tails` from benign `members`, scored so that one half is at its 99 % quantile.
    pub(crate) fn surprise(tails: Named<Tail>, members: &[ScoreColumn], benign: &[usize]) -> Self {
        let of_row = |row: usize| -> f64 {
            let own = |m: &ScoreColumn| tails.get(&m.name).map_or(0.0, |tail| tail.surprise(m.p_attack[row]));
            members.iter().map(own).sum()
        };
        let mut sums: Vec<f64> = benign.iter().map(|row| of_row(*row)).collect();
        sums.sort_unstable_by(f64::total_cmp);
        let most = sums.len().saturating_sub(1) - sums.len() / 100;
        let half = sums.get(most).map_or(1.0, |half| half.max(1.0));
        Fusion::Surprise { half, tails }
    }

    /// The numbers learned or given, one a member.
    fn numbers(&self) -> Option<&Named<f64>> {
        match self {
            Fusion::Average | Fusion::Surprise { .. } => None,
            Fusion::Weighted(numbers) | Fusion::Stacking { coefficients: numbers, .. } => Some(numbers),
        }
    }
}

impl Hybrid {
    /// A fusion of these members; refuses no member, a name that stands twice, and numbers that do not fit them.
    ///
    /// # Errors
    /// As said; also weights that do not sum to 1.
    pub fn new(members: Vec<String>, fusion: Fusion) -> Result<Self, HybridError> {
        let invalid = |why: String| Err(HybridError::Invalid { why });
        if members.is_empty() {
            return Err(HybridError::NoMembers);
        }
        if let Some(twice) = members.iter().enumerate().find(|(i, name)| members[..*i].contains(name)) {
            return invalid(format!("member {} stands twice", twice.1));
        }
        if let Some(numbers) = fusion.numbers() {
            if !numbers.iter().map(|(name, _)| name).eq(members.iter().map(String::as_str)) {
                return invalid("its numbers are not one for each member, in the members' order".to_owned());
            }
            if numbers.iter().any(|(_, number)| !(number.is_finite() && *number >= 0.0)) {
                return invalid("a weight or coefficient is negative or no number".to_owned());
            }
            if numbers.iter().all(|(_, number)| *number == 0.0) {
                return invalid("all its weights or coefficients are 0".to_owned());
            }
        }
        if let Fusion::Surprise { half, tails } = &fusion {
            check_tails(&members, *half, tails)?;
        }
        match &fusion {
            Fusion::Stacking { intercept, .. } if !intercept.is_finite() => {
                invalid("its intercept is no number".to_owned())
            }
            Fusion::Weighted(weights) if (weights.iter().map(|(_, w)| w).sum::<f64>() - 1.0).abs() > 1e-9 => {
                invalid("its weights do not sum to 1".to_owned())
            }
            _ => Ok(Hybrid { members, fusion }),
        }
    }

    /// Names of the members, in the order of [`Hybrid::combine_row`].
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// The fusion.
    pub fn fusion(&self) -> &Fusion {
        &self.fusion
    }

    /// Whether the score of the member `name` plays a part.
    pub fn fuses(&self, name: &str) -> bool {
        let has = |numbers: &Named<f64>| numbers.get(name).is_some_and(|number| *number > 0.0);
        match &self.fusion {
            Fusion::Average => self.members.iter().any(|member| member == name),
            Fusion::Weighted(numbers) | Fusion::Stacking { coefficients: numbers, .. } => has(numbers),
            Fusion::Surprise { tails, .. } => tails.get(name).is_some(),
        }
    }

    /// The fused probability of one row from its members' scores `(n_members)`, in the order of [`Hybrid::members`].
    /// Computed in f64 in that order, so a row's result depends on that row alone.
    pub fn combine_row(&self, scores: &[f32]) -> f32 {
        debug_assert_eq!(scores.len(), self.members.len());
        let pairs = |numbers: &Named<f64>, value: fn(f32) -> f64| -> f64 {
            numbers.iter().zip(scores).map(|((_, number), score)| number * value(*score)).sum()
        };
        let fused = match &self.fusion {
            Fusion::Average => scores.iter().map(|s| f64::from(*s)).sum::<f64>() / scores.len() as f64,
            Fusion::Weighted(weights) => pairs(weights, f64::from),
            Fusion::Stacking { intercept, coefficients } => {
                1.0 / (1.0 + (-(intercept + pairs(coefficients, log_odds))).exp())
            }
            Fusion::Surprise { half, tails } => {
                let own = |(name, score): (&String, &f32)| tails.get(name).map_or(0.0, |tail| tail.surprise(*score));
                let sum: f64 = self.members.iter().zip(scores).map(own).sum();
                sum / (sum + half)
            }
        };
        (fused as f32).clamp(0.0, 1.0)
    }

    /// The fused probabilities `(n_rows)` from the members' scores, matched by name, in any order.
    ///
    /// # Errors
    /// Other members than the hybrid fuses, columns of different lengths, scores that are no probabilities.
    pub fn combine(&self, members: &[ScoreColumn]) -> Result<Vec<f32>, HybridError> {
        let find = |name: &String| members.iter().find(|m| m.name == *name);
        let columns: Option<Vec<&ScoreColumn>> = self.members.iter().map(find).collect();
        let Some(columns) = columns.filter(|columns| columns.len() == members.len()) else {
            let (expected, found) = (self.members.join(", "), names(members));
            return Err(HybridError::Members { expected, found });
        };
        let n_rows = columns[0].p_attack.len();
        check_members(members, n_rows)?;
        let mut row = vec![0.0; columns.len()];
        Ok((0..n_rows)
            .map(|i| {
                for (slot, column) in row.iter_mut().zip(&columns) {
                    *slot = column.p_attack[i];
                }
                self.combine_row(&row)
            })
            .collect())
    }
}

/// Refuses tails of nobody, of strangers or out of order, and such as do not rise.
fn check_tails(members: &[String], half: f64, tails: &Named<Tail>) -> Result<(), HybridError> {
    let invalid = |why: &str| Err(HybridError::Invalid { why: why.to_owned() });
    let places: Option<Vec<usize>> = tails.iter().map(|(name, _)| members.iter().position(|m| m == name)).collect();
    match places {
        Some(places) if !places.is_empty() && places.is_sorted() => {}
        _ => return invalid("its tails are not of its members, in the members' order"),
    }
    if !(half.is_finite() && half > 0.0) {
        return invalid("its half is not above 0");
    }
    tails.iter().find_map(|(_, tail)| tail.fault()).map_or(Ok(()), invalid)
}

/// The members' names, for messages.
pub(crate) fn names(members: &[ScoreColumn]) -> String {
    let names: Vec<&str> = members.iter().map(|m| m.name.as_str()).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// Refuses no member, a name that stands twice, columns of different lengths and scores that are no probabilities.
pub(crate) fn check_members(members: &[ScoreColumn], n_rows: usize) -> Result<(), HybridError> {
    if members.is_empty() {
        return Err(HybridError::NoMembers);
    }
    for (i, member) in members.iter().enumerate() {
        let name = || member.name.clone();
        if members[..i].iter().any(|m| m.name == member.name) {
            return Err(HybridError::Invalid { why: format!("member {} stands twice", member.name) });
        }
        if member.p_attack.len() != n_rows {
            let found = member.p_attack.len();
            return Err(HybridError::Lengths { member: name(), expected: n_rows, found });
        }
        if let Some(row) = member.p_attack.iter().position(|p| !(0.0..=1.0).contains(p)) {
            return Err(HybridError::NotAScore { member: name(), row, value: member.p_attack[row] });
        }
    }
    Ok(())
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::tail::Scale;

    fn member(name: &str, p_attack: &[f32]) -> ScoreColumn {
        ScoreColumn::new(name, p_attack.to_vec(), |_| false)
    }

    fn hybrid(names: &[&str], fusion: Fusion) -> Hybrid {
        Hybrid::new(names.iter().map(|n| (*n).to_owned()).collect(), fusion).unwrap()
    }

    fn named(pairs: &[(&str, f64)]) -> Named<f64> {
        pairs.iter().map(|(name, number)| (*name, *number)).collect()
    }

    #[test]
    fn the_average_is_the_mean_of_any_number_of_members() {
        let (forest, lstm) = (member("forest", &[0.25, 1.0]), member("lstm", &[0.75, 0.5]));
        let novelty = member("novelty", &[0.5, 0.0]);
        let two = hybrid(&["forest", "lstm"], Fusion::Average);
        assert_eq!(two.combine(&[forest.clone(), lstm.clone()]).unwrap(), [0.5, 0.75]);
        let three = hybrid(&["forest", "lstm", "novelty"], Fusion::Average);
        assert_eq!(three.combine(&[forest.clone(), lstm, novelty]).unwrap(), [0.5, 0.5]);
        assert_eq!(hybrid(&["forest"], Fusion::Average).combine(&[forest]).unwrap(), [0.25, 1.0]);
    }

    #[test]
    fn members_are_matched_by_name_and_strangers_refused() {
        let weights = named(&[("forest", 0.75), ("lstm", 0.25)]);
        let hybrid = hybrid(&["forest", "lstm"], Fusion::Weighted(weights));
        let (forest, lstm) = (member("forest", &[1.0]), member("lstm", &[0.0]));
        assert_eq!(hybrid.combine(&[lstm.clone(), forest.clone()]).unwrap(), [0.75]);
        let message = |members: &[ScoreColumn]| hybrid.combine(members).unwrap_err().to_string();
        assert_eq!(
            message(std::slice::from_ref(&forest)),
            "the hybrid fuses forest, lstm, but the scores are those of forest"
        );
        assert!(message(&[forest.clone(), member("gru", &[0.5])]).ends_with("those of forest, gru"));
        assert!(message(&[forest.clone(), lstm, member("gru", &[0.5])]).ends_with("forest, lstm, gru"));
        let short = message(&[forest.clone(), member("lstm", &[])]);
        assert_eq!(short, "lstm has 0 scores where 1 are expected");
        assert!(message(&[forest, member("lstm", &[f32::NAN])]).contains("row 0 has the score NaN"));
    }

    #[test]
    fn a_row_alone_and_a_row_among_others_get_the_same_bits() {
        let column = |step: u32| (0..997u32).map(|i| (i * step % 997) as f32 / 996.0).collect::<Vec<f32>>();
        let members = [member("forest", &column(31)), member("lstm", &column(57))];
        let coefficients = named(&[("forest", 1.3), ("lstm", 0.4)]);
        for fusion in [Fusion::Average, Fusion::Stacking { intercept: -0.2, coefficients }] {
            let hybrid = hybrid(&["forest", "lstm"], fusion);
            for (i, whole) in hybrid.combine(&members).unwrap().into_iter().enumerate() {
                let row = [members[0].p_attack[i], members[1].p_attack[i]];
                assert_eq!(hybrid.combine_row(&row).to_bits(), whole.to_bits());
                assert!((0.0..=1.0).contains(&whole));
            }
        }
    }

    #[test]
    fn no_fusion_falls_when_a_member_rises() {
        let coefficients = named(&[("forest", 4.2), ("lstm", 0.0)]);
        let weights = named(&[("forest", 0.3), ("lstm", 0.7)]);
        for fusion in [Fusion::Average, Fusion::Weighted(weights), Fusion::Stacking { intercept: 1.0, coefficients }] {
            let hybrid = hybrid(&["forest", "lstm"], fusion);
            let line = |at: fn(f32) -> [f32; 2]| -> Vec<f32> {
                (0..=1_000).map(|i| hybrid.combine_row(&at(i as f32 / 1_000.0))).collect()
            };
            assert!(line(|p| [p, 0.4]).is_sorted() && line(|p| [0.4, p]).is_sorted());
        }
    }

    fn surprise() -> Fusion {
        let scores = |step: u32| (0..997u32).map(|i| (i * step % 997) as f32 / 1_994.0).collect::<Vec<f32>>();
        let members = [member("forest", &scores(31)), member("novelty", &scores(57))];
        let benign: Vec<usize> = (0..997).collect();
        let tail =
            |m: &ScoreColumn| (m.name.clone(), Tail::fit(Scale::of(&m.name), m.p_attack.iter().copied()).unwrap());
        Fusion::surprise(members.iter().map(tail).collect(), &members, &benign)
    }

    #[test]
    fn a_summed_surprise_rises_with_each_member_and_does_not_saturate() {
        let hybrid = hybrid(&["forest", "lstm", "novelty"], surprise());
        let line = |at: fn(f32) -> [f32; 3]| -> Vec<f32> {
            (0..=1_000).map(|i| hybrid.combine_row(&at(i as f32 / 1_000.0))).collect()
        };
        let rises = |line: Vec<f32>| line.windows(2).all(|w| w[0] < w[1]);
        assert!(rises(line(|p| [p, 0.4, 0.1])) && rises(line(|p| [0.4, 0.4, p])), "ties");
        let silent = line(|p| [0.4, p, 0.1]);
        assert!(silent.iter().all(|score| *score == silent[0]), "a member without a tail plays no part");
        // Far out, a flow that surprises twice as much still scores higher.
        let far = |score| hybrid.combine_row(&[1.0, 0.0, score]);
        assert!(far(0.99) < far(0.995) && far(0.9999) < far(0.99995) && far(1.0) <= 1.0);
    }

    #[test]
    fn a_saved_surprise_is_read_back_and_a_broken_one_refused() {
        let fitted = hybrid(&["forest", "lstm", "novelty"], surprise());
        let text = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<Hybrid>(&text).unwrap(), fitted);
        for (from, to, why) in [
            (r#""half":"#, r#""half":-"#, "not above 0"),
            (r#""excess":"#, r#""excess":-"#, "not above 0"),
            (r#""nats":["#, r#""nats":[0.0,"#, "one surprise a knot"),
            (r#"["forest","lstm","novelty"]"#, r#"["novelty","lstm","forest"]"#, "members' order"),
            (r#""tails":{"forest""#, r#""tails":{"gru""#, "members' order"),
        ] {
            let error = serde_json::from_str::<Hybrid>(&text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_hybrid_survives_json_and_a_broken_one_is_refused() {
        let weights = named(&[("forest", 0.1), ("lstm", 0.9)]);
        let fitted = hybrid(&["forest", "lstm"], Fusion::Weighted(weights));
        let text = serde_json::to_string(&fitted).unwrap();
        assert_eq!(text, r#"{"members":["forest","lstm"],"fusion":{"weighted":{"forest":0.1,"lstm":0.9}}}"#);
        assert_eq!(serde_json::from_str::<Hybrid>(&text).unwrap(), fitted);
        for (from, to, why) in [
            ("0.9", "-0.9", "negative"),
            ("0.9", "0.8", "sum to 1"),
            (r#""lstm":"#, r#""gru":"#, "one for each member"),
            (r#"["forest","lstm"]"#, r#"["forest","forest"]"#, "stands twice"),
            (r#"["forest","lstm"]"#, "[]", "no member"),
        ] {
            let error = serde_json::from_str::<Hybrid>(&text.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}

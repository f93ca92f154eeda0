//! What may be shipped: single members and their fusions, the simplest first.

use nta_hybrid::Combine;
use nta_metrics::AVERAGE;
use nta_model::MemberKind;

/// Each candidate's name and how it fuses the members `names`.
pub(crate) fn candidates(names: &[&str]) -> Vec<(String, Combine)> {
    let alone = |name: &&str| ((*name).to_owned(), weighted(names, &[name]));
    let mut all: Vec<(String, Combine)> = names.iter().map(alone).collect();
    let has = |kind: MemberKind| names.contains(&kind.name());
    if has(MemberKind::Forest) && has(MemberKind::Lstm) {
        all.push((AVERAGE.to_owned(), average(names)));
    }
    if names.len() > 2 {
        all.push(("average of all".to_owned(), Combine::Average));
    }
    if has(MemberKind::Density) {
        for kind in [MemberKind::Forest, MemberKind::Lstm].into_iter().filter(|kind| has(*kind)) {
            let fused = [kind.name(), MemberKind::Density.name()];
            let name = format!("surprise of {} and {}", fused[0], fused[1]);
            all.push((name, Combine::SurpriseOf(fused.map(str::to_owned).into())));
        }
    }
    all.push(("surprise".to_owned(), Combine::Surprise));
    all.push(("tuned weights".to_owned(), Combine::TunedWeights));
    all.push(("stacking".to_owned(), Combine::Stacking));
    all
}

/// The plain average of forest and LSTM.
pub(super) fn average(names: &[&str]) -> Combine {
    let both = [MemberKind::Forest.name(), MemberKind::Lstm.name()];
    if names.iter().all(|name| both.contains(name)) { Combine::Average } else { weighted(names, &both) }
}

/// The mean of `fused` alone.
fn weighted(names: &[&str], fused: &[&str]) -> Combine {
    let weight = |name: &&str| ((*name).to_owned(), f64::from(u8::from(fused.contains(name))));
    Combine::Weighted(names.iter().map(weight).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_members_come_first_and_the_plain_average_is_one_of_them() {
        let names: Vec<String> = candidates(&["forest", "lstm", "novelty"]).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[..4], ["forest", "lstm", "novelty", "average"]);
        assert!(names.iter().any(|name| name == "surprise of forest and novelty"));
        assert_eq!(average(&["forest", "lstm"]), Combine::Average);
        let weights = [("forest", 1.0), ("lstm", 1.0), ("novelty", 0.0)].map(|(name, w)| (name.to_owned(), w));
        assert_eq!(average(&["forest", "lstm", "novelty"]), Combine::Weighted(weights.into()));
    }
}

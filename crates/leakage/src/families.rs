//! Whether a text column says the attacks' types in their own words.

use std::collections::BTreeMap;

use nta_data::{Categories, Dataset};

use crate::alone::half;
use crate::finding::Why;

/// Attacks of a type that count it among the types, at least.
const LEAST_OF_FAMILY: u64 = 10;
/// Share of the attacks whose type is named, at least.
const NEARLY_ALL: f64 = 0.98;
/// Share of the attacks whose type's words and the column's are the same, at least.
const SAME_WORDS: f64 = 0.9;

/// What `column` says of the types of the attacks among `rows`, where it nearly says them.
pub(crate) fn names_families(train: &Dataset, column: &Categories, rows: &[u32]) -> Option<Why> {
    let (labels, families) = (train.label.as_ref()?, train.family.as_ref()?);
    let attacks: Vec<usize> = rows.iter().map(|&i| i as usize).filter(|&i| labels[i].is_attack()).collect();
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    attacks.iter().for_each(|&i| *counts.entry(families.codes[i]).or_default() += 1);
    let n_families = counts.values().filter(|n| **n >= LEAST_OF_FAMILY).count();
    if n_families < 2 {
        return None;
    }
    let same = attacks.iter().filter(|&&i| same_words(column.text(i), families.text(i))).count();
    let named = named(column, families, &attacks);
    let enough = |n: usize, share: f64| n as f64 >= share * attacks.len() as f64;
    let (named, n_attacks) = (enough(named, NEARLY_ALL).then_some(named as u64)?, attacks.len() as u64);
    enough(same, SAME_WORDS).then_some(Why::NamesFamilies { named, attacks: n_attacks, families: n_families as u64 })
}

/// Attacks whose type is the one that is most frequent for their value in the other half of the attacks.
fn named(column: &Categories, families: &Categories, attacks: &[usize]) -> usize {
    let mut named = 0;
    for judged in 0..2 {
        let is_judged = |at: usize| half(at, attacks.len()) == judged;
        let mut counts: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
        for (_, &i) in attacks.iter().enumerate().filter(|(at, _)| !is_judged(*at)) {
            *counts.entry(column.codes[i]).or_default().entry(families.codes[i]).or_default() += 1;
        }
        let most = |of_value: &BTreeMap<u32, u64>| of_value.iter().max_by_key(|(_, n)| **n).map(|(family, _)| *family);
        let guess: BTreeMap<u32, Option<u32>> = counts.iter().map(|(value, of)| (*value, most(of))).collect();
        let right = |i: usize| guess.get(&column.codes[i]).is_some_and(|family| *family == Some(families.codes[i]));
        named += attacks.iter().enumerate().filter(|(at, i)| is_judged(*at) && right(**i)).count();
    }
    named
}

/// Whether one text is the other, or holds it, letters and digits alone, in lower case.
fn same_words(value: Option<&str>, family: Option<&str>) -> bool {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (Some(value), Some(family)) = (value.map(plain), family.map(plain)) else { return false };
    let holds = |long: &str, short: &str| short.len() >= 3 && long.contains(short);
    value == family || holds(&value, &family) || holds(&family, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_whatever_stands_between_them() {
        assert!(same_words(Some("DoS Hulk"), Some("dos-hulk")));
        assert!(same_words(Some("DoS"), Some("DoS Hulk")));
        assert!(!same_words(Some("22"), Some("SSH-Patator")) && !same_words(None, Some("x")));
        assert!(!same_words(Some("s"), Some("scan")), "a letter stands in every word");
    }
}

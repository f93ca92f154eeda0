//! One bit a row.

/// Rows that are chosen among `n`.
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// None of `n` rows.
    pub(super) fn new(n: u64) -> Self {
        Bits { words: vec![0; n.div_ceil(64) as usize] }
    }

    /// Chooses `row`.
    pub(super) fn set(&mut self, row: u64) {
        if let Some(word) = self.words.get_mut((row / 64) as usize) {
            *word |= 1 << (row % 64);
        }
    }

    /// Whether `row` is chosen; one that is not there is not.
    pub(super) fn has(&self, row: u64) -> bool {
        self.words.get((row / 64) as usize).is_some_and(|word| (word >> (row % 64)) & 1 == 1)
    }

    /// How many are chosen.
    pub(super) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The chosen rows from the `skip`th on, at most `take`.
    pub(super) fn some(&self, mut skip: u64, take: u64) -> Vec<u64> {
        let mut found = Vec::new();
        for (place, &word) in self.words.iter().enumerate() {
            let ones = u64::from(word.count_ones());
            if skip >= ones {
                skip -= ones;
                continue;
            }
            let rows = (0..64u64).filter(|bit| (word >> bit) & 1 == 1).map(|bit| place as u64 * 64 + bit);
            found.extend(rows.skip(skip as usize).take((take - found.len() as u64) as usize));
            skip = 0;
            if found.len() as u64 == take {
                break;
            }
        }
        found
    }

    /// Those that are chosen in both.
    pub(super) fn and(mut self, other: &Bits) -> Self {
        self.words.iter_mut().zip(&other.words).for_each(|(mine, other)| *mine &= other);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_rows_are_counted_and_given_in_their_order() {
        let chosen = [0, 1, 63, 64, 130, 191, 199];
        let mut bits = Bits::new(200);
        chosen.iter().for_each(|&row| bits.set(row));
        assert_eq!(bits.count(), 7);
        assert!(bits.has(64) && !bits.has(65) && !bits.has(1_000));
        for skip in 0..9u64 {
            for take in 0..9u64 {
                let expected: Vec<u64> = chosen.iter().copied().skip(skip as usize).take(take as usize).collect();
                assert_eq!(bits.some(skip, take), expected, "{skip} {take}");
            }
        }
    }
}

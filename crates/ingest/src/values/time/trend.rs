//! Whether times rise or fall along a file.

/// Which way times go, small disorder aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trend {
    Rising,
    Falling,
    /// Both, or neither, or too few times to tell.
    Mixed,
}

/// Pieces of the file whose medians are compared, and times looked at in each: flows written as they end go back by
/// minutes, and some by hours.
const PIECES: usize = 32;
const LOOKED_AT: usize = 31;

/// Fewer different neighbours tell nothing.
const LEAST: usize = 8;

/// The way that nine tenths of the steps between the medians of pieces go.
pub(crate) fn trend(times: &[i64]) -> Trend {
    let medians: Vec<i64> = times.chunks(times.len().div_ceil(PIECES).max(1)).map(median).collect();
    let ups = medians.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let downs = medians.windows(2).filter(|pair| pair[1] < pair[0]).count();
    match (ups, downs) {
        (ups, downs) if ups + downs < LEAST => Trend::Mixed,
        (ups, downs) if ups >= 9 * downs => Trend::Rising,
        (ups, downs) if downs >= 9 * ups => Trend::Falling,
        _ => Trend::Mixed,
    }
}

fn median(piece: &[i64]) -> i64 {
    let mut seen: Vec<i64> = piece.iter().step_by(piece.len().div_ceil(LOOKED_AT)).copied().collect();
    seen.sort_unstable();
    seen[seen.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_disorder_hides_no_trend() {
        let noisy = |i: i64| 1_000 * i - (i * 37 % 11) * 2_000;
        let rising: Vec<i64> = (0..5_000).map(noisy).collect();
        let falling: Vec<i64> = rising.iter().rev().copied().collect();
        let shuffled: Vec<i64> = (0..5_000).map(|i| i * 7_919 % 5_003).collect();
        assert_eq!(trend(&rising), Trend::Rising);
        assert_eq!(trend(&falling), Trend::Falling);
        assert_eq!(trend(&shuffled), Trend::Mixed);
        let sawtooth: Vec<i64> = (0..5_000).map(|i| i * 7 % 5_003).collect();
        assert_eq!(trend(&sawtooth), Trend::Mixed);
        assert_eq!(trend(&[5, 5, 5, 5, 4, 3]), Trend::Mixed);
        assert_eq!(trend(&[]), Trend::Mixed);
    }
}

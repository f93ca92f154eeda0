//! Shares in the sentences of errors, promises and verdicts.

/// `0.0123` as `1.2 %`; small shares keep two digits.
pub(crate) fn percent(share: f64) -> String {
    let per_cent = share * 100.0;
    match per_cent.abs() {
        p if p == 0.0 || p >= 0.95 => format!("{per_cent:.1} %"),
        p if p >= 0.095 => format!("{per_cent:.2} %"),
        p if p >= 0.0095 => format!("{per_cent:.3} %"),
        _ => format!("{per_cent:.1e} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_keep_what_matters() {
        let texts = [0.0, 0.098, 0.01, 0.00123, 0.0001, 1.0, 0.000_001].map(percent);
        assert_eq!(texts, ["0.0 %", "9.8 %", "1.0 %", "0.12 %", "0.010 %", "100.0 %", "1.0e-4 %"]);
    }
}

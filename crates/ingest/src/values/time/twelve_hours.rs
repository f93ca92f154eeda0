//! Clocks of twelve hours without AM and PM, as CICFlowMeter writes them: after 12:59 comes 1:00.

use crate::values::time::civil::MICROS_PER_DAY;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// How a clock of twelve hours can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TwelveHours {
    /// `time.twelve_hour_from`: an hour between the last flows of the afternoon and the first of the morning. `None`
    /// where every hour occurs, so that morning and afternoon cannot be told apart.
    pub(crate) from: Option<u8>,
}

/// Whether `times`, in the order of one file and as the clock shows them, are of twelve hours: no hour is 0 or above 12,
/// the clock falls back from 12 to 1 within a day, and nowhere else by half a day.
pub(crate) fn twelve_hours(times: &[i64]) -> Option<TwelveHours> {
    let hour = |t: i64| t.rem_euclid(MICROS_PER_DAY) / MICROS_PER_HOUR;
    let (mut seen, mut falls, mut before) = ([false; 13], 0, None);
    for &time in times {
        let now = hour(time);
        if now == 0 || now > 12 {
            return None;
        }
        seen[now as usize] = true;
        let same_day = |t: &i64| t.div_euclid(MICROS_PER_DAY) == time.div_euclid(MICROS_PER_DAY);
        if let Some(before) = before.filter(same_day)
            && before - time > 6 * MICROS_PER_HOUR
        {
            if hour(before) < 10 || now > 3 {
                return None;
            }
            falls += 1;
        }
        before = Some(time);
    }
    (falls > 0).then(|| TwelveHours { from: between(&seen) })
}

/// The middle of the longest run of hours from 1 to 11 that do not occur.
fn between(seen: &[bool; 13]) -> Option<u8> {
    let (mut longest, mut run) = (0..0, 1..1);
    for (hour, seen) in seen.iter().enumerate().take(12).skip(1) {
        if *seen {
            run = hour + 1..hour + 1;
        } else {
            run.end = hour + 1;
            if run.len() > longest.len() {
                longest = run.clone();
            }
        }
    }
    (!longest.is_empty()).then(|| (longest.start + longest.len() / 2) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: &[(i64, i64)]) -> Vec<i64> {
        hours.iter().map(|(hour, minute)| (hour * 60 + minute) * 60_000_000).collect()
    }

    #[test]
    fn a_working_day_is_cut_in_the_night() {
        let day = at(&[(9, 0), (10, 5), (11, 0), (12, 0), (12, 59), (1, 0), (2, 0), (3, 0), (4, 59)]);
        assert_eq!(twelve_hours(&day), Some(TwelveHours { from: Some(7) }));
        let whole: Vec<(i64, i64)> = (0..12).map(|i| ((i + 5) % 12 + 1, 0)).collect();
        assert_eq!(twelve_hours(&at(&whole)), Some(TwelveHours { from: None }));
    }

    #[test]
    fn other_clocks_are_left_alone() {
        assert_eq!(twelve_hours(&at(&[(1, 0), (5, 0), (12, 30)])), None, "a morning");
        assert_eq!(twelve_hours(&at(&[(9, 0), (12, 59), (13, 0), (1, 0)])), None, "an hour above 12");
        assert_eq!(twelve_hours(&at(&[(9, 0), (1, 0), (12, 59), (1, 0)])), None, "falls elsewhere too");
    }
}

//! Days, hours and how busy people are in them.

use crate::draw::Draw;

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How busy an office is in each hour of a working day: mornings and afternoons full, a dip at lunch, a few late.
const OFFICE: [f64; 24] = [
    0.02, 0.01, 0.01, 0.01, 0.01, 0.03, 0.10, 0.35, 0.80, 1.00, 1.05, 1.00, 0.42, 0.80, 1.00, 1.00, 0.95, 0.65, 0.30,
    0.15, 0.10, 0.08, 0.06, 0.03,
];
/// A weekend: the few who are there come late and leave when they like.
const WEEKEND: [f64; 24] = [
    0.03, 0.02, 0.01, 0.01, 0.01, 0.01, 0.03, 0.08, 0.20, 0.45, 0.60, 0.60, 0.45, 0.50, 0.60, 0.55, 0.45, 0.35, 0.25,
    0.20, 0.15, 0.12, 0.08, 0.05,
];
/// Visitors of a public web site: later hours than the office, no lunch dip, never quite none.
const VISITORS: [f64; 24] = [
    0.20, 0.14, 0.10, 0.09, 0.09, 0.12, 0.20, 0.38, 0.60, 0.75, 0.85, 0.88, 0.90, 0.88, 0.88, 0.86, 0.85, 0.85, 0.88,
    0.95, 1.00, 0.90, 0.62, 0.36,
];

/// Whose hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// People in the office.
    Office,
    /// The public.
    Visitors,
    /// Machines: the same at any hour.
    Flat,
}

/// One day of the simulated time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Date {
    /// Counted from the first simulated day.
    pub(crate) index: u64,
    /// Midnight, microseconds since 1970-01-01 UTC.
    pub(crate) midnight: i64,
    /// Saturday or Sunday.
    pub(crate) weekend: bool,
}

/// The days from `start` on.
pub(crate) fn dates(start: jiff::civil::Date, days: u32) -> Vec<Date> {
    let epoch = jiff::civil::date(1970, 1, 1);
    let first = i64::from(epoch.duration_until(start).as_hours() as i32 / 24);
    (0..u64::from(days))
        .map(|index| {
            let day = first + index as i64;
            // 1970-01-01 was a Thursday, three days after a Monday.
            let weekday = (day + 3).rem_euclid(7);
            Date { index, midnight: day * DAY, weekend: weekday >= 5 }
        })
        .collect()
}

impl Date {
    /// A moment of this day for someone of this rhythm; `shift` moves an early bird's or late riser's hours.
    pub(crate) fn moment(&self, draw: &mut Draw, rhythm: Rhythm, shift: f64) -> i64 {
        let hours: &[f64; 24] = match rhythm {
            Rhythm::Flat => return self.midnight + (draw.unit() * DAY as f64) as i64,
            Rhythm::Visitors => &VISITORS,
            Rhythm::Office if self.weekend => &WEEKEND,
            Rhythm::Office => &OFFICE,
        };
        let mut left = draw.unit() * hours.iter().sum::<f64>();
        let mut hour = 0;
        while hour < 23 && left >= hours[hour] {
            left -= hours[hour];
            hour += 1;
        }
        let within = (left / hours[hour]).clamp(0.0, 0.999_999);
        let at = (hour as f64 + within + shift).rem_euclid(24.0);
        self.midnight + (at * HOUR as f64) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_fall_where_the_calendar_has_them() {
        // 2026-03-05 is a Thursday.
        let days = dates(jiff::civil::date(2026, 3, 5), 5);
        let weekend: Vec<bool> = days.iter().map(|d| d.weekend).collect();
        assert_eq!(weekend, [false, false, true, true, false]);
        assert_eq!(days[0].midnight, 1_772_668_800 * SECOND);
        assert_eq!(days[1].midnight - days[0].midnight, DAY);
    }

    #[test]
    fn lunch_is_quieter_than_the_morning_and_night_than_both() {
        let day = dates(jiff::civil::date(2026, 3, 5), 1)[0];
        let mut draw = Draw::new(1, 1, 1);
        let mut hours = [0; 24];
        for _ in 0..20_000 {
            let at = day.moment(&mut draw, Rhythm::Office, 0.0);
            hours[((at - day.midnight) / HOUR) as usize] += 1;
        }
        assert!(hours[10] > hours[12] * 3 / 2 && hours[12] > hours[3] * 10, "{hours:?}");
    }
}

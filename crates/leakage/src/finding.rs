//! What is found of columns, as data and in a few words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is found of a training part's columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Rows looked at.
    pub rows: u64,
    /// Columns that give the label away or say which row this is, in the schema's order.
    pub give_aways: Vec<Finding>,
    /// Measurements that tell the classes apart by themselves, the best first: a measurement may be that good.
    pub strong: Vec<Strong>,
}

/// A column that no model should learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name.
    pub column: String,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

impl Finding {
    /// Whether it is the label that is given away, and not which row this is.
    pub fn is_about_the_label(&self) -> bool {
        matches!(self.why, Why::TellsClasses { .. } | Why::NamesFamilies { .. })
    }
}

/// A measurement that tells the classes apart by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strong {
    /// Its name.
    pub column: String,
    /// How well.
    #[serde(flatten)]
    pub alone: Alone,
}

/// What gives a column away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// It tells the classes apart without error, and it has the shape of a written truth.
    TellsClasses {
        /// How well, on rows that the rule was not made from.
        #[serde(flatten)]
        alone: Alone,
        /// What it looks like.
        shape: Shape,
    },
    /// It says the attack types in their own words.
    NamesFamilies {
        /// Attacks whose type it names, held out.
        named: u64,
        /// Attacks looked at.
        attacks: u64,
        /// Types among them.
        families: u64,
    },
    /// Its texts hold addresses, alone or joined.
    Addresses {
        /// One of them.
        example: String,
    },
    /// Nearly every row has a value of its own.
    Identifier {
        /// Different values.
        distinct: u64,
        /// Rows that have one.
        rows: u64,
    },
    /// It rises, or falls, with every row of the file.
    Counter,
    /// An absolute time.
    Clock {
        /// What it counts.
        clock: Clock,
    },
}

/// What a written truth looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Few values, each standing in many rows of one class.
    Code,
    /// One value for all rows of a class, or none, and others for the other class: filled in after the fact.
    FilledIn,
    /// Two clumps of numbers, further apart than each is wide.
    Clumps,
    /// The name speaks of a judgement.
    Name,
    /// Not one error in thousands of rows of either class, under a name that speaks of no measurement.
    Faultless,
}

/// What an absolute time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Clock {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    /// Digits of a date, and perhaps of a time: `20240501090000`.
    Digits,
}

/// What a column by itself gets wrong on rows that the rule was not made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// Benign rows.
    pub benign: u64,
    /// Those it takes for attacks.
    pub benign_wrong: u64,
    /// Attacks.
    pub attacks: u64,
    /// Those it takes for benign.
    pub attacks_wrong: u64,
}

impl Alone {
    /// The larger of the two classes' error rates; 1 where a class is missing.
    pub fn worst_error(&self) -> f64 {
        let rate = |wrong: u64, rows: u64| if rows == 0 { 1.0 } else { wrong as f64 / rows as f64 };
        rate(self.benign_wrong, self.benign).max(rate(self.attacks_wrong, self.attacks))
    }

    /// Mean of the two classes' shares that it gets right; `None` where a class is missing.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let right = |wrong: u64, rows: u64| (rows > 0).then(|| 1.0 - wrong as f64 / rows as f64);
        Some((right(self.benign_wrong, self.benign)? + right(self.attacks_wrong, self.attacks)?) / 2.0)
    }
}

impl fmt::Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Alone { benign, benign_wrong, attacks, attacks_wrong } = self;
        write!(f, "wrong on {attacks_wrong} of {attacks} attacks and {benign_wrong} of {benign} benign rows held out")
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::TellsClasses { alone, shape } => write!(f, "alone tells attacks from benign rows, {alone}; {shape}"),
            Why::NamesFamilies { named, attacks, families } => {
                write!(f, "says the attack's type: {named} of {attacks} named right, {families} types")
            }
            Why::Addresses { example } => write!(f, "holds addresses, such as {example}"),
            Why::Identifier { distinct, rows } => {
                write!(f, "an identifier: {distinct} different values in {rows} rows")
            }
            Why::Counter => write!(f, "a counter: it goes one way with every row of the file"),
            Why::Clock { clock: Clock::Digits } => write!(f, "an absolute date"),
            Why::Clock { clock } => write!(f, "an absolute time: {} since 1970", clock.unit()),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Code => "a few values, each of one class",
            Shape::FilledIn => "one class has one value throughout",
            Shape::Clumps => "its numbers are two clumps",
            Shape::Name => "its name speaks of a judgement",
            Shape::Faultless => "no measurement is so good, and its name speaks of none",
        })
    }
}

impl Clock {
    fn unit(self) -> &'static str {
        match self {
            Clock::Seconds => "seconds",
            Clock::Milliseconds => "milliseconds",
            Clock::Microseconds => "microseconds",
            Clock::Nanoseconds => "nanoseconds",
            Clock::Digits => "digits",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_both_ways_and_a_missing_class_is_no_success() {
        let alone = Alone { benign: 900, benign_wrong: 9, attacks: 100, attacks_wrong: 5 };
        assert!((alone.worst_error() - 0.05).abs() < 1e-12);
        assert!((alone.balanced_accuracy().unwrap() - 0.97).abs() < 1e-12);
        let one_class = Alone { benign: 900, ..Alone::default() };
        assert_eq!((one_class.worst_error(), one_class.balanced_accuracy()), (1.0, None));
    }

    #[test]
    fn a_finding_reads_back_from_json() {
        let alone = Alone { benign: 900, benign_wrong: 0, attacks: 100, attacks_wrong: 0 };
        for why in [
            Why::TellsClasses { alone, shape: Shape::Code },
            Why::Clock { clock: Clock::Milliseconds },
            Why::Counter,
            Why::Addresses { example: "192.0.2.1".to_owned() },
        ] {
            let finding = Finding { column: "x".to_owned(), why };
            let text = serde_json::to_string(&finding).unwrap();
            assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding, "{text}");
        }
    }
}

//! `budget:` as a config may give it: two numbers, or `auto`, which the benign rows of the threshold part settle.

use std::fmt;

use nta_metrics::{Budget, rows_needed};
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// The false positive budget that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BudgetChoice {
    /// One word.
    Word(BudgetWord),
    /// So many alerts a day; the traffic says how many flows there are, or the config.
    PerDay(PerDayBudget),
    /// This one.
    Of(Budget),
}

/// A budget in alerts a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerDayBudget {
    /// False alarms a day, above 0. Where attacks are rare these are nearly all alerts.
    pub alerts_per_day: f64,
    /// Flows a day; what the training file's times say where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows_per_day: Option<f64>,
    /// As of any budget.
    #[serde(default = "usual_confidence")]
    pub confidence: f64,
}

fn usual_confidence() -> f64 {
    Budget::default().confidence
}

impl PerDayBudget {
    /// The share of benign flows that it is, of `flows_per_day` where the config gives none; `None` where nobody says, or
    /// where every flow may raise an alert.
    pub fn settled(self, flows_per_day: Option<f64>) -> Option<Budget> {
        let rate = self.alerts_per_day / self.flows_per_day.or(flows_per_day)?;
        (rate > 0.0 && rate < 1.0).then_some(Budget { false_positive_rate: rate, confidence: self.confidence })
    }
}

/// The short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetWord {
    /// The smallest of 1, 2, 5, 10 and 20 % at 95 % confidence that the benign rows of the threshold part support: twice
    /// as many as it needs at least, so that no single row sets the threshold.
    Auto,
}

/// What `auto` chooses among. Its first is the default budget; a stricter promise is for a person to make.
const RATES: [f64; 5] = [0.01, 0.02, 0.05, 0.1, 0.2];
/// What a budget needs at least, times this, is what `auto` asks for.
const ROOM: u64 = 2;

impl BudgetChoice {
    /// `auto`.
    pub const AUTO: BudgetChoice = BudgetChoice::Word(BudgetWord::Auto);

    /// The budget where it is settled, else the largest that `auto` may become, which needs the fewest rows.
    pub(crate) fn at_most(self) -> Budget {
        match self {
            BudgetChoice::Of(budget) => budget,
            BudgetChoice::PerDay(budget) => budget.settled(None).unwrap_or(of_rate(RATES[RATES.len() - 1])),
            BudgetChoice::Word(BudgetWord::Auto) => of_rate(RATES[RATES.len() - 1]),
        }
    }

    /// What it is with this many benign rows in the threshold part.
    pub fn settled(self, benign_rows: u64) -> Budget {
        match self {
            BudgetChoice::Of(budget) => budget,
            BudgetChoice::PerDay(_) => self.at_most(),
            BudgetChoice::Word(BudgetWord::Auto) => {
                let has_room = |budget: &Budget| rows_needed(budget).is_ok_and(|rows| ROOM * rows <= benign_rows);
                RATES.into_iter().map(of_rate).find(has_room).unwrap_or_else(|| self.at_most())
            }
        }
    }
}

impl Default for BudgetChoice {
    fn default() -> Self {
        BudgetChoice::Of(Budget::default())
    }
}

impl From<Budget> for BudgetChoice {
    fn from(budget: Budget) -> Self {
        BudgetChoice::Of(budget)
    }
}

fn of_rate(false_positive_rate: f64) -> Budget {
    Budget { false_positive_rate, ..Budget::default() }
}

impl<'de> Deserialize<'de> for BudgetChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoiceVisitor;
        impl<'de> Visitor<'de> for ChoiceVisitor {
            type Value = BudgetChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto`, or a budget such as `{ false_positive_rate: 0.01 }`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<BudgetChoice, E> {
                match text {
                    "auto" => Ok(BudgetChoice::AUTO),
                    _ => Err(E::unknown_variant(text, &["auto"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<BudgetChoice, A::Error> {
                Given::deserialize(MapAccessDeserializer::new(entries))?.settled().map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

/// The keys of both forms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    false_positive_rate: Option<f64>,
    confidence: Option<f64>,
    alerts_per_day: Option<f64>,
    flows_per_day: Option<f64>,
}

impl Given {
    fn settled(self) -> Result<BudgetChoice, &'static str> {
        let usual = Budget::default();
        let confidence = self.confidence.unwrap_or(usual.confidence);
        let rate = self.false_positive_rate;
        match (self.alerts_per_day, self.flows_per_day) {
            (None, None) => Ok(BudgetChoice::Of(Budget {
                false_positive_rate: rate.unwrap_or(usual.false_positive_rate),
                confidence,
            })),
            (None, Some(_)) => Err("`flows_per_day` without `alerts_per_day`: give both, or `false_positive_rate`"),
            (Some(_), _) if rate.is_some() => Err("`alerts_per_day` beside `false_positive_rate`: give either"),
            (Some(alerts_per_day), flows_per_day) => {
                Ok(BudgetChoice::PerDay(PerDayBudget { alerts_per_day, flows_per_day, confidence }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_the_smallest_rate_that_the_rows_support_with_room() {
        let rate = |rows| BudgetChoice::AUTO.settled(rows).false_positive_rate;
        // 1 % needs 299 rows, 2 % 149, 5 % 59, 10 % 29.
        assert_eq!([rate(598), rate(597), rate(297), rate(117), rate(57), rate(0)], [0.01, 0.02, 0.05, 0.1, 0.2, 0.2]);
        let given = Budget { false_positive_rate: 0.001, confidence: 0.9 };
        assert_eq!(BudgetChoice::Of(given).settled(5), given);
    }

    #[test]
    fn alerts_a_day_are_a_share_of_the_flows_of_a_day() {
        let read = |yaml: &str| match serde_saphyr::from_str(yaml).unwrap() {
            BudgetChoice::PerDay(budget) => budget,
            other => panic!("{other:?}"),
        };
        let open = read("{ alerts_per_day: 20, confidence: 0.9 }");
        let budget = open.settled(Some(40_000.0)).unwrap();
        assert_eq!((budget.false_positive_rate, budget.confidence), (0.0005, 0.9));
        assert_eq!((open.settled(None), open.settled(Some(20.0))), (None, None));
        let stated = read("{ alerts_per_day: 20, flows_per_day: 2000 }");
        assert_eq!(stated.settled(Some(7.0)).unwrap().false_positive_rate, 0.01);
    }

    #[test]
    fn the_word_and_the_numbers_are_read_and_written() {
        for yaml in ["auto", "{ false_positive_rate: 0.05 }", "{}", "{ alerts_per_day: 20 }"] {
            let read: BudgetChoice = serde_saphyr::from_str(yaml).unwrap();
            let again = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<BudgetChoice>(&again).unwrap(), read, "{again}");
        }
        assert_eq!(serde_saphyr::from_str::<BudgetChoice>("auto").unwrap(), BudgetChoice::AUTO);
        assert!(serde_saphyr::from_str::<BudgetChoice>("any").is_err());
        assert!(serde_saphyr::from_str::<BudgetChoice>("{ rate: 0.1 }").is_err());
        for wrong in ["{ flows_per_day: 5 }", "{ alerts_per_day: 5, false_positive_rate: 0.1 }"] {
            assert!(serde_saphyr::from_str::<BudgetChoice>(wrong).unwrap_err().to_string().contains("give"), "{wrong}");
        }
    }
}

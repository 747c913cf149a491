//! Schedules as text: in words for people, and in settings files.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{Phase, Schedule};
use crate::Result;

impl fmt::Display for Schedule {
    /// In words, in one line.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let percent = |part: &f64| (part * 1e6).round() / 1e4;
        match self {
            Schedule::Constant => write!(f, "constant"),
            Schedule::Step { every, factor } => {
                write!(f, "times {factor} after every {} % of the steps", percent(every))
            }
            Schedule::Exponential { last } => write!(f, "exponential to {last}"),
            Schedule::Linear { last } => write!(f, "linear to {last}"),
            Schedule::Cosine { floor } => write!(f, "cosine to {floor}"),
            Schedule::OneCycle { rise, start, last } => {
                write!(
                    f,
                    "one cycle from {start} up over {} % of the steps and down to {last}",
                    percent(rise)
                )
            }
            Schedule::Warmup { part, then } => {
                write!(f, "warm-up over {} % of the steps, then {then}", percent(part))
            }
            Schedule::Sequence(phases) => {
                for (number, Phase { part, schedule }) in phases.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", then " };
                    write!(f, "{comma}for {} % of the steps {schedule}", percent(part))?;
                }
                Ok(())
            }
        }
    }
}

impl Schedule {
    /// The schedules that a single word can name.
    fn words() -> [(&'static str, Schedule); 4] {
        [
            ("constant", Schedule::Constant),
            ("linear", Schedule::Linear { last: 0.0 }),
            ("cosine", Schedule::Cosine { floor: 0.0 }),
            ("one_cycle", Schedule::one_cycle()),
        ]
    }
}

/// The fields of a [`Schedule`] once more, from which serde derives the tables of a settings file; the
/// compiler sees to it that they agree.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Schedule", rename_all = "snake_case", deny_unknown_fields)]
enum Table {
    Constant,
    Step { every: f64, factor: f64 },
    Exponential { last: f64 },
    Linear { last: f64 },
    Cosine { floor: f64 },
    OneCycle { rise: f64, start: f64, last: f64 },
    Warmup { part: f64, then: Box<Schedule> },
    Sequence(Vec<Phase>),
}

/// A word where one will do, else a table.
impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Schedule::words().iter().find(|(_, schedule)| schedule == self) {
            Some((word, _)) => serializer.serialize_str(word),
            None => Table::serialize(self, serializer),
        }
    }
}

/// A word or a table, checked.
impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrTable;

        impl<'de> Visitor<'de> for WordOrTable {
            type Value = Schedule;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(
                    "a schedule: a word such as \"cosine\" or a table such as { cosine = { floor = 0.1 } }",
                )
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Schedule, E> {
                match Schedule::words().into_iter().find(|(known, _)| *known == word) {
                    Some((_, schedule)) => Ok(schedule),
                    // The derived code knows all variants and says what is wrong.
                    None => Table::deserialize(StrDeserializer::new(word)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Schedule, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map))
            }
        }

        let schedule = deserializer.deserialize_any(WordOrTable)?;
        schedule.check().map_err(de::Error::custom)?;
        Ok(schedule)
    }
}

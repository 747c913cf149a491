//! Times as numbers and as text.

use serde::{Deserialize, Serialize};

use super::super::pipeline::dates::civil;

/// The meaning of the times of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Numbers of rows, counted from 1.
    Rows,
    /// Numbers of the table, in its own unit.
    Numbers,
    /// Seconds since the beginning of 1970.
    Seconds,
}

impl Clock {
    /// A time as text: a number, or a date as ISO 8601 has it.
    pub fn text(self, time: f64) -> String {
        if self != Clock::Seconds {
            return time.to_string();
        }
        let millis = (time * 1000.0).round() as i64;
        let (seconds, rest) = (millis.div_euclid(1000), millis.rem_euclid(1000));
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let second = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}")
    }

    /// The name of a column of such times.
    pub fn name(self) -> &'static str {
        if self == Clock::Rows { "row" } else { "time" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_came() {
        assert_eq!(Clock::Rows.text(12.0), "12");
        assert_eq!(Clock::Numbers.text(0.25), "0.25");
        assert_eq!(Clock::Seconds.text(1_583_748_873.0), "2020-03-09 10:14:33");
        assert_eq!(Clock::Seconds.text(-0.5), "1969-12-31 23:59:59.500");
    }
}

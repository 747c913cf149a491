//! Dates in the style of their table.

use super::super::columns::DateStyle;

/// A date as a table writes it, `days` after the beginning of 1970.
pub(super) fn written(days: f64, style: Option<DateStyle>) -> String {
    let style = style.unwrap_or(DateStyle { sign: None, month_first: false, time: false });
    let seconds = (days * 86_400.0).round();
    let (day, second) = ((seconds / 86_400.0).floor() as i64, (seconds.rem_euclid(86_400.0)) as u32);
    let (year, month, day) = civil(day);
    let date = match (style.sign, style.month_first) {
        (None, _) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(sign), false) => format!("{day:02}{sign}{month:02}{sign}{year:04}"),
        (Some(sign), true) => format!("{month:02}{sign}{day:02}{sign}{year:04}"),
    };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    match (style.time, second) {
        (false, _) => date,
        (true, 0) => format!("{date} {hour:02}:{minute:02}"),
        (true, _) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
    }
}

/// Year, month and day of so many days since the beginning of 1970 (Hinnant's algorithm).
pub(in crate::data) fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + 400 * era + i64::from(month <= 2), month, day)
}

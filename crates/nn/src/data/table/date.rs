//! Dates and times as ISO 8601 has them, as numbers.

/// Days since the beginning of 1970 of `2024-05-17`, `2024-05`, `2024-05-17T08:30:00.5+02:00` or, within one day,
/// `08:30`. Times without a zone are taken as those of Greenwich.
pub(super) fn days(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 7 && bytes[4] == b'-' && bytes[0].is_ascii_digit();
    if !is_date {
        return (bytes.get(2) == Some(&b':')).then(|| time(text)).flatten();
    }
    let (date, rest) = text.split_at(text.find(['T', 't', ' ']).unwrap_or(text.len()));
    let mut parts = date.split('-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some((1, 2)))?);
    if year.1 != 4 || month.1 != 2 || day.1 != 2 || parts.next().is_some() {
        return None;
    }
    let days = days_since_1970(year.0, month.0, day.0)?;
    if rest.is_empty() { Some(days) } else { Some(days + time(&rest[1..])?) }
}

/// The same of `17.5.2024`, `17/05/2024`, `17-5-2024` or, if the month is first, `5/17/2024`, perhaps with a time behind
/// it. A year has four digits.
pub(super) fn local(text: &str, month_first: bool) -> Option<f64> {
    let (date, rest) = text.split_at(text.find(['T', ' ']).unwrap_or(text.len()));
    let sign = date.chars().find(|sign| ['.', '/', '-'].contains(sign))?;
    let mut parts = date.split(sign).map(digits);
    let (first, second, year) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || first.1 > 2 || second.1 > 2 || year.1 != 4 {
        return None;
    }
    let (day, month) = if month_first { (second.0, first.0) } else { (first.0, second.0) };
    let days = days_since_1970(year.0, month, day)?;
    if rest.is_empty() { Some(days) } else { Some(days + time(rest[1..].trim())?) }
}

/// A number of digits alone, and how many there are.
fn digits(text: &str) -> Option<(u32, usize)> {
    let good = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    Some((good.then(|| text.parse().ok())??, text.len()))
}

/// The part of a day of `08:30`, `08:30:15.25`, `08:30Z`, `08:30+02:00`.
fn time(text: &str) -> Option<f64> {
    let (clock, zone) = text.split_at(text.find(['Z', 'z', '+', '-']).unwrap_or(text.len()));
    let zone = match zone {
        "" | "Z" | "z" => 0.0,
        zone => {
            let sign = if zone.starts_with('-') { -1.0 } else { 1.0 };
            let plain: String = zone[1..].chars().filter(|sign| *sign != ':').collect();
            let (hours, minutes) =
                (digits(plain.get(..2)?)?.0, plain.get(2..).filter(|rest| !rest.is_empty()));
            let minutes = minutes
                .map_or(Some(0), |text| digits(text).filter(|found| found.1 == 2).map(|found| found.0))?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (60 * hours + minutes) as f64
        }
    };
    let mut parts = clock.trim_end().split(':');
    let two = |part: &str| digits(part).filter(|(_, length)| *length == 2).map(|(value, _)| value);
    let (hours, minutes) = (two(parts.next()?)?, two(parts.next()?)?);
    let seconds = match parts.next() {
        None => 0.0,
        Some(part) => {
            let (whole, fraction) = part.split_at(part.find(['.', ',']).unwrap_or(part.len()));
            let good = fraction.is_empty()
                || fraction.len() > 1 && fraction[1..].bytes().all(|byte| byte.is_ascii_digit());
            let fraction =
                if fraction.is_empty() { 0.0 } else { format!("0.{}", &fraction[1..]).parse().ok()? };
            good.then(|| two(whole))?.map(|whole| f64::from(whole) + fraction)?
        }
    };
    let good = parts.next().is_none()
        && minutes < 60
        && seconds < 61.0
        && (hours < 24 || hours == 24 && minutes == 0);
    good.then_some((f64::from(hours * 60 + minutes) - zone) / 1440.0 + seconds / 86400.0)
}

/// Days from the first of January 1970 in the Gregorian calendar, whose years begin here with March, so that a day
/// in February that only some years have comes last.
fn days_since_1970(year: u32, month: u32, day: u32) -> Option<f64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = (i64::from(year) - i64::from(month < 3), i64::from((month + 9) % 12));
    let before = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((before + (153 * month + 2) / 5 + i64::from(day) - 719_469) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_other_countries_count_days() {
        let day = days("2024-05-17");
        for text in ["17.5.2024", "17/05/2024", "17-05-2024"] {
            assert_eq!((local(text, false), local(text, true)), (day, None), "{text}");
        }
        assert_eq!(
            (local("5/17/2024", true), local("5/17/2024 12:00", true)),
            (day, day.map(|day| day + 0.5))
        );
        for text in ["31.2.2024", "1.2", "17.5.24", "1.5.2024.1", "1234", "x"] {
            assert_eq!(local(text, false), None, "{text}");
        }
    }

    #[test]
    fn dates_count_days() {
        for (text, expected) in [
            ("1970-01-01", Some(0.0)),
            ("1969-12-31", Some(-1.0)),
            ("2000-03-01", Some(11_017.0)),
            ("2024-02-29", Some(19_782.0)),
            ("2023-02-29", None),
            ("1900-02-29", None),
            ("2024-13-01", None),
            ("2024-05", Some(19_844.0)),
            ("2024-05-17T12:00", Some(19_860.5)),
            ("2024-05-17 06:00:00", Some(19_860.25)),
            ("2024-05-17T12:00:00+06:00", Some(19_860.25)),
            ("2024-05-17T12:00:00.000Z", Some(19_860.5)),
            ("2024-05-17T12:00:00 +0600", Some(19_860.25)),
            ("18:00", Some(0.75)),
            ("24:30", None),
            ("2024-5-17", None),
            ("17.05.2024", None),
            ("1234-567", None),
            ("2024-05-17T", None),
            ("2024-05-17 noon", None),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
        assert_eq!(
            days("2024-05-17T00:00:01.5").map(|days| ((days - 19_860.0) * 86400.0).round()),
            Some(2.0)
        );
    }
}

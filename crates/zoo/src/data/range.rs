//! How far new data lie from what a model learnt.

use super::numbers::{NOTHING, Numbers};

/// The smallest and the largest of some numbers.
pub(super) type Range = [f64; 2];

/// Values are far outside where they lie more than so many widths of the learnt range beyond its ends. Of normal
/// numbers, that is about twenty deviations.
const FAR: f64 = 3.0;
/// Pixels of which the range is so many times smaller than the learnt one have another white.
const DARK: f64 = 50.0;

/// Columns in which some rows lie far outside of what was learnt.
pub(super) struct Outside {
    /// The first such column, and the range there.
    pub(super) column: usize,
    pub(super) range: Range,
    /// How many columns there are besides.
    pub(super) others: usize,
    /// In how many rows.
    pub(super) rows: usize,
}

/// Compares rows with the learnt ranges: one for each column, or one for all.
pub(super) fn outside(x: &Numbers, learnt: &[Range]) -> Option<Outside> {
    let [examples, width] = x.shape();
    if learnt.is_empty() || examples == 0 {
        return None;
    }
    let one = learnt.len() == 1;
    let limits: Vec<Range> = learnt.iter().map(|&range| limits(range)).collect();
    let mut found = vec![(NOTHING, false); learnt.len()];
    let mut rows = 0;
    let each = x.each_row(0..examples, |_, row| {
        let mut outside = false;
        for (column, value) in row.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            let place = if one { 0 } else { column };
            let ([low, high], far) = &mut found[place];
            (*low, *high) = (low.min(*value), high.max(*value));
            let beyond = *value < limits[place][0] || *value > limits[place][1];
            *far |= beyond;
            outside |= beyond;
        }
        rows += usize::from(outside);
        Ok::<(), ()>(())
    });
    debug_assert!(each.is_ok());
    if one && width > 1 {
        let ([low, high], [learnt_low, learnt_high]) = (found[0].0, learnt[0]);
        if low < high && (high - low) * DARK < learnt_high - learnt_low {
            found[0].1 = true;
            rows = examples;
        }
    }
    let mut far = (0..found.len()).filter(|&place| found[place].1);
    let column = far.next()?;
    Some(Outside { column, range: found[column].0, others: far.count(), rows })
}

/// Beyond these values lies what is far outside.
fn limits([low, high]: Range) -> Range {
    // What was constant has the scale 1.
    let width = if low < high { high - low } else { 1.0 };
    [low - FAR * width, high + FAR * width]
}

#[cfg(test)]
mod tests {
    use autograd::Tensor;

    use super::*;

    fn far(values: &[f64], width: usize, learnt: &[Range]) -> Option<(usize, Range, usize, usize)> {
        let x = Tensor::from_vec([values.len() / width, width], values.to_vec()).into();
        outside(&x, learnt).map(|found| (found.column, found.range, found.others, found.rows))
    }

    #[test]
    fn another_unit_is_noticed_and_an_anomaly_of_ten_deviations_is_not() {
        let learnt = [[0.0, 1.0], [-3.0, 3.0], [5.0, 5.0]];
        assert_eq!(far(&[0.5, 0.0, 5.0, 1.5, 10.0, 6.0], 3, &learnt), None);
        assert_eq!(far(&[0.5, 0.0, 5.0, 1.0, 3000.0, 6.0], 3, &learnt), Some((1, [0.0, 3000.0], 0, 1)));
        assert_eq!(
            far(&[255.0, -90.0, 50.0, f64::NAN, 0.0, 5.0], 3, &learnt),
            Some((0, [255.0, 255.0], 2, 1))
        );
        assert_eq!(far(&[1e9; 3], 3, &[]), None, "a run that knows no ranges");
    }

    #[test]
    fn pixels_of_another_white_are_noticed() {
        assert_eq!(far(&[0.0, 255.0, 0.0, 0.0], 2, &[[0.0, 1.0]]), Some((0, [0.0, 255.0], 0, 1)));
        assert_eq!(far(&[0.0, 1.0, 0.0, 0.0], 2, &[[0.0, 255.0]]), Some((0, [0.0, 1.0], 0, 2)));
        assert_eq!(far(&[0.0, 0.9, 0.0, 0.0], 2, &[[0.0, 1.0]]), None);
        assert_eq!(far(&[0.0; 4], 2, &[[0.0, 1.0]]), None, "a black picture is one");
    }
}

//! The few colours of all pictures.

use std::collections::BTreeMap;

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

/// The page.
pub(crate) const PAPER: Colour = [255, 255, 255];
/// Titles and names.
pub(crate) const INK: Colour = [34, 36, 40];
/// Tick labels, captions, reference lines: what one reads second.
pub(crate) const MUTED: Colour = [98, 102, 110];
/// Axes and frames.
pub(crate) const AXIS: Colour = [150, 154, 162];
/// Grid lines, just visible.
pub(crate) const GRID: Colour = [229, 231, 235];
/// A pixel that is no number. It should hurt the eye.
pub(crate) const NOT_A_NUMBER: Colour = [235, 40, 60];

/// One colour per class or curve.
///
/// The ten were found by hill climbing: as far apart as possible in OKLab, at moderate chroma, for full colour
/// vision *and* for the three kinds of dichromacy at once (the test below measures it). The darker ones come
/// first, since most pictures have few curves and thin lines need contrast.
pub(crate) const CLASSES: [Colour; 10] = [
    [16, 135, 205],  // blue
    [205, 84, 125],  // rose
    [25, 125, 19],   // green
    [107, 62, 170],  // purple
    [159, 158, 5],   // olive
    [115, 38, 4],    // brown
    [0, 74, 95],     // deep teal
    [251, 183, 120], // peach
    [86, 224, 215],  // turquoise
    [167, 164, 255], // lavender
];

/// Classes that have no colour of their own.
pub(crate) const OTHER: Colour = [178, 181, 187];

/// Which classes have a colour of their own: all, or as many of the largest as there are colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// In rising order.
    pub(crate) own: Vec<u32>,
    /// How many classes share [`OTHER`].
    pub(crate) others: usize,
}

impl Classes {
    /// The classes of these labels.
    pub(crate) fn of(labels: impl Iterator<Item = u32>) -> Self {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        labels.for_each(|label| *counts.entry(label).or_default() += 1);
        let mut own: Vec<u32> = counts.keys().copied().collect();
        // Stable: of two that are as large, the first.
        own.sort_by_key(|class| std::cmp::Reverse(counts[class]));
        let others = own.len().saturating_sub(CLASSES.len());
        own.truncate(CLASSES.len());
        own.sort_unstable();
        Classes { own, others }
    }

    /// The place of a class among those with a colour of their own.
    pub(crate) fn place(&self, class: u32) -> Option<usize> {
        self.own.binary_search(&class).ok()
    }

    /// Name of all others together, if there are any.
    pub(crate) fn called(&self) -> Option<String> {
        (self.others > 0).then(|| format!("{} others", self.others))
    }
}

/// From dark violet (`0`) through teal to yellow (`1`): lightness rises all the way, so order shows in grey too.
pub(crate) fn ramp(position: f64) -> Colour {
    const STOPS: [Colour; 5] = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [240, 220, 50]];
    let place = position.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let left = (place as usize).min(STOPS.len() - 2);
    mix(STOPS[left], STOPS[left + 1], place - left as f64)
}

/// `(1 − t) a + t b`.
fn mix(a: Colour, b: Colour, t: f64) -> Colour {
    std::array::from_fn(|i| (f64::from(a[i]) * (1.0 - t) + f64::from(b[i]) * t).round() as u8)
}

/// The same hue, darkened until letters in it are legible on paper.
///
/// The contrast of 4.5 is the one that the web accessibility guidelines (WCAG 2) ask for body text.
pub(crate) fn legible(colour: Colour) -> Colour {
    let contrast = |colour| 1.05 / (luminance(colour) + 0.05);
    let steps = (0..20).map(|step| mix(colour, [0, 0, 0], f64::from(step) / 20.0));
    steps.into_iter().find(|&darker| contrast(darker) >= 4.5).unwrap_or(INK)
}

/// The same hue, lightened until thin lines of it stand out on a dark page: a contrast of 4, where WCAG 2 asks for 3 of
/// graphics.
pub(crate) fn on_dark(colour: Colour) -> Colour {
    const DARK: Colour = [22, 24, 28];
    let contrast = |colour| (luminance(colour) + 0.05) / (luminance(DARK) + 0.05);
    let steps = (0..20).map(|step| mix(colour, PAPER, f64::from(step) / 20.0));
    steps.into_iter().find(|&lighter| contrast(lighter) >= 4.0).unwrap_or(PAPER)
}

fn luminance(colour: Colour) -> f64 {
    let [r, g, b] = colour.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Undoes the sRGB transfer curve.
fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_classes_have_colours_of_their_own() {
        let classes = Classes::of([3, 1, 3].into_iter());
        assert_eq!((classes.own.clone(), classes.called()), (vec![1, 3], None));
        // Class c has c + 1 examples, so 0, 1 and 2 of 13 are the smallest.
        let classes = Classes::of((0..13).flat_map(|class| vec![class; class as usize + 1]));
        assert_eq!((classes.own.clone(), classes.others), ((3..13).collect(), 3));
        assert_eq!([classes.place(2), classes.place(3), classes.place(12)], [None, Some(0), Some(9)]);
        assert_eq!(classes.called().unwrap(), "3 others");
    }

    type Matrix = [[f64; 3]; 3];

    fn times(m: Matrix, v: [f64; 3]) -> [f64; 3] {
        m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }

    /// OKLab (Ottosson, 2020), from linear RGB.
    fn oklab(rgb: [f64; 3]) -> [f64; 3] {
        const TO_CONES: Matrix = [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ];
        const TO_LAB: Matrix = [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ];
        times(TO_LAB, times(TO_CONES, rgb).map(f64::cbrt))
    }

    /// What eyes without the long, medium or short cones see (Machado et al., 2009, severity 1).
    const VISION: [(&str, f64, Matrix); 4] = [
        ("full", 0.17, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protan",
            0.12,
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
        ),
        (
            "deutan",
            0.12,
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
        ),
        (
            "tritan",
            0.10,
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
        ),
    ];

    #[test]
    fn classes_stay_apart_for_every_eye() {
        for (vision, least, matrix) in VISION {
            let seen = CLASSES.map(|c| oklab(times(matrix, c.map(linear)).map(|v| v.clamp(0.0, 1.0))));
            for (i, a) in seen.iter().enumerate() {
                for (j, b) in seen.iter().enumerate().skip(i + 1) {
                    let gap = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(gap >= least, "{vision}: classes {i} and {j} are only {gap:.3} apart");
                }
            }
        }
    }

    #[test]
    fn the_ramp_grows_lighter_and_text_is_dark() {
        let shades: Vec<f64> = (0..=20).map(|i| luminance(ramp(f64::from(i) / 20.0))).collect();
        assert!(shades.is_sorted());
        assert!(CLASSES.into_iter().all(|c| luminance(legible(c)) < 0.19));
        assert_eq!(legible(INK), INK);
    }
}

//! Clouds of two-dimensional codes.

use super::Picture;
use super::axis::{Axis, range};
use super::canvas::{Align, Canvas, Point};
use super::chart::{ABOVE, BELOW, Chart};
use super::colour::{AXIS, CLASSES, Classes, Colour, INK, MUTED, OTHER, PAPER, legible, ramp};
use super::page::{MARGIN, page};
use super::text::{self, BODY, MARK, SMALL};

/// Side of the square in which the points lie.
const SIDE: f32 = 1100.0;
/// From the square to the legend, and between its lines.
const LEGEND_SPACE: f32 = 36.0;
const LEGEND_LINE: f32 = 40.0;

/// Codes `(z₁, z₂)` as half-transparent points, on axes with one scale for both. With at most ten distinct
/// labels each gets its own colour and its name at the median of its points; more labels are taken as
/// ordered and shown by a colour ramp. Names have no order: of more than ten, the largest classes keep a colour each, and
/// the others share grey. Labels that have a name are called so in place of their number. Without a `y_label` there is nothing to read on that
/// axis. Points that are not finite are left out.
///
/// # Panics
/// If there are labels, but not one for each point.
#[track_caller]
pub fn code_map(
    title: &str,
    x_label: &str,
    y_label: &str,
    points: &[[f32; 2]],
    labels: Option<&[u32]>,
    names: &[String],
) -> Picture {
    if let Some(labels) = labels {
        let (n, m) = (points.len(), labels.len());
        assert_eq!(n, m, "code_map: {n} points, but {m} labels");
    }
    let label = |i: usize| labels.map_or(0, |labels| labels[i]);
    let shown: Vec<(Point, u32)> = (points.iter().enumerate())
        .filter(|(_, point)| point.iter().all(|v| v.is_finite()))
        .map(|(i, &point)| (point, label(i)))
        .collect();
    let colours = Colours::new(&shown, labels.is_some() && names.is_empty());

    let (x, mut y) = axes(&shown);
    if y_label.is_empty() {
        y.ticks.clear();
    }
    let left = Chart::left_of(&y);
    let right = MARGIN + if labels.is_some() { LEGEND_SPACE + colours.width(names) } else { 0.0 };
    let (mut canvas, top) = page(title, left + SIDE + right, ABOVE + SIDE + BELOW);
    let chart = Chart { left, top: top + ABOVE, width: SIDE, height: SIDE, x, y };
    chart.draw(&mut canvas, x_label, y_label, true);

    draw_points(&mut canvas, &chart, &shown, &colours);
    if labels.is_some() {
        colours.draw_legend(&mut canvas, names, [chart.right() + LEGEND_SPACE, chart.top]);
    }
    if let Colours::Classes(classes) = &colours
        && labels.is_some()
    {
        draw_names(&mut canvas, &chart, &shown, &classes.own, names, &colours);
    }
    canvas.finish()
}

/// How labels become colours.
enum Colours {
    /// One each, at least for the largest classes.
    Classes(Classes),
    /// The smallest and the largest.
    Ramp(u32, u32),
}

impl Colours {
    fn new(points: &[(Point, u32)], ordered: bool) -> Colours {
        let classes = Classes::of(points.iter().map(|&(_, label)| label));
        let labels = || points.iter().map(|&(_, label)| label);
        match (labels().min(), labels().max()) {
            (Some(low), Some(high)) if ordered && classes.others > 0 => Colours::Ramp(low, high),
            _ => Colours::Classes(classes),
        }
    }

    fn of(&self, label: u32) -> Colour {
        match self {
            // Labels 0 to 9 keep their colours in every picture, even where a class is absent.
            Colours::Classes(Classes { own, others: 0 })
                if own.iter().all(|&l| (l as usize) < CLASSES.len()) =>
            {
                CLASSES[label as usize]
            }
            Colours::Classes(classes) => classes.place(label).map_or(OTHER, |place| CLASSES[place]),
            Colours::Ramp(low, high) => ramp(f64::from(label - low) / f64::from(high - low)),
        }
    }

    /// Text of the legend for each colour.
    fn entries(&self, names: &[String]) -> Vec<(Colour, String)> {
        let named = |label: &u32| (self.of(*label), name(*label, names));
        match self {
            Colours::Classes(classes) => {
                let others = classes.called().map(|called| (OTHER, called));
                classes.own.iter().map(named).chain(others).collect()
            }
            Colours::Ramp(low, high) => [low, high].into_iter().map(named).collect(),
        }
    }

    /// Width of the legend.
    fn width(&self, names: &[String]) -> f32 {
        let widths = self.entries(names).into_iter().map(|(_, name)| text::width(&name, BODY));
        widths.fold(0.0, f32::max) + LEGEND_LINE
    }

    fn draw_legend(&self, canvas: &mut Canvas, names: &[String], [x, y]: Point) {
        match self {
            Colours::Classes(_) => {
                for (i, (colour, name)) in self.entries(names).into_iter().enumerate() {
                    let y = y + 14.0 + LEGEND_LINE * i as f32;
                    canvas.dot([x + 10.0, y], 10.0, colour, 1.0);
                    canvas.text(&name, [x + 34.0, y], Align::Left, BODY, INK);
                }
            }
            Colours::Ramp(low, high) => {
                const HEIGHT: f32 = 400.0;
                for row in 0..HEIGHT as usize {
                    let colour = ramp(1.0 - row as f64 / f64::from(HEIGHT));
                    canvas.rectangle([x.round(), y + row as f32], 20.0, 1.0, colour);
                }
                let axis = Axis::linear(f64::from(*low), f64::from(*high), 5, true);
                for (value, label) in &axis.ticks {
                    let y = (y + HEIGHT * (1.0 - axis.position(*value))).round();
                    canvas.rectangle([x.round() + 20.0, y - 1.0], 7.0, 2.0, AXIS);
                    canvas.text(label, [x + 34.0, y], Align::Left, SMALL, MUTED);
                }
            }
        }
    }
}

/// Two axes over the same length: a unit of `z₁` is as long as a unit of `z₂`.
fn axes(points: &[(Point, u32)]) -> (Axis, Axis) {
    let ranges =
        [0, 1].map(|i| range(points.iter().map(|(point, _)| f64::from(point[i]))).unwrap_or((-1.0, 1.0)));
    let size = ranges.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
    // All points in one place: a window of about their own magnitude around them.
    let magnitude = ranges.iter().map(|(low, high)| low.abs().max(high.abs())).fold(0.0, f64::max);
    let half = if size > 1e-6 * magnitude { 0.53 * size } else { (0.1 * magnitude).max(1e-30) };
    let half = if magnitude == 0.0 { 1.0 } else { half };
    let [x, y] = ranges.map(|(low, high)| {
        let middle = (low + high) / 2.0;
        Axis::linear(middle - half, middle + half, 8, false)
    });
    (x, y)
}

fn draw_points(canvas: &mut Canvas, chart: &Chart, points: &[(Point, u32)], colours: &Colours) {
    let n = points.len();
    // The ink of all points together stays roughly the same, between a large and a barely visible dot.
    let radius = (250.0 / (n.max(1) as f32).sqrt()).clamp(3.2, 8.0);
    let alpha = if n > 3000 { 0.6 } else { 0.72 };
    // Points often come sorted by class, and the last class would bury the others. A stride of about the golden
    // section, made coprime to n, visits all of them once in a well mixed order.
    let mut stride = (n as f64 * 0.618) as usize;
    while n > 1 && gcd(stride, n) != 1 {
        stride += 1;
    }
    for i in 0..n {
        let ([x, y], label) = points[(i * stride) % n];
        canvas.dot(chart.place(f64::from(x), f64::from(y)), radius, colours.of(label), alpha);
    }
}

/// What a label is called, cut where it would take too much room.
fn name(label: u32, names: &[String]) -> String {
    const ENOUGH: usize = 16;
    match names.get(label as usize) {
        None => label.to_string(),
        Some(name) if name.chars().count() <= ENOUGH => name.clone(),
        Some(name) => name.chars().take(ENOUGH - 1).chain(['…']).collect(),
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Each class's name at the median of its points, moved apart where two medians are close.
fn draw_names(
    canvas: &mut Canvas,
    chart: &Chart,
    points: &[(Point, u32)],
    classes: &[u32],
    names: &[String],
    colours: &Colours,
) {
    let median = |class: u32, i: usize| {
        let mut values: Vec<f32> = points.iter().filter(|p| p.1 == class).map(|(p, _)| p[i]).collect();
        values.sort_by(f32::total_cmp);
        f64::from(values[values.len() / 2])
    };
    // A disc would hide a class of a few points altogether; for those the legend must do.
    let count = |class: u32| points.iter().filter(|p| p.1 == class).count();
    let classes: Vec<u32> = classes.iter().copied().filter(|&class| count(class) >= 8).collect();
    let names: Vec<String> = classes.iter().map(|&class| name(class, names)).collect();
    // Long names would hide the points; the legend has them.
    const SHORT: usize = 3;
    if names.iter().any(|name| name.chars().count() > SHORT) {
        return;
    }
    let radius = names.iter().map(|name| text::width(name, MARK)).fold(0.0, f32::max) / 2.0 + 14.0;
    let mut places: Vec<Point> =
        classes.iter().map(|&class| chart.place(median(class, 0), median(class, 1))).collect();
    part(&mut places, 2.0 * radius + 4.0);
    for ((name, [x, y]), &class) in names.iter().zip(places).zip(&classes) {
        let x = x.clamp(chart.left + radius, chart.right() - radius);
        let y = y.clamp(chart.top + radius, chart.bottom() - radius);
        // A disc of paper: letters set right onto the points drown, even with a halo.
        canvas.dot([x, y], radius, colours.of(class), 1.0);
        canvas.dot([x, y], radius - 3.5, PAPER, 1.0);
        canvas.text(name, [x, y], Align::Centre, MARK, legible(colours.of(class)));
    }
}

/// Moves discs apart, along the lines between their centres, until none overlap.
fn part(centres: &mut [Point], diameter: f32) {
    // Ten discs settle within some dozen rounds; the bound only guards against an endless shuffle.
    for _ in 0..500 {
        let mut moved = false;
        for i in 0..centres.len() {
            for j in i + 1..centres.len() {
                let [dx, dy] = std::array::from_fn(|k| centres[j][k] - centres[i][k]);
                let distance = dx.hypot(dy);
                if distance > diameter - 0.01 {
                    continue;
                }
                // Discs in exactly one place part in a direction that depends on which they are.
                let (sine, cosine) = (j as f32 * 2.4).sin_cos();
                let [dx, dy] = if distance < 1e-3 { [cosine, sine] } else { [dx / distance, dy / distance] };
                let push = (diameter - distance) / 2.0;
                centres[i] = [centres[i][0] - push * dx, centres[i][1] - push * dy];
                centres[j] = [centres[j][0] + push * dx, centres[j][1] + push * dy];
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_axes_have_one_scale() {
        let (x, y) = axes(&[([0.0, 0.0], 0), ([10.0, 1.0], 0)]);
        let unit = |axis: &Axis| axis.position(1.0) - axis.position(0.0);
        assert!((unit(&x) - unit(&y)).abs() < 1e-6);
        assert!((unit(&x) - 1.0 / 10.6).abs() < 1e-6);
    }

    #[test]
    fn every_class_shows_its_colour() {
        let points: Vec<[f32; 2]> = (0..10).map(|i| [i as f32, (i * i) as f32]).collect();
        let labels: Vec<u32> = (0..10).collect();
        let picture = code_map("classes", "z₁", "z₂", &points, Some(&labels), &[]);
        for colour in CLASSES {
            // The legend's dot is opaque, with a radius of 10.
            assert!(picture.pixels().filter(|pixel| *pixel == colour).count() > 200, "{colour:?}");
        }
    }

    #[test]
    fn of_many_names_the_largest_have_colours_and_one_number_has_one_axis() {
        // The classes 10 and 11 have a point each, the others two.
        let labels: Vec<u32> = (0..12).chain(0..10).collect();
        let points: Vec<[f32; 2]> = (0..22).map(|i| [i as f32, (i * i) as f32]).collect();
        let names: Vec<String> = (0..12).map(|label| format!("class {label}")).collect();
        let plain = code_map("", "z₁", "z₂", &points, None, &[]);
        let named = code_map("", "z₁", "z₂", &points, Some(&labels), &names);
        for colour in CLASSES.into_iter().chain([OTHER]) {
            assert!(
                named.pixels().filter(|pixel| *pixel == colour).count() > 200,
                "{colour:?} in the legend"
            );
        }
        assert!(
            code_map("", "z₁", "z₂", &points, Some(&labels), &[]).width() > plain.width(),
            "numbers have a ramp"
        );
        assert!(
            code_map("", "code", "", &points, None, &[]).width() < plain.width(),
            "no numbers at the left"
        );
    }

    #[test]
    fn names_are_pushed_apart() {
        let mut centres = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [200.0, 0.0]];
        part(&mut centres, 30.0);
        for (i, a) in centres.iter().enumerate() {
            for b in &centres[i + 1..] {
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) > 29.9, "{centres:?}");
            }
        }
        assert_eq!(centres[5], [200.0, 0.0]);
    }

    #[test]
    fn degenerate_clouds_do_not_panic() {
        let nan = f32::NAN;
        for points in
            [&[][..], &[[0.0, 0.0]], &[[nan, 1.0]], &[[3.0, 3.0]; 5], &[[f32::MAX, f32::MIN], [0.0, nan]]]
        {
            let labels: Vec<u32> = (0..points.len() as u32).map(|i| i * 1_000_000_007).collect();
            code_map("", "", "", points, None, &[]);
            code_map("", "", "", points, Some(&labels), &["a name that is rather long".into()]);
        }
        let line: Vec<[f32; 2]> = (0..100).map(|i| [i as f32, 0.0]).collect();
        code_map(&"title ".repeat(50), "x", "y", &line, Some(&Vec::from_iter(0..100)), &[]);
    }

    #[test]
    #[should_panic(expected = "2 points, but 1 labels")]
    fn a_label_for_each_point() {
        code_map("", "", "", &[[0.0, 0.0]; 2], Some(&[1]), &[]);
    }
}

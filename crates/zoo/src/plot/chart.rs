//! A rectangle with two axes, into which curves or points are drawn.

use super::axis::Axis;
use super::canvas::{Align, Canvas, Point};
use super::colour::{AXIS, GRID, INK, MUTED};
use super::page::MARGIN;
use super::text::{self, BODY, SMALL};

/// Room above the rectangle for the name of the vertical axis. It is written there, horizontally, because no
/// reader likes to tilt their head.
pub(super) const ABOVE: f32 = 60.0;
/// Room below it for tick labels and the name of the horizontal axis.
pub(super) const BELOW: f32 = 88.0;

/// Where the rectangle is, and what its sides mean.
pub(super) struct Chart {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Chart {
    /// Left edge of a chart whose widest vertical tick label just fits beside the margin.
    pub(super) fn left_of(y: &Axis) -> f32 {
        let widest = y.ticks.iter().map(|(_, label)| text::width(label, SMALL)).fold(0.0, f32::max);
        (MARGIN + widest + 14.0).round()
    }

    pub(super) fn right(&self) -> f32 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f32 {
        self.top + self.height
    }

    /// The pixel that stands for a pair of values.
    pub(super) fn place(&self, x: f64, y: f64) -> Point {
        [self.left + self.width * self.x.position(x), self.bottom() - self.height * self.y.position(y)]
    }

    /// Grid lines, ticks, names. Drawn first: data lie on top of them.
    pub(super) fn draw(&self, canvas: &mut Canvas, x_label: &str, y_label: &str, vertical_grid: bool) {
        for (value, label) in &self.y.ticks {
            let y = (self.bottom() - self.height * self.y.position(*value)).round();
            // A grid line that almost touches the axis would look like a misprint of it.
            if self.bottom() - y > 6.0 {
                canvas.rectangle([self.left, y - 1.0], self.width, 2.0, GRID);
            }
            canvas.text(label, [self.left - 14.0, y], Align::Right, SMALL, MUTED);
        }
        let mut free_from = 0.0;
        for (value, label) in &self.x.ticks {
            let x = (self.left + self.width * self.x.position(*value)).round();
            if vertical_grid {
                canvas.rectangle([x - 1.0, self.top], 2.0, self.height, GRID);
            }
            canvas.rectangle([x - 1.0, self.bottom()], 2.0, 8.0, AXIS);
            // A label that would touch its neighbour is left out; its tick stays.
            let half = text::width(label, SMALL) / 2.0;
            if x - half >= free_from {
                canvas.text(label, [x, self.bottom() + 26.0], Align::Centre, SMALL, MUTED);
                free_from = x + half + 12.0;
            }
        }
        canvas.rectangle([self.left, self.bottom() - 1.0], self.width, 2.0, AXIS);

        let name = text::shorten(y_label, BODY, self.right() - MARGIN);
        canvas.text(&name, [MARGIN, self.top - 42.0], Align::Left, BODY, INK);
        let name = text::shorten(x_label, BODY, self.width);
        let middle = self.left + self.width / 2.0;
        canvas.text(&name, [middle, self.bottom() + BELOW - 18.0], Align::Centre, BODY, INK);
    }
}

/// Moves label positions as little as possible so that neighbours are `gap` apart and all lie in
/// `[low, high]`. Order is kept. (If there is not enough room they overflow downwards, still apart.)
pub(super) fn spread(wanted: &[f32], gap: f32, low: f32, high: f32) -> Vec<f32> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));

    // Labels that would touch form a group, centred on the mean of its wishes; groups that touch merge.
    struct Group {
        members: usize,
        sum: f32,
    }
    let first = |group: &Group| {
        let half = gap * (group.members - 1) as f32 / 2.0;
        (group.sum / group.members as f32).min(high - half).max(low + half) - half
    };
    let mut groups: Vec<Group> = Vec::new();
    for &i in &order {
        let mut group = Group { members: 1, sum: wanted[i] };
        while let Some(above) = groups.last() {
            if first(above) + gap * above.members as f32 <= first(&group) + 1e-3 {
                break;
            }
            group = Group { members: group.members + above.members, sum: group.sum + above.sum };
            groups.pop();
        }
        groups.push(group);
    }

    let places = groups.iter().flat_map(|g| (0..g.members).map(|k| first(g) + gap * k as f32));
    let mut result = vec![0.0; wanted.len()];
    for (&i, place) in order.iter().zip(places) {
        result[i] = place;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_have_room_do_not_move() {
        assert_eq!(spread(&[50.0, 10.0, 90.0], 20.0, 0.0, 100.0), [50.0, 10.0, 90.0]);
    }

    #[test]
    fn crowded_labels_part_symmetrically_and_stay_inside() {
        assert_eq!(spread(&[50.0, 50.0], 20.0, 0.0, 100.0), [40.0, 60.0]);
        assert_eq!(spread(&[99.0, 98.0, 97.0], 20.0, 0.0, 100.0), [100.0, 80.0, 60.0]);
        let places = spread(&[3.0, 4.0, 31.0, 33.0, 100.0], 20.0, 0.0, 100.0);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 20.0 - 1e-2), "{places:?}");
        assert!(places.iter().all(|place| (-0.01..=100.01).contains(place)), "{places:?}");
    }
}

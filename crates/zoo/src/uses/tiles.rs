//! Pictures of any size through a model of small ones: overlapping tiles, whose results are joined without a seam.
//!
//! Tiles of `t` pixels begin every `t − o` pixels, and every pixel of the result is a weighted mean of those of the tiles
//! that it lies in,
//!
//! > `y(p) = Σₖ w(p − pₖ) yₖ(p − pₖ) / Σₖ w(p − pₖ)`
//!
//! with a window `w` that rises as `sin²` over the `o` pixels of overlap at each side: one tile fades into the next, and the
//! edge of a tile, where a network knows only one side, counts for nothing. Beyond the edges of the picture its mirror image
//! is seen.
//!
//! ```
//! use zoo::uses::tiles::{Tiling, by_tiles};
//!
//! let photo: Vec<f32> = (0..3 * 50 * 70).map(|i| (i % 97) as f32 / 97.0).collect();
//! let tiling = Tiling { tile: [32, 32], overlap: [16, 16] };
//! let same = by_tiles(&photo, [3, 50, 70], tiling, |tiles| tiles.clone(), |_| {});
//! assert!(photo.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-6));
//! ```

use autograd::Tensor;

/// The size of tiles, and how far they overlap, in pixels, along height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Height and width of a tile, at least 1.
    pub tile: [usize; 2],
    /// The overlap of neighbours, at most half a tile.
    pub overlap: [usize; 2],
}

/// Numbers in the tiles that go through a model at once.
const AT_ONCE: usize = 1 << 18;

/// A picture of these channels, height and width, tile by tile through `model`, which takes `[tiles, channels × height ×
/// width]` to the same shape. `progress` is told the share that is done.
///
/// # Panics
/// If the picture has not the shape, is empty, or a tile is smaller than its overlaps.
#[track_caller]
pub fn by_tiles(
    picture: &[f32],
    [channels, height, width]: [usize; 3],
    tiling: Tiling,
    model: impl Fn(&Tensor<f32>) -> Tensor<f32>,
    mut progress: impl FnMut(f64),
) -> Vec<f32> {
    assert_eq!(picture.len(), channels * height * width, "by_tiles: numbers of the picture");
    assert!(!picture.is_empty(), "by_tiles: the picture is empty");
    let [rows, columns] =
        [0, 1].map(|axis| Along::new([height, width][axis], tiling.tile[axis], tiling.overlap[axis]));
    let places: Vec<[usize; 2]> =
        (0..rows.starts.len()).flat_map(|r| (0..columns.starts.len()).map(move |c| [r, c])).collect();
    let [high, wide] = tiling.tile;
    let numbers = channels * high * wide;
    let mut sums = vec![0.0; picture.len()];
    for (number, some) in places.chunks((AT_ONCE / numbers).max(1)).enumerate() {
        progress((number * (AT_ONCE / numbers).max(1)) as f64 / places.len() as f64);
        let value = |i: usize| {
            let ([r, c], inside) = (some[i / numbers], i % numbers);
            let (plane, row, column) = (inside / (high * wide), inside / wide % high, inside % wide);
            let at = [rows.mirrored(r, row), columns.mirrored(c, column)];
            picture[(plane * height + at[0]) * width + at[1]]
        };
        let tiles = model(&Tensor::from_fn([some.len(), numbers], value)).to_vec();
        for (&[r, c], tile) in some.iter().zip(tiles.chunks_exact(numbers)) {
            for (line, values) in tile.chunks_exact(wide).enumerate() {
                let (plane, row) = (line / high, line % high);
                let Some(y) = rows.inside(r, row) else { continue };
                let sums = &mut sums[(plane * height + y) * width..][..width];
                for (column, value) in values.iter().enumerate() {
                    if let Some(x) = columns.inside(c, column) {
                        sums[x] += rows.weight(y, row) * columns.weight(x, column) * value;
                    }
                }
            }
        }
    }
    progress(1.0);
    sums
}

/// Tiles along one axis.
struct Along {
    length: usize,
    /// Where tiles begin, beyond the edge for some.
    starts: Vec<isize>,
    window: Vec<f32>,
    /// The sum of the windows at each place.
    totals: Vec<f32>,
}

impl Along {
    #[track_caller]
    fn new(length: usize, tile: usize, overlap: usize) -> Self {
        assert!(
            tile > 0 && 2 * overlap <= tile,
            "by_tiles: tiles of {tile} pixels with overlaps of {overlap}"
        );
        let step = tile - overlap;
        let starts: Vec<isize> = (0..)
            .map(|k| (k * step) as isize - overlap as isize)
            .take_while(|start| *start < length as isize)
            .collect();
        let rise = |place: usize| match place < overlap {
            true => (0.5 * std::f64::consts::PI * (place as f64 + 0.5) / overlap as f64).sin().powi(2),
            false => 1.0,
        };
        let window: Vec<f32> = (0..tile).map(|i| (rise(i) * rise(tile - 1 - i)) as f32).collect();
        let mut along = Along { length, starts, window, totals: vec![0.0; length] };
        for start in 0..along.starts.len() {
            for place in 0..tile {
                if let Some(at) = along.inside(start, place) {
                    along.totals[at] += along.window[place];
                }
            }
        }
        along
    }

    /// The place in the picture, if it is in it.
    fn inside(&self, start: usize, place: usize) -> Option<usize> {
        usize::try_from(self.starts[start] + place as isize).ok().filter(|at| *at < self.length)
    }

    /// The place in the picture or its mirror images: `2 1 0 1 2 … 1 0 1`.
    fn mirrored(&self, start: usize, place: usize) -> usize {
        let last = self.length as isize - 1;
        let at = (self.starts[start] + place as isize).rem_euclid((2 * last).max(1));
        at.min(2 * last - at).max(0) as usize
    }

    fn weight(&self, at: usize, place: usize) -> f32 {
        self.window[place] / self.totals[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_comes_back_whatever_the_sizes() {
        for (shape, tile, overlap) in [
            ([1, 1, 1], [4, 4], [2, 2]),
            ([3, 5, 3], [8, 6], [4, 2]),
            ([1, 33, 65], [16, 16], [8, 5]),
            ([2, 17, 16], [1, 5], [0, 0]),
        ] {
            let picture: Vec<f32> = (0..shape.iter().product()).map(|i: usize| (i * i % 31) as f32).collect();
            let mut shares = vec![];
            let tiling = Tiling { tile, overlap };
            let same = by_tiles(&picture, shape, tiling, Clone::clone, |share| shares.push(share));
            for (a, b) in picture.iter().zip(&same) {
                assert!((a - b).abs() < 1e-4, "{shape:?}: {a} {b}");
            }
            assert!(shares.first() == Some(&0.0) && shares.last() == Some(&1.0) && shares.is_sorted());
        }
    }

    /// A model that sees only one side at the edges of its tiles gives other values there: they fade away.
    #[test]
    fn there_is_no_seam() {
        let flat = vec![0.5; 64 * 64];
        let worse_at_edges = |tiles: &Tensor<f32>| {
            Tensor::from_fn(tiles.shape(), |i| {
                let at = [i / 16 % 16, i % 16].map(|place| place.min(15 - place));
                0.5 + if at.contains(&0) { 0.4 } else { 0.0 }
            })
        };
        let tiling = Tiling { tile: [16, 16], overlap: [8, 8] };
        let found = by_tiles(&flat, [1, 64, 64], tiling, worse_at_edges, |_| {});
        let worst = found.iter().map(|value| (value - 0.5).abs()).fold(0.0, f32::max);
        assert!(worst < 0.02, "{worst}");
    }

    #[test]
    fn beyond_the_edge_is_the_mirror_image() {
        let along = Along::new(3, 8, 4);
        assert_eq!(along.starts, [-4, 0]);
        assert_eq!(
            (0..8).map(|place| along.mirrored(0, place)).collect::<Vec<_>>(),
            [0, 1, 2, 1, 0, 1, 2, 1]
        );
    }
}

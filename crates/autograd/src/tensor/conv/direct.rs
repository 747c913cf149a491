//! Convolution of a batch of images: the same arithmetic for all of them, so the lanes of a vector are images.
//!
//! Images are brought into the order `[channel, row, column, image]`. Then what one pixel of all images
//! contributes,
//!
//! > `y[o, p, ·] += w[o, c, k] · x[c, p · stride + k · dilation − padding, ·]`,
//!
//! is one number times a row of memory, and the sum over the channels and the places of the kernel is a
//! product of matrices whose rows are listed instead of copied ([`Listed`]). What lies in the padding is not
//! in the list.

use super::super::chunks::for_each_chunk;
use super::super::gemm::{LANES, Listed, Place, ROWS, Run};
use super::super::threads::{self, share};
use super::{Geometry, Tensor};
use crate::Real;

/// See [`Geometry::output`].
#[track_caller]
pub(super) fn output<T: Real>(g: &Geometry, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let [channels, filters, places] = g.in_one_group();
    let from = Side { channels, weight: places, size: g.input };
    let to = Side { channels: filters, weight: channels * places, size: g.output };
    let y = products(g, &images_last(x), from, w, to, |axis, output| g.reads(axis, output).collect());
    images_first(&y, g.output_shape())
}

/// See [`Geometry::input`].
#[track_caller]
pub(super) fn input<T: Real>(g: &Geometry, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let [channels, filters, places] = g.in_one_group();
    let from = Side { channels: filters, weight: channels * places, size: g.output };
    let to = Side { channels, weight: places, size: g.input };
    let x = products(g, &images_last(y), from, w, to, |axis, input| g.read_by(axis, input).collect());
    images_first(&x, g.input_shape())
}

/// One side of a convolution: images with so many channels in one group, so far apart in the weight.
struct Side {
    channels: usize,
    weight: usize,
    size: [usize; 2],
}

/// Every pixel of the result as a sum over the pixels it is `connected` with: along an axis, a list of the
/// place in the kernel and the position in `from`.
#[allow(unsafe_code)]
#[track_caller]
fn products<T: Real>(
    g: &Geometry,
    x: &Tensor<T>,
    from: Side,
    w: &Tensor<T>,
    to: Side,
    connected: impl Fn(usize, usize) -> Vec<(usize, usize)> + Sync,
) -> Tensor<T> {
    let (lanes, w) = (x.shape()[1], w.contiguous());
    let (x, w) = (x.as_slice().expect("contiguous"), w.as_slice().expect("contiguous"));
    let [height, width] = to.size;
    let columns: Vec<_> = (0..width).map(|column| connected(1, column)).collect();
    Tensor::build([g.groups * to.channels * height * width, lanes], |out: &mut [T]| {
        let place = Place { start: out.as_mut_ptr(), strides: [(height * width * lanes) as isize, 1] };
        let place = &place;
        // A series is an image of one line.
        let some = width.div_ceil(wanted_parts(g.groups * height));
        let parts = width.div_ceil(some);
        share(g.groups * height * parts, |task| {
            let (group, line, first) = (task / parts / height, task / parts % height, task % parts * some);
            let lines = connected(0, line);
            let mut runs = vec![];
            for (column, connected) in columns.iter().enumerate().skip(first).take(some) {
                runs.clear();
                for channel in 0..from.channels {
                    let (image, weight) = (group * from.channels + channel, channel * from.weight);
                    for (ky, y) in &lines {
                        for (kx, x) in connected {
                            let pixel = (image * from.size[0] + y) * from.size[1] + x;
                            let at = [weight + ky * g.kernel[1] + kx, pixel * lanes];
                            runs.push(at.map(|at| at as isize));
                        }
                    }
                }
                let pixel = (group * to.channels * height + line) * width + column;
                let sums = Listed {
                    rows: to.channels,
                    columns: lanes,
                    a: w[group * (w.len() / g.groups)..].as_ptr(),
                    row: to.weight as isize,
                    b: x.as_ptr(),
                    runs: &runs,
                    run: Run { length: 1, steps: [0, 0] },
                    first: true,
                    out: Place { start: place.start.wrapping_add(pixel * lanes), ..*place },
                };
                // SAFETY: the list was made from channels, places and positions that exist, and rows of x have
                // `lanes` numbers. The result's pixels in these columns of the line and in this group are this task's own.
                unsafe { sums.add_up() };
            }
        });
    })
}

/// In how many parts each of so many equally long tasks should be divided, so that no thread waits long for another.
fn wanted_parts(tasks: usize) -> usize {
    const PER_THREAD: usize = 8;
    match threads::count() {
        1 => 1,
        threads => (PER_THREAD * threads).div_ceil(tasks),
    }
}

/// See [`Geometry::weight`]. The sum over the images is the inner one here, so the lanes are filters.
#[allow(unsafe_code)]
#[track_caller]
pub(super) fn weight<T: Real>(g: &Geometry, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let [channels, filters, places] = g.in_one_group();
    let ([height, width], [lines, columns]) = (g.input, g.output);
    let (x, y) = (images_last(x), filters_last(g, y));
    let (row, lanes) = (x.shape()[1], y.shape()[3]);
    let (x, y) = (x.as_slice().expect("contiguous"), y.as_slice().expect("contiguous"));
    Tensor::build(g.weight_shape(), |w: &mut [T]| {
        let strides = [places as isize, (channels * places) as isize];
        let place = &Place { start: w.as_mut_ptr(), strides };
        // Nine places of a kernel would be five for one of two threads and four for the other.
        let some = channels.div_ceil(wanted_parts(g.groups * places)).next_multiple_of(ROWS);
        let parts = channels.div_ceil(some);
        share(g.groups * places * parts, |task| {
            let (group, k, first) = (task / parts / places, task / parts % places, task % parts * some);
            let at = |axis: usize, output: usize| {
                let k = [k / g.kernel[1], k % g.kernel[1]][axis];
                g.reads(axis, output).find(|&(place, _)| place == k).map(|(_, input)| input)
            };
            let mut runs = vec![];
            // Lines are added to the result one by one: rounding grows with the length of one only.
            for line in 0..lines {
                runs.clear();
                for column in 0..columns {
                    if let (Some(iy), Some(ix)) = (at(0, line), at(1, column)) {
                        let pixel = ((group * channels + first) * height + iy) * width + ix;
                        let output = (group * lines + line) * columns + column;
                        runs.push([pixel * row, output * g.batch * lanes].map(|at| at as isize));
                    }
                }
                let sums = Listed {
                    rows: some.min(channels - first),
                    columns: filters,
                    a: x.as_ptr(),
                    row: (height * width * row) as isize,
                    b: y.as_ptr(),
                    runs: &runs,
                    run: Run { length: g.batch, steps: [1, lanes as isize] },
                    first: line == 0,
                    out: Place {
                        start: place.start.wrapping_add((group * filters * channels + first) * places + k),
                        ..*place
                    },
                };
                // SAFETY: rows of x have a number for each image at least, and rows of y are filled up to
                // `lanes`. The elements of these channels at this place of the kernel are this task's own.
                unsafe { sums.add_up() };
            }
        });
    })
}

/// `[batch, …]` as one row for each pixel, filled up with zeros to whole vectors. Images that are the result of
/// a convolution lie like this already, unless something has brought them into another order since.
#[track_caller]
pub(super) fn images_last<T: Real>(x: &Tensor<T>) -> Tensor<T> {
    let batch = x.shape()[0];
    let lanes = batch.next_multiple_of(LANES);
    let rows = x.permute([1, 2, 3, 0]).reshape([x.len() / batch, batch]);
    if batch == lanes {
        return rows.contiguous();
    }
    let rows = rows.contiguous();
    let all = rows.as_slice().expect("contiguous");
    Tensor::build([x.len() / batch, lanes], |out| {
        for_each_chunk(out, PIXELS * lanes, |task, out| {
            let from = all[task * PIXELS * batch..].chunks_exact(batch);
            for (to, from) in out.chunks_exact_mut(lanes).zip(from) {
                to[..batch].copy_from_slice(from);
                to[batch..].fill(T::zero());
            }
        });
    })
}

/// The reverse of [`images_last`]: the same memory, seen as images.
pub(super) fn images_first<T: Real>(
    x: &Tensor<T>,
    [batch, channels, height, width]: [usize; 4],
) -> Tensor<T> {
    let images = x.reshape([channels, height, width, x.shape()[1]]);
    images.slice(3, ..batch).permute([3, 0, 1, 2])
}

/// `[batch, out, height, width]` as `[groups, height · width, batch, filters]`, filled up with zeros to whole
/// vectors.
#[track_caller]
fn filters_last<T: Real>(g: &Geometry, y: &Tensor<T>) -> Tensor<T> {
    let [_, filters, _] = g.in_one_group();
    let area = g.area();
    let lanes = filters.next_multiple_of(LANES);
    let y = match g.groups {
        1 => y.permute([2, 3, 0, 1]),
        groups => y.reshape([g.batch, groups, filters, g.output[0], g.output[1]]).permute([1, 3, 4, 0, 2]),
    };
    if filters == lanes {
        return y.contiguous().reshape([g.groups, area, g.batch, lanes]);
    }
    let y = y.contiguous();
    let all = y.as_slice().expect("contiguous");
    Tensor::build([g.groups, area, g.batch, lanes], |out| {
        for_each_chunk(out, PIXELS * lanes, |task, out| {
            let from = all[task * PIXELS * filters..].chunks_exact(filters);
            for (to, from) in out.chunks_exact_mut(lanes).zip(from) {
                to[..filters].copy_from_slice(from);
                to[filters..].fill(T::zero());
            }
        });
    })
}

/// Rows filled up by one task.
const PIXELS: usize = 64;

impl Geometry {
    /// Input channels, output channels, and places in the kernel.
    fn in_one_group(&self) -> [usize; 3] {
        [self.in_channels / self.groups, self.out_channels / self.groups, self.places()]
    }

    /// Along one axis: the places in the kernel, and the positions in the input, that an output position
    /// reads.
    pub(super) fn reads(&self, axis: usize, output: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..self.kernel[axis]).filter_map(move |k| {
            let at =
                (output * self.stride[axis] + k * self.dilation[axis]).checked_sub(self.padding[axis])?;
            (at < self.input[axis]).then_some((k, at))
        })
    }

    /// The reverse: the places in the kernel, and the output positions, that read an input position.
    pub(super) fn read_by(&self, axis: usize, input: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..self.kernel[axis]).filter_map(move |k| {
            let steps = (input + self.padding[axis]).checked_sub(k * self.dilation[axis])?;
            let output = steps / self.stride[axis];
            let hit = steps.is_multiple_of(self.stride[axis]) && output < self.output[axis];
            hit.then_some((k, output))
        })
    }
}

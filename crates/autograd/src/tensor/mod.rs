//! Tensors: plain values without any derivative.
//!
//! A [`Tensor`] is a header (shape, strides, offset) over a shared buffer. It is immutable and
//! cheap to clone; views change the header only.
//!
//! ```
//! use autograd::Tensor;
//!
//! let a = Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
//! assert_eq!(a.t().shape(), [3, 2]);
//! assert_eq!(a.t().to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
//! ```

mod accumulate;
mod axes;
mod chunks;
mod conv;
mod copy;
pub mod cost;
mod finite;
mod gemm;
mod index;
mod join;
mod lanes;
#[cfg(feature = "linalg")]
mod linear_algebra;
mod map;
mod matmul;
mod matrix;
mod planes;
mod pool;
mod reduce;
mod rows;
mod shape;
mod simd;
mod sort;
mod sums;
#[cfg_attr(not(feature = "rayon"), path = "one_thread.rs")]
mod threads;
mod update;
mod view;
mod walk;

use std::fmt;
use std::ops::Index;
use triomphe::Arc;

use crate::Real;

pub use axes::{Axes, Axis, Keep};
pub(crate) use conv::Geometry;
pub use index::Indices;
pub(crate) use index::{assert_in_range, assert_picks};
pub use lanes::Lanes;
#[cfg(feature = "linalg")]
pub use linear_algebra::Triangle;
#[cfg(feature = "linalg")]
pub(crate) use linear_algebra::square_size;
pub(crate) use matmul::matmul_shape;
pub use pool::Pool;
pub(crate) use rows::{largest_of, map_row, place_of, sum_by, sum_of_terms};
pub use shape::Shape;
pub use sort::SortOrder;

pub(crate) use axes::{dropped_shape, inverse, permutation, reduced_shape, resolve_axes};
pub(crate) use pool::MadeBy;
use pool::{Buffer, too_large};
use shape::{Strides, contiguous_strides, count, short_copy};
pub(crate) use shape::{broadcast, same_sizes};
pub(crate) use threads::share;
pub(crate) use view::bounds;

/// An immutable array of numbers with a shape.
pub struct Tensor<T: Real> {
    shape: Shape,
    strides: Strides,
    offset: usize,
    /// The number of elements, and whether they lie in memory in row-major order without gaps. Both follow from shape and
    /// strides, but every operation asks for them several times.
    len: usize,
    contiguous: bool,
    /// Without weak references, so that it is quickly seen whether it is shared.
    buffer: Arc<Buffer<T>>,
}

impl<T: Real> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        // Slices are copied as a whole; the derived clone would go through their elements one by one.
        Tensor {
            shape: self.shape.clone(),
            strides: short_copy(&self.strides),
            buffer: Arc::clone(&self.buffer),
            ..*self
        }
    }
}

impl<T: Real> Tensor<T> {
    fn from_buffer(shape: &[usize], buffer: Buffer<T>) -> Self {
        let (len, strides) = (shape.iter().product(), contiguous_strides(shape));
        let shape = Shape::from_slice(shape);
        Tensor { shape, strides, offset: 0, len, contiguous: true, buffer: Arc::new(buffer) }
    }

    /// A tensor of the given shape with elements in row-major order.
    ///
    /// # Panics
    /// If `data` does not have as many elements as the shape.
    #[track_caller]
    pub fn from_vec(shape: impl AsRef<[usize]>, data: Vec<T>) -> Self {
        let shape = shape.as_ref();
        let (len, given) = (count(shape), data.len());
        if len != given {
            panic!("from_vec: shape {shape:?} has {len} elements, but {given} were given");
        }
        Tensor::from_buffer(shape, Buffer::from_vec(data))
    }

    /// A tensor whose elements are written by `fill`, in row-major order, into memory that may hold
    /// anything before.
    ///
    /// # Panics
    /// If the shape has more elements than can be counted.
    #[track_caller]
    pub fn build(shape: impl AsRef<[usize]>, fill: impl FnOnce(&mut [T])) -> Self {
        let shape = shape.as_ref();
        let Some(mut buffer) = Buffer::stale(count(shape)) else { too_large::<T>(shape) };
        fill(buffer.as_mut_slice());
        Tensor::from_buffer(shape, buffer)
    }

    /// A tensor whose element at row-major position `i` is `f(i)`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// assert_eq!(Tensor::from_fn([2, 2], |i| i as f64).to_vec(), [0.0, 1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn from_fn(shape: impl AsRef<[usize]>, f: impl FnMut(usize) -> T) -> Self {
        let mut f = f;
        Tensor::build(shape, |out| out.iter_mut().enumerate().for_each(|(i, y)| *y = f(i)))
    }

    /// Every element equal to `value`.
    #[track_caller]
    pub fn full(shape: impl AsRef<[usize]>, value: f64) -> Self {
        Tensor::build(shape, |out| out.fill(T::of(value)))
    }

    /// All zeros.
    #[track_caller]
    pub fn zeros(shape: impl AsRef<[usize]>) -> Self {
        Tensor::full(shape, 0.0)
    }

    /// All ones.
    #[track_caller]
    pub fn ones(shape: impl AsRef<[usize]>) -> Self {
        Tensor::full(shape, 1.0)
    }

    /// The identity matrix: ones on the diagonal of an `[n, n]` matrix of zeros.
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        let one_or_zero = |i: usize| if i / n == i % n { T::one() } else { T::zero() };
        Tensor::from_fn([n, n], one_or_zero)
    }

    /// The numbers `0, 1, … count − 1`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// assert_eq!(Tensor::<f64>::arange(3).to_vec(), [0.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn arange(count: usize) -> Self {
        Tensor::from_fn([count], |i| T::of(i as f64))
    }

    /// `count` evenly spaced numbers from `start` to `end`, both included. A single one is `start`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// assert_eq!(Tensor::<f64>::linspace(0.0, 1.0, 5).to_vec(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// ```
    #[track_caller]
    pub fn linspace(start: f64, end: f64, count: usize) -> Self {
        let last = count.saturating_sub(1).max(1) as f64;
        // A weighted mean of the ends, so that both are exact.
        Tensor::from_fn([count], |i| T::of((start * (last - i as f64) + end * i as f64) / last))
    }

    /// A single number, of shape `[]`.
    #[track_caller]
    pub fn scalar(value: T) -> Self {
        Tensor::build([], |out| out[0] = value)
    }

    /// The sizes of the axes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address and size in bytes of the memory behind this tensor, which others may share.
    pub(crate) fn memory(&self) -> (usize, usize) {
        let data = self.buffer.as_slice();
        (data.as_ptr().addr(), size_of_val(data))
    }

    /// True of the very same tensor: the same header over the same memory.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
            && (&self.shape, &self.strides, self.offset) == (&other.shape, &other.strides, other.offset)
    }

    /// The only element of a tensor that has exactly one.
    ///
    /// # Panics
    /// If the tensor does not have exactly one element.
    #[track_caller]
    pub fn item(&self) -> T {
        if self.len() != 1 {
            panic!("item: the tensor has shape {:?}; it must have exactly one element", self.shape);
        }
        self.buffer.as_slice()[self.offset]
    }

    /// The elements in row-major order.
    #[track_caller]
    pub fn to_vec(&self) -> Vec<T> {
        let mut elements = vec![];
        if elements.try_reserve_exact(self.len()).is_err() {
            too_large::<T>(&self.shape);
        }
        elements.extend_from_slice(self.in_order(&mut None));
        elements
    }

    /// The elements in row-major order, if they lie so in memory (a view may not; see
    /// [`contiguous`](Self::contiguous)).
    pub fn as_slice(&self) -> Option<&[T]> {
        self.contiguous.then(|| &self.buffer.as_slice()[self.offset..][..self.len])
    }

    /// The elements in row-major order for writing. Copies them first if they are shared with
    /// another tensor or lie in another order.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let mut a = Tensor::<f64>::zeros([2]);
    /// let b = a.clone();
    /// a.make_mut()[0] = 1.0;
    /// assert_eq!((a.to_vec(), b.to_vec()), (vec![1.0, 0.0], vec![0.0, 0.0]));
    /// ```
    #[track_caller]
    pub fn make_mut(&mut self) -> &mut [T] {
        if !self.contiguous || !self.buffer.is_unique() {
            *self = self.copied();
        }
        self.alone().expect("a fresh copy is contiguous and not shared")
    }

    /// Memory for other numbers in this shape, in row-major order, if the present ones lie so and are not shared.
    pub(crate) fn reused(&mut self) -> Option<&mut [T]> {
        let stale = self.alone()?;
        pool::spoil(stale);
        Some(stale)
    }

    /// The elements in row-major order for writing, if they lie so and are not shared.
    fn alone(&mut self) -> Option<&mut [T]> {
        let buffer = if self.contiguous { Arc::get_mut(&mut self.buffer)? } else { return None };
        Some(&mut buffer.as_mut_slice()[self.offset..][..self.len])
    }

    /// The same numbers in the other precision (or the same).
    #[track_caller]
    pub fn cast<U: Real>(&self) -> Tensor<U> {
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        Tensor::from_fn(&self.shape, |i| U::of(data[i].as_f64()))
    }
}

impl<T: Real, const N: usize> Index<[usize; N]> for Tensor<T> {
    type Output = T;

    /// One element: `a[[i, j]]`.
    ///
    /// # Panics
    /// If there is not one index for each axis, or one is out of range.
    #[track_caller]
    fn index(&self, index: [usize; N]) -> &T {
        let inside = N == self.rank() && index.iter().zip(&self.shape).all(|(i, size)| i < size);
        assert!(inside, "index: {index:?} is not inside a tensor of shape {:?}", self.shape);
        let steps = index.iter().zip(&self.strides).map(|(&i, &stride)| i as isize * stride);
        &self.buffer.as_slice()[self.offset.strict_add_signed(steps.sum::<isize>())]
    }
}

impl<T: Real> From<T> for Tensor<T> {
    fn from(value: T) -> Self {
        Tensor::scalar(value)
    }
}

impl<T: Real> From<&Tensor<T>> for Tensor<T> {
    fn from(tensor: &Tensor<T>) -> Self {
        tensor.clone()
    }
}

impl<T: Real> PartialEq for Tensor<T> {
    /// Equal shapes and equal elements.
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.to_vec() == other.to_vec()
    }
}

impl<T: Real> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor{:?} ", self.shape)?;
        let values = self.to_vec();
        match values.len() {
            0..=16 => write!(f, "{values:?}"),
            n => write!(f, "[{:?}, {:?}, … {:?}] ({n} elements)", values[0], values[1], values[n - 1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn building_and_reading() {
        let a = Tensor::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        assert_eq!(a.as_slice().unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!((a.len(), a.rank()), (4, 2));
        assert_eq!(Tensor::scalar(7.0_f32).item(), 7.0);
        assert!(Tensor::<f64>::zeros([0, 3]).is_empty());
        assert_eq!(a.cast::<f32>().to_vec(), [1.0_f32, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn ready_made_tensors() {
        assert_eq!(Tensor::<f64>::eye(2).to_vec(), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(Tensor::<f64>::eye(0).shape(), [0, 0]);
        assert_eq!(Tensor::<f64>::linspace(-0.1, 0.7, 3).to_vec()[2], 0.7);
        assert_eq!(Tensor::<f64>::linspace(2.0, 3.0, 1).to_vec(), [2.0]);
        assert!(Tensor::<f64>::linspace(2.0, 3.0, 0).is_empty());
    }

    #[test]
    fn single_elements() {
        let a = Tensor::from_fn([2, 3], |i| i as f64);
        assert_eq!((a[[1, 0]], a.t()[[2, 1]], a.slice_step(1, ..3, -1)[[0, 0]]), (3.0, 5.0, 2.0));
        assert_eq!(Tensor::scalar(7.0)[[]], 7.0);
    }

    #[test]
    #[should_panic(expected = "index: [0, 3] is not inside a tensor of shape [2, 3]")]
    fn an_element_outside() {
        let _ = Tensor::<f64>::zeros([2, 3])[[0, 3]];
    }

    #[test]
    #[should_panic(expected = "shape [4294967296, 4294967296] has more elements than can be counted")]
    fn too_many_to_count() {
        Tensor::<f64>::from_vec([1 << 32, 1 << 32], vec![]);
    }

    #[test]
    #[should_panic(expected = "from_vec: shape [2, 3] has 6 elements, but 5 were given")]
    fn wrong_count() {
        Tensor::from_vec([2, 3], vec![0.0; 5]);
    }

    #[test]
    #[should_panic(expected = "item: the tensor has shape [2]; it must have exactly one element")]
    fn item_of_many() {
        Tensor::<f64>::zeros([2]).item();
    }
}

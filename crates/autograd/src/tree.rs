//! Parameter trees: structs whose leaves are tensors, and variables on a tape.
//!
//! A layer is written once, generic over the type of its leaves. `Linear<Tensor>` holds parameters;
//! `Linear<Var>` is the same layer on a tape, where it can compute.
//!
//! ```
//! use autograd::{Real, Tape, Tensor, Tree, Var, tree};
//!
//! struct Line<W> {
//!     slope: W,
//!     offset: W,
//! }
//! tree!(Line { slope, offset });
//!
//! impl<'t, T: Real> Line<Var<'t, T>> {
//!     fn at(&self, x: f64) -> Var<'t, T> {
//!         self.slope * x + self.offset
//!     }
//! }
//!
//! let line = Line { slope: Tensor::scalar(2.0), offset: Tensor::scalar(1.0) };
//! let (y, gradient) = autograd::value_and_grad(&line, |line, _tape| line.at(3.0));
//! assert_eq!((y, gradient.slope.item(), gradient.offset.item()), (7.0, 3.0, 1.0));
//! ```

use std::fmt;

use crate::{Indices, Real, Tensor, Var};

/// The types that may stand at the leaves of a tree: [`Tensor`], [`Var`], or nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand at a leaf of a model",
    label = "no leaf",
    note = "leaves are `Tensor`s, and `Var`s on a tape"
)]
pub trait Leaf: Sized {}

impl<T: Real> Leaf for Tensor<T> {}
impl<T: Real> Leaf for Var<'_, T> {}
impl Leaf for () {}

/// A tree with leaves of type `W`. Structs get it from the [`tree!`](crate::tree!) macro.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known as a tree of parameters with leaves `{W}`",
    label = "not a tree with such leaves",
    note = "a struct of your own is generic over its leaves, and below it stands what its parts are: \
            `struct Model<W> {{ layer: Linear<W>, scale: f64 }}` and `autograd::tree!(Model {{ layer; scale }});`",
    note = "in `tree!`, settings such as numbers stand after the semicolon"
)]
pub trait Tree<W: Leaf> {
    /// The same tree with other leaves.
    type With<V: Leaf>: Tree<V>;

    /// A tree of the results of `f` at every leaf, in order.
    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V>;

    /// Calls `f` at every leaf, in the same order as [`map`](Self::map).
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W));

    /// Calls `f` at every leaf, in the same order as [`map`](Self::map).
    fn visit(&self, f: &mut dyn FnMut(Name, &W)) {
        self.map(Name::Root, &mut |name, leaf| f(name, leaf));
    }
}

/// The path to a leaf: `encoder.layers.0.weight`. Names live on the stack while a tree is walked and
/// cost nothing until they are printed.
#[derive(Clone, Copy)]
pub enum Name<'a> {
    /// The whole tree.
    Root,
    /// A named part.
    Field(&'a Name<'a>, &'static str),
    /// A numbered part.
    Index(&'a Name<'a>, usize),
    /// The same leaf as its parent, marked as a [`Buffer`](crate::Buffer).
    Buffer(&'a Name<'a>),
    /// The same part as its parent, marked as [`Frozen`].
    Frozen(&'a Name<'a>),
}

impl Name<'_> {
    /// True of a leaf in a [`Buffer`](crate::Buffer), which is stored with the model, but not trained.
    pub fn is_buffer(&self) -> bool {
        matches!(self, Name::Buffer(_))
    }

    /// True of a leaf in a [`Frozen`] part, which is not trained and has no gradient.
    pub fn is_frozen(&self) -> bool {
        match self {
            Name::Root => false,
            Name::Frozen(_) => true,
            Name::Field(parent, _) | Name::Index(parent, _) | Name::Buffer(parent) => parent.is_frozen(),
        }
    }

    /// True of a parameter: a leaf that an optimizer changes.
    pub fn is_trained(&self) -> bool {
        !self.is_buffer() && !self.is_frozen()
    }

    fn is_empty(&self) -> bool {
        match self {
            Name::Root => true,
            Name::Buffer(same) | Name::Frozen(same) => same.is_empty(),
            Name::Field(..) | Name::Index(..) => false,
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Root => Ok(()),
            Name::Field(parent, field) if parent.is_empty() => f.write_str(field),
            Name::Index(parent, index) if parent.is_empty() => write!(f, "{index}"),
            Name::Field(parent, field) => write!(f, "{parent}.{field}"),
            Name::Index(parent, index) => write!(f, "{parent}.{index}"),
            Name::Buffer(same) | Name::Frozen(same) => write!(f, "{same}"),
        }
    }
}

impl<W: Leaf> Tree<W> for W {
    type With<V: Leaf> = V;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> V {
        f(name, self)
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        f(name, self)
    }
}

impl<W: Leaf, P: Tree<W>> Tree<W> for Vec<P> {
    type With<V: Leaf> = Vec<P::With<V>>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
        self.iter().enumerate().map(|(i, part)| part.map(Name::Index(&name, i), f)).collect()
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        self.iter_mut().enumerate().for_each(|(i, part)| part.visit_mut(Name::Index(&name, i), f));
    }
}

impl<W: Leaf, P: Tree<W>, const N: usize> Tree<W> for [P; N] {
    type With<V: Leaf> = [P::With<V>; N];

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
        std::array::from_fn(|i| self[i].map(Name::Index(&name, i), f))
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        self.iter_mut().enumerate().for_each(|(i, part)| part.visit_mut(Name::Index(&name, i), f));
    }
}

impl<W: Leaf, P: Tree<W>> Tree<W> for Option<P> {
    type With<V: Leaf> = Option<P::With<V>>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
        self.as_ref().map(|part| part.map(name, f))
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        self.iter_mut().for_each(|part| part.visit_mut(name, f));
    }
}

/// Trees side by side. The parts of a tuple have types of their own, so each length needs an implementation.
macro_rules! tuple {
    ($($Part:ident $number:tt),+) => {
        /// Trees side by side: a model and its normalizer, a teacher and a pupil.
        impl<W: Leaf, $($Part: Tree<W>),+> Tree<W> for ($($Part),+) {
            type With<V: Leaf> = ($($Part::With<V>),+);

            fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
                ($(self.$number.map(Name::Index(&name, $number), f)),+)
            }
            fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
                $(self.$number.visit_mut(Name::Index(&name, $number), f);)+
            }
        }
    };
}
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// A part of a model that is not trained: a pretrained encoder under a new head, one of two players of a game. Its leaves
/// are constants on the tape, so that no work is done for their gradients, which are 0. Optimizers pass over it (see
/// [`Name::is_trained`]). A [`Buffer`](crate::Buffer) in it gets the values that are set. Names of leaves stay the same,
/// and so do files.
///
/// ```
/// use autograd::{Frozen, Tensor, value_and_grad};
///
/// let model = (Frozen(Tensor::scalar(3.0)), Tensor::scalar(2.0));
/// let (y, gradient) = value_and_grad(&model, |(Frozen(a), b), _tape| a * b);
/// assert_eq!((y, gradient.0.0.item(), gradient.1.item()), (6.0, 0.0, 3.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frozen<M>(pub M);

impl<W: Leaf, M: Tree<W>> Tree<W> for Frozen<M> {
    type With<V: Leaf> = Frozen<M::With<V>>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
        Frozen(self.0.map(Name::Frozen(&name), f))
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        self.0.visit_mut(Name::Frozen(&name), f)
    }
}

/// Whole numbers beside tensors: classes in a batch, words of a text. To a function they come as a variable that
/// `index_select`, `embedding`, `gather` and `one_hot` take.
///
/// They are no parameters: a change by [`visit_mut`](Tree::visit_mut) is lost.
///
/// ```
/// use autograd::{Indices, Recorded, Tensor};
///
/// let table = Tensor::from_vec([3, 1], vec![1.0, 10.0, 100.0]);
/// let words = Indices::from_vec([2], vec![2, 0]);
/// let mut sum = Recorded::new(&table, &words, |table, words, _tape| table.embedding(words).sum());
/// assert_eq!(sum.value(&table, &words).item(), 101.0);
/// assert_eq!(sum.value(&table, &Indices::from_vec([2], vec![1, 1])).item(), 20.0);
/// ```
impl<T: Real> Tree<Tensor<T>> for Indices {
    type With<V: Leaf> = V;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &Tensor<T>) -> V) -> V {
        f(name, &self.numbers())
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut Tensor<T>)) {
        f(name, &mut self.numbers())
    }
}

/// Makes a struct `Model<W>` a [`Tree`]: lists the fields that hold leaves or other trees and, after
/// a semicolon, the fields that are settings and are copied along.
///
/// `tree!(Linear { weight, bias });`  `tree!(Mlp { layers; activation });`
#[macro_export]
macro_rules! tree {
    ($Model:ident { $($part:ident),* $(; $($setting:ident),+)? $(,)? }) => {
        impl<W: $crate::Leaf> $crate::Tree<W> for $Model<W> {
            type With<V: $crate::Leaf> = $Model<V>;

            fn map<V: $crate::Leaf>(
                &self,
                name: $crate::Name,
                f: &mut dyn FnMut($crate::Name, &W) -> V,
            ) -> $Model<V> {
                $Model {
                    // Not `self.part.map(…)`: an option or an array has a method of that name.
                    $($part: $crate::Tree::<W>::map(
                        &self.$part,
                        $crate::Name::Field(&name, stringify!($part)),
                        f,
                    ),)*
                    $($($setting: self.$setting.clone(),)+)?
                }
            }

            fn visit_mut(&mut self, name: $crate::Name, f: &mut dyn FnMut($crate::Name, &mut W)) {
                $($crate::Tree::visit_mut(
                    &mut self.$part,
                    $crate::Name::Field(&name, stringify!($part)),
                    f,
                );)*
            }
        }
    };
}

#[cfg(test)]
mod tests;

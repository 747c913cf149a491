//! Parameter trees: structs whose leaves are tensors at rest and variables on a tape.
//!
//! A layer is written once, generic over what its leaves are. `Linear<Tensor>` is parameters at
//! rest; `Linear<Var>` is the same layer on a tape, where it can compute.
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

use crate::{Real, Tensor, Var};

/// What may stand at the leaves of a tree: [`Tensor`], [`Var`], or nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand at a leaf of a model",
    label = "no leaf",
    note = "leaves are `Tensor`s at rest and `Var`s on a tape"
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

/// Where a leaf is: `encoder.layers.0.weight`. Names live on the stack while a tree is walked and
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
}

impl Name<'_> {
    /// Whether the leaf belongs to a [`Buffer`](crate::Buffer): it is stored with the model, but not trained.
    pub fn is_buffer(&self) -> bool {
        matches!(self, Name::Buffer(_))
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Root => Ok(()),
            Name::Field(Name::Root, field) => f.write_str(field),
            Name::Index(Name::Root, index) => write!(f, "{index}"),
            Name::Field(parent, field) => write!(f, "{parent}.{field}"),
            Name::Index(parent, index) => write!(f, "{parent}.{index}"),
            Name::Buffer(leaf) => write!(f, "{leaf}"),
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

/// Trees side by side. The parts of a tuple have types of their own, so each length needs its own lines.
macro_rules! tuple {
    ($($Part:ident $number:tt),+) => {
        /// Trees side by side: a model and its normaliser, a teacher and a pupil.
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
mod tests {
    use super::*;
    use crate::Buffer;

    struct Perhaps<W> {
        part: Option<W>,
    }
    tree!(Perhaps { part });

    #[test]
    fn a_part_may_be_missing() {
        // `Option` has a `map` of its own, which must not be taken for the tree's.
        let leaves = |part| {
            let mut names = vec![];
            Perhaps { part }.visit(&mut |name, _: &Tensor<f64>| names.push(name.to_string()));
            names
        };
        assert_eq!(leaves(Some(Tensor::scalar(1.0))), ["part"]);
        assert!(leaves(None).is_empty());
    }

    #[derive(Clone)]
    struct Pair<W> {
        left: W,
        right: Vec<W>,
        scale: f64,
    }
    tree!(Pair { left, right; scale });

    fn pair() -> Pair<Tensor<f64>> {
        Pair { left: Tensor::scalar(1.0), right: vec![Tensor::scalar(2.0), Tensor::scalar(3.0)], scale: 7.0 }
    }

    #[test]
    fn names_and_order() {
        let mut names = vec![];
        pair().visit(&mut |name, leaf| names.push(format!("{name} = {}", leaf.item())));
        assert_eq!(names, ["left = 1", "right.0 = 2", "right.1 = 3"]);
        let mut again = vec![];
        pair().visit_mut(Name::Root, &mut |name, leaf| again.push(format!("{name} = {}", leaf.item())));
        assert_eq!(again, names);
    }

    #[test]
    fn settings_are_copied() {
        let doubled = pair().map(Name::Root, &mut |_, leaf| leaf.map(|x| 2.0 * x));
        assert_eq!((doubled.right[1].item(), doubled.scale), (6.0, 7.0));
    }

    #[test]
    fn buffers_keep_their_name_and_are_marked() {
        let mut both = [Buffer(pair().left), Buffer(pair().left)];
        let mut seen = vec![];
        both.visit(&mut |name, _| seen.push((name.to_string(), name.is_buffer())));
        assert_eq!(seen, [("0".to_owned(), true), ("1".to_owned(), true)]);
        both.visit_mut(Name::Root, &mut |name, leaf| {
            assert!(name.is_buffer());
            *leaf = Tensor::scalar(5.0);
        });
        assert_eq!(both[1].0.item(), 5.0);
        pair().visit(&mut |name, _| assert!(!name.is_buffer()));
    }

    #[test]
    fn parts_may_be_options_and_arrays() {
        struct Parts<W> {
            perhaps: Option<W>,
            three: [W; 3],
        }
        tree!(Parts { perhaps, three });
        let one = Tensor::scalar(1.0);
        for (perhaps, names) in
            [(None, "three.0 three.1 three.2"), (Some(one.clone()), "perhaps three.0 three.1 three.2")]
        {
            let mut parts = Parts { perhaps, three: [one.clone(), one.clone(), one.clone()] };
            let mut seen = vec![];
            parts.visit(&mut |name, _: &Tensor<f64>| seen.push(name.to_string()));
            assert_eq!(seen.join(" "), names);
            parts.visit_mut(Name::Root, &mut |_, leaf| *leaf = Tensor::scalar(2.0));
            assert_eq!(parts.three[2].item(), 2.0);
        }
    }

    #[test]
    fn trees_of_trees() {
        let nested = ([Some(pair()), None], pair().left);
        let mut names = vec![];
        nested.visit(&mut |name, _| names.push(name.to_string()));
        assert_eq!(names, ["0.0.left", "0.0.right.0", "0.0.right.1", "1"]);
    }

    #[test]
    fn tuples_of_three_and_of_four() {
        let one = Tensor::scalar(1.0);
        let three = (one.clone(), Some(one.clone()), pair());
        let (_, second, third) = three.map(Name::Root, &mut |_, leaf: &Tensor<f64>| leaf.map(|x| x + 1.0));
        assert_eq!((second.unwrap().item(), third.right[1].item()), (2.0, 4.0));
        let (mut four, mut names) = ((three, one.clone(), [one.clone()], one), vec![]);
        four.visit_mut(Name::Root, &mut |name, _: &mut Tensor<f64>| names.push(name.to_string()));
        let expected = ["0.0", "0.1", "0.2.left", "0.2.right.0", "0.2.right.1", "1", "2.0", "3"];
        assert_eq!(names, expected);
    }
}

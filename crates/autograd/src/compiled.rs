//! Functions that are compiled here, once for each precision, and not again in every crate that calls them.
//!
//! A method such as [`Var::tanh`] is generic, so it is compiled in every crate and every program that calls it. Its
//! operation is not to be: it has loops for three instruction sets, a rule, and all that these call. The same holds for a
//! sweep over a tape. So the generic function calls one that knows its precision, by a method of [`Compiled`].

use crate::replay::{Program, Traced};
use crate::{Gradients, Real, Tape, Tensor, Var, gradient, in_place, replay};

/// An operation of this crate on `N` variables; [`built_in`] implements it.
pub trait BuiltIn<const N: usize> {
    /// Applies it in single precision.
    #[track_caller]
    fn single(self, inputs: [Var<'_, f32>; N]) -> Var<'_, f32>;

    /// Applies it in double precision.
    #[track_caller]
    fn double(self, inputs: [Var<'_, f64>; N]) -> Var<'_, f64>;
}

/// Lists the operations of a file: by the method that applies them, and the number of their inputs.
macro_rules! built_in {
    ($($apply:ident $n:literal: $($op:ty),+;)+) => {
        $($(
            impl crate::compiled::BuiltIn<$n> for $op {
                #[inline(never)]
                fn single(self, inputs: [crate::Var<'_, f32>; $n]) -> crate::Var<'_, f32> {
                    crate::Var::$apply(self, inputs)
                }
                #[inline(never)]
                fn double(self, inputs: [crate::Var<'_, f64>; $n]) -> crate::Var<'_, f64> {
                    crate::Var::$apply(self, inputs)
                }
            }
        )+)+
    };
}
pub(crate) use built_in;

/// Methods of `f32` and `f64` that are the functions of this crate, compiled for them.
macro_rules! compiled {
    ($(fn $name:ident<$l:lifetime>($($x:ident: $X:ty),*) $(-> $Y:ty)? = $f:path;)*) => {
        /// A precision, with functions that are compiled for it.
        pub trait Compiled: Sized {
            /// Applies an operation of this crate and records it, as [`Var::apply`] and [`Var::choose`] do.
            #[doc(hidden)]
            #[track_caller]
            fn record<O: BuiltIn<N>, const N: usize>(op: O, inputs: [Var<'_, Self>; N]) -> Var<'_, Self>
            where
                Self: Real;

            $(
                #[doc(hidden)]
                #[track_caller]
                fn $name<$l>($($x: $X),*) $(-> $Y)?
                where
                    Self: Real;
            )*
        }

        compiled!(@ f32, single, $(fn $name<$l>($($x: $X),*) $(-> $Y)? = $f;)*);
        compiled!(@ f64, double, $(fn $name<$l>($($x: $X),*) $(-> $Y)? = $f;)*);
    };
    (@ $T:ty, $apply:ident, $(fn $name:ident<$l:lifetime>($($x:ident: $X:ty),*) $(-> $Y:ty)? = $f:path;)*) => {
        impl Compiled for $T {
            #[inline(always)]
            fn record<O: BuiltIn<N>, const N: usize>(op: O, inputs: [Var<'_, $T>; N]) -> Var<'_, $T> {
                op.$apply(inputs)
            }

            $(
                #[inline(never)]
                fn $name<$l>($($x: $X),*) $(-> $Y)? {
                    $f($($x),*)
                }
            )*
        }
    };
}

compiled! {
    fn pull<'t>(y: Var<'t, Self>, u: Tensor<Self>) -> Gradients<'t, Self> = gradient::pull;
    fn vjp_of<'t>(y: &[Var<'t, Self>], u: &[Var<'t, Self>], wrt: &[Var<'t, Self>]) -> Vec<Var<'t, Self>> = gradient::vjp_of;
    fn backward_and_forget<'t>(y: Var<'t, Self>, leaves: &[Var<'t, Self>], take: &mut dyn FnMut(usize, Tensor<Self>)) = in_place::backward_and_forget;
    fn gradient_nodes<'t>(y: Var<'t, Self>, leaves: &[Var<'t, Self>]) -> Vec<Var<'t, Self>> = replay::gradient_nodes;
    fn program<'a>(first: &'a Tape<Self>, second: &'a Tape<Self>, traced: [Traced; 2], with_gradient: bool) -> Program<Self> = replay::program;
    fn replay<'a>(program: &'a mut Program<Self>) = replay::replay;
}

//! Vectors of both types of numbers, as the kernels need them.

use pulp::{Arch, Simd};

use super::gemm::Work;

/// Vectors of `f32` or `f64`, as wide as the machine's.
pub trait Lanes: Copy {
    /// A vector.
    type V<S: Simd>: Copy;

    /// All lanes the same.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::V<S>;
    /// `a b + c`.
    fn mul_add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// `a + b`.
    fn add_vectors<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// The first lanes, as many as there are numbers; the others are zero.
    fn load_some<S: Simd>(simd: S, numbers: &[Self]) -> Self::V<S>;
    /// Writes the first lanes, as many as there is room for.
    fn store_some<S: Simd>(simd: S, numbers: &mut [Self], a: Self::V<S>);
    /// The sum of all lanes.
    fn sum_lanes<S: Simd>(simd: S, a: Self::V<S>) -> Self;

    /// Does the work with the machine's vectors. For one type it is one function: the kernels are compiled
    /// here, and not again in every crate that multiplies.
    #[doc(hidden)]
    fn run(work: Work<Self>);
}

macro_rules! lanes {
    ($t:ident, $v:ident, $splat:ident, $mul_add:ident, $add:ident, $load:ident, $store:ident, $sum:ident) => {
        impl Lanes for $t {
            type V<S: Simd> = S::$v;

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$v {
                simd.$splat(x)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn add_vectors<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn load_some<S: Simd>(simd: S, numbers: &[Self]) -> S::$v {
                simd.$load(numbers)
            }
            #[inline(always)]
            fn store_some<S: Simd>(simd: S, numbers: &mut [Self], a: S::$v) {
                simd.$store(numbers, a)
            }
            #[inline(always)]
            fn sum_lanes<S: Simd>(simd: S, a: S::$v) -> Self {
                simd.$sum(a)
            }
            #[inline(never)]
            fn run(work: Work<$t>) {
                Arch::new().dispatch(work);
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    splat_f32s,
    mul_add_e_f32s,
    add_f32s,
    partial_load_f32s,
    partial_store_f32s,
    reduce_sum_f32s
);
lanes!(
    f64,
    f64s,
    splat_f64s,
    mul_add_e_f64s,
    add_f64s,
    partial_load_f64s,
    partial_store_f64s,
    reduce_sum_f64s
);

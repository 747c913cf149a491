//! Loops compiled for the vector instructions of the machine they run on.

/// Runs a loop, compiled once for every instruction set (AVX-512, AVX2, the portable one) and chosen at
/// run time, so that a plain release build uses all that the processor has. The loop is ordinary code, which
/// the compiler vectorizes; additions are never reordered or contracted, so the bits are the same in all
/// of them.
///
/// Everything that the loop calls has to be inlined into it, closures too: `#[inline(always)]`.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnMut() -> R) -> R {
    pulp::Arch::new().dispatch(Work(work))
}

struct Work<F>(F);

impl<R, F: FnMut() -> R> pulp::WithSimd for Work<F> {
    type Output = R;

    // `FnOnce::call_once` of a closure is a function of its own: a loop of many steps would not be inlined, and take four
    // times as long.
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, _simd: S) -> R {
        (self.0)()
    }
}

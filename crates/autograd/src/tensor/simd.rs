//! Loops compiled for the vector instructions of the machine they run on.

/// Runs a loop, compiled once for every instruction set (AVX-512, AVX2, the portable one) and chosen at
/// run time, so that a plain release build uses all that the processor has. The loop is ordinary code, which
/// the compiler vectorises; additions are never reordered or contracted, so the bits are the same in all
/// of them.
///
/// Everything that the loop calls has to be inlined into it, closures too: `#[inline(always)]`.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

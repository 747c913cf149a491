//! Data for the steps.

/// Pixels of handwritten digits, 64 for each (8×8), from 0 (black) to 1 (white); 400 at most.
///
/// They are the first of the digits that `zoo` embeds (E. Alpaydin, C. Kaynak; CC BY 4.0).
///
/// # Panics
/// If more are wanted.
pub fn digits(count: usize) -> Vec<f64> {
    DIGITS[..count * 64].iter().map(|grey| f64::from(*grey) / 16.0).collect()
}

/// The bytes of 400 images, each pixel from 0 to 16.
const DIGITS: &[u8; 400 * 64] = include_bytes!("../data/digits.bin");

/// Points of two half circles that reach into each other, `[x, y]`, with their class: +1 or −1. Every second point is of
/// each class; `spread` is how far they lie from the circles at most.
pub fn moons(count: usize, spread: f64) -> Vec<([f64; 2], f64)> {
    let mut state = 1_u64;
    // A linear congruential generator: numbers from −1 to 1 that are irregular enough here.
    let mut irregular = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    let point = |i: usize| {
        let angle = std::f64::consts::PI * (i / 2) as f64 / (count / 2).max(2) as f64;
        let [dx, dy] = [irregular() * spread, irregular() * spread];
        let (x, y) = (angle.cos(), angle.sin());
        if i.is_multiple_of(2) { ([x + dx, y + dy], 1.0) } else { ([1.0 - x + dx, 0.5 - y + dy], -1.0) }
    };
    (0..count).map(point).collect()
}

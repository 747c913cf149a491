//! An adaptive range coder: symbols in, close to as few bytes as their probabilities allow out.
//!
//! The encoder narrows an interval of numbers, symbol by symbol, to a part as wide as the symbol is
//! probable (Martin 1979); any number in the last interval names them all, and takes `Σ −log₂ p` bits to
//! write, up to a few. Both sides count symbols as they pass, so no table of probabilities is stored.
//! Everything is integer arithmetic: what one machine writes, every other reads.
//!
//! ```
//! use zoo::uses::compression::range_coder::{Adaptive, Decoder, Encoder};
//!
//! let symbols = [0, 0, 0, 1, 0, 0, 2, 0];
//! let (mut encoder, mut model) = (Encoder::default(), Adaptive::new(3));
//! symbols.iter().for_each(|&symbol| encoder.write(symbol, &mut model));
//! let bytes = encoder.finish();
//!
//! let (mut decoder, mut model) = (Decoder::new(&bytes), Adaptive::new(3));
//! assert!(symbols.iter().all(|&symbol| decoder.read(&mut model) == symbol));
//! assert!(!decoder.is_past_end());
//! ```

/// Below this width the interval is moved to the next byte.
const NARROW: u32 = 1 << 24;
/// The largest sum of counts: at least 8 bits of the interval are left for every count.
const MOST: u32 = 1 << 16;
/// What one symbol adds to its count. A new alphabet has a count of 1 everywhere, so it is learnt fast.
const STEP: u32 = 24;

/// How often each symbol was seen, with old ones slowly forgotten.
#[derive(Clone, Debug)]
pub struct Adaptive {
    counts: Vec<u32>,
    total: u32,
}

impl Adaptive {
    /// Symbols `0` to `symbols − 1`, all equally probable.
    ///
    /// # Panics
    /// If there are none, or more than 4096.
    #[track_caller]
    pub fn new(symbols: usize) -> Self {
        assert!((1..=4096).contains(&symbols), "an alphabet of {symbols} symbols");
        Adaptive { counts: vec![1; symbols], total: symbols as u32 }
    }

    /// The count of all symbols before this one.
    fn start(&self, symbol: usize) -> u32 {
        self.counts[..symbol].iter().sum()
    }

    fn learn(&mut self, symbol: usize) {
        self.counts[symbol] += STEP;
        self.total += STEP;
        if self.total > MOST {
            self.counts.iter_mut().for_each(|count| *count = count.div_ceil(2));
            self.total = self.counts.iter().sum();
        }
    }
}

/// Writes symbols.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// The low end of the interval. Bit 32 is a carry into what was shifted out already.
    low: u64,
    width: u32,
    /// What was shifted out. A carry still changes its last byte, and those before while they are 255.
    bytes: Vec<u8>,
}

impl Default for Encoder {
    /// Nothing written yet.
    fn default() -> Self {
        Encoder { low: 0, width: u32::MAX, bytes: vec![] }
    }
}

impl Encoder {
    /// Appends a symbol, and counts it.
    ///
    /// # Panics
    /// If the alphabet has no such symbol.
    #[track_caller]
    pub fn write(&mut self, symbol: usize, model: &mut Adaptive) {
        let count = model.counts[symbol];
        let unit = self.width / model.total;
        self.low += u64::from(unit) * u64::from(model.start(symbol));
        self.width = unit * count;
        if self.low >> 32 != 0 {
            self.low &= 0xFFFF_FFFF;
            self.carry();
        }
        while self.width < NARROW {
            self.shift();
            self.width <<= 8;
        }
        model.learn(symbol);
    }

    /// The bytes of all symbols.
    pub fn finish(mut self) -> Vec<u8> {
        // The interval is at least 2²⁴ wide, so it holds a number whose last three bytes are 0; those
        // are not written, for the decoder takes what is missing as 0.
        self.low += u64::from(NARROW - 1);
        if self.low >> 32 != 0 {
            self.carry();
        }
        self.bytes.push((self.low >> 24) as u8);
        self.bytes
    }

    /// Adds 1 to the number written so far. It cannot overflow: the number is below 1 as a fraction.
    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    fn shift(&mut self) {
        self.bytes.push((self.low >> 24) as u8);
        self.low = (self.low << 8) & 0xFFFF_FFFF;
    }
}

/// Reads what an [`Encoder`] wrote. Damaged bytes give wrong symbols, never a panic.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    /// The next byte; it may be past the end.
    next: usize,
    /// The number, less the low end of the interval.
    offset: u32,
    width: u32,
}

impl<'a> Decoder<'a> {
    /// Begins to read.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Decoder { bytes, next: 0, offset: 0, width: u32::MAX };
        (0..4).for_each(|_| decoder.shift());
        decoder
    }

    /// The next symbol, which is counted.
    pub fn read(&mut self, model: &mut Adaptive) -> usize {
        let unit = self.width / model.total;
        let place = (self.offset / unit).min(model.total - 1);
        let (mut symbol, mut start) = (0, 0);
        while start + model.counts[symbol] <= place {
            start += model.counts[symbol];
            symbol += 1;
        }
        self.offset -= unit * start;
        self.width = unit * model.counts[symbol];
        while self.width < NARROW {
            self.shift();
            self.width <<= 8;
        }
        model.learn(symbol);
        symbol
    }

    /// Whether more bytes were needed than there are, beyond the three that an encoder leaves out.
    pub fn is_past_end(&self) -> bool {
        self.next > self.bytes.len() + 3
    }

    fn shift(&mut self) {
        let byte = self.bytes.get(self.next).copied().unwrap_or(0);
        self.offset = (self.offset << 8) | u32::from(byte);
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coded(symbols: &[usize], alphabet: usize) -> Vec<u8> {
        let (mut encoder, mut model) = (Encoder::default(), Adaptive::new(alphabet));
        symbols.iter().for_each(|&symbol| encoder.write(symbol, &mut model));
        encoder.finish()
    }

    proptest! {
        #[test]
        fn whatever_is_written_can_be_read(
            alphabet in 1_usize..300,
            bits in prop::collection::vec(any::<u32>(), 0..3000),
            skew in 0_u32..20,
        ) {
            let symbols: Vec<usize> = bits.iter().map(|&b| (b >> skew) as usize % alphabet).collect();
            let bytes = coded(&symbols, alphabet);
            let (mut decoder, mut model) = (Decoder::new(&bytes), Adaptive::new(alphabet));
            for &symbol in &symbols {
                prop_assert_eq!(decoder.read(&mut model), symbol);
            }
            prop_assert!(!decoder.is_past_end());
        }

        #[test]
        fn damaged_bytes_are_read_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            alphabet in 1_usize..300,
        ) {
            let (mut decoder, mut model) = (Decoder::new(&bytes), Adaptive::new(alphabet));
            for _ in 0..500 {
                prop_assert!(decoder.read(&mut model) < alphabet);
            }
        }
    }

    #[test]
    fn the_length_is_near_the_entropy() {
        // Symbol 1 once in 16: 0.3373 bits each.
        let mut state = 1_u64;
        let symbols: Vec<usize> = (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::from(state >> 60 == 0)
            })
            .collect();
        let ones = symbols.iter().sum::<usize>() as f64 / 1e5;
        let entropy = -(ones * ones.log2() + (1.0 - ones) * (1.0 - ones).log2());
        let bits = 8.0 * coded(&symbols, 2).len() as f64 / 1e5;
        assert!(bits > entropy * 0.999 && bits < entropy * 1.01, "{bits} {entropy}");
    }

    #[test]
    fn missing_bytes_are_noticed() {
        let symbols: Vec<usize> = (0..1000).map(|i| i * i % 17).collect();
        let bytes = coded(&symbols, 17);
        let (mut decoder, mut model) = (Decoder::new(&bytes[..bytes.len() / 2]), Adaptive::new(17));
        (0..1000).for_each(|_| _ = decoder.read(&mut model));
        assert!(decoder.is_past_end());
    }
}

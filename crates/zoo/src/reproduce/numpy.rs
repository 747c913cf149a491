//! Draws of NumPy's first generator, for protocols that are known by a seed: the Mersenne twister (Matsumoto and Nishimura 1998,
//! MT19937) and the order that `numpy.random.permutation` makes with it.

/// Words of the state.
const N: usize = 624;

struct Twister {
    state: [u32; N],
    at: usize,
}

impl Twister {
    /// As `numpy.random.seed` makes it.
    fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for i in 1..N {
            let before = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = before.wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Twister { state, at: N }
    }

    fn next(&mut self) -> u32 {
        if self.at == N {
            for i in 0..N {
                let both = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
                let odd = if both & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + 397) % N] ^ (both >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut word = self.state[self.at];
        self.at += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number from 0 to `most`, all equally probable.
    fn at_most(&mut self, most: u32) -> u32 {
        let mask = u32::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
        loop {
            let drawn = self.next() & mask;
            if drawn <= most {
                return drawn;
            }
        }
    }
}

/// The numbers below `n` in the order of `numpy.random.seed(seed); numpy.random.permutation(n)`, whose first `k` are
/// `numpy.random.choice(n, k, replace=False)`.
pub(super) fn permutation(n: usize, seed: u32) -> Vec<usize> {
    let mut from = Twister::new(seed);
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, from.at_most(i as u32) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::permutation;

    /// Printed by NumPy 2.4.
    #[test]
    fn the_order_is_that_of_numpy() {
        assert_eq!(permutation(20, 1234)[..10], [3, 13, 2, 16, 14, 5, 4, 0, 8, 18]);
        assert_eq!(permutation(17070, 1234)[..6], [14853, 7252, 7817, 8114, 11362, 10294]);
    }
}

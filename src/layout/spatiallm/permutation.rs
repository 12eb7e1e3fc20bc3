//! The permutations that the published code draws to shuffle its serialisation orders.
//!
//! Takes a seed, gives permutations: MT19937 (Matsumoto and Nishimura 1998), then a Fisher–Yates
//! shuffle from the front with the remainder of a 32-bit draw. It is here only so that a seeded run
//! of that code can be repeated; everything else random in this program comes from ChaCha.

const SIZE: usize = 624;
const MIDDLE: usize = 397;

/// The generator.
pub struct Mersenne {
    state: [u32; SIZE],
    next: usize,
}

impl Mersenne {
    /// Seeded as the authors' `init_genrand`.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; SIZE];
        for i in 1..SIZE {
            let before = state[i - 1];
            state[i] = (before ^ before >> 30).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Self { state, next: SIZE }
    }

    /// 32 random bits.
    pub fn draw(&mut self) -> u32 {
        if self.next == SIZE {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }

    fn refill(&mut self) {
        for i in 0..SIZE {
            let y = self.state[i] & 0x8000_0000 | self.state[(i + 1) % SIZE] & 0x7fff_ffff;
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + MIDDLE) % SIZE] ^ y >> 1 ^ odd;
        }
        self.next = 0;
    }

    /// A permutation of 0..count.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut drawn: Vec<usize> = (0..count).collect();
        for i in 0..count.saturating_sub(1) {
            let other = i + self.draw() as usize % (count - i);
            drawn.swap(i, other);
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_generator_is_reproduced() {
        // The ten-thousandth draw of the seed 5489 (C++ standard, [rand.predef]).
        let mut generator = Mersenne::new(5489);
        let last = (0..10_000).map(|_| generator.draw()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn permutations_hold_every_number_once() {
        let mut generator = Mersenne::new(7);
        let mut drawn = generator.permutation(9);
        assert_ne!(drawn, generator.permutation(9));
        drawn.sort_unstable();
        assert!(drawn.into_iter().eq(0..9));
        assert!(generator.permutation(0).is_empty());
    }
}

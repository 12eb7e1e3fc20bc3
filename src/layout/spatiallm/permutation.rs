//! The permutations that the published code draws to shuffle its serialisation orders.
//!
//! Takes a generator, gives permutations: a Fisher–Yates shuffle from the front with the remainder of
//! a 32-bit draw of MT19937 (Matsumoto and Nishimura 1998). It is here only so that a seeded run of
//! that code can be repeated; everything else random in this program comes from ChaCha.

use rand_mt::Mt;

/// A permutation of 0..count.
pub fn permutation(generator: &mut Mt, count: usize) -> Vec<usize> {
    let mut drawn: Vec<usize> = (0..count).collect();
    for i in 0..count.saturating_sub(1) {
        let other = i + generator.next_u32() as usize % (count - i);
        drawn.swap(i, other);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permutations_hold_every_number_once() {
        let mut generator = Mt::new(7);
        let mut drawn = permutation(&mut generator, 9);
        assert_ne!(drawn, permutation(&mut generator, 9));
        drawn.sort_unstable();
        assert!(drawn.into_iter().eq(0..9));
        assert!(permutation(&mut generator, 0).is_empty());
    }
}

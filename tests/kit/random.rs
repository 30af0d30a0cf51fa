//! Numbers that look random and are the same for the same seed.

/// Xorshift: <https://www.jstatsoft.org/article/view/v008i14>.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // Neighbours among the seeds start far from each other, and none starts at 0, where it would stay.
        let mixed = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Random((mixed ^ mixed >> 31) | 1);
        random.number();
        random
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number from 0 up to, but not including, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

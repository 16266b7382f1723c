//! String comparison whose duration does not depend on where two secrets differ.

use subtle::{Choice, ConstantTimeEq};

/// Text compared in constant time. It does not implement `PartialEq`, so `==` does not compile.
#[derive(Clone)]
pub(crate) struct ConstantTime<S>(S);

impl<S: AsRef<str>> ConstantTime<S> {
    pub(crate) fn new(text: S) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// Returns whether both texts are equal. The duration depends only on their lengths.
    pub(crate) fn is(&self, other: &ConstantTime<impl AsRef<str>>) -> bool {
        let (ours, theirs) = (self.as_str().as_bytes(), other.as_str().as_bytes());
        let is_same = |(ours, theirs): (&u8, &u8)| byte_is(*ours, *theirs);
        ours.len() == theirs.len()
            && bool::from(ours.iter().zip(theirs).map(is_same).fold(Choice::from(1), and))
    }
}

fn and(left: Choice, right: Choice) -> Choice {
    left & right
}

fn byte_is(ours: u8, theirs: u8) -> Choice {
    #[cfg(test)]
    tests::count_comparison();
    ours.ct_eq(&theirs)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        static COMPARED_BYTES: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count_comparison() {
        COMPARED_BYTES.set(COMPARED_BYTES.get() + 1);
    }

    /// Runs `compare`, and checks that it returns `expected` after comparing exactly `bytes` pairs of bytes, each in
    /// constant time.
    #[track_caller]
    pub(crate) fn check_compares(bytes: usize, expected: bool, compare: impl FnOnce() -> bool) {
        COMPARED_BYTES.set(0);
        let is_same = compare();
        assert_eq!((is_same, COMPARED_BYTES.get()), (expected, bytes));
    }

    #[test]
    fn comparison_does_not_stop_at_the_first_difference() {
        // L-5, S-11
        use super::ConstantTime;

        for (text, is_same) in [("right", true), ("wrong", false), ("xight", false), ("righx", false)] {
            check_compares(5, is_same, || ConstantTime::new("right").is(&ConstantTime::new(text)));
        }
        check_compares(0, false, || ConstantTime::new("right").is(&ConstantTime::new("righ")));
    }
}

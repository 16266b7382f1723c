//! Comparison that takes as long wherever two secrets differ.

use subtle::ConstantTimeEq;

/// Text that can be compared in constant time only. It has no `PartialEq`, so `==` does not compile.
#[derive(Clone)]
pub(crate) struct ConstantTime<S>(S);

impl<S: AsRef<str>> ConstantTime<S> {
    pub(crate) fn new(text: S) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// Whether both are the same text (S-11). Only their lengths have an influence on the time.
    pub(crate) fn is(&self, other: &ConstantTime<impl AsRef<str>>) -> bool {
        equal(self.as_str().as_bytes(), other.as_str().as_bytes())
    }
}

/// Of `T` only [`ConstantTimeEq`] is known, so `==` does not compile here either.
fn equal<T: ConstantTimeEq>(a: &[T], b: &[T]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use subtle::Choice;

    use super::*;

    /// A byte that counts how often it is compared.
    struct Counted<'a>(u8, &'a Cell<u32>);

    impl ConstantTimeEq for Counted<'_> {
        fn ct_eq(&self, other: &Self) -> Choice {
            self.1.set(self.1.get() + 1);
            self.0.ct_eq(&other.0)
        }
    }

    #[test]
    fn comparison_does_not_stop_at_the_first_difference() {
        // L-5, S-11
        for (text, is_same) in [(b"right", true), (b"wrong", false), (b"xight", false), (b"righx", false)] {
            let count = Cell::new(0);
            let [ours, theirs] = [b"right", text].map(|text| text.map(|byte| Counted(byte, &count)));
            assert_eq!((equal(&ours, &theirs), count.get()), (is_same, 5));
        }
    }
}

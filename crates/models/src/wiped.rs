//! Data that is borrowed if it is unchanged, and otherwise owned and wiped on drop.

use std::{borrow::Borrow as _, ops::Deref};

use zeroize::{Zeroize, Zeroizing};

/// A [`Cow`](std::borrow::Cow) whose owned data is wiped on drop.
pub(crate) enum WipedCow<'a, B: ToOwned<Owned: Zeroize> + ?Sized> {
    Borrowed(&'a B),
    Owned(Zeroizing<B::Owned>),
}

impl<B: ToOwned<Owned: Zeroize> + ?Sized> Deref for WipedCow<'_, B> {
    type Target = B;

    fn deref(&self) -> &B {
        match self {
            Self::Borrowed(data) => data,
            Self::Owned(data) => (**data).borrow(),
        }
    }
}

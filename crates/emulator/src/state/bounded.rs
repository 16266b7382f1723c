//! A map that forgets.

use std::collections::{HashMap, VecDeque};

/// The last [`LIMIT`](Self::LIMIT) values put in, by name: however many codes a client asks for, memory stays bounded.
pub(crate) struct BoundedMap<T> {
    values: HashMap<String, T>,
    /// Every name that was put in, oldest first; some may have been taken out since.
    order: VecDeque<String>,
}

impl<T> BoundedMap<T> {
    pub(crate) const LIMIT: usize = 10_000;

    pub(crate) fn new() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }

    /// Puts `value` in and forgets the oldest one beyond the limit.
    pub(crate) fn insert(&mut self, name: String, value: T) {
        if self.order.len() == Self::LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        self.order.push_back(name.clone());
        self.values.insert(name, value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.values.get(name)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<T> {
        self.values.remove(name)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut bounded = BoundedMap::new();
        for number in 0..=BoundedMap::<usize>::LIMIT {
            bounded.insert(number.to_string(), number);
        }
        assert_eq!(bounded.len(), BoundedMap::<usize>::LIMIT);
        assert_eq!(bounded.get("0"), None);
        assert_eq!(bounded.get("1"), Some(&1));
    }

    #[test]
    fn taking_out_does_not_let_the_order_grow() {
        let mut bounded = BoundedMap::new();
        for number in 0..3 * BoundedMap::<()>::LIMIT {
            bounded.insert(number.to_string(), ());
            bounded.remove(&number.to_string());
        }
        assert_eq!(bounded.order.len(), BoundedMap::<()>::LIMIT);
    }
}

//! A map of bounded size.

use std::collections::{HashMap, VecDeque};

/// A map that keeps the last [`LIMIT`](Self::LIMIT) values, so memory stays bounded however many a client creates.
pub(crate) struct BoundedMap<T> {
    values: HashMap<String, T>,
    /// Every key that was inserted, oldest first. Some may have been removed since.
    order: VecDeque<String>,
}

impl<T> BoundedMap<T> {
    pub(crate) const LIMIT: usize = 10_000;

    pub(crate) fn new() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new() }
    }

    /// Inserts `value` and removes the oldest value if there are too many.
    pub(crate) fn insert(&mut self, key: String, value: T) {
        if self.order.len() == Self::LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.values.insert(key, value);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.values.get(key)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        self.values.remove(key)
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
    fn oldest_value_is_dropped_first() {
        let mut bounded = BoundedMap::new();
        for number in 0..=BoundedMap::<usize>::LIMIT {
            bounded.insert(number.to_string(), number);
        }
        assert_eq!(bounded.len(), BoundedMap::<usize>::LIMIT);
        assert_eq!(bounded.get("0"), None);
        assert_eq!(bounded.get("1"), Some(&1));
    }

    #[test]
    fn removed_keys_do_not_accumulate() {
        let mut bounded = BoundedMap::new();
        for number in 0..3 * BoundedMap::<()>::LIMIT {
            bounded.insert(number.to_string(), ());
            bounded.remove(&number.to_string());
        }
        assert_eq!(bounded.order.len(), BoundedMap::<()>::LIMIT);
    }
}

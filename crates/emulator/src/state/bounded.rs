//! A map of bounded size.

use std::collections::{HashMap, VecDeque};

/// A map that keeps the last [`LIMIT`](Self::LIMIT) values, so memory stays bounded however many a client creates.
pub(crate) struct BoundedMap<T> {
    values: HashMap<String, T>,
    /// Every key, oldest first. Some may have been removed since.
    order: VecDeque<String>,
    has_been_full: bool,
}

impl<T> BoundedMap<T> {
    pub(crate) const LIMIT: usize = 10_000;

    pub(crate) fn new() -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), has_been_full: false }
    }

    /// Inserts `value` and removes the oldest value if there are too many.
    pub(crate) fn insert(&mut self, key: String, value: T) {
        while self.values.len() >= Self::LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        if self.order.len() > 2 * self.values.len() {
            self.order.retain(|key| self.values.contains_key(key));
        }
        if self.values.len() + 1 == Self::LIMIT && !self.has_been_full {
            // With twice the room, the map cleans up after removed values in place. Otherwise, it would grow once more,
            // at some later time.
            self.has_been_full = true;
            self.values.reserve(Self::LIMIT);
        }
        self.order.push_back(key.clone());
        self.values.insert(key, value);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.values.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.values.get_mut(key)
    }

    /// Returns the values, oldest first.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.order.iter().filter_map(|key| self.values.get(key))
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
        bounded.insert("kept".to_owned(), usize::MAX);
        for number in 0..3 * BoundedMap::<usize>::LIMIT {
            bounded.insert(number.to_string(), number);
            bounded.remove(&number.to_string());
            assert!(bounded.order.len() <= 3, "{number}");
        }
        bounded.insert("last".to_owned(), 0);
        assert_eq!(bounded.values().collect::<Vec<_>>(), [&usize::MAX, &0]);
    }

    #[test]
    fn removed_values_make_room_for_others() {
        let mut bounded = BoundedMap::new();
        for number in 0..BoundedMap::<usize>::LIMIT {
            bounded.insert(number.to_string(), number);
        }
        bounded.remove("5");
        bounded.insert("new".to_owned(), 0);
        assert_eq!(bounded.get("0"), Some(&0));
        bounded.insert("newer".to_owned(), 0);
        assert_eq!(bounded.get("0"), None);
        assert_eq!(bounded.len(), BoundedMap::<usize>::LIMIT);
    }
}

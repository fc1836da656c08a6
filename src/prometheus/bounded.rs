//! A map of at most a fixed number of entries: the one unused for longest makes room.

use std::collections::HashMap;
use std::hash::Hash;

/// A map that cannot grow past its limit, whatever keys a template makes up.
pub(super) struct Bounded<K, V> {
    limit: usize,
    /// Counts uses; an entry holds the count of its last one.
    uses: u64,
    entries: HashMap<K, (V, u64)>,
}

impl<K: Clone + Eq + Hash, V: Clone> Bounded<K, V> {
    /// An empty map of at most `limit` entries.
    pub(super) fn new(limit: usize) -> Bounded<K, V> {
        Bounded {
            limit,
            uses: 0,
            entries: HashMap::new(),
        }
    }

    /// The value of `key`, which counts as used.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        self.uses += 1;
        let (value, used) = self.entries.get_mut(key)?;
        *used = self.uses;
        Some(value.clone())
    }

    /// The value of `key`, or `value` if there was none: who comes second takes what the first has put there.
    pub(super) fn get_or_insert(&mut self, key: K, value: V) -> V {
        if let Some(value) = self.get(&key) {
            return value;
        }
        if self.entries.len() >= self.limit {
            let oldest = self.entries.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(key, (value.clone(), self.uses));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_unused_for_longest_goes() {
        let mut map = Bounded::new(2);
        map.get_or_insert("a", 1);
        map.get_or_insert("b", 2);
        assert_eq!(map.get_or_insert("a", 9), 1);
        map.get_or_insert("c", 3);
        assert_eq!(map.get(&"a"), Some(1));
        assert_eq!(map.get(&"b"), None);
        assert_eq!(map.get(&"c"), Some(3));
    }
}

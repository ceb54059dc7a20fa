//! What was worked out once in this process is not worked out again: a book that is built at
//! each save repeats all but one page of its work.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Results by what they were made from. It only grows: it lives as long as a program that builds
/// one book.
pub(crate) struct Memo<K, V>(Mutex<HashMap<K, V>>);

impl<K: Eq + Hash, V: Clone> Memo<K, V> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The result that is kept for `key`.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps `value` for `key`, and returns it.
    pub(crate) fn keep(&self, key: K, value: V) -> V {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key, value.clone());
        value
    }

    /// The result for `key`, made by `make` if it is asked for the first time.
    pub(crate) fn get_or(&self, key: K, make: impl FnOnce(&K) -> V) -> V {
        self.get(&key).unwrap_or_else(|| {
            let value = make(&key);
            self.keep(key, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_made_once() {
        let memo = Memo::new();
        let mut made = 0;
        for _ in 0..3 {
            let length = memo.get_or("four".to_owned(), |text| {
                made += 1;
                text.len()
            });
            assert_eq!(length, 4);
        }
        assert_eq!(made, 1);
        assert_eq!(memo.get(&"five".to_owned()), None);
    }
}

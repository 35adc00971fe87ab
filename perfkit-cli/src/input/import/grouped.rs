//! Values that belong together.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// What belongs to each key, in the order in which the keys came first.
pub(super) struct Groups<K, V> {
    pub(super) list: Vec<(K, V)>,
    places: HashMap<K, usize>,
}

impl<K, V> Default for Groups<K, V> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Default> Groups<K, V> {
    pub(super) fn of(&mut self, key: K) -> &mut V {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.add(key),
        };
        &mut self.list[place].1
    }

    /// Where in the list a key stands, which it does from now on.
    pub(super) fn place<Q>(&mut self, key: &Q) -> usize
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        match self.places.get(key) {
            Some(place) => *place,
            None => self.add(key.to_owned()),
        }
    }

    fn add(&mut self, key: K) -> usize {
        let place = self.list.len();
        self.places.insert(key.clone(), place);
        self.list.push((key, V::default()));
        place
    }

    /// The list alone, where nothing will be looked up any more.
    pub(super) fn into_list(self) -> Vec<(K, V)> {
        self.list
    }
}

/// The values of each key, in the order in which the keys came first.
pub(super) fn grouped<K, V>(values: impl IntoIterator<Item = (K, V)>) -> Vec<(K, Vec<V>)>
where
    K: Clone + Eq + Hash,
{
    let mut groups = Groups::default();
    for (key, value) in values {
        let group: &mut Vec<V> = groups.of(key);
        group.push(value);
    }
    groups.into_list()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_in_the_order_of_their_first_values() {
        let groups = grouped([("b", 1), ("a", 2), ("b", 3)]);
        assert_eq!(groups, [("b", vec![1, 3]), ("a", vec![2])]);
    }
}

//! Who is being told of what comes, so that nobody takes the turns of all others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::held::held;

/// Pages that are told at a time.
const MOST: usize = 200;
/// And of one visitor.
const MOST_OF_ONE: usize = 20;

/// Pages that are told at a time, by visitor.
#[derive(Clone, Default)]
pub(super) struct Listeners(Arc<Mutex<HashMap<String, usize>>>);

/// One of them; ends when it is dropped.
pub(super) struct Turn {
    listeners: Listeners,
    who: String,
}

impl Listeners {
    /// `None` where too many are told already.
    pub(super) fn turn(&self, who: String) -> Option<Turn> {
        let mut all = self.counts();
        let of_all: usize = all.values().sum();
        let of_one = all.get(&who).copied().unwrap_or_default();
        if of_all >= MOST || of_one >= MOST_OF_ONE {
            return None;
        }
        all.insert(who.clone(), of_one + 1);
        Some(Turn { listeners: self.clone(), who })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        held(&self.0)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut all = self.listeners.counts();
        if let Some(n) = all.get_mut(&self.who) {
            *n -= 1;
            if *n == 0 {
                all.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_visitor_leaves_turns_to_the_others() {
        let listeners = Listeners::default();
        let turns = |who: &str, n: usize| (0..n).map_while(|_| listeners.turn(who.to_owned())).collect::<Vec<_>>();
        let anna = turns("anna", MOST);
        assert_eq!((anna.len(), turns("bert", 1).len()), (MOST_OF_ONE, 1));
        let others: Vec<Turn> = (0..MOST).flat_map(|i| turns(&i.to_string(), 3)).collect();
        assert_eq!(others.len(), MOST - MOST_OF_ONE);
        drop((anna, others));
        assert!(turns("anna", 1).len() == 1 && listeners.counts().is_empty());
    }
}

//! Resources that callers share: each may have a part of them, so that none is starved by another.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A number of permits, of which each caller may hold a part at a time. Waiting requests get permits in their
/// order, within the caller's part and then within all.
#[derive(Debug)]
pub struct Shares<K> {
    all: Arc<Semaphore>,
    per_caller: usize,
    callers: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// Permits that a caller holds until they are dropped.
#[derive(Debug)]
pub struct SharePermit {
    _caller: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl<K: Debug + Hash + Eq + Clone> Shares<K> {
    /// Creates `total` permits, of which each caller may hold `per_caller`.
    #[must_use]
    pub fn new(total: usize, per_caller: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(total)), per_caller, callers: Mutex::default() }
    }

    /// Waits until a caller may have `count` more permits, which must not be more than its part. Returns `None` only if
    /// the permits were closed, which never happens.
    pub async fn acquire(&self, caller: &K, count: u32) -> Option<SharePermit> {
        let of_caller = self.caller(caller).acquire_many_owned(count).await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_many_owned(count).await.ok()?;
        Some(SharePermit { _caller: of_caller, _all: of_all })
    }

    /// Returns the permits of a caller. Callers that hold and wait for none are forgotten.
    fn caller(&self, caller: &K) -> Arc<Semaphore> {
        // No code that can panic runs under the lock, so it is never poisoned.
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = callers.get(caller) {
            return Arc::clone(found);
        }
        callers.retain(|_, permits| Arc::strong_count(permits) > 1);
        let permits = Arc::new(Semaphore::new(self.per_caller));
        callers.insert(caller.clone(), Arc::clone(&permits));
        permits
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn now<T>(future: impl Future<Output = Option<T>>) -> Option<T> {
        future.now_or_never().flatten()
    }

    #[test]
    fn a_caller_that_holds_its_part_waits_and_another_does_not() {
        let shares = Shares::new(3, 2);
        let first = now(shares.acquire(&"a", 2)).expect("its part");
        assert!(now(shares.acquire(&"a", 1)).is_none(), "more than its part");
        let _other = now(shares.acquire(&"b", 1)).expect("another's part");
        assert!(now(shares.acquire(&"c", 1)).is_none(), "all are held");
        drop(first);
        assert!(now(shares.acquire(&"c", 2)).is_some());
        assert!(now(shares.acquire(&"a", 2)).is_some());
    }

    #[test]
    fn callers_that_hold_nothing_are_forgotten() {
        let shares = Shares::new(10, 1);
        let held = now(shares.acquire(&0, 1));
        for caller in 1..100 {
            drop(now(shares.acquire(&caller, 1)));
        }
        assert!(held.is_some() && shares.callers.lock().expect("not poisoned").len() <= 2);
    }
}

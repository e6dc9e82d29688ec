//! Counts what the database was asked to do. The cost of a request is judged by it, because it does not depend on the
//! machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;

/// What one process has asked of its database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DatabaseActivity {
    /// Number of statements, without those that begin and end transactions.
    pub statements: u64,
    /// Number of write transactions that were saved.
    pub saved: u64,
    /// Number of those among them that waited for the disk.
    pub synced: u64,
    /// Number of write transactions that were not saved, or not yet.
    pub dropped: u64,
}

/// The counters of a store. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct ActivityCounters(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    statements: AtomicU64,
    started: AtomicU64,
    saved: AtomicU64,
    synced: AtomicU64,
}

impl ActivityCounters {
    pub(super) fn count_statement(&self) {
        self.0.statements.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_started(&self) {
        self.0.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_saved(&self, is_synced: bool) {
        self.0.saved.fetch_add(1, Ordering::Relaxed);
        self.0.synced.fetch_add(is_synced.into(), Ordering::Relaxed);
    }
}

impl Store {
    /// Returns what this process has asked of the database so far.
    #[must_use]
    pub fn activity(&self) -> DatabaseActivity {
        let counters = &self.activity.0;
        let saved = counters.saved.load(Ordering::Relaxed);
        DatabaseActivity {
            statements: counters.statements.load(Ordering::Relaxed),
            saved,
            synced: counters.synced.load(Ordering::Relaxed),
            dropped: counters.started.load(Ordering::Relaxed).saturating_sub(saved),
        }
    }
}

//! The ledger of the moment: none while it cannot be reached, another one when it can be again.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::ledger::Ledger;

/// Where the daemon's parts find the ledger; clones look at the same place.
#[derive(Clone, Default)]
pub struct Shelf(Arc<ArcSwapOption<Ledger>>);

impl Shelf {
    /// The ledger, if it can be used now.
    pub fn ledger(&self) -> Option<Ledger> {
        self.0.load().as_deref().cloned()
    }

    /// Puts a ledger there, or takes it away.
    pub fn put(&self, ledger: Option<Ledger>) {
        self.0.store(ledger.map(Arc::new));
    }
}

//! Wrappers around a whole provider: what every source and every target gets, whatever its kind.

mod expect;
mod read_only;
mod shared;

use super::contract::{Role, Store};

pub use expect::expecting;
pub use read_only::read_only;
pub use shared::share;

/// Wraps a freshly opened store for its role: a source cannot be written, a target is never written unseen.
pub fn fitted(store: Store, role: Role) -> Store {
    match role {
        Role::Source => read_only(store),
        Role::Target => expecting(store),
    }
}

//! Floor 1, how a store spells a name. Pure.

mod rule;

pub use rule::{Charset, Folding, Mount, Place, Rule, Teams};

//! How to get an empty store of each kind.

pub mod memory;

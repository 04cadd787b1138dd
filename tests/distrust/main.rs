//! The seeds of distrust: a source, a target, a network and a disk that change, lie, stall and die while the program works.
//!
//! The built program carries a metastore into a real Vault behind a proxy; Vault itself says afterwards what is true.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod calls;
mod ferry;
mod guards;
mod holders;
mod interrupted;
mod killed;
mod ledger;
mod metastore;
mod moved;
mod proxy;
mod sealed;
mod tokens;
mod undone;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod vault;
mod world;

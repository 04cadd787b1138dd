//! Survival: the program is killed, and its disk fails, at one system call after the other; afterwards one more run must
//! make the target as if it had run once.
//!
//! `strace` counts the calls of a clean run and strikes at one of them. What is true afterwards is asked outside the
//! program: Vault as root, files with another parser, the ledger with SQL. `make test` strikes at a few points spread over
//! all calls, `make soak` at each.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod controls;
mod disk;
#[path = "../no_leaks/fernet.rs"]
mod fernet;
#[path = "../distrust/ferry.rs"]
#[expect(dead_code, reason = "the seeds of distrust use the rest")]
mod ferry;
mod killed;
mod memory;
#[path = "../distrust/metastore.rs"]
#[expect(dead_code, reason = "the seeds of distrust use the rest")]
mod metastore;
mod resident;
mod strace;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod vault;
mod walk;
mod world;

//! No value is ever shown: canaries are planted wherever a secret can be, and looked for wherever a program can speak.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod aws;
mod canary;
mod clouds;
mod commands;
mod configs;
mod debug;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod faults;
mod fernet;
#[path = "../distrust/ferry.rs"]
#[expect(dead_code, reason = "the seeds of distrust use the rest")]
mod ferry;
mod ground;
#[path = "../distrust/metastore.rs"]
#[expect(dead_code, reason = "the seeds of distrust use the rest")]
mod metastore;
mod odd;
#[path = "../distrust/proxy.rs"]
#[expect(dead_code, reason = "the seeds of distrust use the rest")]
mod proxy;
mod texts;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod vault;

//! The command before real servers that refuse, lack something or are not there: what it prints, and what it ends with.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod keys;
mod mapped;
mod postgres;
mod readme;
mod rights;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod server;
#[path = "../cli/story.rs"]
mod story;
mod vault;

/// What `tests/servers/with.sh` tells.
fn told(name: &str) -> String {
    let variable = format!("SECRETFERRY_TEST_{name}");
    std::env::var(&variable).unwrap_or_else(|_| unreachable!("{variable} is not set: run `make test`"))
}

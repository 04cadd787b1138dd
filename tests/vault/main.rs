//! Vault for real: the core of HashiCorp Vault in memory, and a strict stub for what that core cannot do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod check;
mod faults;
mod listing;
mod marks;
mod server;
mod settings;
mod shop;
mod stub;
mod stubbed;
mod tls;
mod tokens;
mod versioned;
mod versionless;

//! Vault for real: the core of HashiCorp Vault in memory, and strict stubs for what that core cannot do and for
//! what it asks about us: a directory, a Kubernetes API, AWS STS.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod check;
mod directory;
mod faults;
mod identity;
mod kwargs;
mod listing;
mod marks;
mod methods;
mod server;
mod settings;
mod shop;
mod stub;
mod stubbed;
mod tls;
mod tokens;
mod versioned;
mod versionless;

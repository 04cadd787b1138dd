//! AWS Secrets Manager and Parameter Store: on moto, and on strict stubs for what moto never does.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with tests that use the rest")]
mod fakes;
mod ground;
mod moto;
#[cfg(feature = "aws-parameter-store")]
mod parameter_store;
#[cfg(feature = "aws-secrets-manager")]
mod secrets_manager;
#[cfg(feature = "aws-secrets-manager")]
mod secrets_manager_faults;

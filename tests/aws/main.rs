//! AWS Secrets Manager and Parameter Store: on moto, and on strict stand-ins for what moto never does.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod access;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod ferry;
mod ground;
mod idle;
mod kwargs;
mod moto;
#[cfg(feature = "aws-parameter-store")]
mod parameter_faults;
#[cfg(feature = "aws-parameter-store")]
mod parameter_store;
#[cfg(feature = "aws-secrets-manager")]
mod secrets_manager;
#[cfg(feature = "aws-secrets-manager")]
mod secrets_manager_faults;
#[cfg(feature = "aws-secrets-manager")]
mod secrets_manager_listing;
#[cfg(feature = "aws-secrets-manager")]
mod secrets_manager_undo;
mod shop;
mod there_and_back;
mod trust;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod vault_server;

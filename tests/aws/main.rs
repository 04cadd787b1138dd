//! AWS Secrets Manager and Parameter Store: on moto, and on strict stubs for what moto never does.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod ground;
mod moto;
#[cfg(feature = "aws-parameter-store")]
mod parameter_store;

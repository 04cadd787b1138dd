//! How to get an empty store of each kind.

#[cfg(feature = "aws")]
pub mod aws_fake;
#[cfg(all(feature = "aws-parameter-store", feature = "real-servers"))]
pub mod aws_parameter_store;
#[cfg(all(feature = "aws-secrets-manager", feature = "real-servers"))]
pub mod aws_secrets_manager;
#[cfg(feature = "azure-key-vault")]
pub mod azure;
#[cfg(feature = "environment")]
pub mod environment;
#[cfg(feature = "gcp-secret-manager")]
pub mod google;
#[cfg(feature = "local-files")]
pub mod local_files;
pub mod memory;
#[cfg(all(feature = "aws", feature = "real-servers"))]
#[path = "../../aws/moto.rs"]
#[expect(clippy::panic, dead_code, reason = "it is shared with the tests of AWS alone, which use all of it")]
mod moto;
#[cfg(all(feature = "vault", feature = "real-servers"))]
pub mod vault;

//! How to get an empty store of each kind.

#[cfg(all(feature = "aws-parameter-store", feature = "aws-secrets-manager"))]
pub mod aws_fake;
#[cfg(feature = "environment")]
pub mod environment;
#[cfg(feature = "local-files")]
pub mod local_files;
pub mod memory;
#[cfg(all(feature = "vault", feature = "real-servers"))]
pub mod vault;

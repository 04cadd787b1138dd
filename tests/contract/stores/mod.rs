//! How to get an empty store of each kind.

#[cfg(feature = "aws")]
pub mod aws_fake;
#[cfg(all(feature = "aws-parameter-store", feature = "real-servers"))]
pub mod aws_parameter_store;
#[cfg(feature = "environment")]
pub mod environment;
#[cfg(feature = "local-files")]
pub mod local_files;
pub mod memory;
#[cfg(all(feature = "vault", feature = "real-servers"))]
pub mod vault;

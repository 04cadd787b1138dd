//! Airflow started with exactly what `airflow-env` prints, and `init` fed with what Airflow was started with.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod airflow;
#[path = "../aws/moto.rs"]
#[expect(dead_code, reason = "it is shared with the tests of AWS alone, which use the rest")]
mod moto;
mod program;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod server;
mod there_and_back;
mod to_aws;
mod to_files;
mod to_vault;
mod vault;

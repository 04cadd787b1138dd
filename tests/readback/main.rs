//! Real Airflow reads what the product wrote: whole metastores carried by the program itself, read back field by field.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod airflow;
mod aws;
mod azure;
mod checker;
mod configs;
mod control;
mod copy;
mod deserved;
mod difference;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod ferry;
mod from_cfg;
mod from_secrets;
mod google;
mod journey;
mod metastore;
#[path = "../aws/moto.rs"]
#[expect(dead_code, reason = "it is shared with the tests of AWS alone, which use the rest")]
mod moto;
mod planted;
mod remarks;
mod rotation;
#[path = "../vault/server.rs"]
#[expect(dead_code, reason = "it is shared with the tests of Vault alone, which use the rest")]
mod server;
mod surroundings;
mod target;
mod texts;
mod to_aws;
mod to_azure;
mod to_files;
mod to_google;
mod to_texts;
mod to_vault;
mod vault;

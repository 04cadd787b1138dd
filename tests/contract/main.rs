//! One suite for every provider: what the contract of `secretferry::provider::Provider` promises, asked of each store.
//!
//! A new provider adds a file in `stores/` and a test below. Which cases apply is read from the store's capabilities;
//! what was skipped, and why, is printed (`cargo test --test contract -- --nocapture`).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may stop, and the suite says what it skipped")]

mod broken;
mod cases;
#[path = "../fakes/mod.rs"]
#[expect(dead_code, reason = "it is shared with all who need a cloud, and its own tests use the rest")]
mod fakes;
mod ground;
mod stores;
mod suite;

use secretferry::model::{Compare, Deletes, Revisions};

use crate::broken::{BROKEN, BrokenGround};
use crate::ground::Ground;
use crate::stores::memory::{MemoryGround, SHAPES};
use crate::suite::Report;

async fn passes(ground: &dyn Ground) -> Report {
    let report = suite::run(ground).await;
    println!("{report}");
    assert!(report.failed.is_empty(), "{report}");
    report
}

#[tokio::test]
async fn memory_in_every_shape() {
    for shape in SHAPES {
        passes(&MemoryGround::new(shape)).await;
    }
}

#[cfg(feature = "local-files")]
#[tokio::test]
async fn local_files() {
    use secretferry::provider::local_files::FileShape;
    for (shape, ending) in [
        (FileShape::Backend, "json"),
        (FileShape::Export, "json"),
        (FileShape::Backend, "yaml"),
        (FileShape::Backend, "env"),
    ] {
        passes(&stores::local_files::LocalFilesGround(shape, ending)).await;
    }
}

#[cfg(feature = "environment")]
#[tokio::test]
async fn environment() {
    use secretferry::provider::environment::EnvDialect;
    for dialect in [EnvDialect::Plain, EnvDialect::Compose] {
        passes(&stores::environment::EnvironmentGround(dialect)).await;
    }
}

#[cfg(all(feature = "vault", feature = "real-servers"))]
#[tokio::test]
async fn vault() {
    for version in [1, 2] {
        passes(&stores::vault::VaultGround(version)).await;
    }
}

#[cfg(feature = "aws-secrets-manager")]
#[tokio::test]
async fn secrets_manager_on_its_stand_in() {
    passes(&stores::aws_fake::AwsFakeGround::Secrets).await;
}

#[cfg(feature = "aws-parameter-store")]
#[tokio::test]
async fn parameter_store_on_its_stand_in() {
    passes(&stores::aws_fake::AwsFakeGround::Parameters).await;
}

#[cfg(feature = "azure-key-vault")]
#[tokio::test]
async fn azure_key_vault_on_its_stand_in() {
    passes(&stores::azure::AzureGround).await;
}

#[cfg(feature = "gcp-secret-manager")]
#[tokio::test]
async fn google_secret_manager_on_its_stand_in() {
    passes(&stores::google::GoogleGround).await;
}

#[cfg(all(feature = "aws-secrets-manager", feature = "real-servers"))]
#[tokio::test]
async fn aws_secrets_manager() {
    passes(&stores::aws_secrets_manager::SecretsManagerGround).await;
}

#[cfg(all(feature = "aws-parameter-store", feature = "real-servers"))]
#[tokio::test]
async fn aws_parameter_store() {
    passes(&stores::aws_parameter_store::ParameterStoreGround).await;
}

/// The suite must be able to fail: every planted defect is found by the case that is there for it.
#[tokio::test]
async fn every_defect_is_found() {
    for (defect, case) in BROKEN {
        let report = suite::run(&BrokenGround(*defect)).await;
        let found = report.failed.iter().any(|(failed, _)| failed == case);
        assert!(found, "{defect:?} was not found by {case:?}\n{report}");
    }
}

/// No case may be skipped everywhere: what the memory store does not cover in one shape, it covers in another, and what
/// takes a network, a stand-in of the cloud does.
#[tokio::test]
async fn every_case_applies_somewhere() {
    let mut grounds: Vec<Box<dyn Ground>> = Vec::new();
    grounds.extend(SHAPES.iter().map(|shape| Box::new(MemoryGround::new(shape)) as _));
    #[cfg(feature = "aws-secrets-manager")]
    grounds.push(Box::new(stores::aws_fake::AwsFakeGround::Secrets));
    let mut never: Vec<&str> = cases::all().map(|case| case.name).collect();
    for ground in grounds {
        let report = suite::run(ground.as_ref()).await;
        never.retain(|case| !report.passed.contains(case));
    }
    assert!(never.is_empty(), "cases that nobody runs: {never:?}");
}

#[test]
fn the_shapes_differ_where_stores_do() {
    let shapes: Vec<_> = SHAPES.iter().map(|shape| MemoryGround::new(shape).shape().capabilities).collect();
    for compare in [Compare::Set, Compare::Create, Compare::None] {
        assert!(shapes.iter().any(|shape| shape.compare == compare), "{compare:?}");
    }
    for revisions in [Revisions::Listing, Revisions::Stat, Revisions::None] {
        assert!(shapes.iter().any(|shape| shape.revisions == revisions), "{revisions:?}");
    }
    for deletes in [Deletes::Recoverable, Deletes::Final, Deletes::Total] {
        assert!(shapes.iter().any(|shape| shape.deletes == deletes), "{deletes:?}");
    }
}

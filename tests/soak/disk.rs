//! A disk that is full, or fails, from one system call on or at it alone: the run says so, and loses nothing.

use serde_json::Value;

use crate::strace::{Point, Struck, Times};
use crate::walk::{Tally, Walk, sampled};
use crate::world::{Scenario, Target};

/// How many points of a run `make test` strikes at, of each fault.
const FEW: usize = 5;

/// Calls that a disk can refuse.
const REFUSABLE: &[&str] = &[
    "write",
    "pwrite64",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "openat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "fchmod",
];

/// The beginnings of what a person is told to do.
const REMEDIES: &[&str] =
    &["Make room", "Check the disk", "Let the user", "free space", "see what is wrong", "Let it be there"];

/// What the disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It has no room from this call on.
    Full,
    /// It fails once.
    Broken,
}

impl Fault {
    const fn deed(self) -> &'static str {
        match self {
            Self::Full => "error=ENOSPC",
            Self::Broken => "error=EIO",
        }
    }

    const fn times(self) -> Times {
        match self {
            Self::Full => Times::FromThenOn,
            Self::Broken => Times::Once,
        }
    }
}

async fn survives(scenario: Scenario, target: Target, fault: Fault) {
    let mut walk = Walk::begin(scenario, target).await;
    let on_disk = |point: &Point| point.site.path.is_some() && REFUSABLE.contains(&point.site.call.as_str());
    let points: Vec<_> = walk.counts.changing().into_iter().filter(on_disk).collect();
    let mut tally = Tally::default();
    for point in sampled(points, FEW) {
        let struck = struck_at(&mut walk, &point, fault).await;
        tally.add(&point, &struck);
    }
    tally.close(&format!("{fault:?} in {scenario:?} to {target:?}"));
}

async fn struck_at(walk: &mut Walk, point: &Point, fault: Fault) -> Struck {
    let struck = walk.strike(point, fault.deed(), fault.times()).await;
    match struck.ended.code {
        // What is done when all is done, such as tidying the ledger's own files, may fail without a word.
        Some(0) => walk.is_as_if_it_had_run_once().await,
        Some(1 | 3) => says_what_and_what_to_do(&struck, point),
        _ => panic!("{point:?}: {struck:?}"),
    }
    walk.nothing_was_done_unannounced().await;
    walk.one_more_run_mends_all().await;
    struck
}

/// Insists on words for a person: the file, and a remedy.
fn says_what_and_what_to_do(struck: &Struck, point: &Point) {
    assert!(!struck.ended.err.contains("panicked"), "{point:?}: {struck:?}");
    let said = match serde_json::from_str::<Value>(&struck.ended.out) {
        Ok(report) => {
            let of_keys = report["outcomes"].as_array().into_iter().flatten().map(|step| step["detail"].to_string());
            std::iter::once(report["error"].to_string()).chain(of_keys).collect()
        }
        Err(_) => struck.ended.err.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let path = point.site.path.as_deref().unwrap_or_default();
    let files = ["ledger.db", "connections.json", "variables.json"];
    let concerned = files.iter().filter(|file| path.contains(*file));
    let named = concerned.clone().count() == 0 || concerned.into_iter().any(|file| said.contains(file));
    assert!(named, "{point:?} is not named: {said}");
    let advised = REMEDIES.iter().any(|remedy| said.contains(remedy));
    assert!(advised, "{point:?}: what is to be done? {said}");
}

#[tokio::test]
async fn a_full_disk_under_a_first_run_to_files() {
    survives(Scenario::First, Target::Files, Fault::Full).await;
}

#[tokio::test]
async fn a_failing_disk_under_a_first_run_to_files() {
    survives(Scenario::First, Target::Files, Fault::Broken).await;
}

#[tokio::test]
async fn a_full_disk_under_an_update_to_files() {
    survives(Scenario::Update, Target::Files, Fault::Full).await;
}

#[tokio::test]
async fn a_full_disk_under_an_update_to_vault() {
    survives(Scenario::Update, Target::Vault, Fault::Full).await;
}

#[tokio::test]
async fn a_failing_disk_under_an_update_to_vault() {
    survives(Scenario::Update, Target::Vault, Fault::Broken).await;
}

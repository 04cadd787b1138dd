//! Runs the cases against one ground and says what came of each.

use std::fmt;

use futures::future::BoxFuture;
use secretferry::provider::Error;

use crate::cases;
use crate::ground::{Ground, Site};

/// One promise of the contract.
pub struct Case {
    /// The promise, as a sentence.
    pub name: &'static str,
    /// Puts it to the test on an empty store.
    pub run: for<'a> fn(&'a Site) -> BoxFuture<'a, Verdict>,
}

/// What a case comes to.
pub type Verdict = Result<(), Stop>;

/// Why a case ended early.
#[derive(Debug)]
pub enum Stop {
    /// It does not apply to this store, for this reason.
    Skipped(String),
    /// The promise is broken.
    Failed(String),
}

// An unforeseen error of the store breaks the promise, whichever it is.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(format!("{error:?}"))
    }
}

/// What came of every case.
#[derive(Default)]
pub struct Report {
    ground: String,
    pub passed: Vec<&'static str>,
    pub skipped: Vec<(&'static str, String)>,
    pub failed: Vec<(&'static str, String)>,
}

/// Runs every case, each on a store of its own.
pub async fn run(ground: &dyn Ground) -> Report {
    let mut report = Report { ground: ground.name(), ..Report::default() };
    for case in cases::all() {
        let site = ground.empty().await;
        match (case.run)(&site).await {
            Ok(()) => report.passed.push(case.name),
            Err(Stop::Skipped(why)) => report.skipped.push((case.name, why)),
            Err(Stop::Failed(what)) => report.failed.push((case.name, what)),
        }
    }
    report
}

/// Ends the case unless the store can do what it is about.
pub fn applies(can: bool, why_not: &str) -> Verdict {
    if can { Ok(()) } else { Err(Stop::Skipped(why_not.to_owned())) }
}

/// Ends the case unless the ground could bring about what the case needs.
pub fn needs<T>(done: Option<T>, what: &str) -> Result<T, Stop> {
    done.ok_or_else(|| Stop::Skipped(format!("nobody can {what} here")))
}

/// Breaks the promise unless `held`.
pub fn ensure(held: bool, broken: impl Into<String>) -> Verdict {
    if held { Ok(()) } else { Err(Stop::Failed(broken.into())) }
}

/// Breaks the promise unless both are equal.
pub fn equal<T: PartialEq + fmt::Debug>(found: &T, expected: &T, what: &str) -> Verdict {
    ensure(found == expected, format!("{what}: found {found:?}, expected {expected:?}"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (passed, skipped, failed) = (self.passed.len(), self.skipped.len(), self.failed.len());
        writeln!(f, "{}: {passed} passed, {skipped} skipped, {failed} failed", self.ground)?;
        for (case, why) in &self.skipped {
            writeln!(f, "  skipped: {case} ({why})")?;
        }
        for (case, what) in &self.failed {
            writeln!(f, "  FAILED: {case}: {what}")?;
        }
        Ok(())
    }
}

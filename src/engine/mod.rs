//! Floor 4, one run: look at both sides, decide, act, settle, verify.

mod outcome;

pub use outcome::{Mismatch, RunReport, RunStatus, ShowReport, Sight, StepOutcome, Verified, VerifyReport};

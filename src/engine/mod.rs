//! Floor 4, one run: look at both sides, decide, act, settle, prove.

mod apply;
mod delete;
mod error;
mod expectation;
mod job;
mod lens;
mod outcome;
mod overrides;
mod preview;
mod read;
mod reduce;
mod seek;
mod settle;
mod show;
mod sides;
mod survey;
mod verify;
mod write;

pub use apply::{Run, apply};
pub use error::RunError;
pub use job::Job;
pub use lens::Lens;
pub use outcome::{Mismatch, RunReport, RunStatus, ShowReport, Sight, StepOutcome, Verified, VerifyReport};
pub use overrides::{Override, Overrides, Setting};
pub use preview::{Preview, Stores, lens, preview};
pub use reduce::{Carriage, FormChoice, Masked, Prepared, Reduced};
pub use settle::{Meant, Now, Settled, settle, settled};
pub use show::{sight, unopened};
pub use sides::Identity;
pub use verify::verify;

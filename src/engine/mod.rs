//! Floor 4, one run: look at both sides, decide, act, settle, prove.

mod apply;
mod delete;
mod error;
mod expectation;
mod job;
mod lens;
mod look_back;
mod outcome;
mod preview;
mod read;
mod reduce;
mod reverse;
mod run;
mod settle;
mod show;
mod sides;
mod survey;
mod undo;
mod verify;
mod write;

pub use apply::apply;
pub use error::RunError;
pub use job::Job;
pub use lens::Lens;
pub use outcome::{Mismatch, RunReport, RunStatus, ShowReport, Sight, StepOutcome, Verified, VerifyReport};
pub use preview::{Preview, Stores, lens, lens_on, preview};
pub use reduce::{Carriage, Masked, Prepared, Reduced};
pub use run::Run;
pub use settle::{Meant, Now, Settled, settle, settled};
pub use show::{sight, unopened};
pub use sides::Identity;
pub use undo::{preview_undo, undo};
pub use verify::verify;

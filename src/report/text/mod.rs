//! Reports for a terminal.

mod audit;
mod diff;
mod findings;
mod history;
mod plan;
mod reasons;
mod run;
mod schedule;
mod show;
mod verify;

pub use audit::{audit, audit_proof};
pub use findings::findings;
pub use history::{history, run_detail};
pub use plan::plan;
pub use run::run;
pub use schedule::schedule;
pub use show::show;
pub use verify::verify;

//! Floor 3, our SQL: what is known between runs. Flat rows and no decisions; it never sees a value.
//!
//! One task writes, any number of callers read. Everything is written down in `docs/ledger-format.md`.

mod address;
mod audit;
mod baseline;
mod clock;
mod conclude;
mod control;
mod database;
mod error;
mod fold;
mod history;
mod key_file;
mod known;
mod lease;
mod lock_file;
mod open;
mod overview;
mod peer;
mod postgres;
mod pulse;
mod runs;
mod schema;
mod settings;
mod sqlite;
mod standing;
mod steps;
mod verify;
mod writer;

pub use audit::{AuditFilter, AuditHead, AuditRow};
pub use baseline::{Remembered, Seen};
pub use conclude::{BaselineChange, Conclusion, Done, Failure, Settlement};
pub use error::LedgerError;
pub use fold::Folded;
pub use history::{Run, StepRecord};
pub use lease::{Holder, Lease, Term};
pub use open::Ledger;
pub use overview::{Control, Daemon, Overview, Peer, REMARKS, Remark, Standing};
pub use pulse::Terms;
pub use runs::{RunEnd, RunId, RunStart, RunStatus};
pub use settings::{LedgerSettings, LedgerUrl};
pub use standing::Concluded;
pub use steps::{Intent, StepId, StepState, Unsettled};
pub use verify::{AuditProof, Break};

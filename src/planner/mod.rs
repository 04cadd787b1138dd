//! Floor 2, what should change. Pure: it sees names and fingerprints, never a value, a clock or a socket.

mod case;
mod diff;
mod effort;
mod gone;
mod guard;
mod needs;
mod plan;
mod policy;
mod present;
mod side;
mod undo;

pub use diff::plan;
pub use effort::{Calls, Effort, effort};
pub use needs::{Deep, Needs, depth, needs};
pub use plan::{Plan, Remember, Step};
pub use policy::{DeletePolicy, DriftPolicy, ForeignPolicy, Policy, TombstonePolicy};
pub use side::{
    Baseline, BaselineEntry, Depth, FieldDigest, Fields, Owner, Sides, SourceContent, SourceFacts, SourceKey,
    SourceSide, TargetContent, TargetKey, TargetRules, TargetSide,
};
pub use undo::{Certainty, Past, Today, UndoNeeds, undo, undo_needs};

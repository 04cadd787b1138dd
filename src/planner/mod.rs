//! Floor 2, what should change. Pure: it sees names and fingerprints, never a value, a clock or a socket.

mod plan;
mod policy;
mod side;

pub use plan::{Plan, Remember, Step};
pub use policy::{DeletePolicy, DriftPolicy, ForeignPolicy, Policy, TombstonePolicy};
pub use side::{
    Baseline, BaselineEntry, Depth, FieldDigest, Owner, Sides, SourceContent, SourceFacts, SourceKey, SourceSide,
    TargetContent, TargetKey, TargetRules, TargetSide,
};

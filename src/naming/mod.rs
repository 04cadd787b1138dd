//! Floor 1, how a store spells a name. Pure.

mod airflow;
pub mod aws;
pub mod cloud;
mod collision;
mod conflict;
mod encode;
mod error;
mod filter;
mod lookup;
mod mapping;
mod meeting;
mod pattern;
mod rule;
mod template;

pub use airflow::{Remark, lookups, remarks};
pub use collision::{Collision, collisions};
pub use conflict::{Conflict, JobNames, Overlap, prefix_overlaps, shared_key, static_conflicts};
pub use encode::{Decoded, candidates, decode, encode};
pub use error::NameError;
pub use filter::{Filter, PatternError};
pub use lookup::{LookupPattern, LookupPatternError, LookupPatterns};
pub use mapping::{Mapping, Renamed};
pub use pattern::{Pattern, literal};
pub use rule::{Charset, Folding, Mount, Place, Rule, Teams};
pub use template::{Template, TemplateError};

//! The `[jobs.x.policy]` table.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::planner::{DeletePolicy, DriftPolicy, ForeignPolicy, Policy, TombstonePolicy};
use crate::settings::Percent;

/// The table as it is written; every key may be left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct PolicyTable {
    #[serde(with = "DeleteWord")]
    deletes: DeletePolicy,
    max_deletes: MaxDeletes,
    max_shrink: Percent,
    absent_for: NonZeroU32,
    allow_final_deletes: bool,
    #[serde(with = "ForeignWord")]
    foreign: ForeignPolicy,
    #[serde(with = "DriftWord")]
    drift: DriftPolicy,
    #[serde(with = "TombstoneWord")]
    tombstone: TombstonePolicy,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct MaxDeletes {
    count: u64,
    percent: Percent,
}

impl Default for MaxDeletes {
    fn default() -> Self {
        let Policy { max_deletes_count, max_deletes_percent, .. } = Policy::default();
        Self { count: max_deletes_count, percent: Percent(max_deletes_percent) }
    }
}

impl Default for PolicyTable {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            deletes: policy.deletes,
            max_deletes: MaxDeletes::default(),
            max_shrink: Percent(policy.max_shrink_percent),
            absent_for: NonZeroU32::new(policy.absent_for).unwrap_or(NonZeroU32::MIN),
            allow_final_deletes: policy.allow_final_deletes,
            foreign: policy.foreign,
            drift: policy.drift,
            tombstone: policy.tombstone,
        }
    }
}

impl From<PolicyTable> for Policy {
    fn from(table: PolicyTable) -> Self {
        Self {
            deletes: table.deletes,
            max_deletes_count: table.max_deletes.count,
            max_deletes_percent: table.max_deletes.percent.0,
            max_shrink_percent: table.max_shrink.0,
            absent_for: table.absent_for.get(),
            allow_final_deletes: table.allow_final_deletes,
            foreign: table.foreign,
            drift: table.drift,
            tombstone: table.tombstone,
        }
    }
}

// The planner's words, spelled for the config.
#[derive(Deserialize)]
#[serde(remote = "DeletePolicy", rename_all = "kebab-case")]
enum DeleteWord {
    Never,
    Owned,
}

#[derive(Deserialize)]
#[serde(remote = "ForeignPolicy", rename_all = "kebab-case")]
enum ForeignWord {
    Block,
    Adopt,
    Overwrite,
}

#[derive(Deserialize)]
#[serde(remote = "DriftPolicy", rename_all = "kebab-case")]
enum DriftWord {
    Block,
    Keep,
    Restore,
}

#[derive(Deserialize)]
#[serde(remote = "TombstonePolicy", rename_all = "kebab-case")]
enum TombstoneWord {
    Block,
    Restore,
}

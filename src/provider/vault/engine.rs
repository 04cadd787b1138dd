//! The KV engine of a store, of either version.

use super::kv1::{self, Kv1};
use super::kv2::{self, Kv2};
use super::layout::Area;
use super::ownership::MARKS;
use super::rule::KvVersion;
use super::{BATCH, entry};
use crate::model::{
    Capabilities, Compare, Deletes, ErrorKind, Listed, Listing, Mark, Quota, RemoteKey, Revision, Revisions, Tariff,
};
use crate::provider::{Entry, Error, Expect, Record, Result};

/// One of the two.
#[derive(Debug)]
pub(super) enum Engine {
    /// KV v1.
    One(Kv1),
    /// KV v2.
    Two(Kv2),
}

impl Engine {
    pub fn version(&self) -> KvVersion {
        match self {
            Self::One(_) => KvVersion::One,
            Self::Two(_) => KvVersion::Two,
        }
    }

    /// The part of the API that lists names.
    pub fn listing_area(&self) -> Area {
        match self {
            Self::One(_) => Area::Plain,
            Self::Two(_) => Area::Metadata,
        }
    }

    pub fn capabilities(&self, width: usize, listing: Listing, quotas: Vec<Quota>) -> Capabilities {
        let versioned = Capabilities {
            write: true,
            revisions: Revisions::Stat,
            compare: Compare::Set,
            deletes: Deletes::Recoverable,
            history: true,
            marks: Some(MARKS),
            read_batch: BATCH,
            width,
            max_value: Some(entry::LARGEST),
            empty_values: true,
            double_braces: true,
            listing_lag: std::time::Duration::ZERO,
            listing,
            tariff: Tariff { calls: kv2::CALLS, quotas },
        };
        match self {
            Self::Two(_) => versioned,
            Self::One(_) => Capabilities {
                revisions: Revisions::None,
                compare: Compare::None,
                deletes: Deletes::Final,
                history: false,
                marks: None,
                tariff: Tariff { calls: kv1::CALLS, ..versioned.tariff },
                ..versioned
            },
        }
    }

    pub async fn stat(&self, key: &RemoteKey) -> Result<Option<Listed>> {
        match self {
            Self::One(kv) => kv.stat(key).await,
            Self::Two(kv) => Ok(kv.metadata(key).await?.map(|seen| seen.listed(key))),
        }
    }

    pub async fn read(&self, key: &RemoteKey) -> Result<Option<Record>> {
        match self {
            Self::One(kv) => kv.read(key).await,
            Self::Two(kv) => kv.read(key).await,
        }
    }

    pub async fn write(&self, key: &RemoteKey, entry: &Entry, expect: &Expect) -> Result<Revision> {
        match self {
            Self::One(kv) => kv.write(key, &entry.value).await,
            Self::Two(kv) => kv.write(key, entry, expect).await,
        }
    }

    pub async fn claim(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        match self {
            Self::One(kv) => Err(unsupported(kv, key, "mark")),
            Self::Two(kv) => kv.claim(key, mark, expect).await,
        }
    }

    pub async fn release(&self, key: &RemoteKey, mark: &Mark, expect: &Expect) -> Result<Revision> {
        match self {
            Self::One(kv) => Err(unsupported(kv, key, "release")),
            Self::Two(kv) => kv.release(key, mark, expect).await,
        }
    }

    pub async fn delete(&self, key: &RemoteKey, expect: &Expect) -> Result<Option<Revision>> {
        match self {
            Self::One(kv) => kv.delete(key).await,
            Self::Two(kv) => kv.delete(key, expect).await,
        }
    }

    pub async fn keeps(&self, key: &RemoteKey, revision: &Revision) -> Result<bool> {
        match self {
            Self::One(_) => Ok(false),
            Self::Two(kv) => kv.keeps(key, revision).await,
        }
    }

    pub async fn restore(&self, key: &RemoteKey, revision: &Revision, expect: &Expect) -> Result<Revision> {
        match self {
            Self::One(kv) => Err(unsupported(kv, key, "restore")),
            Self::Two(kv) => kv.restore(key, revision, expect).await,
        }
    }
}

fn unsupported(kv: &Kv1, key: &RemoteKey, operation: &'static str) -> Error {
    let context = "KV v1 has neither versions nor metadata";
    Error::new(ErrorKind::Unsupported, operation, kv.requests.store(), context)
        .about(key)
        .with_remedy("`vault kv enable-versioning <mount>` makes it KV v2")
}

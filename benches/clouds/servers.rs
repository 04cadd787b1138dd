//! What stands in a cloud's place, and counts what it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cloud::Cloud;
use crate::moto::{Moto, REGION};

/// A server of the bench's own.
pub enum Server {
    /// The strict stand-in, in this process; how long each answer takes.
    StandIn(Cloud, Duration),
    /// moto, for a kind of store.
    Moto(Moto, &'static str),
}

impl Server {
    /// Starts the stand-in.
    pub fn stand_in(kind: &'static str, latency: Duration) -> Self {
        let cloud = Cloud::start(kind);
        cloud.set_latency(latency);
        Self::StandIn(cloud, latency)
    }

    /// Starts moto, where it knows the kind.
    pub fn moto(kind: &'static str) -> Option<Self> {
        kind.starts_with("aws-").then(|| Self::Moto(Moto::start(), kind))
    }

    /// What it is, in a word or two.
    pub fn name(&self) -> String {
        match self {
            Self::StandIn(_, latency) => format!("stand-in, {} ms", latency.as_millis()),
            Self::Moto(..) => "moto".to_owned(),
        }
    }

    /// The table of the config that leads there, without any pace of ours.
    pub fn table(&self) -> String {
        match self {
            Self::StandIn(cloud, _) => format!("{}\n{}\nwidth = 16", cloud.table(), cloud.unhurried()),
            Self::Moto(moto, kind) => format!(
                "kind = {kind:?}\nregion = {REGION:?}\nendpoint-url = {:?}\nwidth = 16\n\
                 auth = {{ method = \"static\", access-key-id = {{ env = \"KEY\" }}, secret-access-key = {{ env = \"KEY\" }} }}\n\
                 pace = {{ list = 1e6, read = 1e6, write = 1e6, delete = 1e6 }}",
                moto.address
            ),
        }
    }

    /// What belongs into the variable `KEY`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::StandIn(cloud, _) => cloud.key(),
            Self::Moto(..) => "any",
        }
    }

    /// How often each operation was asked for since this was last asked.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        match self {
            Self::StandIn(cloud, _) => cloud.counts(),
            Self::Moto(moto, _) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(moto.counts())
            }
        }
    }
}

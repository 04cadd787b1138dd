//! What stands in AWS's place, and counts what it is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fakes::aws::Aws;
use crate::fakes::server::Fake;
use crate::moto::Moto;

/// A server of the bench's own.
pub enum Server {
    /// The strict stand-in, in this process; how long each answer takes.
    StandIn(Fake<Aws>, Duration),
    /// moto.
    Moto(Moto),
}

impl Server {
    /// Starts the stand-in.
    pub fn stand_in(latency: Duration) -> Self {
        let fake = Aws::start();
        fake.set_latency(latency);
        Self::StandIn(fake, latency)
    }

    /// Starts moto.
    pub fn moto() -> Self {
        Self::Moto(Moto::start())
    }

    /// What it is, in a word or two.
    pub fn name(&self) -> String {
        match self {
            Self::StandIn(_, latency) => format!("stand-in, {} ms", latency.as_millis()),
            Self::Moto(_) => "moto".to_owned(),
        }
    }

    /// Its address.
    pub fn address(&self) -> &str {
        match self {
            Self::StandIn(fake, _) => &fake.address,
            Self::Moto(moto) => &moto.address,
        }
    }

    /// How often each operation was asked for since this was last asked.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        match self {
            Self::StandIn(fake, _) => fake.counts(),
            Self::Moto(moto) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(moto.counts())
            }
        }
    }
}

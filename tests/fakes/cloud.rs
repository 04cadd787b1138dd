//! The strict stand-ins of all stores of clouds behind one face: what a table of the config says of each, and what it counted.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use crate::fakes::aws::{Aws, REGION};
use crate::fakes::azure::{CLIENT_ID, CLIENT_SECRET, TENANT, Vault};
use crate::fakes::google::identity::TOKEN;
use crate::fakes::google::{PROJECT, SecretManager};
use crate::fakes::server::Fake;

/// The kinds of store that have a stand-in.
pub const KINDS: [&str; 4] = ["aws-secrets-manager", "aws-parameter-store", "azure-key-vault", "gcp-secret-manager"];

/// One empty store of a cloud.
pub struct Cloud {
    /// Its kind in the config.
    pub kind: &'static str,
    place: Place,
}

enum Place {
    Aws(Fake<Aws>),
    Azure(Vault),
    Google(Fake<SecretManager>),
}

impl Cloud {
    /// Starts one of a kind.
    pub fn start(kind: &'static str) -> Self {
        let place = match kind {
            "azure-key-vault" => Place::Azure(Vault::start()),
            "gcp-secret-manager" => Place::Google(SecretManager::start()),
            _ => Place::Aws(Aws::start()),
        };
        Self { kind, place }
    }

    /// The table of the config that leads there, without a pace; the secret to log in with is in the variable `KEY`.
    pub fn table(&self) -> String {
        let kind = self.kind;
        match &self.place {
            Place::Aws(fake) => format!(
                "kind = {kind:?}\nregion = {REGION:?}\nendpoint-url = {:?}\n\
                 auth = {{ method = \"static\", access-key-id = {{ env = \"KEY\" }}, secret-access-key = {{ env = \"KEY\" }} }}",
                fake.address
            ),
            Place::Azure(vault) => format!(
                "kind = {kind:?}\nvault-url = {url:?}\nauthority-host = {url:?}\nverify-challenge = false\n\
                 tls = {{ ca = {:?} }}\n\
                 auth = {{ method = \"client-secret\", tenant-id = {TENANT:?}, client-id = {CLIENT_ID:?}, client-secret = {{ env = \"KEY\" }} }}",
                vault.certificate,
                url = vault.url,
            ),
            Place::Google(fake) => format!(
                "kind = {kind:?}\nproject = {PROJECT:?}\nendpoint-url = {:?}\n\
                 auth = {{ method = \"token\", token = {{ env = \"KEY\" }} }}",
                fake.address
            ),
        }
    }

    /// The line of the table that lifts our own pace.
    pub fn unhurried(&self) -> &'static str {
        match &self.place {
            Place::Azure(_) => "pace = { all = 1e6, create = 1e6 }",
            Place::Aws(_) | Place::Google(_) => "pace = { list = 1e6, read = 1e6, write = 1e6, delete = 1e6 }",
        }
    }

    /// What belongs into the variable `KEY`.
    pub fn key(&self) -> &'static str {
        match &self.place {
            Place::Aws(_) => "test",
            Place::Azure(_) => CLIENT_SECRET,
            Place::Google(_) => TOKEN,
        }
    }

    /// How often each operation was asked for since this was last asked.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        match &self.place {
            Place::Aws(fake) => fake.counts(),
            Place::Azure(vault) => vault.deref().counts(),
            Place::Google(fake) => fake.counts(),
        }
    }

    /// How many requests came too fast since this was last asked.
    pub fn rejected(&self) -> u64 {
        match &self.place {
            Place::Aws(fake) => fake.rejected(),
            Place::Azure(vault) => vault.rejected(),
            Place::Google(fake) => fake.rejected(),
        }
    }

    /// Lets every answer take so long.
    pub fn set_latency(&self, latency: Duration) {
        match &self.place {
            Place::Aws(fake) => fake.set_latency(latency),
            Place::Azure(vault) => vault.set_latency(latency),
            Place::Google(fake) => fake.set_latency(latency),
        }
    }

    /// Enforces the service's quotas from now on.
    pub fn enforce_quotas(&self) {
        match &self.place {
            Place::Aws(fake) => fake.enforce_quotas(),
            Place::Azure(vault) => vault.enforce_quotas(),
            Place::Google(fake) => fake.enforce_quotas(),
        }
    }
}

//! The secrets of a vault: every operation that reads, and what a test does behind the service's back.

mod bin;
mod writes;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::asked::{Call, Query, is_legal};
use super::page::Page;
use super::refusal::Refused;
use super::secret::{Deletion, Place, Secret, Stage, Version};

type Answer = Result<Value, Refused>;

/// The secrets of a vault, by their names in lower case: names are the same whatever their case,
/// <https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#object-identifiers>.
pub struct Secrets {
    secrets: BTreeMap<String, Secret>,
    /// What listings show while they lag.
    frozen: Option<BTreeMap<String, Secret>>,
    /// What is true of all of them.
    pub place: Place,
    /// How many seconds it takes until a deleted secret is seen in the bin: the service says no more than "a while",
    /// <https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview>.
    pub deletion: f64,
    /// How many seconds it takes until a recovered secret is seen again.
    pub recovery: f64,
    /// How many seconds after that it cannot be written yet.
    pub settling: f64,
    /// Whether the first page of a listing is empty: pages may hold fewer than asked for.
    pub is_sparse: bool,
    /// How far the vault's clock is ahead.
    ahead: f64,
}

impl Secrets {
    /// A vault with nothing in it.
    pub fn new() -> Self {
        Self {
            secrets: BTreeMap::new(),
            frozen: None,
            place: Place { address: String::new(), days: 90, is_protected: false },
            deletion: 0.0,
            recovery: 0.0,
            settling: 0.0,
            is_sparse: false,
            ahead: 0.0,
        }
    }

    /// The time at the vault, in seconds of the epoch.
    pub fn now(&self) -> f64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() + self.ahead
    }

    /// Sets the vault's clock forward; what has been in the bin for as long as it can be is forgotten,
    /// <https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview>.
    pub fn advance(&mut self, seconds: f64) {
        self.ahead += seconds;
        let (now, kept) = (self.now(), self.place.days as f64 * 86_400.0);
        self.secrets.retain(|_, secret| secret.deleted.is_none_or(|deletion| now < deletion.at + kept));
    }

    /// Puts a text behind the service's back, as a new secret or a new version.
    pub fn put(&mut self, name: &str, text: &str) {
        self.add(name, text);
    }

    /// Does the same, and gives the version, to say more of it.
    pub fn add(&mut self, name: &str, text: &str) -> &mut Version {
        let version = Version::new(text, self.now() as u64);
        let secret = self.secrets.entry(name.to_ascii_lowercase()).or_insert_with(|| Secret::new(name));
        secret.versions.push(version);
        secret.latest_mut()
    }

    /// Puts a secret into the bin behind the service's back.
    pub fn bin(&mut self, name: &str) -> Option<()> {
        let now = self.now();
        self.secret(name)?.deleted = Some(Deletion { at: now, done: now });
        Some(())
    }

    /// A secret, to look at it or to change it behind the service's back.
    pub fn secret(&mut self, name: &str) -> Option<&mut Secret> {
        self.secrets.get_mut(&name.to_ascii_lowercase())
    }

    /// The text that is read under a name, if it is live.
    pub fn text(&self, name: &str) -> Option<&str> {
        let secret = self.secrets.get(&name.to_ascii_lowercase()).filter(|secret| secret.deleted.is_none())?;
        Some(&secret.latest().value)
    }

    /// Every name, those in the bin included.
    pub fn names(&self) -> Vec<String> {
        self.secrets.values().map(|secret| secret.name.clone()).collect()
    }

    /// Lets listings show what there is now until [`catch_up`](Self::catch_up).
    pub fn lag(&mut self) {
        self.frozen = Some(self.secrets.clone());
    }

    /// Lets listings show what there is.
    pub fn catch_up(&mut self) {
        self.frozen = None;
    }

    /// All that is there, but for the values.
    pub fn state(&self) -> Value {
        let now = self.now();
        let all = self.secrets.values().map(|secret| {
            let versions: Vec<Value> =
                secret.versions.iter().map(|version| secret.described(version, &self.place)).collect();
            (secret.name.clone(), json!({"stage": format!("{:?}", secret.stage(now)), "versions": versions}))
        });
        Value::Object(all.collect())
    }

    /// Answers for an operation.
    pub fn answer(&mut self, call: &Call, query: &Query, body: &[u8]) -> Answer {
        if let Some(name) = call.name().filter(|name| !is_legal(name)) {
            return Err(Refused::bad(format!("The request URI contains an invalid name: {name}")));
        }
        match call {
            Call::List => self.list(query, Stage::Live, "secrets"),
            Call::ListDeleted => self.list(query, Stage::Deleted, "deletedsecrets"),
            Call::Versions(name) => self.versions(name, query),
            Call::Get(name, version) => self.get(name, version.as_deref()),
            Call::Set(name) => self.set(name, body),
            Call::Update(name, version) => self.update(name, version.as_deref(), body),
            Call::Delete(name) => self.delete(name),
            Call::Deleted(name) => self.deleted(name),
            Call::Recover(name) => self.recover(name),
            Call::Purge(name) => self.purge(name),
            // Nothing of ours has a use for them.
            Call::Backup(_) | Call::Restore => {
                let message = format!("This stand-in has no {}.", call.operation());
                Err(Refused::new(501, "NotImplemented", None, message))
            }
        }
    }

    /// Get Secret: the latest version or the one that is named, unless it is disabled. Dates do not matter:
    /// <https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#date-time-controlled-operations>.
    fn get(&self, name: &str, version: Option<&str>) -> Answer {
        let secret = self.seen(name, version)?;
        let version = match version {
            None => secret.latest(),
            Some(id) => {
                let found = secret.versions.iter().find(|version| version.id == id);
                found.ok_or_else(|| no_such(name, Some(id)))?
            }
        };
        if !version.enabled {
            let message = "Operation get is not allowed on a disabled secret.";
            return Err(Refused::forbidden(Some("SecretDisabled"), message));
        }
        Ok(secret.told(version, &self.place))
    }

    /// Get Secrets and Get Deleted Secrets.
    fn list(&self, query: &Query, stage: Stage, path: &str) -> Answer {
        let (now, page) = (self.now(), self.asked(query)?);
        let is_meant = |secret: &Secret| match secret.stage(now) {
            Stage::Settling => stage == Stage::Live,
            found => found == stage,
        };
        let render = |secret: &Secret| match stage {
            Stage::Deleted => secret.binned(secret.listed(&self.place), &self.place),
            _ => secret.listed(&self.place),
        };
        let all = self.frozen.as_ref().unwrap_or(&self.secrets).range::<str, _>((page.start(), Bound::Unbounded));
        let items = all.filter(|(_, secret)| is_meant(secret)).map(|(key, secret)| (key.as_str(), secret));
        Ok(page.filled(items, render, &format!("{}/{path}", self.place.address)))
    }

    /// Get Secret Versions: by id, not by age, for the reference promises no order.
    fn versions(&self, name: &str, query: &Query) -> Answer {
        let (secret, page) = (self.seen(name, None)?, self.asked(query)?);
        let versions: BTreeMap<&str, &Version> =
            secret.versions.iter().map(|version| (version.id.as_str(), version)).collect();
        let items = versions.range::<str, _>((page.start(), Bound::Unbounded)).map(|(id, version)| (*id, *version));
        let path = format!("{}/secrets/{name}/versions", self.place.address);
        Ok(page.filled(items, |version| secret.described(version, &self.place), &path))
    }

    fn asked<'a>(&self, query: &'a Query) -> Result<Page<'a>, Refused> {
        let page = Page::of(query)?;
        Ok(if page.is_first() && self.is_sparse { page.emptied() } else { page })
    }

    /// A secret that is there to be read.
    fn seen(&self, name: &str, version: Option<&str>) -> Result<&Secret, Refused> {
        let now = self.now();
        let secret = self.secrets.get(&name.to_ascii_lowercase());
        let is_seen = |secret: &&Secret| matches!(secret.stage(now), Stage::Live | Stage::Settling);
        secret.filter(is_seen).ok_or_else(|| no_such(name, version))
    }
}

/// As in <https://github.com/hashicorp/terraform-provider-azurerm/issues/19749>.
fn no_such(name: &str, version: Option<&str>) -> Refused {
    let id = version.map_or_else(|| name.to_owned(), |version| format!("{name}/{version}"));
    Refused::missing(format!(
        "A secret with (name/id) {id} was not found in this key vault. If you recently deleted this secret you may be \
         able to recover it using the correct recovery command. For help resolving this issue, please see \
         https://go.microsoft.com/fwlink/?linkid=2125182"
    ))
}

//! The `[ledger]` table of the config.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::address::{Address, may_hold_password};
use super::error::LedgerError;
use crate::reference::{Reference, TlsSettings};
use crate::settings::DurationText;

/// How long runs are kept where nothing else is said: 400 days.
const KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Where the ledger is and what it is keyed by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LedgerSettings {
    /// `sqlite://path`, relative to the config's folder, or `postgres://…`; default `sqlite://secretferry.db`.
    #[serde(default)]
    pub url: LedgerUrl,
    /// 32 bytes in base64; left out, a random key file is made beside a ledger on SQLite. Required on PostgreSQL.
    pub key: Option<Reference>,
    /// How long runs are kept before they are folded; default 400 days.
    #[serde(default = "default_keep")]
    pub keep: DurationText,
    /// How a server is trusted, beside what the URL says.
    #[serde(default)]
    pub tls: TlsSettings,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { url: LedgerUrl::default(), key: None, keep: default_keep(), tls: TlsSettings::default() }
    }
}

fn default_keep() -> DurationText {
    DurationText(KEEP)
}

/// A URL in the config: as text where it holds no password, else by reference.
#[derive(Clone, PartialEq, Eq)]
pub enum LedgerUrl {
    /// The URL itself.
    Text(String),
    /// Where the URL is.
    Reference(Reference),
}

impl Default for LedgerUrl {
    fn default() -> Self {
        Self::Text("sqlite://secretferry.db".to_owned())
    }
}

// The text may hold a password; that it is refused does not help whoever reads it in a log.
impl fmt::Debug for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text.split_once("://").map_or("", |(scheme, _)| scheme)),
            Self::Reference(reference) => write!(f, "{reference:?}"),
        }
    }
}

impl<'de> Deserialize<'de> for LedgerUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UrlVisitor)
    }
}

struct UrlVisitor;

impl<'de> Visitor<'de> for UrlVisitor {
    type Value = LedgerUrl;

    // These very first words tell whoever reads tables that a table here is a reference.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reference, { env = \"NAME\" } or { file = \"path\" }, or a URL without a password")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LedgerUrl, E> {
        Ok(LedgerUrl::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LedgerUrl, A::Error> {
        Reference::deserialize(MapAccessDeserializer::new(map)).map(LedgerUrl::Reference)
    }
}

impl LedgerSettings {
    /// For people: where the ledger is, as far as the config tells without a secret.
    pub fn location(&self) -> String {
        match &self.url {
            LedgerUrl::Text(url) => url.clone(),
            LedgerUrl::Reference(reference) => format!("the URL in {reference}"),
        }
    }

    /// Finds every fault that needs no I/O to be seen.
    pub fn faults(&self) -> Vec<LedgerError> {
        let LedgerUrl::Text(url) = &self.url else { return Vec::new() };
        if may_hold_password(url) {
            let problem = "a password must not stand in the config as text; let { env = \"NAME\" } or { file = \"path\" } hold \
                           the whole URL";
            return vec![LedgerError::Setting { setting: "url", problem: problem.to_owned() }];
        }
        match Address::parse(url, &self.tls, Path::new("")) {
            Err(fault) => vec![fault],
            Ok(Address::Postgres(_)) if self.key.is_none() => vec![keyless()],
            Ok(_) => Vec::new(),
        }
    }

    /// The ledger's place; reads the URL where it is a reference.
    pub(super) fn address(&self, folder: &Path) -> Result<Address, LedgerError> {
        if let Some(fault) = self.faults().into_iter().next() {
            return Err(fault);
        }
        match &self.url {
            LedgerUrl::Text(url) => Address::parse(url, &self.tls, folder),
            LedgerUrl::Reference(reference) => {
                let url = reference.clone().relative_to(folder).resolve().map_err(LedgerError::Url)?;
                Address::parse(url.expose(), &self.tls, folder)
            }
        }
    }
}

/// The fault of a ledger on a server without a key: a file would have to be carried from machine to machine.
pub(super) fn keyless() -> LedgerError {
    let problem =
        "a ledger on PostgreSQL needs one that all who share it are given: { env = \"NAME\" } or { file = \"path\" }";
    LedgerError::Setting { setting: "key", problem: problem.to_owned() }
}

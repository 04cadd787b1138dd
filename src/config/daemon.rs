//! The `[daemon]` table: where the daemon listens, who may ask it, and how it ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::Table;

use crate::reference::Reference;
use crate::settings::{DurationText, Faults, RawReference, SettingsFault, read_table, references};

/// The port where nothing else is said.
const PORT: u16 = 8374;

/// How the daemon works, without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct DaemonSettings {
    /// Where health, metrics and the status page are; `127.0.0.1:8374`.
    pub listen: SocketAddr,
    /// What whoever asks for more than health must show; without one, actions are off.
    pub token: Option<Reference>,
    /// The certificate and key to listen with; plain HTTP without.
    pub tls: Option<ServerTls>,
    /// Whether something before us ends TLS and knows who asks.
    pub behind_proxy: bool,
    /// How long steps in flight may take once the daemon shall end; 30 seconds.
    pub grace: Duration,
    /// How long a daemon that is not heard of keeps its targets; 60 seconds.
    pub lease: Duration,
    /// The most runs under way at once; 4.
    pub jobs_at_once: usize,
    /// How often each store is checked; 5 minutes.
    pub check_every: Duration,
    /// How much of a token's life may be left before somebody is told; 24 hours.
    pub token_warning: Duration,
}

/// What a server shows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServerTls {
    /// The certificate and those above it, PEM.
    pub certificate: Reference,
    /// Its private key, PEM.
    pub key: Reference,
}

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DaemonTable {
    listen: Option<SocketAddr>,
    token: Option<Reference>,
    tls: Option<ServerTls>,
    #[serde(default)]
    behind_proxy: bool,
    grace: Option<DurationText>,
    lease: Option<DurationText>,
    jobs_at_once: Option<u16>,
    check_every: Option<DurationText>,
    token_warning: Option<DurationText>,
}

impl Default for DaemonSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT),
            token: None,
            tls: None,
            behind_proxy: false,
            grace: Duration::from_secs(30),
            lease: Duration::from_secs(60),
            jobs_at_once: 4,
            check_every: Duration::from_secs(5 * 60),
            token_warning: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl DaemonSettings {
    /// Reads the table; every fault of it at once.
    pub(super) fn read(table: Table, folder: &Path) -> Result<Self, Vec<SettingsFault>> {
        let table: DaemonTable = read_table(table)?;
        let usual = Self::default();
        let duration = |given: Option<DurationText>, usual| given.map_or(usual, |given| given.0);
        let settings = Self {
            listen: table.listen.unwrap_or(usual.listen),
            token: table.token.map(|token| token.relative_to(folder)),
            tls: table.tls.map(|tls| tls.relative_to(folder)),
            behind_proxy: table.behind_proxy,
            grace: duration(table.grace, usual.grace),
            lease: duration(table.lease, usual.lease),
            jobs_at_once: table.jobs_at_once.map_or(usual.jobs_at_once, usize::from),
            check_every: duration(table.check_every, usual.check_every),
            token_warning: duration(table.token_warning, usual.token_warning),
        };
        let mut faults = Faults::default();
        settings.check(&mut faults);
        if faults.0.is_empty() { Ok(settings) } else { Err(faults.0) }
    }

    /// Lists where a sound table refers to secrets outside of it.
    pub(super) fn references(table: Table) -> Vec<RawReference> {
        references::<DaemonTable>(table)
    }

    fn check(&self, faults: &mut Faults) {
        if !self.listen.ip().is_loopback() && !self.behind_proxy {
            let problem = "others than this machine could ask";
            if self.token.is_none() {
                faults.add(
                    "token",
                    problem,
                    "give a token, { env = \"NAME\" } or { file = \"path\" }, or listen on 127.0.0.1",
                );
            }
            if self.tls.is_none() {
                faults.add(
                    "tls",
                    problem,
                    "give a certificate and key, or write behind-proxy = true where a proxy ends TLS",
                );
            }
        }
        if self.lease < Duration::from_secs(3) {
            faults.add("lease", "so short a lease ends between two heartbeats", "write \"60s\"; the least is \"3s\"");
        }
        if self.jobs_at_once == 0 {
            faults.add("jobs-at-once", "no job could ever run", "write 4");
        }
        if self.check_every.is_zero() {
            faults.add("check-every", "stores cannot be checked without pause", "write \"5m\"");
        }
    }
}

impl ServerTls {
    fn relative_to(self, folder: &Path) -> Self {
        Self { certificate: self.certificate.relative_to(folder), key: self.key.relative_to(folder) }
    }
}

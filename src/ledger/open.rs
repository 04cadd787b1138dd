//! The ledger as the rest of the program holds it, and how it is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::address::Address;
use super::clock::Offset;
use super::database::{Connection, Readers};
use super::error::LedgerError;
use super::pulse::Terms;
use super::schema::{self, Installation, KeySource};
use super::settings::{LedgerSettings, keyless};
use super::writer::Writer;
use super::{key_file, postgres, sqlite};
use crate::model::{Finding, MasterKey, Purpose, Subkey};

/// What is known between runs; cheap to clone, closed when the last clone is dropped.
#[derive(Clone)]
pub struct Ledger(Arc<Open>);

struct Open {
    place: Place,
    keep: Duration,
    terms: Terms,
    offset: Offset,
    installation: Installation,
    writer: Writer,
    readers: Readers,
}

/// Where an opened ledger is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In this file; locks are files beside it.
    File(PathBuf),
    /// On a server; locks are its sessions'.
    Server,
}

impl Place {
    /// An error with the ledger's file, if there is one.
    pub(super) fn named(&self, error: LedgerError) -> LedgerError {
        match self {
            Self::File(path) => error.in_file(path),
            Self::Server => error,
        }
    }
}

impl Ledger {
    /// Opens the ledger, making it where there is none yet, and on SQLite its key.
    ///
    /// Relative paths are taken from `folder`. Another key than the one it was made with is refused.
    pub async fn open(settings: &LedgerSettings, folder: &Path) -> Result<Self, LedgerError> {
        Self::open_for(settings, folder, Terms::default()).await
    }

    /// The same, with leases of other terms.
    pub async fn open_for(settings: &LedgerSettings, folder: &Path, terms: Terms) -> Result<Self, LedgerError> {
        let address = settings.address(folder)?;
        let key = configured_key(settings, folder)?;
        let (place, mut connection, readers) = match address {
            Address::Sqlite(path) => {
                sqlite::create_private(&path)?;
                let opened = sqlite::open(&path).await.map_err(|error| error.in_file(&path));
                let (connection, readers) = (opened?, sqlite::readers(&path));
                (Place::File(path), Connection::Sqlite(connection), Readers::Sqlite(readers))
            }
            Address::Postgres(address) => {
                let options = address.options()?;
                let (session, readers) = (postgres::open(&options, terms).await?, postgres::readers(&options));
                (Place::Server, Connection::Postgres(Box::new(session)), Readers::Postgres(readers))
            }
        };
        let installed = schema::install(&mut connection, key_source(key, &place)?).await;
        let installation = installed.map_err(|error| place.named(error))?;
        let offset = Offset::measure(&mut connection).await?;
        let writer = Writer::start(connection, place.clone(), installation.key.subkey(Purpose::Audit), terms);
        Ok(Self(Arc::new(Open { place, keep: settings.keep.0, terms, offset, installation, writer, readers })))
    }

    /// Opens the ledger; `None` where there is none, and then nothing is made.
    pub async fn open_existing(settings: &LedgerSettings, folder: &Path) -> Result<Option<Self>, LedgerError> {
        let exists = match settings.address(folder)? {
            Address::Sqlite(path) => sqlite::exists(&path)?,
            Address::Postgres(address) => postgres::exists(&address.options()?).await?,
        };
        if exists { Self::open(settings, folder).await.map(Some) } else { Ok(None) }
    }

    /// The ledger's UUID, part of every mark.
    pub fn id(&self) -> &str {
        &self.0.installation.ledger
    }

    /// The key everything is digested with.
    pub fn key(&self) -> &MasterKey {
        &self.0.installation.key
    }

    /// How many transactions have been committed since it was opened.
    pub fn commits(&self) -> u64 {
        self.0.writer.commits()
    }

    /// Why no new work can be begun with it, if none can: another must be opened. On a server this is known at the
    /// next heartbeat, and 20 seconds after it where the server keeps silent.
    pub fn failure(&self) -> Option<LedgerError> {
        self.writer().failure()
    }

    /// How far its clock was ahead of ours when it was opened, in seconds; behind is negative.
    pub fn clock_ahead(&self) -> f64 {
        self.0.offset.ahead
    }

    /// What there is to say about it, such as a clock that is off.
    pub fn finding(&self) -> Option<Finding> {
        self.0.offset.finding()
    }

    pub(super) fn terms(&self) -> Terms {
        self.0.terms
    }

    pub(super) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(super) fn keep(&self) -> Duration {
        self.0.keep
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(super) fn readers(&self) -> &Readers {
        &self.0.readers
    }

    pub(super) fn audit_key(&self) -> Subkey {
        self.key().subkey(Purpose::Audit)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("id", &self.id()).field("place", &self.0.place).finish_non_exhaustive()
    }
}

fn configured_key(settings: &LedgerSettings, folder: &Path) -> Result<Option<MasterKey>, LedgerError> {
    let Some(reference) = settings.key.clone() else { return Ok(None) };
    let reference = reference.relative_to(folder);
    let text = reference.resolve().map_err(LedgerError::Key)?;
    let key = MasterKey::parse(text.expose());
    key.map(Some).map_err(|cause| LedgerError::NotAKey { place: reference.to_string(), cause })
}

fn key_source(key: Option<MasterKey>, place: &Place) -> Result<KeySource, LedgerError> {
    match (key, place) {
        (Some(key), _) => Ok(KeySource::Given(key)),
        (None, Place::File(path)) => Ok(KeySource::File(key_file::beside(path))),
        (None, Place::Server) => Err(keyless()),
    }
}

//! The ledger as the rest of the program holds it, and how it is opened.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::error::LedgerError;
use super::schema::{self, Installation};
use super::settings::LedgerSettings;
use super::writer::Writer;
use crate::model::{MasterKey, Purpose, Subkey};

/// How long a lock of another process is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many callers may read at once.
const READERS: u32 = 2;

/// What is known between runs; cheap to clone, closed when the last clone is dropped.
#[derive(Clone)]
pub struct Ledger(Arc<Open>);

struct Open {
    path: PathBuf,
    installation: Installation,
    writer: Writer,
    readers: SqlitePool,
}

impl Ledger {
    /// Opens the ledger, making it and its key where there is none yet.
    ///
    /// Relative paths are taken from `folder`. Another key than the one it was made with is refused.
    pub async fn open(settings: &LedgerSettings, folder: &Path) -> Result<Self, LedgerError> {
        let path = settings.path(folder)?;
        create_private(&path)?;
        Self::attach(settings, folder, path).await
    }

    /// Opens the ledger; `None` where there is none, and then nothing is made.
    pub async fn open_existing(settings: &LedgerSettings, folder: &Path) -> Result<Option<Self>, LedgerError> {
        let path = settings.path(folder)?;
        match path.try_exists() {
            Ok(true) => Self::attach(settings, folder, path).await.map(Some),
            Ok(false) => Ok(None),
            Err(cause) => Err(denied(&path, &cause)),
        }
    }

    async fn attach(settings: &LedgerSettings, folder: &Path, path: PathBuf) -> Result<Self, LedgerError> {
        let key = configured_key(settings, folder)?;
        let mut connection = options(&path).connect().await?;
        let installation = schema::prepare(&mut connection, &path, key).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_lazy_with(options(&path).pragma("query_only", "ON"));
        let writer = Writer::start(connection, installation.key.subkey(Purpose::Audit));
        Ok(Self(Arc::new(Open { path, installation, writer, readers })))
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

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        &self.0.readers
    }

    pub(super) fn audit_key(&self) -> Subkey {
        self.key().subkey(Purpose::Audit)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("id", &self.id()).field("path", &self.0.path).finish_non_exhaustive()
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

fn configured_key(settings: &LedgerSettings, folder: &Path) -> Result<Option<MasterKey>, LedgerError> {
    let Some(reference) = settings.key.clone() else { return Ok(None) };
    let reference = reference.relative_to(folder);
    let text = reference.resolve()?;
    let key = MasterKey::parse(text.expose());
    key.map(Some).map_err(|cause| LedgerError::NotAKey { place: reference.to_string(), cause })
}

/// Makes an empty file that only its owner may open; SQLite gives its companions the same rights.
///
/// A file that is there is not touched: closing it would drop the locks this process may have on it.
fn create_private(path: &Path) -> Result<(), LedgerError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(denied(path, &cause)),
        _ => Ok(()),
    }
}

fn denied(path: &Path, cause: &std::io::Error) -> LedgerError {
    LedgerError::Permission { file: path.display().to_string(), cause: cause.to_string() }
}

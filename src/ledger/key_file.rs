//! The random key beside a ledger for which none is configured: `<ledger>.key`, readable by its owner alone.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::LedgerError;
use crate::model::MasterKey;
use crate::reference::Reference;

/// Where the key of the ledger `ledger` is kept.
pub(super) fn beside(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// Loads the key; `None` where there is no key file.
pub(super) fn load(path: &Path) -> Result<Option<MasterKey>, LedgerError> {
    let metadata = match fs::metadata(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|cause| LedgerError::of_file(path, &cause))?,
    };
    refuse_exposed(path, &metadata)?;
    let reference = Reference::File(path.to_owned());
    let text = reference.resolve().map_err(LedgerError::Key)?;
    let key = MasterKey::parse(text.expose());
    key.map(Some).map_err(|cause| LedgerError::NotAKey { place: reference.to_string(), cause })
}

/// Loads the key, or makes one where there is no key file.
pub(super) fn load_or_create(path: &Path) -> Result<MasterKey, LedgerError> {
    load(path)?.map_or_else(|| create(path), Ok)
}

// Whole or not at all; callers hold the ledger's write lock, so nobody else makes one meanwhile.
fn create(path: &Path) -> Result<MasterKey, LedgerError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let key = MasterKey::random();
    // The name is fixed and made free first, so that a process that dies here leaves no keys about.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let _ = fs::remove_file(folder.join(&name));
    let made = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile_in(folder);
    let written = made.and_then(|mut file| {
        file.write_all(key.encode().as_bytes())?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    let file = written.map_err(|cause| LedgerError::of_file(path, &cause))?;
    file.persist_noclobber(path).map_err(|error| LedgerError::of_file(path, &error.error))?;
    // Without its key the ledger is of no use, so the folder's entry must be as durable as the ledger's.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|cause| LedgerError::of_file(path, &cause))?;
    Ok(key)
}

fn refuse_exposed(path: &Path, metadata: &fs::Metadata) -> Result<(), LedgerError> {
    if metadata.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(LedgerError::KeyExposed(path.display().to_string()))
}

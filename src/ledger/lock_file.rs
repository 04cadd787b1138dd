//! The lock of a target beside a ledger in a file: `<ledger>.<digits>.lock`, locked as long as its holder lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::LedgerError;
use crate::model::hex;

/// Takes the lock of `target`; `None` where somebody has it.
pub(super) fn take(ledger: &Path, target: &str) -> Result<Option<File>, LedgerError> {
    let path = beside(ledger, target);
    // The file stays for good: to delete it would let two processes lock two files of one name.
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let lock = lock.map_err(|cause| LedgerError::of_file(&path, &cause))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(LedgerError::of_file(&path, &cause)),
    }
}

fn beside(ledger: &Path, target: &str) -> PathBuf {
    let digest = hex(&Sha256::digest(target.as_bytes())[..8]);
    let mut name = ledger.as_os_str().to_owned();
    name.push(format!(".{digest}.lock"));
    PathBuf::from(name)
}

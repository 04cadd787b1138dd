//! What the ledger says when it cannot do its part: plain words, and what to do.

use crate::model::MasterKeyError;
use crate::reference::ReferenceError;

/// Why the ledger refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A setting of the `[ledger]` table that cannot be meant.
    #[error("{setting}: {problem}")]
    Setting {
        /// Which key of the table.
        setting: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The configured key cannot be had.
    #[error("the ledger's key cannot be read: {0}")]
    Key(#[from] ReferenceError),
    /// The configured key, or the key file, holds no key.
    #[error("{place} holds no ledger key: {cause}")]
    NotAKey {
        /// The reference or file.
        place: String,
        /// What was expected.
        cause: MasterKeyError,
    },
    /// Another key than the one the ledger was made with.
    #[error("the ledger was made with the key {expected}, but {found} is given")]
    WrongKey {
        /// The id of the key it was made with.
        expected: String,
        /// The id of the key that was given.
        found: String,
    },
    /// The ledger is there but its key file is not.
    #[error("the ledger is there, but its key file {0} is missing")]
    KeyMissing(String),
    /// Others on this machine may read the key file.
    #[error("the key file {0} can be read by others")]
    KeyExposed(String),
    /// The file is something else.
    #[error("the ledger's file is something else: not a ledger of secretferry")]
    NotALedger,
    /// A later program wrote it.
    #[error("the ledger has schema {found}; this program knows schemas up to {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// The latest we know.
        known: i64,
    },
    /// Another process keeps the whole database locked.
    #[error("the ledger is locked by another process")]
    Locked,
    /// There is no room left to write.
    #[error("there is no room left to write the ledger")]
    Full,
    /// The system refuses access.
    #[error("{file} cannot be opened or written: {cause}")]
    Permission {
        /// Which file.
        file: String,
        /// What the system says.
        cause: String,
    },
    /// The disk fails, or what it holds is damaged.
    #[error("the ledger cannot be read or written: {0}")]
    Disk(String),
    /// A row holds what no version of this program writes.
    #[error("the ledger holds a {what} that cannot be understood")]
    Damaged {
        /// Which column.
        what: &'static str,
    },
    /// The audit log's head does not carry this ledger's seal.
    #[error("the ledger's audit log was changed by somebody else: its head does not carry our seal")]
    SealBroken,
    /// Somebody else is working on the target.
    #[error("{target} is being worked on by {by}")]
    Held {
        /// The target's identity.
        target: String,
        /// Who, and since when.
        by: String,
    },
    /// The lease was lost to another holder.
    #[error("the lease on {target} was lost to another holder")]
    Stale {
        /// The target's identity.
        target: String,
    },
    /// A step or run cannot go from one state to the other.
    #[error("what is {from} cannot become {to}")]
    IllegalMove {
        /// The state it is in.
        from: &'static str,
        /// The state asked for.
        to: &'static str,
    },
    /// There is no such step.
    #[error("the ledger has no step {0}")]
    NoSuchStep(i64),
    /// There is no such run, or it has ended.
    #[error("the run {0} is not running")]
    NotRunning(String),
    /// Something was to be refreshed that was never written.
    #[error("the ledger has no record of {0} to refresh")]
    NoBaseline(String),
    /// Several runs fit the short id.
    #[error("several runs fit {0}")]
    AmbiguousRun(String),
    /// An earlier write failed, so no new work is begun.
    #[error("no new work is begun, because the ledger failed earlier: {0}")]
    Refusing(Box<LedgerError>),
    /// The task that writes is gone.
    #[error("the ledger is closed")]
    Closed,
    /// The database says something no rule foresees.
    #[error("the ledger's database says: {0}")]
    Database(String),
}

impl LedgerError {
    /// What to do about it; `None` where the sentence says all there is.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::WrongKey { .. } => {
                "Give the key the ledger was made with. If it is lost, move the ledger's file away: a new one is begun, and keys \
                 written so far are found again by their marks."
            }
            Self::KeyMissing(_) => {
                "Put the key file back from where it was, or move the ledger's file away to begin a new one."
            }
            Self::NotAKey { .. } => "Make a key with `openssl rand -base64 32`.",
            Self::KeyExposed(_) => {
                "Run `chmod 600` on it. If others may have read it, begin a new ledger with a new key."
            }
            Self::NotALedger => "Let `ledger.url` name a file of its own.",
            Self::Newer { .. } => "Use the newer program.",
            Self::Locked => "Wait for the other process, or end it; a tool that has the file open may be the one.",
            Self::Full => {
                "Make room on the disk that holds the ledger, then run again: what was begun is settled first."
            }
            Self::Permission { .. } => {
                "Let the user who runs secretferry read and write the ledger's file and its folder, which must be there."
            }
            Self::Disk(_) | Self::Damaged { .. } => "Check the disk, and put the ledger back from a backup.",
            Self::SealBroken => {
                "Run `secretferry audit verify` to see where it breaks and find out who wrote to the file. To go on, put the ledger \
                 back from a backup, or move it away to begin a new one."
            }
            Self::Held { .. } => "Wait for it to end. A process that died holds nothing.",
            Self::AmbiguousRun(_) => "Give more of the id.",
            Self::Refusing(cause) => return cause.remedy(),
            _ => return None,
        })
    }

    /// Tells whether the file itself failed, so that nothing later can be trusted to be written either.
    pub(super) fn is_of_the_file(&self) -> bool {
        matches!(
            self,
            Self::Locked | Self::Full | Self::Permission { .. } | Self::Disk(_) | Self::NotALedger | Self::Closed
        )
    }
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(cause) => of_code(cause.as_ref()),
            sqlx::Error::Io(cause) => Self::Disk(cause.to_string()),
            sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => Self::Closed,
            other => Self::Database(other.to_string()),
        }
    }
}

/// SQLite could not make room for the file that its connections share: `SQLITE_IOERR_SHMSIZE`.
const NO_ROOM_FOR_SHARED_MEMORY: u32 = 4874;

// https://www.sqlite.org/rescode.html: the low byte is the primary code.
fn of_code(error: &dyn sqlx::error::DatabaseError) -> LedgerError {
    let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
    let cause = error.message().to_owned();
    match code & 0xff {
        5 | 6 => LedgerError::Locked,
        13 => LedgerError::Full,
        10 if code == NO_ROOM_FOR_SHARED_MEMORY => LedgerError::Full,
        3 | 8 | 14 | 23 => LedgerError::Permission { file: "the ledger".to_owned(), cause },
        10 | 11 => LedgerError::Disk(cause),
        26 => LedgerError::NotALedger,
        _ => LedgerError::Database(cause),
    }
}

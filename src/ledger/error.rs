//! What the ledger says when it cannot do its part: plain words, and what to do.

use std::io;
use std::path::Path;

use super::verify::Break;
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
        problem: String,
    },
    /// The configured key cannot be had.
    #[error("the ledger's key cannot be read: {0}")]
    Key(ReferenceError),
    /// The configured URL cannot be had.
    #[error("the ledger's URL cannot be read: {0}")]
    Url(ReferenceError),
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
    /// The file, or the schema `secretferry` on the server, is something else.
    #[error("where the ledger should be is something else: not a ledger of secretferry")]
    NotALedger,
    /// No way leads to the server.
    #[error("the ledger's server {server} cannot be reached: {cause}")]
    Unreachable {
        /// Its host, port and database.
        server: String,
        /// What the system says.
        cause: String,
    },
    /// The server does not let us in, or not do what we must.
    #[error("the ledger's server refuses us: {0}")]
    Refused(String),
    /// The server is none that a ledger can be kept on.
    #[error("the ledger's server cannot be used: {0}")]
    Unsuitable(&'static str),
    /// The server is gone, or the way to it.
    #[error("the connection to the ledger was lost: {0}")]
    Lost(String),
    /// A later program wrote it.
    #[error("the ledger has schema {found}, made by {by}; this program, secretferry {}, knows schemas up to {known}",
        env!("CARGO_PKG_VERSION"))]
    Newer {
        /// Its schema.
        found: i64,
        /// The latest we know.
        known: i64,
        /// The program that made it.
        by: String,
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
    /// SQLite is refused access to the ledger's file.
    #[error("the ledger cannot be opened or written: {0}")]
    Unopened(String),
    /// The disk fails, or what it holds is damaged.
    #[error("the ledger cannot be read or written: {0}")]
    Disk(String),
    /// There is no room, or the disk fails, for this very file.
    #[error("{cause} ({file})")]
    InFile {
        /// Which file.
        file: String,
        /// What happened to it.
        cause: Box<LedgerError>,
    },
    /// A row holds what no version of this program writes.
    #[error("the ledger holds a {what} that cannot be understood")]
    Damaged {
        /// Which column.
        what: &'static str,
    },
    /// The audit log's head does not carry this ledger's seal.
    #[error("the ledger's audit log was changed by somebody else: its head does not carry our seal")]
    SealBroken,
    /// What was to be folded away does not hold together.
    #[error("the old rows of the ledger's audit log are kept, because they are not as they were written: {0}")]
    NotProved(Break),
    /// Somebody else is working on the target.
    #[error("{target} is being worked on by {by}")]
    Held {
        /// The target's identity.
        target: String,
        /// Who, and since when.
        by: String,
    },
    /// The lease came to its end: the session that held it is gone, or was not heard of.
    #[error("the lease on {target} ended with the connection to the ledger")]
    Ended {
        /// The target's identity.
        target: String,
    },
    /// The lease was lost to another holder.
    #[error("the lease on {target} was lost to another holder")]
    Stale {
        /// The target's identity.
        target: String,
    },
    /// What the run was to begin for was done meanwhile.
    #[error("job {job} is not due: what it was to do at {instant} is done")]
    NotDue {
        /// The job.
        job: String,
        /// The instant.
        instant: String,
    },
    /// A ledger in a file has a daemon already.
    #[error("the ledger has a daemon already: {by}")]
    HasDaemon {
        /// Who, and since when.
        by: String,
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
    /// What the system says about a file of the ledger: one of those beside it, or the ledger before it is opened.
    pub(super) fn of_file(file: &Path, cause: &io::Error) -> Self {
        let (name, text) = (file.display().to_string(), cause.to_string());
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full.in_file(file),
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ReadOnlyFilesystem => Self::Permission { file: name, cause: text },
            _ => Self::Disk(text).in_file(file),
        }
    }

    /// A later program wrote it: `version`, where that is noted.
    pub(super) fn newer(found: i64, known: usize, version: Option<String>) -> Self {
        let by = version.map_or_else(|| "a newer version".to_owned(), |version| format!("secretferry {version}"));
        Self::Newer { found, known: known as i64, by }
    }

    /// The same with the file that it is about, where that matters: whose disk to look at, or whose rights.
    pub(super) fn in_file(self, file: &Path) -> Self {
        let file = file.display().to_string();
        match self {
            Self::Full | Self::Disk(_) => Self::InFile { file, cause: Box::new(self) },
            Self::Unopened(cause) => Self::Permission { file, cause },
            other => other,
        }
    }

    /// What to do about it; `None` where the sentence says all there is.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::WrongKey { .. } => {
                "Give the key the ledger was made with. If it is lost, move the ledger's file (on PostgreSQL, its schema) away: a new \
                 one is begun, and keys written so far are found again by their marks."
            }
            Self::Key(_) | Self::Url(_) => "Let it be there, and readable for the user who runs secretferry.",
            Self::KeyMissing(_) => {
                "Put the key file back from where it was, or move the ledger's file away to begin a new one."
            }
            Self::NotAKey { .. } => "Make a key with `openssl rand -base64 32`.",
            Self::KeyExposed(_) => {
                "Run `chmod 600` on it. If others may have read it, begin a new ledger with a new key."
            }
            Self::NotALedger => {
                "Let `ledger.url` name a file of its own, or a database whose schema `secretferry` is free for it."
            }
            Self::Unreachable { .. } => {
                "See that the server is up and reachable from here, and that `ledger.url` and `ledger.tls` are right."
            }
            Self::Refused(_) => {
                "Correct `ledger.url`, or let its user in. It needs a database in which it may create the schema `secretferry`: \
                 its own, or one with `GRANT CREATE ON DATABASE … TO …`."
            }
            Self::Unsuitable(_) => {
                "Let `ledger.url` lead straight to a PostgreSQL, version 14 or later, that takes writes."
            }
            Self::Lost(_) | Self::Ended { .. } => {
                "Nothing more was written to any target. See that the ledger's server is up, then run again: what was begun is \
                 settled first."
            }
            Self::Newer { .. } => "Use the newer program.",
            Self::Locked => "Wait for the other process, or end it; a tool that has the file open may be the one.",
            Self::Full => {
                "Make room on the disk that holds the ledger, then run again: what was begun is settled first."
            }
            Self::Permission { .. } | Self::Unopened(_) => {
                "Let the user who runs secretferry read and write the ledger's file and its folder, which must be there."
            }
            Self::Disk(_) => {
                "Check the disk that holds the ledger, then run again: what was begun is settled first. Only if it is damaged, put \
                 it back from a backup."
            }
            Self::Damaged { .. } => "Check the disk, and put the ledger back from a backup.",
            Self::SealBroken => {
                "Run `secretferry audit verify` to see where it breaks and find out who wrote to the ledger. To go on, put it back \
                 from a backup, or move it away to begin a new one."
            }
            Self::NotProved(_) => "Run `secretferry audit verify`, and find out who wrote to the ledger.",
            Self::Held { .. } => "Wait for it to end. A process that died holds nothing.",
            Self::HasDaemon { .. } => {
                "A ledger in a file has one daemon at a time. Stop that one first, or keep the ledger on PostgreSQL, which several \
                 daemons can share."
            }
            Self::AmbiguousRun(_) => "Give more of the id.",
            Self::Refusing(cause) | Self::InFile { cause, .. } => return cause.remedy(),
            _ => return None,
        })
    }

    /// Tells whether the ledger itself failed, so that nothing later can be trusted to be written either.
    pub(super) fn is_of_the_ledger(&self) -> bool {
        let of_the_file = matches!(
            self,
            Self::Locked
                | Self::Full
                | Self::Permission { .. }
                | Self::Unopened(_)
                | Self::Disk(_)
                | Self::InFile { .. }
                | Self::NotALedger
                | Self::Closed
        );
        of_the_file || self.is_loss() || matches!(self, Self::Refused(_) | Self::Unsuitable(_))
    }

    /// Whether it may be over by itself: the server, or the way to it, is gone for a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Unreachable { .. } | Self::Locked)
    }

    /// Tells whether the connection is gone, and with it every lease.
    pub(super) fn is_loss(&self) -> bool {
        matches!(self, Self::Lost(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_of_a_file_is_told_with_the_file_and_the_remedy_that_fits() {
        let rows = [
            (io::ErrorKind::StorageFull, "Make room"),
            (io::ErrorKind::QuotaExceeded, "Make room"),
            (io::ErrorKind::PermissionDenied, "Let the user"),
            (io::ErrorKind::NotFound, "Let the user"),
            (io::ErrorKind::Other, "Check the disk"),
        ];
        for (kind, remedy) in rows {
            let error = LedgerError::of_file(Path::new("a.db.key"), &kind.into());
            assert!(error.to_string().contains("a.db.key"), "{error}");
            assert!(error.remedy().is_some_and(|said| said.starts_with(remedy)), "{error}");
            assert!(error.is_of_the_ledger(), "{error}");
        }
    }

    #[test]
    fn an_error_about_something_else_names_no_file() {
        let held = LedgerError::Held { target: "vault".to_owned(), by: "somebody".to_owned() };
        assert_eq!(held.clone().in_file(Path::new("a.db")), held);
        assert_eq!(
            LedgerError::Full.in_file(Path::new("a.db")).to_string(),
            "there is no room left to write the ledger (a.db)"
        );
    }
}

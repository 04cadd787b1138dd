//! One file as a store uses it: read for a role, changed through its one writer, every fault told in the store's name.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::{Change, Document, FileError, Format, Scribe, TextFile, Verdict, fault, findings};
use crate::model::{ErrorKind, Family, Finding, SecretValue, Severity};
use crate::provider::call::{CallSettings, Caller, Repeat};
use crate::provider::contract::{Expect, Opening, Role};
use crate::provider::error::{Error, Result};
use crate::provider::pace::Paces;

/// A file, who reads it and who writes it.
#[derive(Debug)]
pub struct Drawer {
    store: String,
    role: Role,
    file: TextFile,
    caller: Caller,
    scribe: Scribe,
}

impl Drawer {
    /// Takes a file for a store; nothing is read yet.
    pub fn open(opening: &Opening, path: &Path, format: impl Format + 'static) -> Self {
        let file = TextFile::new(path.to_owned(), format);
        let caller = Caller::new(&opening.name, opening.observer.clone(), CallSettings::default(), Paces::unlimited());
        let scribe = Scribe::start(&opening.name, file.clone(), caller.clone());
        Self { store: opening.name.clone(), role: opening.role, file, caller, scribe }
    }

    /// Reads the file; a missing one is an empty target, but no source.
    pub async fn load(&self, family: Family, operation: &'static str) -> Result<Box<dyn Document>> {
        let request = || async {
            let file = self.file.clone();
            match spawn_blocking(move || file.load()).await {
                Ok(loaded) => loaded.map_err(|error| self.fault(operation, error)),
                Err(_) => {
                    Err(self.error(ErrorKind::Unexpected, operation, "the thread that reads the file ended early"))
                }
            }
        };
        match (self.caller.call(family, operation, Repeat::Safe, request).await?, self.role) {
            (Some(document), _) => Ok(document),
            (None, Role::Target) => Ok(self.file.empty()),
            (None, Role::Source) => Err(fault::missing(&self.store, operation, self.file.path())),
        }
    }

    /// Puts a value under an id, or takes the id away, provided that it still is as `expect` says.
    pub async fn change(
        &self,
        operation: &'static str,
        id: &str,
        value: Option<SecretValue>,
        expect: &Expect,
    ) -> Result<()> {
        if matches!(expect, Expect::At(_) | Expect::Deleted(_)) {
            let context = "a file has no revisions to compare, only values";
            return Err(self.error(ErrorKind::Unsupported, operation, context));
        }
        let change = Change { id: id.to_owned(), value, expect: expect.clone() };
        match self.scribe.change(change).await {
            Some(Ok(Verdict::Done)) => Ok(()),
            Some(Ok(Verdict::Conflict)) => {
                let error = self.error(ErrorKind::Conflict, operation, "the entry is not as it was planned against");
                Err(error.with_remedy("run again: the plan will show what changed"))
            }
            Some(Ok(Verdict::Unwritable(why))) => Err(self.fault(operation, FileError::Unwritable(why))),
            Some(Err(error)) => Err(Error { operation, ..error }),
            None => Err(self
                .error(ErrorKind::Unexpected, operation, "the task that writes the file ended early")
                .of_unknown_effect()),
        }
    }

    /// Looks for whatever would stop a job in `role`, or should worry somebody.
    pub async fn check(&self, role: Role) -> Vec<Finding> {
        let (store, file) = (self.store.clone(), self.file.clone());
        spawn_blocking(move || findings(&store, &file, role)).await.unwrap_or_else(|_| {
            let subject = self.file.path().display().to_string();
            vec![Finding::new(Severity::Error, "check-failed", subject, "the check ended early")]
        })
    }

    fn error(&self, kind: ErrorKind, operation: &'static str, context: &str) -> Error {
        Error::new(kind, operation, &self.store, context)
    }

    fn fault(&self, operation: &'static str, error: FileError) -> Error {
        fault::error(&self.store, operation, self.file.path(), error)
    }
}

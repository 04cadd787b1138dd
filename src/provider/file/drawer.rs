//! One file as a store uses it: read for a role, changed through its one writer, every fault told in the store's name.

use std::path::Path;

use tokio::task::spawn_blocking;

use super::{Change, Document, FileError, Format, Found, Scribe, TextFile, Verdict, Versions, Wanted, fault, findings};
use crate::model::{ErrorKind, Family, Finding, Revision, SecretValue, Severity};
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
        Self::of(opening, TextFile::new(path.to_owned(), format))
    }

    /// The same for a file whose entries have versions, of which `most` earlier ones are kept for each.
    pub fn open_with_versions(opening: &Opening, path: &Path, format: impl Format + 'static, most: usize) -> Self {
        let versions = Versions { key: opening.revision_key.clone(), most };
        Self::of(opening, TextFile::new(path.to_owned(), format).with_versions(versions))
    }

    fn of(opening: &Opening, file: TextFile) -> Self {
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

    /// The version of what stands under an id; `None` where entries have none.
    pub fn revision(&self, id: &str, found: &Found<'_>) -> Option<Revision> {
        self.file.versions().map(|versions| versions.of(id, found))
    }

    /// Tells of versions whether they can be had back.
    pub async fn keeps(&self, versions: Vec<(String, Revision)>) -> Result<Vec<bool>> {
        let document = self.load(Family::Stat, "stat").await?;
        let is_current = |(id, revision): &(String, Revision)| {
            document.find(id).is_some_and(|found| self.revision(id, &found).as_ref() == Some(revision))
        };
        let current: Vec<bool> = versions.iter().map(is_current).collect();
        let file = self.file.clone();
        let Ok(history) = spawn_blocking(move || file.history()).await else {
            return Err(self.error(ErrorKind::Unexpected, "stat", "the thread that reads the history ended early"));
        };
        let history = history.map_err(|error| self.fault("stat", error))?;
        let earlier = |(id, revision): &(String, Revision)| {
            history.as_ref().is_some_and(|history| history.recall(id, revision).is_some())
        };
        Ok(versions.iter().zip(current).map(|(version, current)| current || earlier(version)).collect())
    }

    /// Puts a value under an id, or takes the id away, provided that it still is as `expect` says; gives its version then.
    pub async fn change(
        &self,
        operation: &'static str,
        id: &str,
        value: Option<SecretValue>,
        expect: &Expect,
    ) -> Result<Option<Revision>> {
        self.make(operation, id, value.map_or(Wanted::Nothing, Wanted::Text), expect).await
    }

    /// Puts back under an id what it held at a version, provided that it still is as `expect` says.
    pub async fn restore(&self, id: &str, revision: &Revision, expect: &Expect) -> Result<Option<Revision>> {
        self.make("restore", id, Wanted::Back(revision.clone()), expect).await
    }

    async fn make(
        &self,
        operation: &'static str,
        id: &str,
        wanted: Wanted,
        expect: &Expect,
    ) -> Result<Option<Revision>> {
        if self.file.versions().is_none() && matches!(expect, Expect::At(_) | Expect::Deleted(_)) {
            let context = "a file has no revisions to compare, only values";
            return Err(self.error(ErrorKind::Unsupported, operation, context));
        }
        let change = Change { id: id.to_owned(), wanted, expect: expect.clone() };
        match self.scribe.change(change).await {
            Some(Ok(Verdict::Done(revision))) => Ok(revision),
            Some(Ok(Verdict::Lost)) => {
                Err(self.error(ErrorKind::Unsupported, operation, "that version is not in the history beside the file"))
            }
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

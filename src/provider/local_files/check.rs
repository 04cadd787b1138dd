//! What would stop a job on these files, or should worry somebody.

use std::os::unix::fs::MetadataExt as _;

use super::client::JsonFile;
use super::document::{Document, Found};
use super::fault;
use crate::model::{Finding, Severity};
use crate::provider::contract::Role;
use crate::provider::error::Error;

/// Looks at one file; blocks on the disk.
pub fn findings(store: &str, file: &JsonFile, role: Role) -> Vec<Finding> {
    let subject = file.path().display().to_string();
    let told = |code, error: Error| {
        let finding = Finding::new(Severity::Error, code, &subject, format!("{}: {}", error.kind, error.context));
        Finding { remedy: error.remedy, ..finding }
    };
    let mut findings = Vec::new();
    match file.load() {
        Ok(Some(document)) => findings.extend(repeated(&subject, &document)),
        Ok(None) if role == Role::Source => {
            findings.push(told("file-missing", fault::missing(store, "check", file.path())));
        }
        Ok(None) => {}
        Err(error) => findings.push(told("file-unreadable", fault::error(store, "check", file.path(), error))),
    }
    findings.extend(open_to_others(&subject, file));
    if role == Role::Target
        && let Err(error) = file.try_folder()
    {
        findings.push(told("folder-not-writable", fault::error(store, "check", file.path(), error)));
    }
    findings
}

fn open_to_others(subject: &str, file: &JsonFile) -> Option<Finding> {
    let mode = file.metadata()?.mode() & 0o777;
    let message = format!("every user of this machine can open it (mode {mode:04o})");
    let finding = || Finding::new(Severity::Warning, "file-open-to-others", subject, message);
    (mode & 0o007 != 0).then(|| finding().with_remedy(format!("chmod o= {subject}")))
}

fn repeated(subject: &str, document: &Document) -> Vec<Finding> {
    let several = |key: &&str| matches!(document.find(key), Some(Found::Several(_)));
    let finding = |key| {
        let message = format!("{key} is there more than once; Airflow takes the last, we take none");
        let finding = Finding::new(Severity::Warning, "duplicate-name", subject, message);
        finding.with_remedy("take all but one of them out of the file")
    };
    document.keys().into_iter().filter(several).map(finding).collect()
}

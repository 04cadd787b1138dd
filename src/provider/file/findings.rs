//! What would stop a job on a file, or should worry somebody.

use std::os::unix::fs::MetadataExt as _;

use super::{Document, Found, TextFile, fault};
use crate::model::{Finding, Severity};
use crate::provider::contract::Role;
use crate::provider::error::Error;

/// Looks at one file; blocks on the disk.
pub fn findings(store: &str, file: &TextFile, role: Role) -> Vec<Finding> {
    let subject = file.path().display().to_string();
    let told = |code, error: Error| {
        let finding = Finding::new(Severity::Error, code, &subject, format!("{}: {}", error.kind, error.context));
        Finding { remedy: error.remedy, ..finding }
    };
    let mut findings = Vec::new();
    match file.load() {
        Ok(Some(document)) => findings.extend(of_content(&subject, document.as_ref())),
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

fn open_to_others(subject: &str, file: &TextFile) -> Option<Finding> {
    let mode = file.metadata()?.mode() & 0o777;
    let message = format!("every user of this machine can open it (mode {mode:04o})");
    let finding = || Finding::new(Severity::Warning, "file-open-to-others", subject, message);
    (mode & 0o007 != 0).then(|| finding().with_remedy(format!("chmod o= {subject}")))
}

fn of_content(subject: &str, document: &dyn Document) -> Vec<Finding> {
    let warning = |code, message| Finding::new(Severity::Warning, code, subject, message);
    let of_entry = |id: &&str| match document.find(id)? {
        Found::Value(_) => None,
        Found::Several(_) => {
            let message = format!("{id} is there more than once; Airflow takes one of them or fails, we take none");
            Some(warning("duplicate-name", message).with_remedy("take all but one of them out of the file"))
        }
        Found::Unreadable(why) => Some(warning("entry-unreadable", format!("{id}: {why}"))),
    };
    let entries = document.ids().into_iter().filter_map(|id| of_entry(&id));
    let remarks = document.remarks().into_iter().map(|remark| {
        warning(remark.code, format!("line {}: {}", remark.line, remark.message)).with_remedy(remark.remedy)
    });
    entries.chain(remarks).collect()
}

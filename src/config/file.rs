//! Finds the file, reads its text, and takes it apart: one table at a time, so that the faults of all come at once.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::changes::Written;
use super::check::{Config, JobPart, Parts};
use super::daemon::DaemonSettings;
use super::error::ConfigError;
use super::job::JobSettings;
use super::notify::NotifySettings;
use super::position::Positions;
use super::store::StoreTable;
use crate::ledger::{LedgerError, LedgerSettings};
use crate::model::hex;
use crate::provider::registry::{KINDS, StoreKind};
use crate::reference::env_setting;
use crate::settings::{SettingsFault, TablePath, read_table, references, suggestion};

const VARIABLE: &str = "SECRETFERRY_CONFIG";
const HERE: &str = "secretferry.toml";
const SYSTEM: &str = "/etc/secretferry/secretferry.toml";

const LEDGER: &str = "ledger";
const STORES: &str = "stores";
const JOBS: &str = "jobs";
const DAEMON: &str = "daemon";
const NOTIFY: &str = "notify";

/// Finds the config: what the command line says, else `SECRETFERRY_CONFIG`, else the usual places.
pub fn find(given: Option<&Path>) -> Result<PathBuf, ConfigError> {
    if let Some(file) = given {
        return Ok(file.to_owned());
    }
    if let Some(file) = env_setting(VARIABLE) {
        return Ok(PathBuf::from(file));
    }
    let usual = [HERE, SYSTEM].map(PathBuf::from);
    if let Some(file) = usual.iter().find(|file| file.exists()) {
        return Ok(file.clone());
    }
    let mut error = ConfigError::of_file(Path::new(HERE), "there is no such file");
    error.hint = Some(format!("write one, or name one with --config or {VARIABLE}; {SYSTEM} was looked for too"));
    Err(error)
}

/// Finds, reads and checks the config; every fault of it at once, in the order of the file.
pub fn load(given: Option<&Path>) -> Result<Config, Vec<ConfigError>> {
    let file = find(given).map_err(|error| vec![error])?;
    let cannot = |cause| vec![ConfigError::of_file(&file, format!("the file cannot be read: {cause}"))];
    let bytes = fs::read(&file).map_err(cannot)?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(vec![ConfigError::of_file(&file, "the file is not UTF-8 text")]);
    };
    parse(&file, &text)
}

/// Checks the text of a config; `file` names it, and its folder is what relative paths are taken from.
pub fn parse(file: &Path, text: &str) -> Result<Config, Vec<ConfigError>> {
    parse_with(KINDS, file, text)
}

/// Checks the text of a config that may use these kinds of store and no other.
pub fn parse_with(kinds: &[StoreKind], file: &Path, text: &str) -> Result<Config, Vec<ConfigError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: Table = match text.parse() {
        Ok(root) => root,
        Err(error) => return Err(vec![syntax_error(file, text, &error)]),
    };
    let mut faults = Vec::new();
    let written = Written::of(&root);
    let parts = split(kinds, file, root, &mut faults);
    faults.extend(parts.faults());
    if faults.is_empty() {
        return Ok(parts.config(file, hex(&Sha256::digest(text.as_bytes())), written));
    }
    let positions = Positions::of(text);
    faults.sort_by_key(|fault| positions.find(&fault.path));
    Err(faults.into_iter().map(|fault| ConfigError::new(file, fault)).collect())
}

// The line itself, which toml's own message shows, may hold a secret.
fn syntax_error(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
    ConfigError::of_file(file, format!("line {line}, column {column}: {}", error.message()))
}

fn split(kinds: &[StoreKind], file: &Path, root: Table, faults: &mut Vec<SettingsFault>) -> Parts {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut parts = Parts::default();
    for (key, value) in root {
        match key.as_str() {
            LEDGER => {
                let Some(table) = table(LEDGER, value, faults) else { continue };
                parts.add_references(
                    &TablePath::default().key(LEDGER),
                    references::<LedgerSettings>(table.clone()),
                    folder,
                );
                parts.ledger = kept(LEDGER, read_ledger(table), faults);
            }
            STORES => {
                for (name, path, table) in named_tables(STORES, value, faults) {
                    let read = StoreTable::read(kinds, table.clone(), folder);
                    if read.is_ok() {
                        parts.add_references(&path, StoreTable::references(kinds, table), folder);
                    }
                    let store = kept(&path.to_string(), read, faults);
                    parts.stores.insert(name, store);
                }
            }
            JOBS => {
                for (name, path, table) in named_tables(JOBS, value, faults) {
                    let named = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
                    let source = named("source");
                    let targets = named_targets(&table);
                    let mut settings = kept(&path.to_string(), JobSettings::read(&name, table), faults);
                    if let Some(settings) = &mut settings {
                        settings.overrides.relative_to(folder);
                        parts.add_job_references(settings.overrides.references(&path));
                    }
                    parts.jobs.insert(name, JobPart { source, targets, settings });
                }
            }
            DAEMON => {
                let Some(table) = table(DAEMON, value, faults) else { continue };
                let above = TablePath::default().key(DAEMON);
                parts.add_references(&above, DaemonSettings::references(table.clone()), folder);
                parts.daemon = kept(DAEMON, DaemonSettings::read(table, folder), faults);
            }
            NOTIFY => {
                for (name, path, table) in named_tables(NOTIFY, value, faults) {
                    let read = NotifySettings::read(&name, table.clone(), folder);
                    if read.is_ok() {
                        parts.add_references(&path, NotifySettings::references(table), folder);
                    }
                    parts.notify.extend(kept(&path.to_string(), read, faults));
                }
            }
            other => {
                let path = TablePath::default().key(other).to_string();
                let hint = suggestion(other, [LEDGER, STORES, JOBS, DAEMON, NOTIFY]);
                faults.push(SettingsFault::new(path, "unknown key").with_hint(hint));
            }
        }
    }
    parts
}

fn read_ledger(table: Table) -> Result<LedgerSettings, Vec<SettingsFault>> {
    let settings: LedgerSettings = read_table(table)?;
    let told = |error: LedgerError| match error {
        LedgerError::Setting { setting, problem } => SettingsFault::new(setting, problem),
        other => SettingsFault::new("", other.to_string()),
    };
    let faults: Vec<_> = settings.faults().into_iter().map(told).collect();
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

// What was read, or its faults under the path of the table.
fn kept<T>(path: &str, read: Result<T, Vec<SettingsFault>>, faults: &mut Vec<SettingsFault>) -> Option<T> {
    read.map_err(|own| faults.extend(own.into_iter().map(|fault| below(path, fault)))).ok()
}

fn below(path: &str, fault: SettingsFault) -> SettingsFault {
    let path = if fault.path.is_empty() { path.to_owned() } else { format!("{path}.{}", fault.path) };
    SettingsFault { path, ..fault }
}

fn table(path: &str, value: Value, faults: &mut Vec<SettingsFault>) -> Option<Table> {
    match value {
        Value::Table(table) => Some(table),
        _ => {
            faults.push(SettingsFault::new(path, "expected a table"));
            None
        }
    }
}

// The tables in `[stores]` or `[jobs]`, with their names and paths.
fn named_tables(above: &str, value: Value, faults: &mut Vec<SettingsFault>) -> Vec<(String, TablePath, Table)> {
    let mut tables = Vec::new();
    for (name, value) in table(above, value, faults).unwrap_or_default() {
        let path = TablePath::default().key(above).key(&name);
        if !is_name(&name) {
            let fault = SettingsFault::new(path.to_string(), "a name may hold letters, digits, `-`, `_` and `.` only");
            faults.push(fault);
        }
        tables.extend(table(&path.to_string(), value, faults).map(|table| (name, path, table)));
    }
    tables
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The targets that a job's table names, each with its key, whatever else is wrong with the table.
fn named_targets(job: &Table) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let several = job.get("targets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let several = several.iter().enumerate().map(|(index, value)| (format!("targets[{index}]"), text(value)));
    let one = job.get("target").map(|value| ("target".to_owned(), text(value)));
    one.into_iter().chain(several).filter_map(|(key, target)| Some((key, target?))).collect()
}

//! Airflow's `LocalFilesystemBackend`: what its `backend_kwargs` say of a store, and what it must be told to read one.

use std::path::{Path, PathBuf};

use super::settings::{FileShape, LocalFilesSettings};
use crate::model::{Finding, Requirement, Severity};
use crate::provider::{AirflowBackend, BACKEND_KWARGS, ReadPolicy, SettingsFault};

const CLASS: &str = "airflow.secrets.local_filesystem.LocalFilesystemBackend";
/// Airflow 2's backend knows no file of configs, and fails to start with one.
const CONFIGS: Requirement = Requirement { package: "apache-airflow", least: (3, 0, 0), what: "configs_file_path" };

/// What the arguments say beside the files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Understood {
    /// What is wrong with them.
    pub(super) faults: Vec<SettingsFault>,
    unknown: Vec<String>,
}

/// Fills in the files that `backend-kwargs` name and the store's own keys do not.
pub(super) fn complete(settings: &mut LocalFilesSettings) {
    let Some(given) = &settings.backend_kwargs else { return };
    let mut kwargs = match given.read() {
        Ok(kwargs) => kwargs,
        Err(fault) => {
            settings.kwargs.faults.push(fault);
            return;
        }
    };
    let files = [
        (&mut settings.connections_file, "connections_file_path"),
        (&mut settings.variables_file, "variables_file_path"),
        (&mut settings.configs_file, "configs_file_path"),
    ];
    for (ours, kwarg) in files {
        let given = kwargs.text(kwarg).map(PathBuf::from);
        *ours = ours.take().or(given);
    }
    settings.kwargs.unknown = kwargs.left();
    settings.kwargs.faults.append(&mut kwargs.faults);
}

/// What a person should hear of the settings.
pub(super) fn findings(settings: &LocalFilesSettings, store: &str) -> Vec<Finding> {
    let unknown = |key: &String| {
        let message = format!(
            "{BACKEND_KWARGS}: {key} is ignored: Airflow's backend knows no such argument, and fails to start with it"
        );
        let finding = Finding::new(Severity::Warning, "kwarg-ignored", store, message);
        finding.with_remedy("take it out, also of Airflow's own configuration")
    };
    settings.kwargs.unknown.iter().map(unknown).collect()
}

/// What Airflow must be told; `None` for the files of `airflow connections import`, which no backend reads.
pub(super) fn backend(settings: &LocalFilesSettings) -> Option<AirflowBackend> {
    if settings.shape == FileShape::Export {
        return None;
    }
    let mut backend = AirflowBackend::new(CLASS, settings.dialect());
    let files = [
        ("connections_file_path", &settings.connections_file),
        ("variables_file_path", &settings.variables_file),
        ("configs_file_path", &settings.configs_file),
    ];
    let mut rights = Vec::new();
    for (key, file) in files {
        let Some(file) = file else { continue };
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        backend.set(key, file.display().to_string());
        rights.push(right(&file));
    }
    backend.requirements.extend(settings.configs_file.as_ref().map(|_| CONFIGS));
    let instruction = "the rights of Airflow, if it runs as another user: its group may read, everybody else nothing";
    backend.policy = Some(ReadPolicy { instruction: instruction.to_owned(), text: rights.join("\n") });
    Some(backend)
}

fn right(file: &Path) -> String {
    let file = file.display().to_string().replace('\'', "'\\''");
    format!("chgrp airflow '{file}' && chmod u=rw,g=r,o= '{file}'")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::path::Path;

    use super::*;
    use crate::provider::StoreSettings as _;
    use crate::settings::read_table;

    fn settings(table: &str) -> LocalFilesSettings {
        let mut settings: LocalFilesSettings = read_table(table.parse().unwrap()).unwrap();
        settings.relative_to(Path::new("/config"));
        settings
    }

    #[test]
    fn the_arguments_name_the_files_and_our_own_keys_win() {
        let kwargs = r#"{"connections_file_path": "c.json", "variables_file_path": "/v.json", "configs_file_path": null, "x": 1}"#;
        let found = settings(&format!("variables-file = 'own.json'\nbackend-kwargs = '{kwargs}'"));
        assert_eq!(found.faults(), []);
        assert_eq!(found.connections_file.as_deref(), Some(Path::new("/config/c.json")));
        assert_eq!(found.variables_file.as_deref(), Some(Path::new("/config/own.json")));
        assert_eq!(found.configs_file, None);
        let findings = found.remarks("files");
        assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["kwarg-ignored"]);
        assert!(findings[0].message.contains("x is ignored"));
    }

    #[test]
    fn what_is_wrong_with_them_is_a_fault() {
        let rows =
            [("nonsense", "no JSON object"), (r#"{"connections_file_path": 1}"#, "connections_file_path: expected")];
        for (kwargs, expected) in rows {
            let faults = settings(&format!("connections-file = 'c.json'\nbackend-kwargs = '{kwargs}'")).faults();
            assert!(faults[0].path == BACKEND_KWARGS && faults[0].problem.contains(expected), "{faults:?}");
        }
    }

    #[test]
    fn airflow_is_told_what_it_would_have_told_us() {
        let table = "connections-file = 'it''s.json'\nconfigs-file = '/o.json'".replace("''", "");
        let backend = backend(&settings(&table)).unwrap();
        let kwargs = serde_json::json!({"connections_file_path": "/config/its.json", "configs_file_path": "/o.json"});
        assert_eq!(serde_json::Value::Object(backend.kwargs.clone()), kwargs);
        assert_eq!(backend.least_versions(), [CONFIGS]);
        assert!(super::backend(&settings("connections-file = 'c.json'\nshape = 'export'")).is_none());
    }
}

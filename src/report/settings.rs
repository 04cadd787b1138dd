//! What Airflow must be told to read a store, as a file of variables or as a part of airflow.cfg.

use serde_json::Value;

use crate::provider::AirflowBackend;

/// Renders shell variables: a file for `set -a; . FILE`, Docker Compose, systemd or python-dotenv.
pub fn airflow_variables(store: &str, backend: &AirflowBackend) -> String {
    let mut lines = head(store, backend);
    lines.extend(variables(backend).iter().map(|(name, value)| format!("{name}={}", quoted(value))));
    lines.extend(tail(backend));
    joined(&lines)
}

/// Renders the section of airflow.cfg; what has no place there is said in comments.
pub fn airflow_cfg(store: &str, backend: &AirflowBackend) -> String {
    let mut lines = head(store, backend);
    for (name, value) in &backend.variables {
        lines.push(format!("# in the environment of Airflow: {name}={value}"));
    }
    if let Some(class) = backend.class {
        lines.push("[secrets]".to_owned());
        lines.push(format!("backend = {class}"));
        // Airflow's parser takes a % for the beginning of another option's name.
        lines.push(format!("backend_kwargs = {}", kwargs(backend).replace('%', "%%")));
    }
    lines.extend(tail(backend));
    joined(&lines)
}

/// Every variable of the environment, by name.
pub(super) fn variables(backend: &AirflowBackend) -> Vec<(&'static str, String)> {
    let own = backend.class.map(|class| {
        [("AIRFLOW__SECRETS__BACKEND", class.to_owned()), ("AIRFLOW__SECRETS__BACKEND_KWARGS", kwargs(backend))]
    });
    own.into_iter().flatten().chain(backend.variables.iter().cloned()).collect()
}

fn kwargs(backend: &AirflowBackend) -> String {
    Value::Object(backend.kwargs.clone()).to_string()
}

fn head(store: &str, backend: &AirflowBackend) -> Vec<String> {
    let mut lines = vec![format!("# How Airflow reads {store}. What stands in <> is to be filled in.")];
    for requirement in backend.least_versions() {
        lines.push(format!("# pip install '{requirement}'   ({})", requirement.what));
    }
    lines.extend(backend.notes.iter().map(|note| format!("# note: {note}")));
    lines
}

fn tail(backend: &AirflowBackend) -> Vec<String> {
    let Some(policy) = &backend.policy else { return Vec::new() };
    let text = policy.text.lines().map(|line| format!("#   {line}"));
    [String::new(), format!("# {}:", policy.instruction)].into_iter().chain(text).collect()
}

// What a shell takes as it stands needs no quotes; docker --env-file knows none.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@+,=".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionDialect, Dialect, Requirement, TextDialect};
    use crate::provider::ReadPolicy;

    fn backend() -> AirflowBackend {
        let dialect = Dialect { connection: ConnectionDialect::VaultMap, text: TextDialect::ValueKey };
        let mut backend = AirflowBackend::new("a.B", dialect);
        backend.set("url", "https://v/it's 100%");
        backend.set("off", Value::Null);
        backend.ask("role_id", "role");
        backend.variables.push(("VAULT_TOKEN", "<token>".to_owned()));
        backend.requirements = vec![Requirement::of_vault((4, 8, 0), "lists"), Requirement::of_vault((4, 6, 0), "all")];
        backend.policy = Some(ReadPolicy { instruction: "do".to_owned(), text: "one\ntwo".to_owned() });
        backend
    }

    #[test]
    fn variables_are_quoted_for_a_shell() {
        let expected = concat!(
            "# How Airflow reads vault. What stands in <> is to be filled in.\n",
            "# pip install 'apache-airflow-providers-hashicorp>=4.8.0'   (lists)\n",
            "AIRFLOW__SECRETS__BACKEND=a.B\n",
            r#"AIRFLOW__SECRETS__BACKEND_KWARGS='{"url":"https://v/it'\''s 100%","off":null,"role_id":"<role>"}'"#,
            "\nVAULT_TOKEN='<token>'\n\n# do:\n#   one\n#   two\n",
        );
        assert_eq!(airflow_variables("vault", &backend()), expected);
    }

    #[test]
    fn in_airflow_cfg_a_percent_sign_is_doubled() {
        let text = airflow_cfg("vault", &backend());
        assert!(
            text.contains("\n[secrets]\nbackend = a.B\nbackend_kwargs = {\"url\":\"https://v/it's 100%%\","),
            "{text}"
        );
        assert!(text.contains("\n# in the environment of Airflow: VAULT_TOKEN=<token>\n"), "{text}");
    }
}

//! Nasty names under every rule: round trips, refusals, collisions and conflicts.

mod clouds;
mod conflicts;
mod mapping;
mod names;

use secretferry::model::{Kind, SecretName};
use secretferry::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// Vault as it is by default.
fn vault() -> Rule {
    Rule {
        connections: Place::prefix("connections"),
        variables: Place::prefix("variables"),
        configs: Place::prefix("config"),
        separator: "/".into(),
        charset: Charset::Path,
        folding: Folding::None,
        max_length: None,
        teams: Teams::Unsupported,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

fn vault_without_mount() -> Rule {
    Rule { mount: Mount::FirstSegment, ..vault() }
}

fn vault_with_teams() -> Rule {
    Rule { teams: Teams::Folder, ..vault() }
}

fn metastore() -> Rule {
    Rule { charset: Charset::Any, teams: Teams::Beside, configs: Place::Off, ..vault() }
}

/// Secrets Manager as it is by default.
fn secrets_manager() -> Rule {
    Rule {
        connections: Place::prefix("airflow/connections"),
        variables: Place::prefix("airflow/variables"),
        configs: Place::prefix("airflow/config"),
        charset: Charset::AwsSecret,
        max_length: Some(512),
        ..vault()
    }
}

/// Parameter Store as it is by default.
fn parameter_store() -> Rule {
    Rule {
        connections: Place::prefix("/airflow/connections"),
        variables: Place::prefix("/airflow/variables"),
        configs: Place::prefix("/airflow/config"),
        charset: Charset::AwsParameter,
        ..vault()
    }
}

fn bare_connections() -> Rule {
    Rule { connections: Place::prefix(""), ..vault() }
}

fn prefixes(texts: &[&str]) -> Place {
    Place::Prefixes(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn connection(id: &str) -> SecretName {
    SecretName::new(Kind::Connection, id)
}

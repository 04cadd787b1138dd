//! Nasty names under every rule: round trips, refusals, collisions and conflicts.

mod conflicts;
mod mapping;
mod names;

use secretferry::model::{Kind, SecretName};
use secretferry::naming::{Charset, Folding, Mount, Place, Rule, Teams};

/// Vault as it is by default.
fn vault() -> Rule {
    Rule {
        connections: Place::prefix("connections"),
        variables: Place::prefix("variables"),
        configs: Place::prefix("config"),
        separator: "/",
        charset: Charset::Path,
        folding: Folding::None,
        max_length: None,
        teams: Teams::Unsupported,
        mount: Mount::Fixed,
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

fn bare_connections() -> Rule {
    Rule { connections: Place::prefix(""), ..vault() }
}

fn prefixes(texts: &[&str]) -> Place {
    Place::Prefixes(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn connection(id: &str) -> SecretName {
    SecretName::new(Kind::Connection, id)
}

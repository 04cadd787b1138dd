//! Which rows deserve to be refused, and why: told by the row, by the rules of names, and by real Airflow.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::airflow::{Seen, construct, uris};
use crate::difference::{differences, is_notable};
use crate::metastore::{Key, Row};

/// How connections are written, and what names a target can hold.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// `fields`, `json` or `uri`.
    pub form: &'static str,
    /// Where to.
    pub place: Place,
    /// Who must read it right.
    pub readers: &'static [&'static str],
}

/// A target, as far as it decides what is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Vault, where a name is a path, and there are no teams.
    Vault,
    /// Vault with a folder for each team, so that an id is one segment.
    VaultOfTeams,
    /// Secrets Manager, where names are ASCII.
    AwsSecrets,
    /// Secrets Manager with a team before some ids.
    AwsSecretsOfTeams,
    /// Parameter Store in its standard tier, where names are levels.
    AwsParameters,
    /// Key Vault, where names are ASCII without case, and `_` is `-`.
    AzureSecrets {
        /// Whether some ids have a team before them.
        with_teams: bool,
        /// How long an id may be, for its prefix counts, too.
        room: usize,
    },
    /// Google's Secret Manager, where names are ASCII.
    GoogleSecrets {
        /// Whether some ids have a team before them.
        with_teams: bool,
        /// How long an id may be, for its prefix counts, too.
        room: usize,
    },
    /// Local files in JSON or YAML, where a name is any text.
    Files,
    /// Local files of `id=value` lines.
    Lines,
    /// Variables in lines that are taken as they stand.
    PlainVariables,
    /// Variables as Docker Compose reads them.
    ComposeVariables,
}

impl Place {
    /// Whether teams have keys of their own.
    fn has_teams(self) -> bool {
        match self {
            Self::AzureSecrets { with_teams, .. } | Self::GoogleSecrets { with_teams, .. } => with_teams,
            _ => matches!(self, Self::VaultOfTeams | Self::AwsSecretsOfTeams),
        }
    }
}

/// The reasons that each key may be refused for; a key that is not there must be carried.
pub fn deserved(rows: &[Row], manner: Manner) -> BTreeMap<Key, BTreeSet<&'static str>> {
    let mut reasons: BTreeMap<Key, BTreeSet<&'static str>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let Some(key) = row.key() else { continue };
        if !seen.insert(key.clone()) {
            reasons.entry(key.clone()).or_default().insert("duplicate-name");
        }
        let own = reasons_of(row, manner);
        if !own.is_empty() {
            reasons.entry(key).or_default().extend(own);
        }
    }
    for key in meeting(rows, manner.place, &reasons) {
        reasons.entry(key).or_default().insert("name-collision");
    }
    for (key, reason) in misread(rows, manner) {
        reasons.entry(key).or_default().insert(reason);
    }
    reasons
}

/// Legal names that are one where case, or `_` and `-`, make no difference.
fn meeting(rows: &[Row], place: Place, reasons: &BTreeMap<Key, BTreeSet<&'static str>>) -> Vec<Key> {
    let folded = |key: &Key| match place {
        Place::PlainVariables | Place::ComposeVariables => key.2.to_uppercase(),
        Place::AzureSecrets { .. } => key.2.to_lowercase().replace('_', "-"),
        _ => key.2.clone(),
    };
    let is_legal = |key: &Key| {
        !reasons.get(key).is_some_and(|own| own.contains("illegal-name") || own.contains("team-unsupported"))
    };
    let legal: BTreeSet<Key> = rows.iter().filter_map(Row::key).filter(is_legal).collect();
    let meets = |key: &&Key| {
        let is_other = |other: &&Key| other != key && other.0 == key.0 && other.1 == key.1;
        legal.iter().filter(is_other).any(|other| folded(other) == folded(key))
    };
    legal.iter().filter(meets).cloned().collect()
}

fn reasons_of(row: &Row, manner: Manner) -> Vec<&'static str> {
    let place = manner.place;
    let mut reasons = Vec::new();
    if !row.unreadable.is_empty() {
        reasons.push("undecryptable");
    }
    if is_poisoned(row) {
        reasons.push("poisoned");
    }
    if row.team.is_some() && !place.has_teams() {
        reasons.push("team-unsupported");
    }
    if !is_legal(row.id.as_deref().unwrap_or_default(), row.team.is_none(), place) {
        reasons.push("illegal-name");
    }
    reasons.extend(row.value.as_str().and_then(|text| unfit(text, place)));
    if place == Place::AwsParameters && manner.form == "json" && row.kind == "connections" {
        let present = row.fields.iter().filter(|(_, field)| !field.is_null());
        let text = json!(present.collect::<BTreeMap<_, _>>()).to_string();
        reasons.extend(unfit(&text, place));
    }
    reasons
}

/// What a line or a variable cannot hold.
fn unfit(text: &str, place: Place) -> Option<&'static str> {
    let is_lines = matches!(place, Place::Lines | Place::PlainVariables);
    let is_variable = matches!(place, Place::PlainVariables | Place::ComposeVariables);
    let largest = match place {
        Place::AwsSecrets | Place::AwsSecretsOfTeams => 65_536,
        Place::AwsParameters => 4096,
        Place::AzureSecrets { .. } => 25_600,
        Place::GoogleSecrets { .. } => 65_536,
        Place::PlainVariables => 64_000,
        Place::ComposeVariables => 130_000,
        _ => usize::MAX,
    };
    let is_aws = matches!(place, Place::AwsSecrets | Place::AwsSecretsOfTeams | Place::AwsParameters);
    match text {
        "" if is_lines || is_aws || matches!(place, Place::GoogleSecrets { .. }) => Some("empty-value"),
        _ if is_lines && text.contains(ends_line) || is_variable && text.contains('\0') => Some("unreadable"),
        _ if text.len() > largest => Some("too-large"),
        _ if place == Place::AwsParameters && has_reference(text) => Some("double-braces"),
        _ => None,
    }
}

/// What Parameter Store takes for a reference to another parameter.
fn has_reference(text: &str) -> bool {
    text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
}

/// What Python's `splitlines` splits at.
fn ends_line(letter: char) -> bool {
    "\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}".contains(letter)
}

/// A field, a variable, or a text inside of their JSON is the mask of a screen.
fn is_poisoned(row: &Row) -> bool {
    let texts = row.fields.values().chain([&row.value]).filter_map(Value::as_str);
    texts.into_iter().any(|text| text == "***" || serde_json::from_str(text).is_ok_and(|json| holds_mask(&json)))
}

fn holds_mask(json: &Value) -> bool {
    match json {
        Value::String(text) => text == "***",
        Value::Array(items) => items.iter().any(holds_mask),
        Value::Object(members) => members.values().any(holds_mask),
        _ => false,
    }
}

/// Vault takes no control characters, and HTTP clients drop segments that are empty or dots.
fn is_legal(id: &str, is_everybodys: bool, place: Place) -> bool {
    match place {
        Place::Files => return true,
        Place::Lines => return !id.contains('=') && !id.contains(ends_line) && !id.trim_start().starts_with('#'),
        Place::PlainVariables => {
            return !id.chars().any(|letter| letter == '=' || letter.is_whitespace() || letter.is_control());
        }
        Place::ComposeVariables => {
            return id.chars().all(|letter| letter.is_alphanumeric() || "_.-[]".contains(letter));
        }
        Place::AwsSecrets | Place::AwsSecretsOfTeams => {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/_+=.@-".contains(letter);
            let is_a_teams = place == Place::AwsSecretsOfTeams && is_everybodys && id.contains("--");
            return id.chars().all(is_plain) && !is_a_teams;
        }
        Place::AwsParameters => {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/_.-".contains(letter);
            return id.chars().all(is_plain) && !id.split('/').any(str::is_empty);
        }
        Place::AzureSecrets { with_teams, room } | Place::GoogleSecrets { with_teams, room } => {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
            let asked = if matches!(place, Place::AzureSecrets { .. }) { id.replace('_', "-") } else { id.to_owned() };
            return id.len() <= room
                && id.chars().all(is_plain)
                && !(with_teams && is_everybodys && asked.contains("--"));
        }
        Place::Vault | Place::VaultOfTeams => {}
    }
    let is_path = !id.chars().any(char::is_control) && !id.split('/').any(|segment| ["", ".", ".."].contains(&segment));
    is_path && !(place == Place::VaultOfTeams && is_everybodys && id.contains('/'))
}

/// The id that Vault is asked for under an id that is no path: HTTP clients and Vault drop such segments.
pub fn as_path(id: &str) -> String {
    let mut segments = Vec::new();
    for segment in id.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    segments.join("/")
}

/// Connections that a reader does not get back from the form, as Airflow's own classes say.
fn misread(rows: &[Row], manner: Manner) -> BTreeMap<Key, &'static str> {
    let rows: BTreeMap<String, &Row> =
        rows.iter().filter(|row| row.kind == "connections").filter_map(|row| Some((row.key()?.2, row))).collect();
    let connections: Map<String, Value> =
        rows.iter().map(|(id, row)| (id.clone(), Value::Object(row.fields.clone()))).collect();
    let seen = as_constructed(&connections, manner);
    let mut found = BTreeMap::new();
    for (id, row) in rows {
        let answers: Vec<_> = seen.iter().filter(|seen| seen.id == id).collect();
        let is_read = |seen: &&Seen| seen.found && seen.error.is_null();
        if answers.len() < manner.readers.len() || !answers.iter().all(is_read) {
            found.insert(row.key().unwrap(), "unreadable");
        } else if !answers.iter().all(|seen| differences(row, seen).iter().all(|difference| is_notable(difference))) {
            found.insert(row.key().unwrap(), "lossy");
        }
    }
    found
}

/// What the readers' classes make of the form; one without a URI is not among the answers.
fn as_constructed(connections: &Map<String, Value>, manner: Manner) -> Vec<Seen> {
    let server_only = matches!(manner.place, Place::Files | Place::Lines);
    let request = match manner.form {
        "uri" => json!({"form": "uri", "uris": uris(connections), "server_only": server_only}),
        _ if server_only => json!({"form": "object", "connections": connections, "server_only": true}),
        _ => json!({"form": "fields", "connections": connections}),
    };
    construct(&request, manner.readers)
}

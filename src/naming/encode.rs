//! Names to a store's keys and back, under its rule.

use std::cmp::Reverse;

use super::aws;
use super::error::NameError;
use super::rule::{Charset, Mount, Rule, Teams};
use crate::model::{Kind, RemoteKey, SecretName, ends_line};

/// A name read from a key, and which of its kind's prefixes it was found under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The name.
    pub name: SecretName,
    /// The prefix's index in the kind's [`Place`](super::Place); only keys of index 0 are ever written.
    pub place: usize,
}

/// Spells a name as the store's key, under the first prefix of its kind.
///
/// Refuses every name that [`decode`] would read back as another, so two names never share a key, but for those that
/// the rule's folding makes one: [`collisions`](super::collisions) finds them.
pub fn encode(rule: &Rule, name: &SecretName) -> Result<RemoteKey, NameError> {
    let prefix = rule.place(name.kind).prefixes().first().ok_or_else(|| NameError::KindOff { name: name.clone() })?;
    if let Some(pattern) = rule.patterns.against(name) {
        return Err(NameError::Unreachable { name: name.clone(), pattern: pattern.as_str().to_owned() });
    }
    let key = spell(rule, prefix, name)?;
    match decode(rule, &key) {
        Some(decoded) if folded(rule, &decoded.name) == folded(rule, name) => Ok(key),
        other => {
            Err(NameError::Ambiguous { name: name.clone(), key, reads_as: other.map(|decoded| Box::new(decoded.name)) })
        }
    }
}

/// The name as the store tells it from others.
fn folded(rule: &Rule, name: &SecretName) -> SecretName {
    let fold = |text: &str| rule.folding.fold(text).into_owned();
    SecretName { kind: name.kind, team: name.team.as_deref().map(fold), id: fold(&name.id) }
}

/// Reads a key as a name; `None` for a key that lies under none of our prefixes, or that no name is folded to.
///
/// Where prefixes overlap the longest wins, where they are equal the first kind. Of a folded name the most probable
/// spelling is given.
pub fn decode(rule: &Rule, key: &RemoteKey) -> Option<Decoded> {
    let (mount, path) = match rule.mount {
        Mount::Fixed => (None, key.as_str()),
        Mount::FirstSegment => {
            let (mount, path) = key.as_str().split_once(&*rule.separator)?;
            (Some(mount), path)
        }
    };
    let (kind, place, prefix) = home(rule, path)?;
    let (team, id) = parts(rule, kind, prefix, path)?;
    let is_folded = |text: &str| rule.folding.fold(text) == text;
    if id.is_empty() || !is_folded(id) || !team.is_none_or(is_folded) {
        return None;
    }
    let unfold = |text: &str| rule.folding.unfold(text).into_owned();
    let id = mount.map_or_else(|| unfold(id), |mount| format!("{mount}{}{}", rule.separator, unfold(id)));
    Some(Decoded { name: SecretName { kind, team: team.map(unfold), id }, place })
}

/// What stands before and behind a team under [`Teams::Underscores`].
const TEAM_START: &str = "__";
const TEAM_END: &str = "___";
/// What stands behind a team under [`Teams::Dashes`].
const TEAM_DASHES: &str = "--";

/// Spells a name under one prefix and holds the key to the store's charset and length.
pub(super) fn spell(rule: &Rule, prefix: &str, name: &SecretName) -> Result<RemoteKey, NameError> {
    let refused = || name.clone();
    let separator = &*rule.separator;
    if name.id.is_empty() {
        return Err(NameError::Empty { name: refused() });
    }
    let (mount, id) = match rule.mount {
        Mount::Fixed => (None, name.id.as_str()),
        Mount::FirstSegment => {
            let (mount, id) = name
                .id
                .split_once(separator)
                .ok_or_else(|| NameError::NoMount { name: refused(), separator: separator.to_owned() })?;
            (Some(mount), id)
        }
    };
    let id = rule.folding.fold(id);
    let path = match (&name.team, teams(rule, name.kind)) {
        (None, Teams::Folder) if id.contains(separator) => {
            return Err(NameError::LooksLikeTeam { name: refused(), separator: separator.to_owned() });
        }
        (None, Teams::Underscores) if id.contains(TEAM_END) => {
            return Err(NameError::LooksLikeTeam { name: refused(), separator: TEAM_END.to_owned() });
        }
        (_, Teams::Dashes) if id.contains(TEAM_DASHES) => {
            return Err(NameError::LooksLikeTeam { name: refused(), separator: TEAM_DASHES.to_owned() });
        }
        (None, _) => format!("{}{id}", rule.head(prefix)),
        (Some(_), Teams::Unsupported) => return Err(NameError::Team { name: refused() }),
        (Some(team), Teams::Beside) => format!("{prefix}@{team}{separator}{id}"),
        (Some(team), Teams::Underscores) => format!("{prefix}{TEAM_START}{}{TEAM_END}{id}", rule.folding.fold(team)),
        (Some(team), Teams::Folder) => format!("{prefix}{separator}{team}{separator}{id}"),
        (Some(_), Teams::Dashes) if !asks_as_team(rule, name.kind, prefix) => {
            return Err(NameError::Team { name: refused() });
        }
        (Some(team), Teams::Dashes) => format!("{}{team}{TEAM_DASHES}{id}", rule.head(prefix)),
    };
    let key = mount.map_or_else(|| path.clone(), |mount| format!("{mount}{separator}{path}"));
    check(rule, name, &key)?;
    Ok(RemoteKey::new(key))
}

/// Airflow looks configs up for everybody, whatever the store does with teams; dashes it refuses in them all the same.
fn teams(rule: &Rule, kind: Kind) -> Teams {
    if kind == Kind::Config && rule.teams != Teams::Dashes { Teams::Unsupported } else { rule.teams }
}

/// Airflow looks a key with dashes up as a team only where it knows of teams: in no config, and in Secrets Manager under no
/// bare id.
fn asks_as_team(rule: &Rule, kind: Kind, prefix: &str) -> bool {
    kind != Kind::Config && !(prefix.is_empty() && rule.charset == Charset::AwsSecret)
}

fn check(rule: &Rule, name: &SecretName, key: &str) -> Result<(), NameError> {
    if let Some(limit) = rule.max_length.filter(|limit| key.len() > *limit) {
        return Err(NameError::TooLong { name: name.clone(), length: key.len(), limit });
    }
    let fits = match rule.charset {
        Charset::Any => true,
        Charset::Path => return check_path(name, key),
        Charset::AwsSecret => return aws::check_secret(name, key),
        Charset::AwsParameter => return aws::check_parameter(name, key),
        Charset::Line => stands_before_equals(&name.id),
        Charset::Word => {
            stands_before_equals(key) && !key.chars().any(|letter| letter.is_whitespace() || letter.is_control())
        }
        Charset::Dotenv => key.chars().all(|letter| letter.is_alphanumeric() || "_.-[]".contains(letter)),
    };
    if fits { Ok(()) } else { Err(NameError::NoVariable { name: name.clone() }) }
}

fn stands_before_equals(text: &str) -> bool {
    !text.contains('=') && !text.contains(ends_line) && !text.trim_start().starts_with('#')
}

fn check_path(name: &SecretName, key: &str) -> Result<(), NameError> {
    if key.chars().any(char::is_control) {
        return Err(NameError::Control { name: name.clone() });
    }
    if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(NameError::Segment { name: name.clone(), key: key.to_owned() });
    }
    Ok(())
}

/// The longest prefix that `path` lies under.
fn home<'a>(rule: &'a Rule, path: &str) -> Option<(Kind, usize, &'a str)> {
    Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            rule.place(kind).prefixes().iter().enumerate().map(move |(place, prefix)| (kind, place, prefix))
        })
        .filter(|(kind, _, prefix)| lies_under(rule, *kind, prefix, path))
        .min_by_key(|(_, _, prefix)| Reverse(prefix.len()))
        .map(|(kind, place, prefix)| (kind, place, prefix.as_str()))
}

fn lies_under(rule: &Rule, kind: Kind, prefix: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(prefix) else { return false };
    rest.starts_with(if prefix.is_empty() { rule.root() } else { &rule.separator })
        || (teams(rule, kind) == Teams::Beside && rest.starts_with('@'))
}

/// Splits what follows a prefix into team and id.
fn parts<'a>(rule: &Rule, kind: Kind, prefix: &str, path: &'a str) -> Option<(Option<&'a str>, &'a str)> {
    let separator = &*rule.separator;
    let rest = &path[prefix.len()..];
    let bare = rest.strip_prefix(if prefix.is_empty() { rule.root() } else { separator });
    match teams(rule, kind) {
        Teams::Unsupported => Some((None, bare?)),
        Teams::Underscores => match rest.strip_prefix(TEAM_START).and_then(|owned| owned.split_once(TEAM_END)) {
            Some((team, id)) => (!team.is_empty()).then_some((Some(team), id)),
            None => bare.filter(|id| !id.contains(TEAM_END)).map(|id| (None, id)),
        },
        Teams::Beside => match rest.strip_prefix('@') {
            Some(owned) => owned.split_once(separator).map(|(team, id)| (Some(team), id)),
            None => Some((None, bare?)),
        },
        Teams::Dashes => match bare?.split_once(TEAM_DASHES) {
            Some((team, id)) => {
                let is_asked = !id.contains(TEAM_DASHES) && asks_as_team(rule, kind, prefix);
                (!team.is_empty() && is_asked).then_some((Some(team), id))
            }
            None => Some((None, bare?)),
        },
        // Airflow puts a separator before the team even where the prefix is empty.
        Teams::Folder => match rest.strip_prefix(separator).and_then(|owned| owned.split_once(separator)) {
            Some((team, id)) => Some((Some(team), id)),
            None => bare.filter(|id| !id.contains(separator)).map(|id| (None, id)),
        },
    }
}

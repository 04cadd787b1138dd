//! Names to a store's keys and back, under its rule.

use std::cmp::Reverse;

use super::error::NameError;
use super::rule::{Charset, Mount, Rule, Teams};
use super::{aws, cloud};
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
    let mut candidates = candidates(rule, &key);
    if candidates.iter().any(|decoded| folded(rule, &decoded.name) == folded(rule, name)) {
        return Ok(key);
    }
    let reads_as = candidates.drain(..).next().map(|decoded| Box::new(decoded.name));
    Err(NameError::Ambiguous { name: name.clone(), key, reads_as })
}

/// The name as the store tells it from others.
fn folded(rule: &Rule, name: &SecretName) -> SecretName {
    let fold = |text: &str| rule.fold(text).into_owned();
    SecretName { kind: name.kind, team: name.team.as_deref().map(fold), id: fold(&name.id) }
}

/// Reads a key as a name; `None` for a key that lies under none of our prefixes, or that no name is spelled as.
///
/// Where prefixes overlap the longest wins, where they are equal the first kind. Of a folded name the most probable
/// spelling is given.
pub fn decode(rule: &Rule, key: &RemoteKey) -> Option<Decoded> {
    candidates(rule, key).into_iter().next()
}

/// Every name that a key can be read as, in the order of kinds: more than one only where kinds may lie under one prefix.
pub fn candidates(rule: &Rule, key: &RemoteKey) -> Vec<Decoded> {
    let (mount, path) = match rule.mount {
        Mount::Fixed => (None, key.as_str()),
        Mount::FirstSegment => match key.as_str().split_once(&*rule.separator) {
            Some((mount, path)) => (Some(mount), path),
            None => return Vec::new(),
        },
    };
    homes(rule, path).into_iter().filter_map(|home| read_at(rule, home, mount, path)).collect()
}

/// Reads what lies at one place of a kind.
fn read_at(rule: &Rule, (kind, place, prefix): Home<'_>, mount: Option<&str>, path: &str) -> Option<Decoded> {
    let (team, id) = parts(rule, kind, prefix, path)?;
    if id.is_empty() || !rule.is_spelled(id) || !team.is_none_or(|team| rule.is_spelled(team)) {
        return None;
    }
    let unspell = |text: &str| rule.unspell(text).into_owned();
    let id = mount.map_or_else(|| unspell(id), |mount| format!("{mount}{}{}", rule.separator, unspell(id)));
    Some(Decoded { name: SecretName { kind, team: team.map(unspell), id }, place })
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
    let id = rule.spell(id);
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
        (Some(team), Teams::Underscores) => format!("{prefix}{TEAM_START}{}{TEAM_END}{id}", rule.spell(team)),
        (Some(team), Teams::Folder) => format!("{prefix}{separator}{team}{separator}{id}"),
        (Some(_), Teams::Dashes) if !asks_as_team(rule, name.kind, prefix) => {
            return Err(NameError::Team { name: refused() });
        }
        (Some(team), Teams::Dashes) => format!("{}{}{TEAM_DASHES}{id}", rule.head(prefix), rule.spell(team)),
    };
    let key = mount.map_or_else(|| path.clone(), |mount| format!("{mount}{separator}{path}"));
    check(rule, name, &key)?;
    Ok(RemoteKey::new(key))
}

/// Airflow looks configs up for everybody, whatever the store does with teams; dashes it refuses in them all the same, but
/// for Google's store.
fn teams(rule: &Rule, kind: Kind) -> Teams {
    let refuses_dashes = rule.teams == Teams::Dashes && rule.charset != Charset::SecretManager;
    if kind == Kind::Config && !refuses_dashes { Teams::Unsupported } else { rule.teams }
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
        Charset::KeyVault => return cloud::check_key_vault(name, key),
        Charset::SecretManager => return cloud::check_secret_manager(name, key),
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

/// A kind, the index of one of its prefixes, and the prefix.
type Home<'a> = (Kind, usize, &'a str);

/// The longest prefix that `path` lies under; where kinds may share it, that of each.
fn homes<'a>(rule: &'a Rule, path: &str) -> Vec<Home<'a>> {
    let all = Kind::ALL.into_iter().flat_map(|kind| {
        rule.place(kind).prefixes().iter().enumerate().map(move |(place, prefix)| (kind, place, prefix.as_str()))
    });
    let mut homes: Vec<_> = all.filter(|(kind, _, prefix)| lies_under(rule, *kind, prefix, path)).collect();
    homes.sort_by_key(|(_, _, prefix)| Reverse(prefix.len()));
    let longest = homes.first().map_or(0, |(_, _, prefix)| prefix.len());
    homes.retain(|(_, _, prefix)| prefix.len() == longest);
    if !rule.kinds_may_share() {
        homes.truncate(1);
    }
    homes
}

fn lies_under(rule: &Rule, kind: Kind, prefix: &str, path: &str) -> bool {
    let Some(rest) = rule.behind(prefix, path) else { return false };
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

//! How this store spells names: `connections/<conn_id>`, `variables/<key>`, and `connections@<team>/<conn_id>` for a team's.

use crate::model::{Kind, RemoteKey};
use crate::naming::{Charset, Folding, LookupPatterns, Mount, Place, Rule, Teams};

/// The rule of every metastore.
pub fn rule() -> Rule {
    Rule {
        connections: Place::prefix(Kind::Connection.plural()),
        variables: Place::prefix(Kind::Variable.plural()),
        configs: Place::Off,
        separator: "/".into(),
        charset: Charset::Any,
        folding: Folding::None,
        max_length: None,
        teams: Teams::Beside,
        mount: Mount::Fixed,
        patterns: LookupPatterns::default(),
    }
}

/// A key taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct RowName<'a> {
    /// Which table.
    pub kind: Kind,
    /// The team, where it is a team's row.
    pub team: Option<&'a str>,
    /// The `conn_id` or the variable's key.
    pub id: &'a str,
}

impl<'a> RowName<'a> {
    /// Reads a key; `None` for one that no row of a metastore can have.
    pub fn parse(key: &'a RemoteKey) -> Option<Self> {
        let (head, id) = key.as_str().split_once('/')?;
        let (place, team) = head.split_once('@').map_or((head, None), |(place, team)| (place, Some(team)));
        let kind = [Kind::Connection, Kind::Variable].into_iter().find(|kind| kind.plural() == place)?;
        (!id.is_empty() && team != Some("")).then_some(Self { kind, team, id })
    }

    /// Spells the key; `None` where the id or the team is empty, or the team holds a `/` and would not be read back.
    pub fn key(&self) -> Option<RemoteKey> {
        let place = self.kind.plural();
        match self.team {
            _ if self.id.is_empty() => None,
            None => Some(RemoteKey::new(format!("{place}/{}", self.id))),
            Some(team) if team.is_empty() || team.contains('/') => None,
            Some(team) => Some(RemoteKey::new(format!("{place}@{team}/{}", self.id))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_and_reads_back() {
        for (kind, team, id, expected) in [
            (Kind::Connection, None, "db", "connections/db"),
            (Kind::Variable, None, "a/b c@d", "variables/a/b c@d"),
            (Kind::Variable, Some("data@x"), "/", "variables@data@x//"),
        ] {
            let name = RowName { kind, team, id };
            let key = name.key().expect("a name with a key");
            assert_eq!(key.as_str(), expected);
            assert_eq!(RowName::parse(&key), Some(name));
        }
    }

    #[test]
    fn refuses_what_would_not_come_back() {
        for (team, id) in [(None, ""), (Some(""), "x"), (Some("a/b"), "x")] {
            assert_eq!(RowName { kind: Kind::Variable, team, id }.key(), None);
        }
        for key in ["configs/x", "connections", "connections/", "connections@/x", "x/y"] {
            assert_eq!(RowName::parse(&RemoteKey::new(key)), None, "{key}");
        }
    }
}

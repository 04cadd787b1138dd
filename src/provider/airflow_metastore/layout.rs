//! Which tables and columns a metastore has, as its catalogue says, and what each lacks to be read.

use std::collections::BTreeMap;

use crate::model::Kind;

/// What the catalogue says of the tables we look for, as far as they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// By name.
    pub tables: BTreeMap<String, Table>,
    /// Whom the right to read is granted to: our role, in a database that has such.
    pub role: Option<String>,
}

/// One table or view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The schema it is in, where there are schemas.
    pub schema: Option<String>,
    /// Its columns, and whether we may read each.
    pub columns: BTreeMap<String, Access>,
    /// Whether we may use the schema at all.
    pub usage: Access,
    /// Whether we may change it.
    pub write: Access,
}

/// Whether we have a right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// We have.
    #[default]
    Granted,
    /// We have not.
    Refused,
}

impl From<bool> for Access {
    fn from(granted: bool) -> Self {
        if granted { Self::Granted } else { Self::Refused }
    }
}

/// The tables whose columns are asked for.
pub const TABLES: [&str; 4] = ["connection", "variable", "team", "alembic_version"];

/// What the table of one kind must have, and what it has in some releases.
struct Expected {
    table: &'static str,
    id: &'static str,
    always: &'static [&'static str],
    sometimes: &'static [&'static str],
}

const CONNECTION: Expected = Expected {
    table: "connection",
    id: "conn_id",
    always: &[
        "conn_type",
        "host",
        "schema",
        "login",
        "password",
        "port",
        "extra",
        "is_encrypted",
        "is_extra_encrypted",
    ],
    sometimes: &["description"],
};

const VARIABLE: Expected =
    Expected { table: "variable", id: "key", always: &["val", "is_encrypted"], sometimes: &["description"] };

/// Where the name of a row's team is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamColumn {
    /// This release knows no teams.
    None,
    /// In the row (3.2 and later).
    Name,
    /// In the table `team`, by the row's id of it (3.1).
    Joined,
    /// The same, but we may not read that table: the id stands for the name.
    Id,
}

/// What is read of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The kind its rows are.
    pub kind: Kind,
    /// Its schema, where there are schemas.
    pub schema: Option<String>,
    /// Its name.
    pub table: &'static str,
    /// The column of the name.
    pub id: &'static str,
    /// The column of the team.
    pub team: TeamColumn,
    /// The columns that are there, in an order of ours.
    pub columns: Vec<&'static str>,
}

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// There is no such table.
    Table(&'static str),
    /// The table lacks a column that every release has.
    Column(&'static str, &'static str),
    /// We may not use its schema.
    Usage(String),
    /// We may not read a column of it.
    Right(&'static str, Option<String>),
}

impl Layout {
    /// Chooses what to read for one kind.
    pub fn selection(&self, kind: Kind) -> Result<Selection, Lack> {
        let expected = match kind {
            Kind::Variable => VARIABLE,
            // Configs are never asked for: the rule has no place for them.
            Kind::Connection | Kind::Config => CONNECTION,
        };
        let table = self.tables.get(expected.table).ok_or(Lack::Table(expected.table))?;
        if let (Some(schema), Access::Refused) = (&table.schema, table.usage) {
            return Err(Lack::Usage(schema.clone()));
        }
        let missing = |column: &&&str| !table.columns.contains_key(**column);
        if let Some(column) = [expected.id].iter().chain(expected.always).find(missing) {
            return Err(Lack::Column(expected.table, column));
        }
        let sometimes = expected.sometimes.iter().filter(|column| !missing(column));
        let columns: Vec<&'static str> = expected.always.iter().chain(sometimes).copied().collect();
        let team = self.team_column(table);
        let of_team = match team {
            TeamColumn::None => None,
            TeamColumn::Name => Some("team_name"),
            TeamColumn::Joined | TeamColumn::Id => Some("team_id"),
        };
        let mut wanted = columns.iter().copied().chain([expected.id]).chain(of_team);
        if wanted.any(|column| table.columns.get(column) == Some(&Access::Refused)) {
            return Err(Lack::Right(expected.table, table.schema.clone()));
        }
        Ok(Selection { kind, schema: table.schema.clone(), table: expected.table, id: expected.id, team, columns })
    }

    fn team_column(&self, table: &Table) -> TeamColumn {
        if table.columns.contains_key("team_name") {
            return TeamColumn::Name;
        }
        if !table.columns.contains_key("team_id") {
            return TeamColumn::None;
        }
        let readable = |team: &Table| {
            let granted = |column: &str| team.columns.get(column) == Some(&Access::Granted);
            team.schema == table.schema && granted("id") && granted("name")
        };
        if self.tables.get("team").is_some_and(readable) { TeamColumn::Joined } else { TeamColumn::Id }
    }

    /// The table of the migrations' revision, where we may read it.
    pub fn revision_table(&self) -> Option<&Table> {
        let readable = |table: &&Table| {
            table.usage == Access::Granted && table.columns.get("version_num") == Some(&Access::Granted)
        };
        self.tables.get("alembic_version").filter(readable)
    }

    /// Whether none of the two tables is there, which is to say that this is no metastore.
    pub fn is_foreign(&self) -> bool {
        !self.tables.contains_key(CONNECTION.table) && !self.tables.contains_key(VARIABLE.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str]) -> Table {
        let columns = columns.iter().map(|column| ((*column).to_owned(), Access::Granted)).collect();
        Table { schema: Some("public".to_owned()), columns, ..Table::default() }
    }

    fn layout(connection: &[&str]) -> Layout {
        let names: Vec<&str> = [CONNECTION.id].iter().chain(CONNECTION.always).chain(connection).copied().collect();
        Layout { tables: BTreeMap::from([("connection".to_owned(), table(&names))]), role: None }
    }

    fn team_of(layout: &Layout) -> TeamColumn {
        layout.selection(Kind::Connection).expect("all is there").team
    }

    #[test]
    fn every_release_is_known_by_its_columns() {
        let old = layout(&[]).selection(Kind::Connection).expect("all is there");
        assert_eq!((old.team, old.columns.len()), (TeamColumn::None, 9));
        let new = layout(&["description", "team_name"]).selection(Kind::Connection).expect("all is there");
        assert_eq!((new.team, new.columns.last()), (TeamColumn::Name, Some(&"description")));
    }

    #[test]
    fn teams_of_3_1_are_joined_where_they_may_be_read() {
        let mut layout = layout(&["description", "team_id"]);
        assert_eq!(team_of(&layout), TeamColumn::Id);
        layout.tables.insert("team".to_owned(), table(&["id", "name"]));
        assert_eq!(team_of(&layout), TeamColumn::Joined);
        let team = layout.tables.get_mut("team").expect("just put there");
        team.columns.insert("name".to_owned(), Access::Refused);
        assert_eq!(team_of(&layout), TeamColumn::Id);
    }

    #[test]
    fn what_lacks_is_named() {
        let mut layout = layout(&["description"]);
        assert_eq!(layout.selection(Kind::Variable), Err(Lack::Table("variable")));
        let table = layout.tables.get_mut("connection").expect("it is there");
        table.columns.insert("description".to_owned(), Access::Refused);
        let schema = Some("public".to_owned());
        assert_eq!(layout.selection(Kind::Connection), Err(Lack::Right("connection", schema)));
        layout.tables.get_mut("connection").expect("it is there").columns.remove("extra");
        assert_eq!(layout.selection(Kind::Connection), Err(Lack::Column("connection", "extra")));
        layout.tables.get_mut("connection").expect("it is there").usage = Access::Refused;
        assert_eq!(layout.selection(Kind::Connection), Err(Lack::Usage("public".to_owned())));
    }
}

//! The text of every statement with a name in it; the one place where names enter SQL.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::layout::{Selection, Table, TeamColumn};

/// How a database spells what the two do differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Everything is cast to text, so that one reader serves all columns; keys are bound as an array.
    Postgres,
    /// Values come as they are stored; keys are bound as one JSON array.
    Sqlite,
}

/// Which rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All.
    All,
    /// Those whose names are bound as the first argument.
    Named,
}

/// Quotes an identifier. Names come from our own constants, but for the schema, which comes from the catalogue.
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A table with its schema.
pub fn qualified(schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quote(schema), quote(table)),
        None => quote(table),
    }
}

impl Flavour {
    /// Selects the name, the team and the columns of a table, in this order.
    pub fn select(self, selection: &Selection, rows: Rows) -> SqlStr {
        let schema = selection.schema.as_deref();
        let column = |alias: &str, name: &str| self.text(&format!("{alias}.{}", quote(name)));
        let mut columns = vec![column("c", selection.id), self.team(selection.team)];
        columns.extend(selection.columns.iter().map(|name| column("c", name)));
        let mut text = format!("SELECT {} FROM {} AS c", columns.join(", "), qualified(schema, selection.table));
        if selection.team == TeamColumn::Joined {
            let join = format!(" LEFT JOIN {} AS t ON t.\"id\" = c.\"team_id\"", qualified(schema, "team"));
            text.push_str(&join);
        }
        let id = quote(selection.id);
        match (rows, self) {
            (Rows::All, _) => {}
            (Rows::Named, Self::Postgres) => text.push_str(&format!(" WHERE c.{id} = ANY($1)")),
            (Rows::Named, Self::Sqlite) => {
                text.push_str(&format!(" WHERE c.{id} IN (SELECT value FROM json_each(?1))"))
            }
        }
        checked(text)
    }

    /// Selects the revision of the migrations.
    pub fn select_revision(self, table: &Table) -> SqlStr {
        let column = self.text(&quote("version_num"));
        checked(format!("SELECT {column} FROM {}", qualified(table.schema.as_deref(), "alembic_version")))
    }

    fn team(self, team: TeamColumn) -> String {
        match team {
            TeamColumn::None => "NULL".to_owned(),
            TeamColumn::Name => self.text("c.\"team_name\""),
            TeamColumn::Joined => format!("coalesce({}, {})", self.text("t.\"name\""), self.text("c.\"team_id\"")),
            TeamColumn::Id => self.text("c.\"team_id\""),
        }
    }

    fn text(self, expression: &str) -> String {
        match self {
            Self::Postgres => format!("{expression}::text"),
            Self::Sqlite => expression.to_owned(),
        }
    }
}

/// Vouches for a statement: it is made of constants and of names that went through [`quote`]; values are bound.
fn checked(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn names_are_quoted_whatever_is_in_them() {
        let selection = Selection {
            kind: Kind::Variable,
            schema: Some("a\"; DROP TABLE variable; --".to_owned()),
            table: "variable",
            id: "key",
            team: TeamColumn::Joined,
            columns: vec!["val"],
        };
        assert_eq!(
            Flavour::Postgres.select(&selection, Rows::Named).as_str(),
            "SELECT c.\"key\"::text, coalesce(t.\"name\"::text, c.\"team_id\"::text), c.\"val\"::text \
             FROM \"a\"\"; DROP TABLE variable; --\".\"variable\" AS c \
             LEFT JOIN \"a\"\"; DROP TABLE variable; --\".\"team\" AS t ON t.\"id\" = c.\"team_id\" WHERE c.\"key\" = ANY($1)"
        );
    }
}

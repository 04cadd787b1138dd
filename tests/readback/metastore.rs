//! The metastores that real Airflows made, and what Airflow itself reads from their rows.

use std::fs;

use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::surroundings::{metastore_file, told};

/// A metastore, as `metastores.json` tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Metastore {
    name: String,
    /// As SQLAlchemy takes it.
    pub url: String,
    /// In the order of Airflow's list.
    pub fernet_keys: Vec<String>,
    expected: String,
}

/// A row as the metastore's own Airflow reads it.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// `connections` or `variables`.
    pub kind: String,
    /// Null and empty where the row has no name.
    pub id: Option<String>,
    /// The team it belongs to.
    pub team: Option<String>,
    /// The eight fields of a connection.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// The text of a variable.
    #[serde(default)]
    pub value: Value,
    /// The columns that no key opens.
    pub unreadable: Vec<String>,
}

/// Kind, team and id: what tells one secret from another.
pub type Key = (String, Option<String>, String);

impl Row {
    /// The key; `None` where the row has no name.
    pub fn key(&self) -> Option<Key> {
        let id = self.id.clone().filter(|id| !id.is_empty())?;
        Some((self.kind.clone(), self.team.clone(), id))
    }

    /// A variable that Airflow does not find, as it is null.
    pub fn is_void(&self) -> bool {
        self.kind == "variables" && self.value.is_null() && self.unreadable.is_empty()
    }
}

/// The metastore of a name such as `3.3.2-postgresql`.
pub fn metastore(name: &str) -> Metastore {
    #[derive(Deserialize)]
    struct All {
        metastores: Vec<Metastore>,
    }
    let text = fs::read_to_string(metastore_file("metastores.json")).unwrap();
    let all: All = serde_json::from_str(&text).unwrap();
    all.metastores.into_iter().find(|metastore| metastore.name == name).unwrap()
}

impl Metastore {
    /// Every row.
    pub fn rows(&self) -> Vec<Row> {
        let text = fs::read_to_string(&self.expected).unwrap();
        let rows: Vec<Row> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(rows.len() > 20, "{}: only {} rows", self.name, rows.len());
        rows
    }

    /// The same rows at another URL.
    pub fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    /// The same database, seen by a new role that may read its two tables and nothing else.
    pub async fn as_poor_role(&self) -> Self {
        let role = format!("poor_{}", uuid::Uuid::new_v4().simple());
        let database = self.url.rsplit('/').next().unwrap();
        let server = told("POSTGRES").rsplit_once('/').unwrap().0.to_owned();
        let mut admin = PgConnection::connect(&format!("{server}/{database}")).await.unwrap();
        let sql = format!(
            "create role {role} login password 'poor';
             grant usage on schema public to {role};
             grant select on public.connection, public.variable to {role}"
        );
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
        admin.close().await.unwrap();
        let host = server.rsplit('@').next().unwrap();
        let mut poor = PgConnection::connect(&format!("postgres://{role}:poor@{host}/{database}")).await.unwrap();
        poor.execute("select 1 from connection").await.unwrap();
        for refused in ["select 1 from alembic_version", "select 1 from dag", "delete from variable"] {
            poor.execute(refused).await.expect_err(refused);
        }
        poor.close().await.unwrap();
        self.at(format!("postgresql+psycopg2://{role}:poor@{host}/{database}"))
    }
}

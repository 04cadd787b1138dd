//! A metastore of the bench's own: the schema that a real Airflow migrated, filled with as many encrypted rows as wanted.

use std::process::Command;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::told;

/// The schema's origin, among the metastores of `tests/servers`.
const TEMPLATE: &str = "airflow_2_11_2";

/// A database full of secrets.
pub struct Metastore {
    /// How many secrets it holds.
    pub count: usize,
    /// How many bytes each value has.
    pub size: usize,
    /// The URL as Airflow's own configuration has it.
    pub url: String,
    /// The key its rows are encrypted with.
    pub fernet_key: String,
}

impl Metastore {
    /// Makes one, half connections, half variables.
    pub async fn make(count: usize, size: usize) -> Self {
        let server = told("POSTGRES");
        let database = format!("bench_{count}_{size}");
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let drop = format!("DROP DATABASE IF EXISTS {database}");
        let create = format!("CREATE DATABASE {database} TEMPLATE {TEMPLATE}");
        for statement in [drop, create] {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        let (server, _) = server.rsplit_once('/').unwrap();
        let keys = std::fs::read_to_string(format!("{}/fernet.json", told("METASTORES"))).unwrap();
        let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
        let fernet_key = keys["first"].as_str().unwrap().to_owned();
        let metastore = Self { count, size, url: format!("{server}/{database}"), fernet_key };
        metastore.run("seed");
        metastore
    }

    /// Changes one secret in a hundred; gives how many that are.
    pub fn change(&self) -> usize {
        self.run("change");
        let connections = self.count / 2;
        connections.div_ceil(100) + (self.count - connections).div_ceil(100)
    }

    fn run(&self, verb: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/migration/metastore.py");
        let (count, size) = (self.count.to_string(), self.size.to_string());
        let mut python = Command::new(told("AIRFLOW_2"));
        assert!(python.args([script, verb, &self.url, &self.fernet_key, &count, &size]).status().unwrap().success());
    }
}

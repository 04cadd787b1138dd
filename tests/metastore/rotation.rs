//! After `airflow rotate-fernet-key` every revision is another and every value the same.

use std::path::Path;
use std::process::Command;

use secretferry::model::Listed;

use crate::place::{Ground, names, shown, told};

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

const SEED: &str = r#"
from airflow import settings
from airflow.models import Connection, Variable
with settings.Session() as session:
    session.add(Connection(conn_id="c", conn_type="http", password="p\u00e4ss", extra='{"a": 1}'))
    session.add(Connection(conn_id="open", conn_type="http", host="h"))
    session.add(Variable(key="v", val="value"))
    session.commit()
"#;

fn airflow(python: &str, home: &Path, url: &str, keys: &str, arguments: &[&str]) {
    std::fs::write(home.join("airflow.cfg"), "[core]\n").expect("the folder is ours");
    let output = Command::new(python)
        .args(["-W", "ignore"])
        .args(arguments)
        .env("AIRFLOW_HOME", home)
        .env("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        .env("AIRFLOW__CORE__FERNET_KEY", keys)
        .env("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url)
        .output()
        .expect("Airflow is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn values(ground: &Ground) -> Vec<String> {
    let store = ground.open().await;
    let mut values = Vec::new();
    for key in ["connections/c", "connections/open", "variables/v"] {
        values.push(shown(&store, key).await);
    }
    values
}

async fn rotated(python: &str, version: &str) -> (Ground, Vec<Listed>, Vec<Listed>) {
    let ground = Ground::new("", OLD);
    let database = ground.path("airflow.db");
    std::fs::copy(format!("{}/empty-{version}.db", told("METASTORES")), &database).expect("the file is there");
    let url = format!("sqlite:///{}", database.display());
    ground.put("url", &url);
    airflow(python, &ground.path(""), &url, OLD, &["-c", SEED]);
    let before = ground.list().await.expect("a listing");
    let read = values(&ground).await;
    assert_eq!(read[0], r#"{"conn_type":"http","password":"päss","extra":"{\"a\": 1}"}"#);
    assert_eq!(read[2], "value");
    airflow(python, &ground.path(""), &url, &format!("{NEW},{OLD}"), &["-m", "airflow", "rotate-fernet-key"]);
    let after = ground.list().await.expect("a listing");
    assert_eq!(values(&ground).await[0], r#"Undecryptable("password")"#);
    ground.put("keys", NEW);
    assert_eq!(values(&ground).await, read);
    (ground, before, after)
}

#[tokio::test]
async fn rotated_keys_change_revisions_and_no_value() {
    for (python, version) in [("AIRFLOW_2", "2.11.2"), ("AIRFLOW_3", "3.3.2")] {
        let (_ground, before, after) = rotated(&told(python), version).await;
        assert_eq!(names(&before), ["connections/c", "connections/open", "variables/v"]);
        assert_eq!(names(&after), names(&before));
        let same: Vec<bool> =
            before.iter().zip(&after).map(|(before, after)| before.revision == after.revision).collect();
        assert_eq!(same, [false, true, false], "{version}: only what is encrypted changes");
    }
}

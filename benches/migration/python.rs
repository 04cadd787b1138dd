//! The usual way: a script with Airflow's models and hvac.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::metastore::Metastore;
use crate::told;
use crate::vault::Vault;

/// What the script needed.
pub struct ByHand {
    /// How many secrets it copied.
    pub secrets: usize,
    /// The time of its loop; starting Python and importing Airflow are left out, in its favour.
    pub took: Duration,
    /// The most memory it had, in bytes.
    pub peak: u64,
}

/// Copies at most `limit` secrets into a mount.
pub fn by_hand(metastore: &Metastore, vault: &Vault, mount: &str, limit: usize) -> ByHand {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("airflow.cfg"), "[core]\n").unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/migration/by_hand.py");
    let output = Command::new(told("AIRFLOW_2"))
        .args(["-W", "ignore", script, &vault.address, &vault.token, mount, &limit.to_string()])
        .env("AIRFLOW_HOME", home.path())
        .env("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        .env("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
        .env("AIRFLOW__CORE__FERNET_KEY", &metastore.fernet_key)
        .env("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", metastore.url.replace("postgres://", "postgresql+psycopg2://"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "by_hand.py failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let said: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    ByHand {
        secrets: said["secrets"].as_u64().unwrap().try_into().unwrap(),
        took: Duration::from_secs_f64(said["seconds"].as_f64().unwrap()),
        peak: said["peak"].as_u64().unwrap(),
    }
}

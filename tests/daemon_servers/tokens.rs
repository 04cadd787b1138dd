//! Tokens that live for seconds, and one that is revoked: no run fails for it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::vault;

/// How long runs follow each other; several lives of a token.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn no_run_fails_for_a_token_that_ends_or_is_revoked() {
    let vault = vault::shared().await;
    let mount = vault.mount(2).await;
    let settings = json!({"token_ttl": "4s", "token_max_ttl": "4s", "secret_id_num_uses": 0});
    let (method, role, role_id) = vault.approle(&vault::all_of(&mount), settings).await;
    let secret_id = vault.secret_id(&method, &role).await;
    let config = format!(
        "[stores.desk]\nkind = \"local-files\"\nvariables-file = \"variables.json\"\n\
         [stores.vault]\nkind = \"vault\"\naddress = \"{}\"\nmount = \"{mount}\"\n\
         auth = {{ method = \"approle\", mount = \"{method}\", role-id = {{ file = \"role-id\" }}, secret-id = {{ file = \"secret-id\" }} }}\n\
         [jobs.lane]\nsource = \"desk\"\ntarget = \"vault\"\nkinds = [\"variables\"]\ncompare = \"values\"\n\
         schedule = {{ every = \"1s\" }}\n",
        vault.address
    );
    let mut fleet = Fleet::new("", &config).await;
    std::fs::write(fleet.world.file("role-id"), role_id).unwrap();
    std::fs::write(fleet.world.file("secret-id"), secret_id).unwrap();
    std::fs::write(fleet.world.file("variables.json"), json!({"x": "1", "y": "2"}).to_string()).unwrap();
    fleet.start().await;
    tokio::time::sleep(LONG / 2).await;
    vault.must("PUT", &format!("sys/leases/revoke-prefix/auth/{method}"), Value::Null).await;
    tokio::time::sleep(LONG / 2).await;
    let world = &fleet.world;
    let runs = world.number("SELECT count(*) FROM runs WHERE status = 'succeeded'").await;
    let others = world.number("SELECT count(*) FROM runs WHERE status NOT IN ('succeeded', 'running')").await;
    assert!(runs >= 15, "{runs} runs in {LONG:?}:\n{}", fleet.logs());
    assert_eq!(others, 0, "{}", fleet.logs());
}

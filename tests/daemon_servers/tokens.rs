//! Tokens that live for seconds, and one that is revoked: no run fails for it, and people hear of those only that they have to replace.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::vault;

/// How long runs follow each other; several lives of a token.
const LONG: Duration = Duration::from_secs(60);

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

/// What was told so far: the topic, the store, and what is over.
fn told(fleet: &Fleet) -> Vec<String> {
    let text = std::fs::read_to_string(fleet.world.file("told")).unwrap_or_default();
    let line = |line: &str| {
        let notice: Value = serde_json::from_str(line).unwrap();
        let [topic, store] = ["topic", "store"].map(|key| notice[key].as_str().unwrap_or_default().to_owned());
        format!("{topic} {store}")
    };
    text.lines().map(line).collect()
}

async fn until_told(fleet: &Fleet, expected: &[&str]) {
    for _ in 0..100 {
        if told(fleet).len() >= expected.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(told(fleet), expected, "{}", fleet.logs());
}

#[tokio::test]
async fn a_token_that_a_person_must_replace_is_told_of_until_it_is_and_one_that_logs_in_again_never() {
    let vault = vault::shared().await;
    let mount = vault.mount(2).await;
    let settings = json!({"token_ttl": "4s", "token_max_ttl": "4s", "secret_id_num_uses": 0});
    let (method, role, role_id) = vault.approle(&vault::all_of(&mount), settings).await;
    let secret_id = vault.secret_id(&method, &role).await;
    let store = |name: &str, auth: &str| {
        let address = &vault.address;
        format!(
            "[stores.{name}]\nkind = \"vault\"\naddress = \"{address}\"\nmount = \"{mount}\"\nvariables-path = \"{name}\"\n\
             auth = {{ {auth} }}\n\
             [jobs.to-{name}]\nsource = \"desk\"\ntarget = \"{name}\"\nkinds = [\"variables\"]\nschedule = {{ every = \"2s\" }}\n"
        )
    };
    let config = [
        "[stores.desk]\nkind = \"local-files\"\nvariables-file = \"variables.json\"\n".to_owned(),
        store("given", "method = \"token\", token = { file = \"given\" }"),
        store("kept", "method = \"token-file\", path = \"kept\""),
        store(
            "anew",
            &format!(
                "method = \"approle\", mount = \"{method}\", role-id = {{ file = \"role-id\" }}, secret-id = {{ file = \"secret-id\" }}"
            ),
        ),
        "[notify.hook]\nkind = \"command\"\ncommand = [\"./tell\"]\n".to_owned(),
    ];
    let mut fleet = Fleet::new("check-every = \"1s\"\ntoken-warning = \"1h\"\n", &config.concat()).await;
    let write = |name: &str, text: &str| std::fs::write(fleet.world.file(name), text).unwrap();
    let policy = vault::all_of(&mount);
    let given = |more| vault.token_with(&policy, more);
    write("role-id", &role_id);
    write("secret-id", &secret_id);
    write("variables.json", &json!({"x": "1"}).to_string());
    write("given", &given(json!({"ttl": "15m", "renewable": false})).await);
    write("kept", &given(json!({"ttl": "15m", "renewable": false})).await);
    write("tell", &format!("#!/bin/sh\ncat >> '{}'\n", fleet.world.file("told").display()));
    std::fs::set_permissions(fleet.world.file("tell"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    fleet.start().await;
    until_told(&fleet, &["token-expires given"]).await;
    // Several lives of the AppRole's token.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(told(&fleet), ["token-expires given"]);
    let (_, metrics) = fleet.ask(0, "/metrics").await.unwrap();
    for (store, upkeep) in [("given", "nobody"), ("kept", "others"), ("anew", "ours")] {
        let series = format!("secretferry_store_token_remaining_seconds{{store=\"{store}\",upkeep=\"{upkeep}\"}}");
        assert!(metrics.contains(&series), "{series} is not in\n{metrics}");
    }
    std::fs::write(fleet.world.file("given"), given(json!({"period": "2m"})).await).unwrap();
    until_told(&fleet, &["token-expires given", "recovered given"]).await;
}

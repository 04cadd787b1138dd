//! Configs that hold what they must not: the fault is told by its place, never by its text.

use crate::ground::Ground;

/// Configs with a secret, `@`, where only a reference may stand, or where nothing like it may.
const CONFIGS: &[&str] = &[
    "[stores.v]\nkind = \"vault\"\naddress = \"http://127.0.0.1:1\"\nauth = { method = \"token\", token = \"@\" }\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"http://127.0.0.1:1\"\nauth = { method = \"token\", token = { file = 3, x = \"@\" } }\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"http://127.0.0.1:1\"\ntoken = \"@\"\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"https://me:@@host\"\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"https://host/?token=@\"\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"http://127.0.0.1:1\"\nauth = \"@\"\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"http://127.0.0.1:1\"\nauth = { method = \"approle\", role-id = \"@\", secret-id = \"@\" }\n",
    "[stores.v]\nkind = \"vault\"\naddress = \"http://127.0.0.1:1\"\nauth = { method = \"approle\", password = \"@\" }\n",
    "[stores.v]\nkind = \"vault\"\nbackend-kwargs = '{\"url\": \"http://127.0.0.1:1\", \"token\": \"@\"}'\n",
    "[stores.v]\nkind = \"vault\"\nbackend-kwargs = '{\"url\": \"http://me:@@127.0.0.1:1\", @'\n",
    "[stores.v]\nkind = \"vault\"\nkv-version = \"@\"\nwidth = \"@\"\npace = \"@\"\nmount = [\"@\"]\n",
    "[stores.a]\nkind = \"airflow-metastore\"\nurl = \"postgresql://me:@@host/airflow\"\nfernet-key = \"@\"\n",
    "[stores.a]\nkind = \"airflow-metastore\"\nurl = { env = \"X\", file = \"@\" }\nfernet-key = [\"@\"]\n",
    "[stores.a]\nkind = \"airflow-metastore\"\npassword = \"@\"\nschema = [\"@\"]\n",
    "[stores.f]\nkind = \"local-files\"\nshape = \"@\"\npassword = \"@\"\n",
    "[ledger]\nkey = \"@\"\n",
    "[ledger]\nurl = \"postgres://me:@@host/ledger\"\n",
    "[ledger]\nurl = \"sqlite://x?key=@\"\n",
    "[ledger]\nurl = \"@\"\n",
    "[ledger]\nkeep = \"@\"\npassword = \"@\"\n",
    "[stores.v]\nkind = \"vault\"\ntoken = @\n",
    "[stores.v]\nkind = \"vault\"\ntoken = \"@\n",
    "[stores.v]\nkind = \"vault\"\ntoken = \"@\" \"@\"\n",
    "[stores.v]\nkind = \"vault\"\ntoken = { file = \"@\n",
    "token = \"@\"\ntoken = \"@\"\n",
    "password = \"@\"\n[daemon]\npassword = \"@\"\n",
    "stores = \"@\"\njobs = [\"@\"]\nledger = \"@\"\n",
    "[stores]\nv = \"@\"\n[jobs]\nj = \"@\"\n",
    "\u{0}@",
    "@",
];

#[tokio::test]
async fn a_secret_in_a_config_is_not_repeated() {
    let mut ground = Ground::new();
    for config in CONFIGS {
        let secret = ground.aviary.hatch_plain(config);
        ground.put("secretferry.toml", &config.replace('@', &secret));
        for command in
            [&["check", "--offline"][..], &["check", "--json", "-vvv"], &["plan", "-vvv"], &["apply", "--yes"]]
        {
            let ended = ground.run(command).await;
            assert_ne!(ended.code, Some(0), "the control: it is refused: {config}");
        }
    }
    ground.search_files();
}

/// Secrets that come by the environment, as most do.
#[tokio::test]
async fn a_secret_of_the_environment_stays_there() {
    let mut ground = Ground::new();
    let token = ground.aviary.hatch_plain("token");
    let url = ground.aviary.hatch_plain("URL's password");
    let key = ground.aviary.hatch_key("Fernet key");
    let ledger = ground.aviary.hatch_key("ledger key");
    ground.put("token", &token);
    ground.put("url", &format!("postgresql://me:{url}@127.0.0.1:1/airflow"));
    ground.put("key", &key);
    ground.put("ledger", &ledger);
    ground.put(
        "secretferry.toml",
        "[ledger]\nkey = { env = \"LEDGER_KEY\" }\n[stores.a]\nkind = \"airflow-metastore\"\n[stores.v]\nkind = \"vault\"\n\
         address = \"http://127.0.0.1:1\"\n[jobs.ferry]\nsource = \"a\"\ntarget = \"v\"\n",
    );
    for command in ["check", "check --offline --json", "plan -vvv", "apply --yes -vvv", "verify", "show x --json"] {
        let line = format!(
            "export LEDGER_KEY=$(cat ledger) VAULT_TOKEN=$(cat token) AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=$(cat url) \
             AIRFLOW__CORE__FERNET_KEY=$(cat key); exec \"$0\" {command}"
        );
        ground.run_line(&line).await;
    }
    ground.search_files();
}

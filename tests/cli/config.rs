//! A config that is not there, cannot be read, or is wrong; and secrets that it refers to but that are not there.

use crate::story::{SECRET, Story};

#[test]
fn no_config_at_all() {
    let mut story = Story::new("config-missing");
    story.run(2, "plan").run(2, "plan --config nowhere.toml");
    story.set("SECRETFERRY_CONFIG", "elsewhere.toml").run(2, "plan");
    story.end();
}

#[test]
fn a_config_that_cannot_be_taken_apart_shows_no_line_of_it() {
    let mut story = Story::new("config-unreadable");
    story.file("not-utf8.toml", b"[stores.a]\nkind = \"\xff\"\n").run(2, "check -c not-utf8.toml");
    let broken = format!("[stores.vault]\nkind = \"vault\"\ntoken = \"{SECRET}\n");
    story.file("syntax.toml", broken).run(2, "check -c syntax.toml");
    let twice = format!("[stores.vault]\ntoken = \"{SECRET}\"\ntoken = \"{SECRET}\"\n");
    story.file("twice.toml", twice).run(2, "check -c twice.toml");
    std::fs::create_dir(story.path("folder.toml")).unwrap();
    story.run(2, "check -c folder.toml");
    story.file("empty.toml", "").run(0, "check -c empty.toml").run(2, "plan -c empty.toml");
    story.end();
}

#[test]
fn every_fault_comes_at_once_with_its_key_and_no_secret_is_repeated() {
    let mut story = Story::new("config-faults");
    let text = format!(
        r#"[ledger]
url = "sqlite://ledger.db"
key = "{SECRET}"
kee = 1

[stores.airflow]
kind = "airflow-metastore"
url = "postgresql+psycopg2://airflow:{SECRET}@db/airflow"
fernet-kee = {{ env = "FERNET" }}

[stores.vault]
kind = "vault"
adress = "https://vault.internal:8200"
mount = 3
auth = {{ method = "token", token = "{SECRET}" }}

[stores.files]
kind = "localfiles"

[jobs.migrate]
source = "airflo"
target = "vault"
kinds = ["conections"]

[jobs.migrate.policy]
deletes = "ownd"
max-shrink = "200%"

[daemon]
address = "127.0.0.1:9090"
"#
    );
    story.file("secretferry.toml", text).run(2, "check").run(2, "plan").end();
}

#[test]
fn what_the_tables_say_together_is_checked() {
    let mut story = Story::new("config-tables");
    let stores = "[stores.vault]\nkind = \"vault\"\naddress = \"https://vault.internal:8200\"\nmount = \"secret\"\n\
                  connections-path = \"airflow\"\nvariables-path = \"airflow\"\n\
                  [stores.airflow]\nkind = \"airflow-metastore\"\nurl = { env = \"URL\" }\n\
                  [stores.files]\nkind = \"local-files\"\nvariables-file = \"v.json\"\n";
    let jobs = "[jobs.into-a-source]\nsource = \"files\"\ntarget = \"airflow\"\n\
                [jobs.onto-itself]\nsource = \"files\"\ntarget = \"files\"\n\
                [jobs.meeting]\nsource = \"airflow\"\ntarget = \"vault\"\n\
                [jobs.overlapping]\nsource = \"files\"\ntarget = \"vault\"\nkinds = [\"variables\"]\ninclude = [\"prod_*\"]\n\
                [jobs.files]\nsource = \"airflow\"\ntarget = \"files\"\nkinds = [\"variables\"]\n";
    story.file("secretferry.toml", format!("{stores}{jobs}")).run(2, "check").end();
}

#[test]
fn a_secret_that_is_not_there_is_named_with_the_key_that_wants_it() {
    let mut story = Story::new("config-references");
    story.file(
        "secretferry.toml",
        "[ledger]\nkey = { env = \"FERRY_KEY\" }\n\
         [stores.airflow]\nkind = \"airflow-metastore\"\nurl = { env = \"AIRFLOW_URL\" }\nfernet-key = { file = \"fernet.key\" }\n\
         [stores.vault]\nkind = \"vault\"\naddress = \"https://vault.internal:8200\"\nmount = \"secret\"\n\
         auth = { method = \"approle\", role-id = { env = \"ROLE_ID\" }, secret-id = { file = \"secret-id\" } }\n\
         [jobs.migrate]\nsource = \"airflow\"\ntarget = \"vault\"\n",
    );
    story.heading("Nothing is there.").run(2, "plan").run(2, "apply --yes").run(3, "check");
    story.heading("Set, but to nothing.").set("AIRFLOW_URL", "").file("fernet.key", "\n");
    story.set("ROLE_ID", "role").file("secret-id", b"\xff").run(2, "plan").run(3, "check --offline");
    assert!(!story.path("secretferry.db").exists(), "nothing was made");
    story.end();
}

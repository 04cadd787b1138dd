//! What a newcomer does, from the first check to the proof of the log.

use crate::content::files;

const CONNECTIONS: &str = r#"{
    "warehouse": {"conn_type": "postgres", "host": "db.example.com", "port": 5432, "login": "etl", "password": "hunter2"},
    "team-a.reports": "postgres://reader:hunter2@replica.example.com:5433/sales?sslmode=require"
}"#;
const VARIABLES: &str = r#"{"environment": "staging", "api_secret": "hunter2"}"#;

#[test]
fn from_the_first_check_to_the_proof_of_the_log() {
    let mut story = files("tour", CONNECTIONS, VARIABLES);
    story.run(0, "check --offline").run(0, "check");
    story.run(0, "plan").run(4, "plan --exit-code");
    story.run(0, "plan --kind connections --only ware* --show-fields conn_type,host,port");
    story.run(0, "plan --only nothing_is_called_so --exit-code");
    story.run(0, "apply --yes").run(0, "apply --yes").run(0, "plan --exit-code").run(0, "verify");
    let changed = VARIABLES.replace("staging", "production");
    story.file("old/variables.json", changed).heading("A value of the source changed.");
    story.run(4, "plan --exit-code").run(3, "verify").run(0, "apply --yes");
    story.run(0, "show warehouse").run(3, "show Warehouse").run(0, "history").run(0, "history --limit 1");
    let host = rest_of_line(&story.text_of("history latest"), " on ");
    story
        .hide(&format!(" on {host})"), " on [host])")
        .set("COLUMNS", "400")
        .run(0, "history latest")
        .set("COLUMNS", "80")
        .run(2, "history nothing");
    story.run(0, "audit show --limit 3").run(0, "audit show --run latest").run(0, "audit verify");
    story.end();
}

fn rest_of_line(text: &str, after: &str) -> String {
    let rest = text.split(after).nth(1).unwrap_or_default();
    rest.lines().next().unwrap_or_default().trim_end_matches(')').to_owned()
}

//! Variables and options as stores: what a dialect cannot carry, lines that somebody else's reader would understand, options
//! that nobody can read for Airflow.

use crate::story::Story;

const TO_ENVIRONMENT: &str = r#"[stores.files]
kind = "local-files"
connections-file = "connections.yaml"
variables-file = "variables.yaml"

[stores.lines]
kind = "environment"
file = "plain.env"
dialect = "plain"

[stores.compose]
kind = "environment"
file = "compose.env"
dialect = "compose"

[jobs.to-lines]
source = "files"
target = "lines"

[jobs.to-compose]
source = "files"
target = "compose"
"#;

const CONNECTIONS: &str = "# by hand\nwarehouse:\n  conn_type: postgres\n  host: db.example.com\n  password: pa'ss $5\n\
                           team-a.reports: postgres://reader:hunter2@replica.example.com/sales\n";
const VARIABLES: &str =
    "environment: staging\n\"Region\": \"eu\"\nREGION: us\nempty: ''\nlines: |\n  one\n  two\nspaced id: x\n";

#[test]
fn what_a_dialect_cannot_carry_is_blocked() {
    let mut story = Story::new("environment");
    story.file("secretferry.toml", TO_ENVIRONMENT);
    story.file("connections.yaml", CONNECTIONS).file("variables.yaml", VARIABLES);
    story.run(0, "check lines").run(3, "plan to-lines").run(3, "apply to-lines --yes").run(3, "verify to-lines");
    assert_eq!(
        story.text("plain.env"),
        "AIRFLOW_CONN_TEAM-A.REPORTS={\"conn_type\": \"postgres\", \"host\": \"replica.example.com\", \"login\": \"reader\", \
         \"password\": \"hunter2\", \"schema\": \"sales\"}\n\
         AIRFLOW_CONN_WAREHOUSE={\"conn_type\": \"postgres\", \"host\": \"db.example.com\", \"password\": \"pa'ss $5\"}\n\
         AIRFLOW_VAR_ENVIRONMENT=staging\n"
    );
    story.heading("Docker Compose has quotes.").run(3, "apply to-compose --yes").run(3, "verify to-compose");
    assert_eq!(
        story.text("compose.env"),
        "AIRFLOW_CONN_TEAM-A.REPORTS='{\"conn_type\": \"postgres\", \"host\": \"replica.example.com\", \"login\": \"reader\", \
         \"password\": \"hunter2\", \"schema\": \"sales\"}'\n\
         AIRFLOW_CONN_WAREHOUSE=\"{\\\"conn_type\\\": \\\"postgres\\\", \\\"host\\\": \\\"db.example.com\\\", \
         \\\"password\\\": \\\"pa'ss \\$5\\\"}\"\n\
         AIRFLOW_VAR_EMPTY=\n\
         AIRFLOW_VAR_ENVIRONMENT=staging\n\
         AIRFLOW_VAR_LINES=\"one\\ntwo\\n\"\n"
    );
    let text = format!("# kept\nexport OTHER=1\n{}", story.text("compose.env").replace("=staging", "=production"));
    story.file("compose.env", text.as_str()).heading("Somebody changed a line.").run(3, "plan to-compose");
    story.heading("What Airflow must be told.").run(0, "airflow-env lines").run(0, "airflow-env compose --format cfg");
    story.end();
}

const FROM_ENVIRONMENT: &str = r#"[stores.lines]
kind = "environment"
file = "old.env"
dialect = "plain"

[stores.here]
kind = "environment"

[stores.new]
kind = "local-files"
connections-file = "connections.env"
variables-file = "variables.env"

[stores.other]
kind = "local-files"
connections-file = "other.env"

[jobs.from-lines]
source = "lines"
target = "new"

[jobs.from-here]
source = "here"
target = "other"
kinds = ["connections"]
"#;

#[test]
fn lines_that_another_reader_would_understand_are_told_by_their_number() {
    let mut story = Story::new("environment-lines");
    story.file("secretferry.toml", FROM_ENVIRONMENT);
    for line in
        ["ENV AIRFLOW_VAR_ENVIRONMENT=hunter2", "export AIRFLOW_VAR_ENVIRONMENT='hunter2'", "AIRFLOW_VAR_A: hunter2"]
    {
        story.file("old.env", format!("FROM apache/airflow\n{line}\n")).run(1, "plan from-lines").run(3, "check lines");
    }
    story.file(
        "old.env",
        "AIRFLOW_VAR_ENVIRONMENT=staging\nAIRFLOW_VAR_lower=x\nAIRFLOW_CONN_WAREHOUSE='postgres://h'\n",
    );
    story.heading("Lines as they should be, but for a name that nobody reads, and quotes.");
    story.run(0, "check lines").run(3, "apply from-lines --yes");
    assert_eq!(story.text("variables.env"), "environment=staging\n");
    story.set("AIRFLOW_CONN_DB", "postgres://u:hunter2@h/s");
    story.heading("The process itself.").run(0, "apply from-here --yes").run(0, "airflow-env here");
    assert_eq!(story.text("other.env"), "db=postgres://u:hunter2@h/s\n");
    let turned =
        FROM_ENVIRONMENT.replace("source = \"here\"\ntarget = \"other\"", "source = \"other\"\ntarget = \"here\"");
    story.file("secretferry.toml", turned).heading("A process takes nothing.").run(1, "plan from-here");
    story.end();
}

const FROM_OPTIONS: &str = r#"[stores.airflow]
kind = "airflow-cfg"
file = "airflow.cfg"
variables = "process"

[stores.new]
kind = "local-files"
configs-file = "configs.json"

[jobs.options]
source = "airflow"
target = "new"
kinds = ["configs"]
readers = ["airflow-3", "airflow-3-worker"]
"#;

#[test]
fn options_that_only_airflow_can_read_are_named() {
    let mut story = Story::new("options");
    story.file("secretferry.toml", FROM_OPTIONS).set("AIRFLOW__API__SECRET_KEY", "100%");
    let options = "[core]\nfernet_key = hunter2\n[api]\nsecret_key = hidden\n[webserver]\nsecret_key_cmd = cat /run/hunter2\n\
                   [smtp]\nsmtp_password_secret = mail\n[sentry]\nsentry_dsn = $DSN\n";
    story.file("airflow.cfg", options).run(0, "check airflow").run(3, "apply --yes").run(0, "show api_secret_key");
    assert_eq!(
        story.text("configs.json"),
        "{\n    \"api_secret_key\": \"100%\",\n    \"core_fernet_key\": \"hunter2\"\n}\n"
    );
    story
        .file("airflow.cfg", format!("{options}a line of hunter2\n"))
        .heading("A line that Airflow cannot read either.");
    story.run(1, "plan").run(3, "airflow-env airflow");
    story.end();
}

#[test]
fn an_id_keeps_its_spelling_though_its_variable_does_not() {
    let policy = "[jobs.to-lines.policy]\ndeletes = \"owned\"\nabsent-for = 1\nallow-final-deletes = true\nmax-deletes = { count = 1, percent = 50 }\n";
    let mut story = Story::new("environment-spelling");
    story.file("secretferry.toml", format!("{TO_ENVIRONMENT}{policy}")).file("connections.yaml", "{}\n");
    let others: String = (0..9).map(|number| format!("v{number}: text\n")).collect();
    story.file("variables.yaml", format!("# by hand\nRegion: eu\n{others}"));
    story.run(0, "apply to-lines --yes").run(0, "plan to-lines --exit-code").run(0, "show Region");
    story.file("variables.yaml", others.as_str()).heading("It is gone from the source.");
    story.run(0, "apply to-lines --yes").run(0, "plan to-lines --exit-code");
    assert!(!story.text("plain.env").contains("REGION") && story.text("plain.env").contains("AIRFLOW_VAR_V8=text\n"));
    story.end();
}

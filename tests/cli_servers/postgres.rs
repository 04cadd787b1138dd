//! A metastore in PostgreSQL that cannot be read: what is wrong, and the statement that mends it.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::story::{SECRET, Story};
use crate::told;

/// The server's `host:port`.
fn server() -> String {
    let url = told("POSTGRES");
    let rest = url.split('@').nth(1).unwrap();
    rest.split('/').next().unwrap().to_owned()
}

async fn as_superuser(database: &str, statements: &str) {
    let url = format!("postgres://postgres:postgres@{}/{database}", server());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_metastore_that_cannot_be_read_is_told_of_with_a_remedy() {
    let role = format!("create role cli_reader login password '{SECRET}'; create role cli_owner login");
    as_superuser("postgres", &role).await;
    as_superuser("postgres", "create database cli_rights owner cli_owner").await;
    as_superuser("postgres", "create database cli_else").await;
    let tables = "set role cli_owner; create schema airflow; set search_path = airflow;
        create table connection (id serial primary key, conn_id varchar(250) unique, conn_type varchar(500), description text,
            host varchar(500), schema varchar(500), login text, password text, port integer, is_encrypted boolean,
            is_extra_encrypted boolean, extra text);
        create table variable (id serial primary key, key varchar(250) unique, val text, description text, is_encrypted boolean);
        insert into connection (conn_id, conn_type, is_encrypted, is_extra_encrypted) values ('a', 'http', false, false)";
    as_superuser("cli_rights", tables).await;

    let mut story = Story::new("servers-postgres");
    story.hide(&server(), "[server]").set("COLUMNS", "400");
    story.file(
        "secretferry.toml",
        "[stores.airflow]\nkind = \"airflow-metastore\"\nurl = { env = \"AIRFLOW_URL\" }\nschema = \"airflow\"\n\
         [stores.files]\nkind = \"local-files\"\nconnections-file = \"c.json\"\nvariables-file = \"v.json\"\n\
         [jobs.move]\nsource = \"airflow\"\ntarget = \"files\"\n",
    );
    let at = |credentials: &str, database: &str| format!("postgresql+psycopg2://{credentials}@{}/{database}", server());
    story.heading("A wrong password.").set("AIRFLOW_URL", &at("cli_reader:wrong-hunter2", "cli_rights"));
    story.run(1, "plan").run(3, "check airflow");
    let right = format!("cli_reader:{SECRET}");
    story
        .heading("No such database.")
        .set("AIRFLOW_URL", &at(&right, "cli_nowhere"))
        .run(1, "plan")
        .run(3, "check airflow");
    story
        .heading("Not an Airflow's.")
        .set("AIRFLOW_URL", &at(&right, "cli_else"))
        .run(1, "plan")
        .run(3, "check airflow");
    story.heading("No right on the schema.").set("AIRFLOW_URL", &at(&right, "cli_rights"));
    story.run(1, "plan").run(3, "check airflow");
    as_superuser("cli_rights", "grant usage on schema airflow to cli_reader").await;
    story.heading("None on the tables.").run(1, "plan").run(1, "apply --yes").run(3, "check airflow");
    as_superuser("cli_rights", "grant select on airflow.connection to cli_reader").await;
    story.heading("On one of them.").run(1, "plan").run(0, "plan --kind connections").run(3, "check airflow");
    as_superuser("cli_rights", "grant select on airflow.variable to cli_reader").await;
    story.heading("On both.").run(0, "check airflow").run(0, "apply --yes").end();
}

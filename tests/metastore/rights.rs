//! Schemas and rights of a PostgreSQL: what lacks is named together with the statement that grants it.

use secretferry::model::{ErrorKind, RemoteKey};

use crate::place::{Ground, as_superuser, names, server_url, shown};

/// Airflow 3.1, whose teams have ids of type uuid, in a schema with a name that needs quotes.
const TABLES: &str = r#"
    CREATE SCHEMA "air ""flow";
    SET search_path = "air ""flow";
    CREATE TABLE team (id uuid PRIMARY KEY, name varchar(50) UNIQUE);
    INSERT INTO team VALUES ('6f0e2a3c-0000-4000-8000-000000000001', 'data');
    CREATE TABLE connection (id serial PRIMARY KEY, conn_id varchar(250) NOT NULL UNIQUE, conn_type varchar(500) NOT NULL,
        description text, host varchar(500), schema varchar(500), login text, password text, port integer, is_encrypted boolean,
        is_extra_encrypted boolean, extra text, team_id uuid REFERENCES team (id));
    CREATE TABLE variable (id serial PRIMARY KEY, key varchar(250) UNIQUE, val text, description text, is_encrypted boolean,
        team_id uuid REFERENCES team (id));
    INSERT INTO connection (conn_id, conn_type, host, port, is_encrypted, team_id)
        VALUES ('a', 'http', 'h', 2147483647, false, NULL), ('b', 'http', '', -1, NULL, '6f0e2a3c-0000-4000-8000-000000000001');
    INSERT INTO variable (key, val) VALUES ('v', E'ü\n '), ('void', NULL);
"#;

const SCHEMA: &str = "air \"flow";

async fn ground(name: &str) -> Ground {
    as_superuser("postgres", &format!("CREATE DATABASE {name}")).await;
    as_superuser("postgres", &format!("CREATE ROLE {name}_reader LOGIN PASSWORD 'p'")).await;
    as_superuser(name, TABLES).await;
    let mut ground = Ground::new(&server_url(&format!("{name}_reader:p"), name), "");
    ground.settings.schema = Some(SCHEMA.to_owned());
    ground
}

#[tokio::test]
async fn every_missing_right_is_named_with_its_grant() {
    let ground = ground("rights").await;
    let mut granted = Vec::new();
    // Each grant that `check` asks for is given, until it asks for none.
    loop {
        let errors = ground.errors().await;
        let Some(error) = errors.first() else { break };
        assert_eq!(error.code, "denied", "{error:?}");
        let listed = ground.list().await;
        assert_eq!(listed.map_err(|error| error.kind), Err(ErrorKind::Denied));
        let grant = error.remedy.clone().expect("the grant is said");
        assert!(granted.len() < 5, "{granted:?}");
        as_superuser("rights", &grant).await;
        granted.push(grant);
    }
    assert_eq!(
        granted,
        [
            r#"GRANT USAGE ON SCHEMA "air ""flow" TO "rights_reader";"#,
            r#"GRANT SELECT ON "air ""flow"."connection" TO "rights_reader";"#,
            r#"GRANT SELECT ON "air ""flow"."variable" TO "rights_reader";"#,
        ]
    );
    let id = "6f0e2a3c-0000-4000-8000-000000000001";
    let listed = ground.list().await.expect("all is granted");
    assert_eq!(names(&listed), ["connections/a", &format!("connections@{id}/b"), "variables/v"]);
    as_superuser("rights", r#"GRANT SELECT (id, name) ON "air ""flow".team TO rights_reader"#).await;
    let listed = ground.list().await.expect("all is granted");
    assert_eq!(names(&listed), ["connections/a", "connections@data/b", "variables/v"]);
    let codes: Vec<&str> =
        ground.findings.0.lock().expect("nobody panics").iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["void-variable", "team-unnamed", "void-variable"]);
    let store = ground.open().await;
    assert_eq!(shown(&store, "connections/a").await, r#"{"conn_type":"http","host":"h","port":2147483647}"#);
    assert_eq!(shown(&store, "connections@data/b").await, r#"{"conn_type":"http","host":"","port":-1}"#);
    assert_eq!(shown(&store, "variables/v").await, "ü\n ");
    assert_eq!(shown(&store, "variables/nul\0inside").await, "absent");
}

#[tokio::test]
async fn a_column_without_a_right_is_denied_and_never_absent() {
    let ground = ground("columns").await;
    let columns =
        "id, conn_id, conn_type, host, schema, login, password, port, is_encrypted, is_extra_encrypted, team_id";
    let grant = |columns: &str| {
        format!(
            r#"GRANT USAGE ON SCHEMA "air ""flow" TO columns_reader; GRANT SELECT ON "air ""flow".variable TO columns_reader;
               GRANT SELECT ({columns}) ON "air ""flow".connection TO columns_reader"#
        )
    };
    as_superuser("columns", &grant(columns)).await;
    assert_eq!(ground.list().await.map_err(|error| error.kind), Err(ErrorKind::Denied));
    let keys = [RemoteKey::new("connections/a"), RemoteKey::new("variables/v"), RemoteKey::new("connections/none")];
    let answers = ground.open().await.read(&keys).await;
    let kinds: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().map(Option::is_some).map_err(|error| error.kind)).collect();
    assert_eq!(kinds, [Err(ErrorKind::Denied), Ok(true), Err(ErrorKind::Denied)]);
    as_superuser("columns", &grant(&format!("{columns}, extra, description"))).await;
    assert_eq!(ground.list().await.expect("all is granted").len(), 3);
}

#[tokio::test]
async fn another_schema_is_found_by_its_setting_by_options_or_by_the_hint() {
    let mut ground = ground("schemas").await;
    as_superuser(
        "schemas",
        r#"GRANT USAGE ON SCHEMA "air ""flow" TO schemas_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA "air ""flow" TO schemas_reader"#,
    )
    .await;
    assert_eq!(ground.list().await.expect("a listing").len(), 3);
    ground.settings.schema = None;
    let error = ground.list().await.expect_err("nothing is in the search path");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.remedy.as_deref().is_some_and(|remedy| remedy.contains(r#"schema = "air \"flow""#)), "{error:?}");
    assert_eq!(ground.errors().await.len(), 1);
    let options = "options=-c%20search_path%3D%22air%5C%20%22%22flow%22";
    ground.put("url", &format!("{}?{options}", server_url("schemas_reader:p", "schemas")));
    assert_eq!(ground.list().await.expect("a listing").len(), 3);
}

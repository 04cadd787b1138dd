//! The demo's metastore with what can be wrong about one: its keys, its file, its tables.

use crate::story::Story;

fn unpacked(name: &'static str) -> Story {
    let mut story = Story::new(name);
    assert!(story.command("demo --folder .").output().unwrap().status.success());
    for file in ["connections.json", "variables.json", "secretferry.db", "secretferry.db-wal", "secretferry.db-shm"] {
        let _ = std::fs::remove_file(story.path(file));
    }
    story.set("SECRETFERRY_CONFIG", "secretferry.toml");
    story
}

#[test]
fn a_wrong_fernet_key_opens_nothing_and_nothing_is_copied_blindly() {
    let mut story = unpacked("fernet-key");
    let right = story.text("fernet.key");
    let wrong = "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmctd3I=";
    story
        .file("fernet.key", wrong)
        .heading("The wrong key.")
        .run(3, "check airflow")
        .run(3, "apply --yes --kind variables");
    let carried = story.text("variables.json");
    assert!(carried.contains("plain_since_1_10") && !carried.contains("api_signing_secret"), "{carried}");
    story
        .file("fernet.key", format!("{wrong},{right}"))
        .heading("The wrong key and the right one.")
        .run(0, "check airflow");
    story.file("fernet.key", "too short").heading("No key at all.").run(1, "plan").run(3, "check airflow");
    story.end();
}

#[test]
fn a_file_that_is_no_metastore() {
    let mut story = unpacked("metastore-file");
    // Paths of this test are told in full, and where a line is broken must not depend on their length.
    story.set("COLUMNS", "400");
    let elsewhere = |story: &mut Story, file: &str| {
        let url = format!("sqlite:///{}", story.path(file).display());
        story.file("metastore.url", url);
    };
    elsewhere(&mut story, "nowhere.db");
    story.heading("There is no such file.").run(1, "plan").run(3, "check airflow");
    story.file("text.db", "not a database, but long enough to be looked at as one\n".repeat(20));
    elsewhere(&mut story, "text.db");
    story.heading("It is no database.").run(1, "plan").run(3, "check airflow");
    assert!(story.command("apply --yes").output().unwrap().status.code() == Some(1));
    elsewhere(&mut story, "secretferry.db");
    story.heading("It is a database, but not an Airflow's.").run(1, "plan").run(3, "check airflow");
    story.file("metastore.url", "mysql://airflow:hunter2@db.example.com/airflow");
    story.heading("A database of another make.").run(1, "plan").run(3, "check airflow");
    story.file("metastore.url", "postgres://airflow:hunter2@127.0.0.1:1/airflow");
    story.heading("Nobody answers.").run(1, "plan").run(3, "check airflow");
    story.end();
}

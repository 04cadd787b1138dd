//! The files in `config/`: each loads, each key is known and needed to be spelled right, and the reference is complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secretferry::config::{Config, parse};
use toml::{Table, Value};

/// Keys that shut another one out, so they stand in a comment of the reference.
const INSTEAD: [&str; 2] = ["every", "targets"];

/// Tables whose keys are names of secrets, or of a connection's fields.
const FREE: [&str; 3] = [".rename", ".override", ".extra-conn-words"];

/// Keys of the reference's job that have no default.
const WITHOUT_DEFAULT: [&str; 5] = ["source", "target", "format", "schedule", "cron"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

fn files() -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let paths =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let mut files: Vec<_> = paths.map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap())).collect();
    files.sort();
    assert!(files.len() > 1, "the files were not found");
    files
}

fn told(result: Result<Config, Vec<secretferry::config::ConfigError>>) -> Vec<String> {
    result.map(drop).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn keys_that_shut_another_one_out_stand_in_a_comment_of_the_reference() {
    let text = std::fs::read_to_string(folder().join("reference.toml")).unwrap();
    for key in INSTEAD {
        assert!(text.contains(&format!("\n# {key} = ")), "{key}");
    }
}

/// Calls `change` once for every key of every table of `root`, each time on a fresh copy.
fn each_key(root: &Table, change: &mut dyn FnMut(&str, &mut Table, &str)) -> Vec<(String, Table)> {
    let mut changed = Vec::new();
    for path in key_paths(root, "") {
        let mut copy = root.clone();
        let (above, key) = path.rsplit_once('.').unwrap_or(("", &path));
        change(&path, at(&mut copy, above), key);
        changed.push((path.clone(), copy));
    }
    changed
}

fn key_paths(table: &Table, above: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (key, value) in table {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        if let Value::Table(below) = value {
            paths.extend(key_paths(below, &path));
        }
        paths.push(path);
    }
    paths
}

fn at<'a>(table: &'a mut Table, path: &str) -> &'a mut Table {
    path.split('.').filter(|key| !key.is_empty()).fold(table, |table, key| table[key].as_table_mut().unwrap())
}

/// Names of stores and jobs are free; what is in a reference is not a key of ours.
fn is_ours(root: &Table, path: &str) -> bool {
    let free =
        path.split('.').count() == 2 && ["stores.", "jobs.", "notify."].iter().any(|above| path.starts_with(above));
    let above = path.rsplit_once('.').map_or("", |(above, _)| above);
    let table = at(&mut root.clone(), above).clone();
    let in_reference = table.len() == 1 && (table.contains_key("env") || table.contains_key("file"));
    !free && !in_reference
}

#[test]
fn every_file_loads() {
    for (path, text) in files() {
        assert_eq!(told(parse(&path, &text)), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn every_misspelled_key_is_refused_by_its_path_with_the_key_that_was_meant() {
    for (file, text) in files() {
        let root: Table = text.parse().unwrap();
        let misspelled = each_key(&root, &mut |_, table, key| {
            let value = table.remove(key).unwrap();
            table.insert(format!("{key}x"), value);
        });
        for (path, table) in misspelled.into_iter().filter(|(path, _)| is_ours(&root, path)) {
            let told = told(parse(&file, &table.to_string())).join("\n");
            let key = path.rsplit('.').next().unwrap();
            // Without its kind nobody knows what else a store may have.
            let expected = if key == "kind" {
                format!("{path}: this key is required")
            } else {
                format!("{path}x: unknown key\n  did you mean \"{key}\"?")
            };
            assert!(told.contains(&expected), "{}: {expected}\nnot in:\n{told}", file.display());
        }
    }
}

#[test]
fn the_reference_has_every_key_that_the_program_knows() {
    let file = folder().join("reference.toml");
    let root: Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    for path in key_paths(&root, "").into_iter().filter(|path| is_ours(&root, path) || path.split('.').count() == 2) {
        let mut copy = root.clone();
        let found = path.split('.').try_fold(&root, |table, key| table.get(key)?.as_table());
        let Some(table) = found else { continue };
        if FREE.iter().any(|free| path.ends_with(free))
            || path == "stores"
            || path == "jobs"
            || path == "notify"
            || table.contains_key("env")
            || table.contains_key("file")
            || path.contains("-by-")
        {
            continue;
        }
        at(&mut copy, &path).insert("zzzzzzzzzzzzzzzz".to_owned(), Value::from(1));
        let told = told(parse(&file, &copy.to_string())).join("\n");
        let (_, known) = told.split_once("known here: ").unwrap_or_else(|| unreachable!("{path}: {told}"));
        let known: BTreeSet<&str> = known.lines().next().unwrap().split(", ").collect();
        let missing: Vec<_> =
            known.iter().filter(|key| !table.contains_key(**key) && !is_elsewhere(&root, &path, key)).collect();
        assert!(missing.is_empty(), "config/reference.toml lacks in [{path}]: {missing:?}");
        assert!(known.len() > 1, "{path}: {told}");
    }
}

/// Keys without code, and those that one of the other ways to the same kind of store has, `stores.x-by-…`.
fn is_elsewhere(root: &Table, path: &str, key: &str) -> bool {
    let mut parts = path.splitn(3, '.');
    let (Some("stores"), Some(store), below) = (parts.next(), parts.next(), parts.next()) else {
        return INSTEAD.contains(&key);
    };
    let stores = root["stores"].as_table().unwrap();
    let mut others = stores.iter().filter(|(name, _)| name.starts_with(&format!("{store}-by-")));
    let has = |table: &Value| {
        below.map_or(Some(table), |below| table.get(below)).is_some_and(|table| table.get(key).is_some())
    };
    others.any(|(_, table)| has(table))
}

#[test]
fn the_references_values_are_the_defaults() {
    let file = folder().join("reference.toml");
    let root: Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    let whole = parse(&file, &root.to_string()).unwrap();
    let without = each_key(&root, &mut |_, table, key| drop(table.remove(key)));
    let mut compared = 0;
    for (path, table) in without {
        let key = path.rsplit('.').next().unwrap();
        if path.starts_with("jobs.metastore-to-vault.") && !WITHOUT_DEFAULT.contains(&key) {
            let config = parse(&file, &table.to_string()).unwrap();
            assert_eq!(config.jobs, whole.jobs, "{path} is not the default");
            compared += 1;
        }
        if path == "ledger.url" || path == "ledger.keep" {
            assert_eq!(parse(&file, &table.to_string()).unwrap().ledger, whole.ledger, "{path} is not the default");
            compared += 1;
        }
        if ["mount", "connections-path", "variables-path", "config-path", "teams"].contains(&key)
            && path.starts_with("stores.vault.")
            && path.split('.').count() == 3
        {
            let config = parse(&file, &table.to_string()).unwrap();
            let [now, then] =
                [&config, &whole].map(|config| (config.stores["vault"].rule(), config.stores["vault"].identity()));
            assert_eq!(now, then, "{path} is not the default");
            compared += 1;
        }
    }
    assert!(compared > 20, "only {compared} values were compared");
}

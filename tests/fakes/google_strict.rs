//! Google's fake refuses what Google refuses, in Google's words.

use std::collections::BTreeMap;
use std::time::Instant;

use secretferry::model::Family;
use serde_json::{Value, json};

use crate::fakes::fault::Fault;
use crate::fakes::google::identity::{EXPIRED_TOKEN, NARROW_TOKEN, TOKEN};
use crate::fakes::google::secret::State;
use crate::fakes::google::{PROJECT, SecretManager, Trouble};
use crate::fakes::http::Request;
use crate::fakes::quota::Quotas;
use crate::fakes::server::Service as _;

const AUTOMATIC: &str = r#"{"replication": {"automatic": {}}}"#;

/// Asks with a good token; gives the answer, or the status and the code.
pub fn ask(google: &mut SecretManager, method: &str, path: &str, body: &str) -> Result<Value, String> {
    ask_as(google, &format!("Bearer {TOKEN}"), method, path, body)
}

fn ask_as(google: &mut SecretManager, who: &str, method: &str, path: &str, body: &str) -> Result<Value, String> {
    let mut headers = vec![("authorization".to_owned(), who.to_owned())];
    if method != "GET" {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let headers = headers.into_iter().collect();
    let path = format!("/v1/projects/{PROJECT}/{path}");
    let reply = google.answer(&Request { method: method.to_owned(), path, headers, body: body.as_bytes().to_vec() });
    let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status == 200 {
        return Ok(said);
    }
    let reason = said["error"]["details"][0]["reason"].as_str().map(|reason| format!(" {reason}"));
    let code = said["error"]["status"].as_str().unwrap_or("page").to_owned();
    Err(format!("{} {code}{}", reply.status, reason.unwrap_or_default()))
}

/// Asks row by row: the method, the path, the body, and the answer's code.
fn check(google: &mut SecretManager, rows: &[(&str, &str, &str, &str)]) {
    for (method, path, body, expected) in rows {
        let found = ask(google, method, path, body).map_or_else(|code| code, |_| "ok".to_owned());
        let shown: String = path.chars().take(80).collect();
        assert_eq!(found, *expected, "{method} {shown} {}", body.chars().take(120).collect::<String>());
    }
}

fn payload(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    json!({"payload": {"data": data, "dataCrc32c": crc32c::crc32c(bytes).to_string()}}).to_string()
}

const INVALID: &str = "400 INVALID_ARGUMENT";
const PRECONDITION: &str = "400 FAILED_PRECONDITION";
const MISSING: &str = "404 NOT_FOUND";

#[test]
fn secrets_have_ids_and_a_replication() {
    let mut google = SecretManager::default();
    let longest = format!("secrets?secretId={}", "n".repeat(255));
    let longer = format!("secrets?secretId={}", "n".repeat(256));
    let replicas = |rows: &[&str]| {
        let rows: Vec<Value> = rows.iter().map(|location| json!({"location": location})).collect();
        json!({"replication": {"userManaged": {"replicas": rows}}}).to_string()
    };
    let key = |location: &str| {
        let name = format!("projects/p/locations/{location}/keyRings/r/cryptoKeys/k");
        json!({"replication": {"automatic": {"customerManagedEncryption": {"kmsKeyName": name}}}}).to_string()
    };
    check(
        &mut google,
        &[
            ("POST", &longest, AUTOMATIC, "ok"),
            ("POST", &longer, AUTOMATIC, INVALID),
            ("POST", "secrets?secretId=A_b-9", AUTOMATIC, "ok"),
            ("POST", "secrets?secretId=A_b-9", AUTOMATIC, "409 ALREADY_EXISTS"),
            ("POST", "secrets?secretId=a_B-9", AUTOMATIC, "ok"),
            ("POST", "secrets?secretId=a.b", AUTOMATIC, INVALID),
            ("POST", "secrets?secretId=a%2Fb", AUTOMATIC, INVALID),
            ("POST", "secrets?secretId=%C3%A4", AUTOMATIC, INVALID),
            ("POST", "secrets?secretId=", AUTOMATIC, INVALID),
            ("POST", "secrets", AUTOMATIC, INVALID),
            ("POST", "secrets?secretId=none", "{}", INVALID),
            ("POST", "secrets?secretId=two", r#"{"replication": {"automatic": {}, "userManaged": {}}}"#, INVALID),
            ("POST", "secrets?secretId=managed", &replicas(&["us-east1", "europe-west6"]), "ok"),
            ("POST", "secrets?secretId=twice", &replicas(&["us-east1", "us-east1"]), INVALID),
            ("POST", "secrets?secretId=nowhere", &replicas(&["moon-1"]), INVALID),
            ("POST", "secrets?secretId=empty", &replicas(&[]), INVALID),
            ("POST", "secrets?secretId=sealed", &key("global"), "ok"),
            ("POST", "secrets?secretId=far", &key("us-east1"), INVALID),
            ("POST", "locations/us-east1/secrets?secretId=A_b-9", "{}", "ok"),
            ("POST", "locations/us-east1/secrets?secretId=b", AUTOMATIC, INVALID),
            ("POST", "locations/moon-1/secrets?secretId=b", "{}", INVALID),
        ],
    );
}

#[test]
fn what_google_does_not_know_is_refused() {
    let mut google = SecretManager::default();
    google.secrets.put("a", "x");
    let rows = [
        ("POST", "secrets?secretId=b", r#"{"replication": {"automatic": {}}, "lables": {}}"#, INVALID),
        ("POST", "secrets?secretId=b", r#"{"replication": {"automatic": {"x": 1}}}"#, INVALID),
        ("POST", "secrets?secretId=b&dry=1", AUTOMATIC, INVALID),
        ("POST", "secrets?secretId=b", "no JSON", INVALID),
        ("POST", "secrets?secretId=b", r#"{"replication": {"automatic": {}}, "labels": {"a": 1}}"#, INVALID),
        ("POST", "secrets?secret_id=b&$alt=json;enum-encoding=int", AUTOMATIC, "ok"),
        ("GET", "secrets/a?alt=proto", "", INVALID),
        ("GET", "secrets/a?pageSize=1", "", INVALID),
        ("GET", "secrets/a", "{}", "400 page"),
        ("GET", "secrets/a/versions/1:destroy", "", "404 page"),
        ("POST", "secrets/a:access", "{}", "404 page"),
        ("GET", "secrets/a/b", "", "404 page"),
        ("GET", "secrets//versions/1", "", "404 page"),
        ("PUT", "secrets/a", "{}", "404 page"),
        ("GET", "secrets/a%2Fb", "", INVALID),
        ("GET", "secrets/a/versions/0", "", INVALID),
        ("GET", "secrets/a/versions/01", "", INVALID),
        ("GET", "secrets/a/versions/no%20alias:access", "", INVALID),
        ("GET", "secrets/none", "", MISSING),
        ("GET", "secrets/a/versions/2:access", "", MISSING),
        ("GET", "secrets/a/versions/alias:access", "", MISSING),
        ("GET", "secrets?pageSize=-1", "", INVALID),
        ("GET", "secrets?pageToken=odd", "", INVALID),
        ("GET", "secrets?filter=name%20~%20x", "", INVALID),
    ];
    check(&mut google, &rows);
}

#[test]
fn payloads_have_a_size_and_a_checksum() {
    let mut google = SecretManager::default();
    google.secrets.put_empty("a");
    let largest = payload(&[b'x'; 65_536]);
    let larger = payload(&[b'x'; 65_537]);
    check(
        &mut google,
        &[
            ("GET", "secrets/a/versions/latest:access", "", MISSING),
            ("POST", "secrets/a:addVersion", &payload(b"one"), "ok"),
            ("POST", "secrets/a:addVersion", &largest, "ok"),
            ("POST", "secrets/a:addVersion", &larger, INVALID),
            ("POST", "secrets/a:addVersion", &payload(b""), INVALID),
            ("POST", "secrets/a:addVersion", "{}", INVALID),
            ("POST", "secrets/a:addVersion", r#"{"payload": {"data": "eA==", "dataCrc32c": "1"}}"#, INVALID),
            ("POST", "secrets/a:addVersion", r#"{"payload": {"data": "*"}}"#, INVALID),
            ("POST", "secrets/a:addVersion", r#"{"payload": {"data": "-_8"}}"#, "ok"),
            ("POST", "secrets/none:addVersion", &payload(b"x"), MISSING),
        ],
    );
    let read = ask(&mut google, "GET", "secrets/a/versions/1:access", "").unwrap();
    assert_eq!(read["name"], "projects/123456789012/secrets/a/versions/1");
    assert_eq!(read["payload"], json!({"data": "b25l", "dataCrc32c": crc32c::crc32c(b"one").to_string()}));
    let told = ask(&mut google, "GET", "secrets/a/versions/latest", "").unwrap();
    assert_eq!((&told["state"], &told["clientSpecifiedPayloadChecksum"]), (&json!("ENABLED"), &Value::Null));
    let numbered = ask(&mut google, "GET", "secrets/a/versions/1?$alt=json;enum-encoding=int", "").unwrap();
    assert_eq!((&numbered["state"], &numbered["clientSpecifiedPayloadChecksum"]), (&json!(1), &json!(true)));
}

#[test]
fn latest_is_the_newest_whatever_has_become_of_it() {
    let mut google = SecretManager::default();
    google.secrets.put("a", "one");
    google.secrets.put("a", "two");
    check(
        &mut google,
        &[
            ("POST", "secrets/a/versions/2:disable", "{}", "ok"),
            ("GET", "secrets/a/versions/latest:access", "", PRECONDITION),
            ("GET", "secrets/a/versions/1:access", "", "ok"),
            ("POST", "secrets/a/versions/2:enable", "{}", "ok"),
            ("GET", "secrets/a/versions/latest:access", "", "ok"),
            ("POST", "secrets/a/versions/latest:disable", "{}", INVALID),
            ("POST", "secrets/a/versions/2:destroy", r#"{"etag": "\"old\""}"#, PRECONDITION),
            ("POST", "secrets/a/versions/2:destroy", "{}", "ok"),
            ("GET", "secrets/a/versions/latest:access", "", PRECONDITION),
            ("POST", "secrets/a/versions/2:enable", "{}", PRECONDITION),
            ("POST", "secrets/a/versions/2:destroy", "{}", PRECONDITION),
            ("POST", "secrets/a:addVersion", &payload(b"three"), "ok"),
        ],
    );
    let versions = ask(&mut google, "GET", "secrets/a/versions", "").unwrap();
    let states: Vec<&str> =
        versions["versions"].as_array().unwrap().iter().map(|version| version["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["ENABLED", "DESTROYED", "ENABLED"]);
    assert!(versions["versions"][1]["destroyTime"].is_string());
    google.secrets.set_state("a", State::Disabled);
    assert_eq!(google.secrets.text("a"), None);
}

#[test]
fn etags_are_of_a_secret_or_of_a_version() {
    let mut google = SecretManager::default();
    google.secrets.put("a", "one");
    let etag =
        |google: &mut SecretManager| ask(google, "GET", "secrets/a", "").unwrap()["etag"].as_str().unwrap().to_owned();
    let first = etag(&mut google);
    ask(&mut google, "POST", "secrets/a:addVersion", &payload(b"two")).unwrap();
    assert_eq!(etag(&mut google), first, "a new version leaves the secret's etag alone");
    let labelled = |etag: &str| json!({"labels": {"a": "b"}, "etag": etag}).to_string();
    let removal = format!("secrets/a?etag={}", first.replace('"', "%22"));
    check(
        &mut google,
        &[
            ("PATCH", "secrets/a?updateMask=labels", &labelled("\"0\""), PRECONDITION),
            ("PATCH", "secrets/a?updateMask=labels", &labelled(&first), "ok"),
            ("DELETE", &removal, "", PRECONDITION),
            ("DELETE", "secrets/a", "", "ok"),
            ("DELETE", "secrets/a", "", MISSING),
            ("POST", "secrets?secretId=a", AUTOMATIC, "ok"),
        ],
    );
    assert_eq!(ask(&mut google, "GET", "secrets/a/versions", "").unwrap(), json!({}), "its versions went with it");
}

#[test]
fn who_asks_must_be_known_and_may_be_refused() {
    let mut google = SecretManager::default();
    google.secrets.put("a", "x");
    let path = "secrets/a/versions/latest:access";
    let rows = [
        ("", "401 UNAUTHENTICATED CREDENTIALS_MISSING"),
        ("Bearer odd", "401 UNAUTHENTICATED ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        (&format!("Bearer {EXPIRED_TOKEN}"), "401 UNAUTHENTICATED ACCESS_TOKEN_EXPIRED"),
        (&format!("Bearer {NARROW_TOKEN}"), "403 PERMISSION_DENIED ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
    ];
    for (who, expected) in rows {
        assert_eq!(ask_as(&mut google, who, "GET", path, "").unwrap_err(), expected);
    }
    let denied = "403 PERMISSION_DENIED IAM_PERMISSION_DENIED";
    google.denied.insert("secretmanager.versions.access".to_owned());
    check(&mut google, &[("GET", path, "", denied), ("GET", "secrets/none/versions/1:access", "", denied)]);
    google.denied.clear();
    google.secrets.trouble("a", Trouble::Denied);
    check(&mut google, &[("GET", path, "", denied), ("GET", "secrets/a", "", "ok")]);
    google.secrets.trouble("a", Trouble::Undecryptable);
    check(&mut google, &[("GET", path, "", PRECONDITION)]);
    google.is_disabled = true;
    check(&mut google, &[("GET", "secrets/a", "", "403 PERMISSION_DENIED SERVICE_DISABLED")]);
    google.is_project_gone = true;
    check(&mut google, &[("GET", "secrets/a", "", "403 PERMISSION_DENIED CONSUMER_INVALID")]);
}

#[test]
fn a_listing_has_pages_and_an_order() {
    let mut google = SecretManager::default();
    (0..300).for_each(|number| google.secrets.put(&format!("s{number:03}"), "x"));
    ask(&mut google, "POST", "locations/us-east1/secrets?secretId=far", "{}").unwrap();
    let first = ask(&mut google, "GET", "secrets", "").unwrap();
    assert_eq!((first["secrets"].as_array().unwrap().len(), &first["totalSize"]), (250, &json!(300)));
    assert_eq!(first["secrets"][0]["name"], "projects/123456789012/secrets/s299", "the newest first");
    let token = first["nextPageToken"].as_str().unwrap();
    let second = ask(&mut google, "GET", &format!("secrets?pageToken={token}"), "").unwrap();
    assert_eq!((second["secrets"].as_array().unwrap().len(), &second["nextPageToken"]), (50, &Value::Null));
    let elsewhere = format!("locations/us-east1/secrets?pageToken={token}");
    check(&mut google, &[("GET", &elsewhere, "", INVALID)]);
    let whole = ask(&mut google, "GET", "secrets?pageSize=30000", "").unwrap();
    assert_eq!(whole["secrets"].as_array().unwrap().len(), 300);
    let some = ask(&mut google, "GET", "secrets?filter=name:s00%20OR%20name:S29", "").unwrap();
    assert_eq!((some["secrets"].as_array().unwrap().len(), &some["totalSize"]), (20, &Value::Null));
    let far = ask(&mut google, "GET", "locations/us-east1/secrets", "").unwrap();
    assert_eq!(far["secrets"][0]["name"], "projects/123456789012/locations/us-east1/secrets/far");
}

#[test]
fn listings_and_latest_may_lag_and_numbers_do_not() {
    let mut google = SecretManager::default();
    google.secrets.put("a", "one");
    google.secrets.lag();
    google.secrets.put("a", "two");
    google.secrets.put("b", "x");
    let latest = |google: &mut SecretManager| {
        ask(google, "GET", "secrets/a/versions/latest:access", "").unwrap()["name"].as_str().unwrap().to_owned()
    };
    assert!(latest(&mut google).ends_with("/1"));
    assert_eq!(ask(&mut google, "GET", "secrets", "").unwrap()["totalSize"], 1);
    check(
        &mut google,
        &[
            ("GET", "secrets/a/versions/2:access", "", "ok"),
            ("GET", "secrets/b", "", "ok"),
            ("GET", "secrets/b/versions/latest:access", "", MISSING),
        ],
    );
    google.secrets.catch_up();
    assert!(latest(&mut google).ends_with("/2"));
    assert_eq!(google.family("secretmanager.AccessSecretVersion"), Family::Read);
    let broken = google.refusal("secretmanager.AddSecretVersion", Fault::Throttled);
    assert_eq!(broken.status, 429);
}

#[test]
fn a_project_has_quotas_and_so_has_each_secret() {
    let google = SecretManager::default();
    let (now, mut quotas) = (Instant::now(), Quotas::default());
    let mut admitted = |method: &str, path: &str, times: usize| {
        let path = format!("/v1/projects/{PROJECT}/{path}");
        let request = Request { method: method.to_owned(), path, headers: BTreeMap::new(), body: Vec::new() };
        let draws = google.quotas(&google.operation(&request), &request);
        (0..times).filter(|_| quotas.admit(&draws, now)).count()
    };
    assert_eq!(admitted("POST", "secrets/a:addVersion", 5), 2, "two a second for one global secret");
    assert_eq!(admitted("POST", "secrets?secretId=b", 1) + admitted("POST", "secrets/b:addVersion", 5), 2);
    assert_eq!(admitted("POST", "locations/us-east1/secrets/a:addVersion", 100), 80);
    assert_eq!((0..600).map(|n| admitted("DELETE", &format!("secrets/n{n}"), 1)).sum::<usize>(), 600 - 84);
    assert_eq!(admitted("GET", "secrets", 601) + admitted("GET", "secrets/a", 1), 600);
    assert_eq!(admitted("GET", "secrets/a/versions/latest:access", 90_001), 90_000);
    assert_eq!(admitted("POST", "secrets/a:testIamPermissions", 1_000), 1_000);
}

#[test]
fn a_sparse_service_leaves_out_what_is_optional() {
    let mut google = SecretManager::default();
    google.secrets.put("a", "one");
    google.is_sparse = true;
    let read = ask(&mut google, "GET", "secrets/a/versions/latest:access", "").unwrap();
    assert_eq!(read, json!({"name": "projects/ferry-test/secrets/a/versions/1", "payload": {"data": "b25l"}}));
    google.is_disabled = true;
    check(&mut google, &[("GET", "secrets/a", "", "403 PERMISSION_DENIED")]);
}

//! The ways in that Google has, walked by Google's own library for credentials; and what it is told where they are shut.

use google_cloud_auth::credentials::{CacheableResource, Credentials, external_account, impersonated};
use google_cloud_auth::credentials::{service_account, user_account};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fakes::fault::{Aim, Fault};
use crate::fakes::google::identity::{IMPERSONATED, TOKEN};
use crate::fakes::google::tokens::{AUDIENCE, CLIENT, SUBJECT_TOKEN};
use crate::fakes::google::{PROJECT, SecretManager, keys};
use crate::fakes::server::Fake;

/// Lists with what credentials give, and gives the status.
async fn listed_as(fake: &Fake<SecretManager>, credentials: &Credentials) -> Result<u16, String> {
    let headers = credentials.headers(http::Extensions::new()).await.map_err(|error| error.to_string())?;
    let CacheableResource::New { data: headers, .. } = headers else { return Err("nothing new".to_owned()) };
    Ok(get(fake, "secrets", &headers).await.0)
}

async fn get(fake: &Fake<SecretManager>, path: &str, headers: &http::HeaderMap) -> (u16, Value) {
    let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
    let url = format!("{}/v1/projects/{PROJECT}/{path}", fake.address);
    let answer = client.get(url).headers(headers.clone()).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

fn key(fake: &Fake<SecretManager>) -> Value {
    serde_json::from_str(&keys::key_file(&fake.address)).unwrap()
}

fn federated(fake: &Fake<SecretManager>, subject: &str) -> (tempfile::NamedTempFile, Value) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), subject).unwrap();
    let config = json!({
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/v1/token", fake.address),
        "credential_source": {"file": file.path()},
    });
    (file, config)
}

fn person(fake: &Fake<SecretManager>, refresh: &str) -> Value {
    json!({
        "type": "authorized_user",
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
        "refresh_token": refresh,
        "token_uri": format!("{}/token", fake.address),
    })
}

#[tokio::test]
async fn a_key_signs_for_itself() {
    let fake = SecretManager::start();
    let good = service_account::Builder::new(key(&fake)).build().unwrap();
    assert_eq!(listed_as(&fake, &good).await, Ok(200));
    let unknown = keys::key_file_of("nobody@ferry-test.iam.gserviceaccount.com", keys::KEY_ID, &fake.address);
    let withdrawn = keys::key_file_of("ferry@ferry-test.iam.gserviceaccount.com", "another", &fake.address);
    for file in [unknown, withdrawn] {
        let file = serde_json::from_str(&file).unwrap();
        let credentials = service_account::Builder::new(file).build().unwrap();
        assert_eq!(listed_as(&fake, &credentials).await, Ok(401));
    }
}

#[tokio::test]
async fn a_person_and_a_workload_ask_for_a_token() {
    let fake = SecretManager::start();
    let (_file, config) = federated(&fake, SUBJECT_TOKEN);
    let workload = external_account::Builder::new(config).build().unwrap();
    assert_eq!(listed_as(&fake, &workload).await, Ok(200));
    let user = user_account::Builder::new(person(&fake, CLIENT[2])).build().unwrap();
    assert_eq!(listed_as(&fake, &user).await, Ok(200));
    assert_eq!(fake.with(|google| google.identity.issued()), 2);
    fake.with(|google| google.identity.expire_all());
    assert_eq!(listed_as(&fake, &user).await, Ok(401), "the library kept its token, and it has ended");

    let (_file, config) = federated(&fake, "another token");
    let workload = external_account::Builder::new(config).build().unwrap();
    assert!(listed_as(&fake, &workload).await.is_err());
    let revoked = user_account::Builder::new(person(&fake, "1//revoked")).build().unwrap();
    assert!(listed_as(&fake, &revoked).await.is_err());
    fake.with(|google| google.identity.trouble = Some("invalid_grant"));
    let user = user_account::Builder::new(person(&fake, CLIENT[2])).build().unwrap();
    assert!(listed_as(&fake, &user).await.is_err());
}

#[tokio::test]
async fn an_account_acts_as_another_that_lets_it() {
    let fake = SecretManager::start();
    let as_another = |account: &str| {
        let url = format!("{}/v1/projects/-/serviceAccounts/{account}:generateAccessToken", fake.address);
        let config = json!({
            "type": "impersonated_service_account",
            "service_account_impersonation_url": url,
            "source_credentials": person(&fake, CLIENT[2]),
        });
        impersonated::Builder::new(config).build().unwrap()
    };
    assert_eq!(listed_as(&fake, &as_another(IMPERSONATED)).await, Ok(200));
    assert!(listed_as(&fake, &as_another("other@ferry-test.iam.gserviceaccount.com")).await.is_err());
    assert_eq!(fake.counts()["iamcredentials.GenerateAccessToken"], 2);
}

#[tokio::test]
async fn a_machine_is_told_who_it_is() {
    let fake = SecretManager::start();
    fake.with(|google| google.identity.lifetime = SignedDuration::from_secs(60));
    let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
    let ask = async |path: &str, flavour: &str| {
        let url = format!("{}/computeMetadata/v1/{path}", fake.address);
        let answer = client.get(url).header("metadata-flavor", flavour).send().await.unwrap();
        (answer.status().as_u16(), String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap())
    };
    assert_eq!(ask("project/project-id", "Google").await, (200, PROJECT.to_owned()));
    assert_eq!(ask("project/project-id", "None").await.0, 403);
    assert_eq!(ask("project/odd", "Google").await.0, 404);
    let told: Value = serde_json::from_str(&ask("instance/service-accounts/default/token", "Google").await.1).unwrap();
    assert_eq!(told["expires_in"], 60);
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {}", told["access_token"].as_str().unwrap()).parse().unwrap());
    assert_eq!(get(&fake, "secrets", &headers).await.0, 200);
}

#[tokio::test]
async fn a_project_is_charged_that_may_be() {
    let fake = SecretManager::start_open();
    let mut headers = http::HeaderMap::new();
    assert_eq!(get(&fake, "secrets", &headers).await.0, 200, "this one lets anybody in");
    headers.insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    headers.insert("x-goog-user-project", "other".parse().unwrap());
    let (status, said) = get(&fake, "secrets", &headers).await;
    assert_eq!((status, &said["error"]["details"][0]["reason"]), (403, &json!("USER_PROJECT_DENIED")));
    fake.with(|google| google.identity.quota_projects.insert("other".to_owned()));
    assert_eq!(get(&fake, "secrets", &headers).await.0, 200);
    fake.fail_often(Aim::Operation("secretmanager.ListSecrets".to_owned()), 1, Fault::Overloaded);
    assert_eq!(get(&fake, "secrets", &headers).await, (503, Value::Null), "a page, and no JSON");
}

#[tokio::test]
async fn the_service_can_be_changed_over_the_socket_and_looked_at_without_its_payloads() {
    let fake = SecretManager::start();
    let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
    let tell = async |verb: &str, how: Value| {
        let url = format!("{}/_control/{verb}", fake.address);
        client.post(url).body(how.to_string()).send().await.unwrap().status().as_u16()
    };
    for (verb, how) in [
        ("put", json!({"id": "a", "text": "canary"})),
        ("put", json!({"id": "b", "text": "canary"})),
        ("remove", json!({"id": "b"})),
        ("lag", json!({})),
        ("catch-up", json!({})),
        ("pass", json!({"seconds": 1})),
        ("trouble", json!({"id": "a", "what": "denied"})),
        ("deny", json!({"permission": "secretmanager.versions.add"})),
        ("allow", json!({"permission": "secretmanager.versions.add"})),
        ("api", json!({"enabled": true})),
        ("anybody", json!({"let": true})),
    ] {
        assert_eq!(tell(verb, how).await, 200, "{verb}");
    }
    assert_eq!(tell("odd", json!({})).await, 400);
    let state = client.get(format!("{}/_control/state", fake.address)).send().await.unwrap().text().await.unwrap();
    assert!(state.contains("projects/123456789012/secrets/a/versions/1"), "{state}");
    assert!(!state.contains("canary") && !state.contains("Y2FuYXJ5") && !state.contains("secrets/b"));
    fake.with(|google| google.secrets.secret_mut("a").unwrap().versions.clear());
    assert_eq!(get(&fake, "secrets/a/versions/latest", &http::HeaderMap::new()).await.0, 404);
}

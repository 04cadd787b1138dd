//! The way in, over TLS as every client has to take it: who is trusted, who gets a token, and what is said to others.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fakes::authority::Authority;
use crate::fakes::azure::{
    ASSERTION, AUDIENCE, CLIENT_ID, CLIENT_SECRET, EXPIRED_SECRET, IDENTITY_HEADER, PIPELINE_TOKEN, TENANT, Vault,
};
use crate::fakes::fault::{Aim, Fault};

fn client(authority: &std::path::Path) -> reqwest::Client {
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(authority).unwrap()).unwrap();
    let builder = reqwest::ClientBuilder::new().tls_certs_only([certificate]).no_proxy();
    builder.timeout(Duration::from_secs(5)).build().unwrap()
}

/// What is answered, its status first.
async fn said(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

fn form(fields: &[(&str, &str)]) -> String {
    let plain =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_token_is_given_for_a_secret_or_an_assertion_and_refused_in_words() {
    let vault = Vault::start();
    let client = client(&vault.certificate);
    let scope = format!("{AUDIENCE}/.default");
    let with = |more: &[(&str, &str)]| {
        let fields = [("grant_type", "client_credentials"), ("client_id", CLIENT_ID), ("scope", &scope)];
        form(&[&fields, more].concat())
    };
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let foreign = "11111111-0000-4000-8000-00000000ffff";
    let unknown = form(&[("grant_type", "client_credentials"), ("client_id", foreign), ("scope", &scope)]);
    let no_default = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("scope", AUDIENCE),
    ];
    for (tenant, body, expected) in [
        (TENANT, with(&[("client_secret", CLIENT_SECRET)]), None),
        (TENANT, with(&[("client_assertion", ASSERTION), kind]), None),
        (foreign, with(&[("client_secret", CLIENT_SECRET)]), Some((400, 90002))),
        (TENANT, unknown, Some((400, 700_016))),
        (TENANT, with(&[("client_secret", "wrong")]), Some((401, 7_000_215))),
        (TENANT, with(&[("client_secret", EXPIRED_SECRET)]), Some((401, 7_000_222))),
        (TENANT, with(&[("client_assertion", "wrong"), kind]), Some((401, 50013))),
        (TENANT, with(&[("client_assertion", ASSERTION)]), Some((401, 50013))),
        (TENANT, with(&[]), Some((401, 7_000_218))),
        (TENANT, form(&no_default), Some((400, 70011))),
        (TENANT, form(&[("client_id", CLIENT_ID)]), Some((400, 900_144))),
    ] {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", vault.url);
        let (status, answer) = said(client.post(url).body(body.clone())).await;
        match expected {
            None => assert_eq!((status, answer["token_type"].as_str()), (200, Some("Bearer")), "{body}"),
            Some((refused, code)) => {
                assert_eq!((status, &answer["error_codes"]), (refused, &json!([code])), "{body}");
                assert!(answer["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")));
            }
        }
    }
}

#[tokio::test]
async fn the_first_request_is_answered_with_the_way_to_a_token() {
    let vault = Vault::start();
    let client = client(&vault.certificate);
    let url = format!("{}/secrets/s?api-version=2025-07-01", vault.url);
    let asked = client.put(&url).send().await.unwrap();
    let challenge = asked.headers()["www-authenticate"].to_str().unwrap();
    assert_eq!(asked.status(), 401);
    assert_eq!(challenge, format!("Bearer authorization=\"{}/{TENANT}\", resource=\"{AUDIENCE}\"", vault.url));
    let body = json!({"value": "x"}).to_string();
    let set = client.put(&url).bearer_auth(vault.token()).header("content-type", "application/json").body(body.clone());
    assert_eq!(said(set).await.0, 200);
    let typeless = client.put(&url).bearer_auth(vault.token()).body(body);
    assert_eq!(said(typeless).await.0, 415);
    let counts = vault.counts();
    assert_eq!((counts["Challenge"], counts["SetSecret"]), (1, 2));
}

#[tokio::test]
async fn who_does_not_trust_our_authority_gets_nothing() {
    let vault = Vault::start();
    let other = Authority::make();
    let error = client(&other.certificate()).get(&vault.url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let plain = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
    assert!(plain.get(vault.url.replace("https", "http")).send().await.is_err());
    assert!(vault.counts().is_empty());
}

#[tokio::test]
async fn a_managed_identity_and_a_pipeline_get_in() {
    let vault = Vault::start();
    let client = client(&vault.certificate);
    let managed = |header: &str, more: &str| {
        let query = format!("api-version=2019-08-01&resource={AUDIENCE}{more}");
        said(client.get(format!("{}?{query}", vault.identity_endpoint)).header("x-identity-header", header))
    };
    let (status, answer) = managed(IDENTITY_HEADER, "").await;
    assert_eq!((status, answer["expires_on"].is_string()), (200, true));
    let token = answer["access_token"].as_str().unwrap();
    let url = format!("{}/secrets?api-version=7.6", vault.url);
    assert_eq!(said(client.get(&url).bearer_auth(token)).await.0, 200);
    assert_eq!(managed("wrong", "").await.0, 401);
    assert_eq!(managed(IDENTITY_HEADER, "&client_id=nobody").await.0, 400);
    let pipeline = |token: &str| {
        let url = format!("{}?api-version=7.1&serviceConnectionId=c", vault.pipeline_endpoint);
        said(client.post(url).bearer_auth(token))
    };
    assert_eq!(pipeline(PIPELINE_TOKEN).await, (200, json!({"oidcToken": ASSERTION})));
    assert_eq!(pipeline("wrong").await.0, 401);
}

#[tokio::test]
async fn faults_and_quotas_are_in_the_words_of_the_vault() {
    let vault = Vault::start();
    let client = client(&vault.certificate);
    let set = |name: &str| {
        let url = format!("{}/secrets/{name}?api-version=7.6", vault.url);
        client.put(url).bearer_auth(vault.token()).header("content-type", "application/json").body("{\"value\": \"x\"}")
    };
    for (fault, status) in [(Fault::Throttled, 429), (Fault::Overloaded, 503), (Fault::Broken, 500)] {
        vault.fail_often(Aim::Operation("SetSecret".to_owned()), 1, fault);
        let answer = set("refused").send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers().contains_key("retry-after"), fault == Fault::Throttled);
    }
    vault.fail_often(Aim::Operation("SetSecret".to_owned()), 1, Fault::Lost);
    assert!(set("lost").send().await.is_err());
    assert_eq!(vault.with(|azure| azure.secrets.names()), ["lost"]);
    vault.enforce_quotas();
    for number in 0..301 {
        assert_eq!(said(set("s")).await.0 == 429, number == 300 && vault.rejected() == 1, "{number}");
    }
}

#[tokio::test]
async fn whoever_is_in_another_process_tells_it_what_to_do() {
    let vault = Vault::start();
    let client = client(&vault.certificate);
    let tell =
        |verb: &str, how: Value| said(client.post(format!("{}/_control/{verb}", vault.url)).body(how.to_string()));
    let planted =
        json!({"name": "Cert", "value": "v", "managed": true, "enabled": false, "exp": 1, "tags": {"a": "b"}});
    for (verb, how, status) in [
        ("put", planted, 200),
        ("put", json!({"name": "gone", "value": "x"}), 200),
        ("bin", json!({"name": "gone"}), 200),
        ("bin", json!({"name": "none"}), 400),
        ("access", json!({"model": "policies", "denied": ["get"], "sealed": ["Cert"]}), 200),
        ("access", json!({"model": "wishes"}), 400),
        ("vault", json!({"deletion": 1.5, "protected": true, "days": 7}), 200),
        ("clock", json!({"ahead": 5}), 200),
        ("listing", json!({"lags": true}), 200),
        ("tokens", json!({"lifetime": 60, "audience": "https://elsewhere"}), 200),
        ("nothing", json!({}), 400),
    ] {
        assert_eq!(tell(verb, how.clone()).await.0, status, "{verb} {how}");
    }
    let state = said(client.get(format!("{}/_control/state", vault.url))).await.1;
    assert_eq!((&state["Cert"]["stage"], &state["gone"]["stage"]), (&json!("Live"), &json!("Deleted")));
    let version = &state["Cert"]["versions"][0];
    assert_eq!((&version["managed"], &version["attributes"]["exp"]), (&json!(true), &json!(1)));
    assert!(!state.to_string().contains("\"v\""), "a state has no values");
    vault.with(|azure| {
        assert_eq!((azure.secrets.deletion, azure.secrets.place.recovery_level()), (1.5, "CustomizedRecoverable"));
        assert_eq!((azure.login.lifetime, azure.access.sealed.contains("cert")), (60, true));
    });
}

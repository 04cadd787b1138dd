//! What only a stub can show: headers, standbys, redirects, lost answers, and folders that no URL can enter.

use std::sync::atomic::{AtomicUsize, Ordering};

use secretferry::model::{Effect, ErrorKind, Kind, Severity};
use secretferry::provider::{Expect, Role};
use serde_json::{Value, json};

use crate::shop::opened;
use crate::stub::{Stub, Told, answer, usual};

const DATA: &str = "POST /v1/secret/data/variables/k";

#[tokio::test]
async fn token_and_namespace_travel_in_headers() {
    let stub = Stub::start(|request| usual(&request.line)).await;
    let shop = opened(&stub.address, "hvs.x", "namespace = \"team/airflow/\"").await.unwrap();
    shop.list().await.unwrap_err();
    let received = stub.received();
    assert!(received.len() >= 3);
    for request in received {
        assert_eq!(request.headers["x-vault-token"], "hvs.x", "{}", request.line);
        assert_eq!(request.headers["x-vault-namespace"], "team/airflow", "{}", request.line);
        assert!(!request.line.contains("hvs.x"));
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_of_unknown_effect() {
    let rows = [
        (Told::Silence, ErrorKind::Unavailable, Effect::Unknown),
        (answer(500, json!({"errors": ["internal error"]})), ErrorKind::Unavailable, Effect::Unknown),
        (answer(502, Value::Null), ErrorKind::Unavailable, Effect::Unknown),
        (answer(200, json!("surprise")), ErrorKind::Unexpected, Effect::Unknown),
        (answer(503, json!({"errors": ["Vault is sealed"]})), ErrorKind::Unavailable, Effect::None),
        (answer(473, Value::Null), ErrorKind::Unavailable, Effect::None),
        (answer(412, json!({"errors": ["required index state not present"]})), ErrorKind::Unavailable, Effect::None),
        (answer(413, Value::Null), ErrorKind::TooLarge, Effect::None),
        (answer(403, json!({"errors": ["permission denied"]})), ErrorKind::Denied, Effect::None),
    ];
    let checks = rows.map(|(told, kind, effect)| async move {
        let shown = format!("{told:?}");
        let stub = Stub::start(move |request| match request.line.as_str() {
            DATA => Some(told.clone()),
            line => usual(line),
        })
        .await;
        let shop = opened(&stub.address, "hvs.x", "").await.unwrap();
        let error = shop.write("variables/k", "{\"value\":\"canary\"}", &Expect::Absent).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, effect), "{shown}");
        assert!(!format!("{error:?}").contains("canary"));
    });
    futures::future::join_all(checks).await;
}

#[tokio::test]
async fn a_wait_that_vault_asks_for_is_kept() {
    let asked = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.line.as_str() {
        "GET /v1/secret/metadata/variables/k" if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
            let error = json!({"errors": ["request path \"x\": rate limit quota exceeded"]});
            Some(Told::Answer(429, vec![("retry-after", "2".to_owned())], error))
        }
        "GET /v1/secret/metadata/variables/k" => Some(answer(404, json!({"errors": []}))),
        line => usual(line),
    })
    .await;
    let shop = opened(&stub.address, "hvs.x", "").await.unwrap();
    let began = std::time::Instant::now();
    assert_eq!(shop.stat("variables/k").await.unwrap(), None);
    assert!(began.elapsed().as_secs() >= 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_redirect_of_a_standby_is_followed_with_the_token() {
    let active = Stub::start(|request| match request.line.as_str() {
        "GET /v1/secret/metadata/variables/k" => Some(answer(404, json!({"errors": []}))),
        line => usual(line),
    })
    .await;
    let target = active.address.clone();
    let standby = Stub::start(move |request| {
        let path = request.line.split_once(' ')?.1;
        Some(Told::Answer(307, vec![("location", format!("{target}{path}"))], Value::Null))
    })
    .await;
    let shop = opened(&standby.address, "hvs.x", "").await.unwrap();
    assert_eq!(shop.stat("variables/k").await.unwrap(), None);
    assert_eq!(active.received().last().unwrap().headers["x-vault-token"], "hvs.x");
}

#[tokio::test]
async fn health_tells_what_a_node_is() {
    let rows = [
        (429, "standby", Severity::Info),
        (473, "standby", Severity::Info),
        (472, "standby", Severity::Error),
        (501, "uninitialised", Severity::Error),
    ];
    for (status, code, severity) in rows {
        let stub = Stub::start(move |request| match request.line.as_str() {
            "GET /v1/sys/health" => Some(answer(status, json!({"initialized": true}))),
            "POST /v1/sys/capabilities-self" => Some(answer(200, json!({"data": {}}))),
            line => usual(line),
        })
        .await;
        let shop = opened(&stub.address, "hvs.x", "").await.unwrap();
        let findings = shop.store.check(Role::Source, &Kind::ALL).await;
        let first = &findings[0];
        assert_eq!((first.code, first.severity), (code, severity), "{status}");
        assert_eq!(findings.len() > 1, severity == Severity::Info, "a standby serves, the others do not");
    }
}

#[tokio::test]
async fn a_name_that_no_url_can_enter_is_listed_and_not_dropped() {
    let stub = Stub::start(|request| match request.line.as_str() {
        "LIST /v1/secret/metadata/variables/" => {
            Some(answer(200, json!({"data": {"keys": ["good", "../", "/", ".."]}})))
        }
        "LIST /v1/secret/metadata/connections/" | "LIST /v1/secret/metadata/config/" => {
            Some(answer(404, json!({"errors": []})))
        }
        line => usual(line),
    })
    .await;
    let shop = opened(&stub.address, "hvs.x", "").await.unwrap();
    assert_eq!(shop.list().await.unwrap(), ["variables/..", "variables/../", "variables//", "variables/good"]);
    assert_eq!(shop.read("variables/../").await.unwrap_err().kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn a_page_that_is_no_vault_is_no_listing() {
    for told in [answer(200, json!({"data": {}})), answer(200, Value::Null), answer(204, Value::Null)] {
        let stub = Stub::start(move |request| match request.line.split_once(' ') {
            Some(("LIST", _)) => Some(told.clone()),
            _ => usual(&request.line),
        })
        .await;
        let shop = opened(&stub.address, "hvs.x", "").await.unwrap();
        assert_eq!(shop.list().await.unwrap_err().kind, ErrorKind::Unexpected);
    }
}

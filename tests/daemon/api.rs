//! The API and the buttons: what they show of the ledger and the board, and what they ask of jobs.

use secretferry::daemon::{Activity, JobView};
use secretferry::ledger::{AuditFilter, Control, Ledger, LedgerSettings};
use serde_json::Value;
use tempfile::TempDir;

use crate::ask::{House, TOKEN, answer};

/// A job of the board.
pub fn job(name: &str) -> JobView {
    JobView {
        job: name.to_owned(),
        source: "vault-a".to_owned(),
        target: "vault-b".to_owned(),
        target_identity: "vault:b".to_owned(),
        schedule: Some("every 15 minutes".to_owned()),
        zone: "UTC".to_owned(),
        next: None,
        activity: Activity::Idle,
        control: Control::default(),
        last: None,
        standing: None,
    }
}

async fn with_ledger() -> (House, Ledger, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&LedgerSettings::default(), folder.path()).await.unwrap();
    let house = House::open().await;
    house.served.shelf.put(Some(ledger.clone()));
    house.served.board.change(|view| view.jobs = vec![job("nightly")]);
    (house, ledger, folder)
}

async fn order(house: &House, path: &str) -> (u16, String) {
    answer(house.post(path).bearer_auth(TOKEN)).await
}

#[tokio::test]
async fn what_is_asked_over_the_api_is_in_the_ledger_and_its_audit() {
    let (house, ledger, _folder) = with_ledger().await;
    assert_eq!(order(&house, "/api/v1/jobs/nightly/run").await.0, 202);
    assert_eq!(order(&house, "/api/v1/jobs/nightly/pause").await.0, 202);
    let controls = ledger.overview().await.unwrap().controls;
    assert_eq!(controls["nightly"].asked.as_ref().unwrap().1, "api from 127.0.0.1");
    assert_eq!(controls["nightly"].paused.as_ref().unwrap().1, "api from 127.0.0.1");
    assert_eq!(order(&house, "/api/v1/jobs/nightly/resume").await.0, 202);
    assert_eq!(ledger.overview().await.unwrap().controls["nightly"].paused, None);
    let audited =
        ledger.audit(&AuditFilter { job: Some("nightly".to_owned()), ..AuditFilter::default() }).await.unwrap();
    assert_eq!(audited.len(), 3, "{audited:?}");
    assert!(format!("{audited:?}").matches("api from 127.0.0.1").count() >= 3, "{audited:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let (house, ledger, _folder) = with_ledger().await;
    assert_eq!(order(&house, "/api/v1/jobs/other/run").await.0, 404);
    assert_eq!(order(&house, "/api/v1/jobs/nightly/dance").await.0, 404);
    assert_eq!(answer(house.get("/api/v1/jobs/nightly/run").bearer_auth(TOKEN)).await.0, 405);
    assert_eq!(answer(house.post("/api/v1/jobs/nightly/run")).await.0, 401);
    assert!(ledger.overview().await.unwrap().controls.is_empty(), "nothing was noted");
    house.served.shelf.put(None);
    let (code, words) = order(&house, "/api/v1/jobs/nightly/run").await;
    assert_eq!(code, 503);
    assert!(words.contains("ledger"), "{words}");
}

#[tokio::test]
async fn a_button_needs_the_cookie_and_the_forms_own_token() {
    let (house, ledger, _folder) = with_ledger().await;
    let cookie = house.sign_in().await;
    let press = |fields: &str| house.form("/jobs/nightly/run", fields).header("cookie", &cookie);
    assert_eq!(answer(house.form("/jobs/nightly/run", "")).await.0, 401, "not signed in");
    assert_eq!(answer(house.form("/jobs/nightly/run", "").bearer_auth(TOKEN)).await.0, 401, "the API is elsewhere");
    assert_eq!(answer(press("")).await.0, 403, "no CSRF token");
    assert_eq!(answer(press("csrf=guessed")).await.0, 403);
    let token = secretferry::model::SecretValue::from(TOKEN);
    let csrf = house.served.csrf_of(cookie.split_once('=').unwrap().1, &token).unwrap();
    let from_elsewhere = press(&format!("csrf={csrf}")).header("sec-fetch-site", "cross-site");
    assert_eq!(answer(from_elsewhere).await.0, 403);
    assert!(ledger.overview().await.unwrap().controls.is_empty(), "nothing was noted");
    let pressed = press(&format!("csrf={csrf}")).send().await.unwrap();
    assert_eq!((pressed.status().as_u16(), pressed.headers()["location"].to_str().unwrap()), (303, "/jobs/nightly"));
    let controls = ledger.overview().await.unwrap().controls;
    assert_eq!(controls["nightly"].asked.as_ref().unwrap().1, "page from 127.0.0.1");
}

#[tokio::test]
async fn status_and_runs_are_json_with_a_schema() {
    let (house, _ledger, _folder) = with_ledger().await;
    let read = async |path: &str| {
        let (code, text) = answer(house.get(path).bearer_auth(TOKEN)).await;
        assert!(!text.contains(TOKEN));
        (code, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (code, status) = read("/api/v1/status").await;
    assert_eq!((code, status["schema"].as_str()), (200, Some("secretferry.status/1")));
    assert_eq!(status["jobs"][0]["job"], "nightly");
    assert_eq!(status["ready"], true);
    let (code, runs) = read("/api/v1/jobs/nightly/runs?limit=5").await;
    assert_eq!(
        (code, runs["schema"].as_str(), &runs["runs"]),
        (200, Some("secretferry.history/1"), &Value::Array(vec![]))
    );
    assert_eq!(read("/api/v1/jobs/other/runs").await.0, 404);
    assert_eq!(read("/api/v1/runs/0000").await.0, 404);
    assert_eq!(read("/api/v1/runs/%25").await.0, 404, "a wildcard is no id");
}

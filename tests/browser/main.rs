//! The status page in a real browser: how it looks, how it is walked through, and that it gives nothing away.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod checks;
mod driver;
mod ferry;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secretferry::ledger::AuditFilter;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use checks::faults;
use driver::{Browser, ENTER};
use ferry::{Ferry, TOKEN, VALUE};

const CANARIES: &[&str] = &[TOKEN, VALUE];

/// One browser serves all of it: starting one is what takes time.
#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_is_sound_in_a_browser() {
    let ferry = Ferry::open().await;
    let browser = Browser::start().await;
    every_page_is_sound(&browser, &ferry).await;
    it_says_what_needs_a_look(&browser, &ferry).await;
    it_is_walked_through_by_keyboard(&browser, &ferry).await;
    whoever_signs_in_may_act(&browser, &ferry).await;
    an_empty_daemon_reads_well(&browser, &ferry).await;
    browser.end().await;
}

/// The same checks find every fault of a page made to have them all.
#[tokio::test(flavor = "multi_thread")]
async fn the_checks_catch_planted_faults() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let home = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n";
            let _ =
                stream.write_all(format!("{head}content-length: {}\r\n\r\n{PLANTED}", PLANTED.len()).as_bytes()).await;
        }
    });
    let browser = Browser::start().await;
    browser.screen(375, 800).await;
    browser.open(&home).await;
    let found = faults(&browser, &home, CANARIES).await;
    for fault in [
        "console: ",
        "elsewhere: http://127.0.0.2:9/spy.png",
        "value: canary-value",
        "wide: ",
        "contrast: ",
        "structure: not one h1",
        "structure: a script or style",
        "structure: a table without a caption",
    ] {
        assert!(found.iter().any(|found| found.starts_with(fault)), "{fault} not among {found:#?}");
    }
    browser.end().await;
}

const PLANTED: &str = "<!doctype html><html><body><script>console.error('planted')</script>\
    <img src='http://127.0.0.2:9/spy.png'><p style='color:#999;background:#fff;width:900px'>canary-value-5e1f</p>\
    <table><tr><td>1</td></tr></table></body></html>";

async fn every_page_is_sound(browser: &Browser, ferry: &Ferry) {
    let run = format!("/runs/{}", ferry.runs.last().unwrap().id);
    let pages = ["/", "/stores", "/jobs/prod-to-region-b", "/jobs/prod-to-region-c", &run, "/login", "/login?wrong"];
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 375), ("dark", 375)] {
        browser.prefer(scheme).await;
        browser.screen(width, 900).await;
        for page in pages {
            browser.open(&ferry.url(page)).await;
            let found = faults(browser, &ferry.home, CANARIES).await;
            assert!(found.is_empty(), "{page} {scheme} {width}: {found:#?}");
            picture(browser, &format!("{}-{scheme}-{width}", page.replace(['/', '?'], "_"))).await;
        }
        let paper = browser.evaluate("return getComputedStyle(document.body).backgroundColor").await;
        let expected = if scheme == "dark" { "rgb(20, 24, 28)" } else { "rgb(251, 251, 250)" };
        assert_eq!(paper, json!(expected), "{scheme}");
    }
    browser.prefer("light").await;
    browser.screen(1280, 900).await;
}

/// Keeps what is on the screen, for whoever wants to look; `SECRETFERRY_TEST_PICTURES` is the folder.
async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("SECRETFERRY_TEST_PICTURES") {
        let bytes = STANDARD.decode(browser.picture().await).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }
}

async fn it_says_what_needs_a_look(browser: &Browser, ferry: &Ferry) {
    browser.open(&ferry.url("/")).await;
    assert_eq!(browser.text("h1").await, "1 of 4 jobs needs a look");
    assert_eq!(browser.text("tbody th a").await, "prod-to-region-c", "what needs a look stands first");
    assert_eq!(browser.text("tbody .badge").await, "✕ incomplete");
    let refresh = browser.evaluate("return document.querySelector('meta[http-equiv=refresh]').content").await;
    assert_eq!(refresh, json!("15"));
    browser.open(&ferry.url("/?still")).await;
    assert_eq!(browser.evaluate("return document.querySelector('meta[http-equiv=refresh]')").await, json!(null));
    browser.open(&ferry.url("/jobs/prod-to-region-c")).await;
    let text = browser.text("main").await;
    for words in ["drift (3 keys)", "The target was changed behind our back.", "variables/team_2_endpoint"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let run = ferry.runs.last().unwrap();
    browser.open(&ferry.url(&format!("/runs/{}", run.id))).await;
    let steps = browser.evaluate("return document.querySelectorAll('tbody tr').length").await;
    assert_eq!(steps, json!(12), "the first run wrote every key");
    assert!(browser.text("tbody").await.contains("created"));
}

async fn it_is_walked_through_by_keyboard(browser: &Browser, ferry: &Ferry) {
    browser.open(&ferry.url("/?still")).await;
    assert_eq!(browser.tab_to("a.skip").await, 1, "the way past the navigation comes first");
    let seen = browser.evaluate("return document.activeElement.getBoundingClientRect().left >= 0").await;
    assert_eq!(seen, json!(true), "and is seen once it has the focus");
    browser.press(ENTER).await;
    assert_eq!(browser.evaluate("return document.activeElement.id").await, json!("main"));
    browser.tab_to("tbody a[href='/jobs/prod-to-region-c']").await;
    let outline = browser.evaluate("return getComputedStyle(document.activeElement).outlineWidth").await;
    assert_eq!(outline, json!("3px"), "whoever uses the keyboard sees where they are");
    browser.follow().await;
    assert_eq!(browser.path().await, "/jobs/prod-to-region-c");
    browser.tab_to("nav a[href='/stores']").await;
    browser.follow().await;
    assert_eq!(browser.path().await, "/stores");
    assert_eq!(browser.text("nav [aria-current=page]").await, "Stores");
}

async fn whoever_signs_in_may_act(browser: &Browser, ferry: &Ferry) {
    let job = "prod-to-region-b";
    browser.open(&ferry.url(&format!("/jobs/{job}"))).await;
    assert_eq!(browser.evaluate("return document.querySelectorAll('form').length").await, json!(0));
    browser.tab_to("a[href='/login']").await;
    browser.follow().await;
    browser.tab_to("#token").await;
    browser.press("not the token").await;
    browser.follow().await;
    assert!(browser.text("[role=alert]").await.contains("not the token"));
    browser.tab_to("#token").await;
    browser.press(TOKEN).await;
    browser.follow().await;
    assert_eq!(browser.path().await, "/");

    browser.open(&ferry.url(&format!("/jobs/{job}"))).await;
    let found = faults(browser, &ferry.home, CANARIES).await;
    assert!(found.is_empty(), "{found:#?}");
    for (verb, words, event) in [
        ("run", "run asked for", "run-asked"),
        ("pause", "by page from 127.0.0.1", "paused"),
        ("resume", "Pause", "resumed"),
    ] {
        browser.tab_to(&format!("form[action$='/{verb}'] button")).await;
        browser.follow().await;
        assert_eq!(browser.path().await, format!("/jobs/{job}"), "{verb} leads back");
        assert!(browser.text("main").await.contains(words), "{verb}: {}", browser.text("main").await);
        assert!(audited(ferry, event, job).await, "{event} is in the audit log");
    }
    let control = ferry.ledger.overview().await.unwrap().controls[job].clone();
    assert!(control.paused.is_none() && control.asked.unwrap().1.starts_with("page from"));
    let forged = browser
        .evaluate(&format!(
            "return fetch('/jobs/{job}/pause', {{ method: 'POST' }}).then(a => a.status, () => 'barred')"
        ))
        .await;
    assert!(forged == json!("barred") || forged == json!(403), "a form without its token: {forged}");
    assert!(ferry.ledger.overview().await.unwrap().controls[job].paused.is_none());
    browser.complaints().await;

    browser.tab_to("form[action='/logout'] button").await;
    browser.follow().await;
    browser.open(&ferry.url(&format!("/jobs/{job}"))).await;
    assert_eq!(browser.evaluate("return document.querySelectorAll('form').length").await, json!(0));
}

async fn audited(ferry: &Ferry, event: &str, job: &str) -> bool {
    let rows = ferry.ledger.audit(&AuditFilter { job: Some(job.to_owned()), ..AuditFilter::default() }).await.unwrap();
    rows.iter().any(|row| row.event == event)
}

async fn an_empty_daemon_reads_well(browser: &Browser, ferry: &Ferry) {
    ferry.served.board.change(|view| {
        view.jobs.clear();
        view.stores.clear();
        view.peers.clear();
        view.ledger.problem = Some("connection refused".to_owned());
        view.about.config_problem = Some("secretferry.toml: jobs.x.source: no such store".to_owned());
    });
    ferry.served.shelf.put(None);
    for page in ["/", "/stores"] {
        browser.open(&ferry.url(page)).await;
        let found = faults(browser, &ferry.home, CANARIES).await;
        assert!(found.is_empty(), "{page}: {found:#?}");
    }
    browser.open(&ferry.url("/")).await;
    assert_eq!(browser.text("h1").await, "The ledger cannot be used: connection refused");
    assert!(browser.text(".notes").await.contains("no such store"));
}

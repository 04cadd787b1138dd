//! A browser that a test drives: chromedriver's own protocol over HTTP, with the browser's log and all it asked for.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// One Chromium, without a head; gone with the test.
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts chromedriver and a browser under it.
    pub async fn start() -> Self {
        let program = std::env::var("SECRETFERRY_TEST_CHROMEDRIVER")
            .expect("SECRETFERRY_TEST_CHROMEDRIVER is not set: run the tests on real servers by `make test`");
        let mut driver = Command::new(program).arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let told = |line: String| line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok();
        let port: u16 = lines.map_while(Result::ok).find_map(told).expect("chromedriver says where it listens");
        let profile = tempfile::tempdir().unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let base = format!("http://127.0.0.1:{port}/session");
        let answer: Value = post(&client, &base, &capabilities(&profile)).await;
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        let browser = Self { driver, client, session: format!("{base}/{id}"), _profile: profile };
        browser.screen(1280, 900).await;
        browser
    }

    /// Asks chromedriver for one thing.
    async fn command(&self, path: &str, body: &Value) -> Value {
        post(&self.client, &format!("{}/{path}", self.session), body).await
    }

    /// Asks the browser itself, by the protocol of its developer tools.
    pub async fn tools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    pub async fn open(&self, url: &str) {
        self.command("url", &json!({ "url": url })).await;
    }

    /// Evaluates a JavaScript function's body in the page.
    pub async fn evaluate(&self, body: &str) -> Value {
        self.command("execute/sync", &json!({ "script": body, "args": [] })).await
    }

    pub async fn text(&self, selector: &str) -> String {
        let found = self.evaluate(&format!("return document.querySelector({})?.innerText", json!(selector))).await;
        found.as_str().unwrap_or_else(|| panic!("no {selector}")).to_owned()
    }

    pub async fn path(&self) -> String {
        self.evaluate("return decodeURIComponent(location.pathname)").await.as_str().unwrap().to_owned()
    }

    /// Presses keys as a person does, on whatever has the focus.
    pub async fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })))
            .collect();
        self.command("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] })).await;
    }

    /// Presses Enter on what leads elsewhere, and waits until the page that it leads to is there.
    pub async fn follow(&self) {
        self.evaluate("window.left = true").await;
        self.press(ENTER).await;
        for _ in 0..200 {
            if self.evaluate("return !window.left && document.readyState === 'complete'").await == json!(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it leads nowhere");
    }

    /// Presses the tab key until the focus is on `selector`, and says how often that took.
    pub async fn tab_to(&self, selector: &str) -> usize {
        let there = format!("return document.activeElement.matches({})", json!(selector));
        for pressed in 1..60 {
            self.press(TAB).await;
            if self.evaluate(&there).await == json!(true) {
                return pressed;
            }
        }
        panic!("the tab key never leads to {selector}");
    }

    pub async fn screen(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// As somebody who prefers dark, or light, pages.
    pub async fn prefer(&self, scheme: &str) {
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tools("Emulation.setEmulatedMedia", feature).await;
    }

    /// What the browser complained of since the last look.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", &json!({ "type": "browser" })).await;
        log.as_array().unwrap().iter().map(|line| line["message"].to_string()).collect()
    }

    /// Every URL that the browser asked for since the last look.
    pub async fn asked(&self) -> Vec<String> {
        let log = self.command("se/log", &json!({ "type": "performance" })).await;
        let url = |line: &Value| {
            let event: Value = serde_json::from_str(line["message"].as_str()?).ok()?;
            (event["message"]["method"] == "Network.requestWillBeSent").then_some(())?;
            Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned())
        };
        log.as_array().unwrap().iter().filter_map(url).collect()
    }

    /// What is on the screen, as PNG in base64.
    pub async fn picture(&self) -> String {
        let picture = self.tools("Page.captureScreenshot", json!({ "format": "png" })).await;
        picture["data"].as_str().unwrap().to_owned()
    }

    /// Ends the browser; what a test that fails leaves behind ends with chromedriver.
    pub async fn end(self) {
        self.client.delete(&self.session).send().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // chromedriver takes its browsers along when it is asked to end, not when it is killed.
        let _ = Command::new("kill").arg(self.driver.id().to_string()).status();
        let _ = self.driver.wait();
    }
}

/// The keys of WebDriver that have no character of their own.
pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";

fn capabilities(profile: &TempDir) -> Value {
    let profile = format!("--user-data-dir={}", profile.path().display());
    let quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
    let machine = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile];
    let arguments: Vec<&str> = machine.into_iter().chain(quiet).collect();
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    } } })
}

async fn post(client: &Client, url: &str, body: &Value) -> Value {
    let request = client.post(url).header("content-type", "application/json").body(body.to_string());
    let text = request.send().await.unwrap().text().await.unwrap();
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    assert!(answer["value"]["error"].is_null(), "{url} {body}: {text}");
    answer["value"].take()
}

//! Who may ask for what.

use reqwest::Method;

use crate::ask::{House, TOKEN, answer};

#[tokio::test]
async fn probes_are_answered_to_anybody_and_say_why_it_is_not_ready() {
    let house = House::open().await;
    assert_eq!(answer(house.get("/healthz")).await.0, 200);
    assert_eq!(answer(house.get("/readyz")).await.0, 200);
    house.served.board.change(|view| view.ledger.problem = Some("the server is away".to_owned()));
    let (code, body) = answer(house.get("/readyz")).await;
    assert_eq!((code, body.as_str()), (503, "{\"ready\":false,\"reasons\":[\"ledger: the server is away\"]}\n"));
    assert_eq!(answer(house.get("/healthz")).await.0, 200, "alive, whatever the ledger does");
}

#[tokio::test]
async fn the_api_takes_the_token_and_nothing_else() {
    let house = House::open().await;
    let status = |shown: Option<String>| {
        let request = house.get("/api/v1/nothing");
        answer(match shown {
            Some(shown) => request.header("authorization", shown),
            None => request,
        })
    };
    assert_eq!(status(None).await.0, 401);
    assert_eq!(status(Some("Bearer wrong".to_owned())).await.0, 401);
    assert_eq!(status(Some(format!("Basic {TOKEN}"))).await.0, 401);
    assert_eq!(status(Some(format!("Bearer {TOKEN}x"))).await.0, 401);
    assert_eq!(status(Some(format!("Bearer {TOKEN}"))).await.0, 404, "let in, and nothing is there");
}

#[tokio::test]
async fn the_token_is_read_anew_at_each_use_and_another_one_ends_sessions() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let out = |csrf: &str| answer(house.form("/logout", &format!("csrf={csrf}")).header("cookie", &cookie));
    assert_eq!(out("guessed").await.0, 403, "signed in, but the form is not of the session");
    house.change_token("another");
    assert_eq!(out("guessed").await.0, 401, "not signed in any more");
    let with = |token: &str| answer(house.get("/api/v1/nothing").header("authorization", format!("Bearer {token}")));
    assert_eq!(with(TOKEN).await.0, 401);
    assert_eq!(with("another").await.0, 404);
    house.change_token("");
    assert_eq!(with("").await.0, 503, "an empty token lets nobody in");
}

#[tokio::test]
async fn without_a_token_nothing_can_be_done_from_outside() {
    let house = House::with(|settings| settings.token = None).await;
    let (code, words) = answer(house.post("/api/v1/jobs/x/run").header("authorization", "Bearer x")).await;
    assert_eq!(code, 403);
    assert!(words.contains("daemon.token"), "{words}");
    assert_eq!(answer(house.post("/jobs/x/run")).await.0, 403);
    assert_eq!(answer(house.form("/login", "token=x")).await.0, 403);
    assert_eq!(answer(house.get("/metrics")).await.0, 200);
}

#[tokio::test]
async fn signing_in_gives_a_cookie_that_no_script_and_no_other_site_can_use() {
    let house = House::open().await;
    let answered = house.form("/login", &format!("token={TOKEN}")).send().await.unwrap();
    let cookie = answered.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=28800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains(TOKEN));
    let wrong = house.form("/login", "token=wrong").send().await.unwrap();
    assert_eq!(wrong.headers()["location"], "/login?wrong");
    assert!(!wrong.headers().contains_key("set-cookie"));
    let foreign = house.form("/login", &format!("token={TOKEN}")).header("sec-fetch-site", "cross-site");
    assert_eq!(answer(foreign).await.0, 403);
    let proxied = House::with(|settings| settings.behind_proxy = true).await;
    let answered = proxied.form("/login", &format!("token={TOKEN}")).send().await.unwrap();
    assert!(answered.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn beyond_this_machine_metrics_and_pages_take_the_token_too() {
    let house = House::with(|settings| settings.behind_proxy = true).await;
    assert_eq!(answer(house.get("/metrics")).await.0, 401);
    assert_eq!(answer(house.get("/metrics").bearer_auth(TOKEN)).await.0, 200);
    let page = house.get("/").send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["location"].to_str().unwrap()), (303, "/login"));
    assert_eq!(answer(house.get("/login")).await.0, 200);
    assert_eq!(answer(house.get("/readyz")).await.0, 200);
    let cookie = house.sign_in().await;
    assert_eq!(answer(house.get("/metrics").header("cookie", cookie)).await.0, 200);
}

#[tokio::test]
async fn a_foreign_host_is_refused_on_this_machine_alone() {
    let house = House::open().await;
    for host in ["evil.example", "evil.example:8374", "localhost.evil.example"] {
        let (code, words) = answer(house.get("/metrics").header("host", host)).await;
        assert_eq!(code, 421, "{host}: {words}");
    }
    for host in ["localhost:8374", "127.0.0.1", "[::1]:9"] {
        assert_eq!(answer(house.get("/metrics").header("host", host)).await.0, 200, "{host}");
    }
    let proxied = House::with(|settings| settings.behind_proxy = true).await;
    assert_eq!(answer(proxied.get("/metrics").header("host", "ferry.example").bearer_auth(TOKEN)).await.0, 200);
}

#[tokio::test]
async fn every_answer_forbids_what_a_page_here_never_does() {
    let house = House::open().await;
    for (method, path) in [
        (Method::GET, "/metrics"),
        (Method::GET, "/login"),
        (Method::GET, "/nothing"),
        (Method::GET, "/api/v1/status"),
        (Method::PUT, "/healthz"),
    ] {
        let answered = house.ask(method, path).send().await.unwrap();
        let header = |name: &str| answered.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("script"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert!(!answered.text().await.unwrap().contains(TOKEN));
    }
}

//! A daemon's door on a free port of this machine, and how it is asked.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, redirect};
use secretferry::config::DaemonSettings;
use secretferry::daemon::http::{Served, bind, serve};
use secretferry::daemon::{Board, Metrics, Shelf};
use secretferry::reference::Reference;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The token; it must never be in an answer.
pub const TOKEN: &str = "canary-token-3f1c";

/// A door that is answered at.
pub struct House {
    pub served: Served,
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
    folder: TempDir,
    client: Client,
}

/// Settings on a free port, with a token.
pub fn settings(folder: &TempDir) -> DaemonSettings {
    let token = folder.path().join("token");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    DaemonSettings {
        listen: "127.0.0.1:0".parse().unwrap(),
        token: Some(Reference::File(token)),
        ..DaemonSettings::default()
    }
}

impl House {
    /// One with a token, on this machine alone.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// One with other settings.
    pub async fn with(change: impl FnOnce(&mut DaemonSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(&folder);
        change(&mut settings);
        let board = Arc::new(Board::default());
        board.change(|view| view.ledger.answered_at = Some(Timestamp::now()));
        let served = Served::new(board, Shelf::default(), Arc::new(Metrics::default()), settings);
        let door = bind(&served).await.unwrap();
        let address = door.address();
        let stop = CancellationToken::new();
        let serving = serve(door, served.clone(), stop.clone());
        let task = tokio::spawn(async move { serving.await.unwrap() });
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { served, address, stop, task, folder, client }
    }

    /// A request that nothing was shown with yet.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.ask(Method::POST, path)
    }

    /// A form as a browser sends it.
    pub fn form(&self, path: &str, fields: &str) -> RequestBuilder {
        self.post(path).header("content-type", "application/x-www-form-urlencoded").body(fields.to_owned())
    }

    /// What it was told to be its token from now on.
    pub fn change_token(&self, token: &str) {
        std::fs::write(self.folder.path().join("token"), token).unwrap();
    }

    /// Signs in and gives the cookie.
    pub async fn sign_in(&self) -> String {
        let answer = self.form("/login", &format!("token={TOKEN}")).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["location"], "/");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

/// The code of an answer, and its body.
pub async fn answer(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

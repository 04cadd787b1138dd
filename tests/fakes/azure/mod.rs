//! One Azure Key Vault, its secrets alone, and the Microsoft Entra that gives out tokens for it, on one https address.
//!
//! Written from Microsoft's REST reference, api-version 2025-07-01; every rule names the page that it comes from. Who is in
//! another process drives it by [`control`]. Not here: keys, certificates, backups, and the management of vaults.

pub mod access;
pub mod asked;
pub mod control;
pub mod login;
pub mod page;
pub mod refusal;
pub mod secret;
pub mod secrets;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secretferry::model::Family;
use serde_json::{Value, json};

use self::access::Access;
use self::asked::{Call, Query};
use self::login::Login;
use self::refusal::{Refused, reply};
use self::secrets::Secrets;
use super::authority::Authority;
use super::fault::Fault;
use super::http::{Reply, Request};
use super::quota::Quota;
use super::server::{Fake, Service};

/// The tenant of the vault.
pub const TENANT: &str = "11111111-0000-4000-8000-000000000001";
/// The application that may log in.
pub const CLIENT_ID: &str = "11111111-0000-4000-8000-000000000002";
/// The object that stands for it in the tenant.
pub const OBJECT_ID: &str = "11111111-0000-4000-8000-000000000004";
/// Its secret.
pub const CLIENT_SECRET: &str = "client-secret-of-a-stand-in";
/// A secret that it once had.
pub const EXPIRED_SECRET: &str = "expired-secret-of-a-stand-in";
/// The assertion that it may show in place of a secret.
pub const ASSERTION: &str = "assertion-of-a-stand-in";
/// The header without which no managed identity is given out, `IDENTITY_HEADER` of App Service.
pub const IDENTITY_HEADER: &str = "identity-header-of-a-stand-in";
/// The token of a pipeline, `SYSTEM_ACCESSTOKEN`.
pub const PIPELINE_TOKEN: &str = "pipeline-token-of-a-stand-in";
/// Whom tokens for vaults are for.
pub const AUDIENCE: &str = "https://vault.azure.net";
/// The name of the vault.
const VAULT: &str = "stand-in";

/// The vault and the Entra.
pub struct Azure {
    /// The tokens.
    pub login: Login,
    /// Who may do what.
    pub access: Access,
    /// What is in the vault.
    pub secrets: Secrets,
}

/// A running vault; it ends when this is dropped.
pub struct Vault {
    /// Its address, without a slash at the end; that of its Entra as well.
    pub url: String,
    /// The file with the certificate that it is trusted by.
    pub certificate: PathBuf,
    /// Where Azure's SDKs get the token of a managed identity, `IDENTITY_ENDPOINT` of App Service.
    pub identity_endpoint: String,
    /// Where they get the token of a pipeline, `SYSTEM_OIDCREQUESTURI`.
    pub pipeline_endpoint: String,
    fake: Fake<Azure>,
    _authority: Arc<Authority>,
}

impl Vault {
    /// Starts one with nothing in it.
    pub fn start() -> Self {
        let authority = Authority::shared();
        let azure = Azure { login: Login::default(), access: Access::default(), secrets: Secrets::new() };
        let fake = Fake::start_secure(azure, &authority);
        let url = fake.address.clone();
        fake.with(|azure| azure.secrets.place.address.clone_from(&url));
        Self {
            certificate: authority.certificate(),
            identity_endpoint: format!("{url}/msi/token"),
            pipeline_endpoint: format!("{url}/pipelines/oidctoken"),
            url,
            fake,
            _authority: authority,
        }
    }

    /// A token as its Entra gives it out.
    pub fn token(&self) -> String {
        self.with(|azure| {
            let expires = azure.secrets.now() as u64 + azure.login.lifetime;
            azure.login.mint(login::Claims { audience: AUDIENCE.to_owned(), tenant: TENANT.to_owned(), expires })
        })
    }
}

impl Deref for Vault {
    type Target = Fake<Azure>;

    fn deref(&self) -> &Fake<Azure> {
        &self.fake
    }
}

impl Azure {
    /// Who is asked comes first, then from where and whether they may, then what.
    fn asked(&mut self, request: &Request) -> Result<Value, Refused> {
        self.login.admit(request, &self.secrets.place.address, self.secrets.now() as u64)?;
        let Some(call) = Call::of(request) else {
            let path = request.path.split('?').next().unwrap_or_default();
            return Err(Refused::bad(format!("Method {} does not allow operation '{path}'", request.method)));
        };
        let query = Query::of(request);
        query.check(&call)?;
        // The reference's `consumes`: a body is JSON or it is nothing.
        if !request.body.is_empty() && !request.header("content-type").starts_with("application/json") {
            return Err(Refused::new(415, "UnsupportedMediaType", None, "The body is not application/json."));
        }
        self.access.check(&call)?;
        self.secrets.answer(&call, &query, &request.body)
    }
}

impl Service for Azure {
    fn operation(&self, request: &Request) -> String {
        if let Some(operation) = login::operation(request) {
            return operation.to_owned();
        }
        // The clients' first request has neither token nor body, and is answered with where to get a token.
        if request.header("authorization").is_empty() {
            return "Challenge".to_owned();
        }
        Call::of(request).map_or("Unknown", |call| call.operation()).to_owned()
    }

    fn family(&self, operation: &str) -> Family {
        asked::family(operation)
    }

    /// <https://learn.microsoft.com/azure/key-vault/general/service-limits>: of a secret's transactions 4 000 in ten seconds,
    /// of creates 300. A new version counts as a create: the page does not say that it does not.
    fn quotas(&self, operation: &str, _: &Request) -> Vec<Quota> {
        let window = Duration::from_secs(10);
        let all = Quota::new("all", 4_000.0, window);
        match operation {
            "SetSecret" => vec![all, Quota::new("create", 300.0, window)],
            "Token" | "Discovery" | "ManagedIdentity" | "PipelineToken" | "Challenge" | "Unknown" => Vec::new(),
            _ => vec![all],
        }
    }

    fn answer(&mut self, request: &Request) -> Reply {
        let (address, now) = (self.secrets.place.address.clone(), self.secrets.now() as u64);
        if let Some(reply) = self.login.answer(request, &address, now) {
            return reply;
        }
        match self.asked(request) {
            // Purge Deleted Secret: 204 No Content.
            Ok(Value::Null) => reply(204, &Value::Null),
            Ok(answer) => reply(200, &answer),
            Err(refused) => refused.reply(),
        }
    }

    /// <https://learn.microsoft.com/azure/key-vault/general/overview-throttling>.
    fn refusal(&self, _: &str, fault: Fault) -> Reply {
        match fault {
            Fault::Throttled => {
                let message = "Request was not processed because too many requests were received. Reason: \
                               VaultRequestTypeLimitReached";
                Refused::new(429, "Throttled", None, message).with("retry-after", "1").reply()
            }
            Fault::Overloaded => Reply {
                status: 503,
                headers: vec![("content-type", "text/html".to_owned())],
                body: b"<html><body><h2>The service is unavailable.</h2></body></html>".to_vec(),
            },
            _ => Refused::new(500, "InternalServerError", None, "An internal server error occurred.").reply(),
        }
    }

    fn circular(&self, request: &Request, reply: &Reply) -> Option<Reply> {
        Query::of(request).get("$skiptoken")?;
        let mut answer: Value = serde_json::from_slice(&reply.body).ok()?;
        answer["nextLink"] = json!(format!("{}{}", self.secrets.place.address, request.path));
        Some(Reply { body: answer.to_string().into_bytes(), ..reply.clone() })
    }

    fn state(&self) -> Value {
        self.secrets.state()
    }

    fn control(&mut self, verb: &str, how: &Value) -> Option<Value> {
        self.told(verb, how)
    }
}

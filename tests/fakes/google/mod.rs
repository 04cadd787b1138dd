//! Google Secret Manager, the REST API v1 of one project, with the places where its tokens come from: as Google's
//! reference and the comments of its protocol files have it.
//!
//! Requests need a token ([`identity::TOKEN`] is one); signatures of service accounts are verified. The project is known
//! by its id and by its number, and answers always use the number.

pub mod asked;
pub mod filter;
pub mod identity;
pub mod keys;
pub mod message;
pub mod refused;
pub mod rules;
pub mod secret;
pub mod secrets;
pub mod tokens;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use secretferry::model::Family;
use serde_json::{Value, json};

use self::asked::{Asked, permission};
use self::identity::Identity;
use self::message::TEST;
use self::refused::Refused;
use self::secrets::Secrets;
use super::fault::Fault;
use super::http::{Reply, Request};
use super::quota::Quota;
use super::server::{Fake, Service};

/// The project's id.
pub const PROJECT: &str = "ferry-test";
/// The project's number.
pub const NUMBER: &str = "123456789012";
/// The API's name.
pub const SERVICE: &str = "secretmanager.googleapis.com";

const PREFIX: &str = "secretmanager.";

/// What is wrong with the payload of one secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is refused to us.
    Denied,
    /// The key it is encrypted with does not open it.
    Undecryptable,
}

/// The service, of one project.
#[derive(Debug, Default)]
pub struct SecretManager {
    /// What is kept.
    pub secrets: Secrets,
    /// Who is let in.
    pub identity: Identity,
    /// The permissions that nobody has, such as `secretmanager.versions.add`.
    pub denied: BTreeSet<String>,
    /// Whether the API is not enabled in the project.
    pub is_disabled: bool,
    /// Whether the project is gone.
    pub is_project_gone: bool,
    /// Whether it says no more than it must, and spells names with the project's id, as lesser servers of this API do.
    pub is_sparse: bool,
}

impl SecretManager {
    /// Starts a project with nothing in it.
    pub fn start() -> Fake<Self> {
        Fake::start(Self::default())
    }

    /// Starts one that lets anybody in, for clients that are told to log in as nobody.
    pub fn start_open() -> Fake<Self> {
        let mut open = Self::default();
        open.identity.lets_anybody_in = true;
        Fake::start(open)
    }

    fn asked(&mut self, request: &Request) -> Result<Value, Refused> {
        let asked = Asked::of(request);
        if asked.method.is_empty() {
            return Err(Refused::page(404));
        }
        // The front end: https://www.rfc-editor.org/rfc/rfc9110#section-8.6 and -9.3.1 as Google holds them.
        match (request.method.as_str(), request.header("content-length")) {
            ("POST" | "PATCH", "") => return Err(Refused::page(411)),
            ("GET", _) if !request.body.is_empty() => return Err(Refused::page(400)),
            _ => {}
        }
        self.identity.checked(request)?;
        if self.is_project_gone {
            return Err(Refused::consumer_invalid(PROJECT));
        }
        if self.is_disabled {
            return Err(Refused::disabled());
        }
        asked.checked()?;
        if let Some(permission) = permission(asked.method)
            && (self.denied.contains(permission) || ![PROJECT, NUMBER].contains(&asked.project.as_str()))
        {
            let resource = format!("projects/{}/{}", asked.project, asked.key());
            return Err(Refused::not_allowed(permission, resource.trim_end_matches("secrets/").trim_end_matches('/')));
        }
        match asked.method {
            "ListLocations" => Ok(json!({"locations": rules::LOCATIONS.map(location)})),
            "GetLocation" if rules::LOCATIONS.contains(&asked.secret.as_str()) => Ok(location(&asked.secret)),
            "GetLocation" => Err(Refused::missing("Location not found.")),
            "TestIamPermissions" => self.permissions(&request.body),
            _ => self.secrets.answer(&asked, &request.body),
        }
    }

    /// "If the secret does not exist, this call returns an empty set of permissions, not a NOT_FOUND error." Whoever may
    /// do something in the project may do it to every secret, so this stand-in does not look whether there is one.
    fn permissions(&self, body: &[u8]) -> Result<Value, Refused> {
        let body = message::read(body, TEST)?;
        let mut held = Vec::new();
        for permission in body.get("permissions").and_then(Value::as_array).into_iter().flatten() {
            let name = permission.as_str().unwrap_or_default();
            if !name.starts_with("secretmanager.") || name.contains('*') {
                return Err(Refused::invalid(format!("Permission {name} is not valid for this resource.")));
            }
            held.extend((!self.denied.contains(name)).then_some(name));
        }
        Ok(if held.is_empty() { json!({}) } else { json!({"permissions": held}) })
    }
}

impl Service for SecretManager {
    fn operation(&self, request: &Request) -> String {
        match tokens::operation(request) {
            Some(operation) => operation.to_owned(),
            None => format!("{PREFIX}{}", Asked::of(request).method),
        }
    }

    fn family(&self, operation: &str) -> Family {
        match operation.strip_prefix(PREFIX).unwrap_or("Token") {
            "ListSecrets" => Family::List,
            "GetSecret" | "GetSecretVersion" | "ListSecretVersions" => Family::Stat,
            "AccessSecretVersion" => Family::Read,
            "DeleteSecret" => Family::Delete,
            "Token" | "TestIamPermissions" | "GetIamPolicy" | "ListLocations" | "GetLocation" => Family::Auth,
            _ => Family::Write,
        }
    }

    /// <https://cloud.google.com/secret-manager/quotas>, of a project and of each secret.
    fn quotas(&self, operation: &str, request: &Request) -> Vec<Quota> {
        const MINUTE: Duration = Duration::from_secs(60);
        match (self.family(operation), operation) {
            (_, "secretmanager.") | (Family::Auth, _) => Vec::new(),
            (Family::Read, _) => vec![Quota::new("access_requests", 90_000.0, MINUTE)],
            (Family::List | Family::Stat, _) => vec![Quota::new("read_requests", 600.0, MINUTE)],
            _ => {
                let asked = Asked::of(request);
                let secret = asked.key() + asked.parameter("secretId");
                let each = if asked.location.is_some() { 80.0 } else { 2.0 };
                vec![Quota::new("write_requests", 600.0, MINUTE), Quota::per_second(secret, each)]
            }
        }
    }

    fn answer(&mut self, request: &Request) -> Reply {
        if let Some(operation) = tokens::operation(request) {
            return tokens::answer(&mut self.identity, operation, request);
        }
        match self.asked(request) {
            Ok(answer) if self.is_sparse => reply(200, &sparse(&answer)),
            Ok(answer) => reply(200, &answer),
            Err(refused) if self.is_sparse => Refused { details: Vec::new(), ..refused }.reply(),
            Err(refused) => refused.reply(),
        }
    }

    fn refusal(&self, operation: &str, fault: Fault) -> Reply {
        match fault {
            Fault::Throttled => Refused::too_many(&format!("{SERVICE}/{}", self.family(operation).as_str())).reply(),
            Fault::Overloaded => Refused::page(503).reply(),
            _ => Refused::new("INTERNAL", "Internal error encountered.").reply(),
        }
    }

    fn circular(&self, request: &Request, reply: &Reply) -> Option<Reply> {
        let asked = Asked::of(request);
        let token = asked.parameter("pageToken");
        let mut answer: Value = serde_json::from_slice(&reply.body).ok()?;
        if token.is_empty() || reply.status != 200 {
            return None;
        }
        answer["nextPageToken"] = json!(token);
        Some(Reply { body: answer.to_string().into_bytes(), ..reply.clone() })
    }

    fn state(&self) -> Value {
        let secrets: Vec<Value> = self.secrets.all().map(secret::Secret::state).collect();
        json!({"project": PROJECT, "number": NUMBER, "secrets": secrets})
    }

    /// `lag`, `catch-up`, `pass {"seconds": 60}`, `put {"id", "text"}`, `remove {"id"}`,
    /// `trouble {"id", "what": "denied" | "undecryptable"}`, `deny {"permission"}`, `allow {"permission"}`,
    /// `api {"enabled": false}`, `anybody {"let": true}`.
    fn control(&mut self, verb: &str, how: &Value) -> Option<Value> {
        let text = |name: &str| how[name].as_str();
        match verb {
            "lag" => self.secrets.lag(),
            "catch-up" => self.secrets.catch_up(),
            "pass" => self.secrets.pass(SignedDuration::from_secs(how["seconds"].as_i64()?)),
            "put" => self.secrets.put(text("id")?, text("text")?),
            "remove" => self.secrets.remove(text("id")?),
            "trouble" if text("what") == Some("denied") => self.secrets.trouble(text("id")?, Trouble::Denied),
            "trouble" => self.secrets.trouble(text("id")?, Trouble::Undecryptable),
            "deny" => drop(self.denied.insert(text("permission")?.to_owned())),
            "allow" => drop(self.denied.remove(text("permission")?)),
            "api" => self.is_disabled = !how["enabled"].as_bool()?,
            "anybody" => self.identity.lets_anybody_in = how["let"].as_bool()?,
            _ => return None,
        }
        Some(json!({}))
    }
}

/// An answer without what the reference calls optional or an output alone.
fn sparse(answer: &Value) -> Value {
    const SPARED: [&str; 6] =
        ["etag", "createTime", "dataCrc32c", "totalSize", "replicationStatus", "clientSpecifiedPayloadChecksum"];
    match answer {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| !SPARED.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), sparse(value))).collect())
        }
        Value::Array(items) => items.iter().map(sparse).collect(),
        Value::String(text) => json!(text.replace(&format!("projects/{NUMBER}/"), &format!("projects/{PROJECT}/"))),
        other => other.clone(),
    }
}

/// An answer in JSON.
fn reply(status: u16, answer: &Value) -> Reply {
    let headers = vec![("content-type", "application/json; charset=UTF-8".to_owned())];
    Reply { status, headers, body: answer.to_string().into_bytes() }
}

fn location(id: &str) -> Value {
    json!({"name": format!("projects/{PROJECT}/locations/{id}"), "locationId": id})
}

//! AWS in one account and one region: Secrets Manager, Parameter Store and STS behind one address, as AWS documents them.
//!
//! Signatures are not checked, but must be there. The access key `EXPIRED` has expired, and `UNKNOWN` nobody knows.

pub mod ask;
pub mod identity;
pub mod parameter;
pub mod parameters;
pub mod secret;
pub mod secrets;

use std::collections::BTreeSet;

use secretferry::model::Family;
use serde_json::{Value, json};

use self::ask::{Ask, Refused};
use self::parameters::Parameters;
use self::secrets::Secrets;
use super::fault::Fault;
use super::http::{Reply, Request};
use super::quota::Quota;
use super::server::{Fake, Service};

/// The region of everything.
pub const REGION: &str = "eu-central-1";
/// The account of everything.
pub const ACCOUNT: &str = "111122223333";

const SECRETS: &str = "secretsmanager.";
const PARAMETERS: &str = "AmazonSSM.";

/// What is wrong with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Its value is refused to us.
    Denied,
    /// The key it is encrypted with does not open it.
    Undecryptable,
}

/// The three services.
#[derive(Default)]
pub struct Aws {
    /// Secrets Manager.
    pub secrets: Secrets,
    /// Parameter Store.
    pub parameters: Parameters,
    /// The operations that nobody may ask for, such as `secretsmanager.TagResource`.
    pub denied: BTreeSet<String>,
}

impl Aws {
    /// Starts an account with nothing in it.
    pub fn start() -> Fake<Self> {
        Fake::start(Self::default())
    }

    fn asked(&mut self, request: &Request) -> Result<Value, Refused> {
        let operation = request.header("x-amz-target");
        if self.denied.contains(operation) {
            return Err(Refused::not_allowed(operation));
        }
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| Refused::unreadable("the body is no JSON"))?;
        let ask = Ask::new(&body)?;
        if let Some(name) = operation.strip_prefix(SECRETS) {
            return self.secrets.answer(name, ask);
        }
        self.parameters.answer(operation.strip_prefix(PARAMETERS).unwrap_or_default(), ask)
    }
}

impl Service for Aws {
    fn operation(&self, request: &Request) -> String {
        match request.header("x-amz-target") {
            "" => format!("sts.{}", identity::action(request)),
            operation => operation.to_owned(),
        }
    }

    fn family(&self, operation: &str) -> Family {
        match operation.split('.').next_back().unwrap_or_default() {
            "ListSecrets" | "DescribeParameters" => Family::List,
            "DescribeSecret" | "ListSecretVersionIds" | "ListTagsForResource" | "GetParameterHistory" => Family::Stat,
            "GetSecretValue" | "BatchGetSecretValue" | "GetParameter" | "GetParameters" | "GetParametersByPath" => {
                Family::Read
            }
            "DeleteSecret" | "DeleteParameter" | "DeleteParameters" => Family::Delete,
            _ if operation.starts_with("sts.") => Family::Auth,
            _ => Family::Write,
        }
    }

    /// The documented quotas of a fresh account.
    fn quotas(&self, operation: &str, _request: &Request) -> Vec<Quota> {
        let (group, per_second) = match operation.split_once('.').unwrap_or_default() {
            ("secretsmanager", "CreateSecret") => ("create", 50.0),
            ("secretsmanager", "PutSecretValue" | "UpdateSecret" | "UpdateSecretVersionStage") => ("update", 50.0),
            ("secretsmanager", "DeleteSecret") => ("delete", 50.0),
            ("secretsmanager", "RestoreSecret") => ("restore", 50.0),
            ("secretsmanager", "TagResource" | "UntagResource") => ("tag", 50.0),
            ("secretsmanager", "ListSecrets") => ("list", 100.0),
            ("secretsmanager", "ListSecretVersionIds") => ("versions", 50.0),
            ("secretsmanager", "BatchGetSecretValue") => ("batch", 100.0),
            ("secretsmanager", "GetSecretValue") => ("value", 10_000.0),
            ("AmazonSSM", "PutParameter") => ("put", 3.0),
            ("AmazonSSM", "GetParameter" | "GetParameters" | "GetParametersByPath") => ("get", 40.0),
            _ => return Vec::new(),
        };
        vec![Quota::per_second(group, per_second)]
    }

    fn answer(&mut self, request: &Request) -> Reply {
        if (request.method.as_str(), request.path.as_str()) != ("POST", "/") {
            return Reply { status: 404, headers: Vec::new(), body: Vec::new() };
        }
        let is_identity = request.header("x-amz-target").is_empty();
        match identity::checked(request) {
            Err(refused) if is_identity => return identity::refused(&refused),
            Err(refused) => return refused.reply(),
            Ok(()) if is_identity => return identity::answer(request),
            Ok(()) => {}
        }
        match self.asked(request) {
            Ok(answer) => reply(200, &answer),
            Err(refused) => refused.reply(),
        }
    }

    fn refusal(&self, operation: &str, fault: Fault) -> Reply {
        match fault {
            Fault::Throttled => Refused::new("ThrottlingException", "Rate exceeded").reply(),
            Fault::Overloaded => Reply {
                status: 503,
                headers: vec![("content-type", "text/html".to_owned())],
                body: b"<html><body><b>Http/1.1 Service Unavailable</b></body></html>".to_vec(),
            },
            _ if operation.starts_with(PARAMETERS) => Refused::broken("InternalServerError").reply(),
            _ => Refused::broken("InternalServiceError").reply(),
        }
    }

    fn circular(&self, request: &Request, reply: &Reply) -> Option<Reply> {
        let asked: Value = serde_json::from_slice(&request.body).ok()?;
        let token = asked.get("NextToken")?;
        let mut answer: Value = serde_json::from_slice(&reply.body).ok()?;
        answer["NextToken"] = token.clone();
        Some(Reply { body: answer.to_string().into_bytes(), ..reply.clone() })
    }
}

/// An answer of the JSON protocol.
fn reply(status: u16, answer: &Value) -> Reply {
    let id = uuid::Uuid::new_v4().to_string();
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned()), ("x-amzn-requestid", id)];
    Reply { status, headers, body: answer.to_string().into_bytes() }
}

/// The names of things, in the form that AWS calls an ARN.
pub fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// One page of items that are sorted by name: those after the token's, and the token of the page that follows.
fn page<'a, T: 'a>(
    items: impl Iterator<Item = (&'a String, &'a T)>,
    size: usize,
    render: impl Fn(&'a T) -> Option<Value>,
) -> (Vec<Value>, Value) {
    let mut items = items.peekable();
    let (mut shown, mut last) = (Vec::new(), None);
    for _ in 0..size {
        let Some((name, item)) = items.next() else { break };
        shown.extend(render(item));
        last = Some(name);
    }
    let token = match (last, items.peek()) {
        (Some(last), Some(_)) => json!(token_after(last)),
        _ => Value::Null,
    };
    (shown, token)
}

/// An opaque token.
fn token_after(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The name that a token stands for.
fn name_before(token: &str) -> Option<String> {
    let digits: Vec<char> = token.chars().collect();
    let bytes = digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

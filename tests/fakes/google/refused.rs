//! A refusal in Google's words.

use serde_json::{Value, json};

use super::super::http::Reply;
use super::{NUMBER, SERVICE};

/// A refusal, as <https://cloud.google.com/apis/design/errors> has it: a code, a sentence, and details with their types.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The code's name, such as `NOT_FOUND`; empty where the front end answers with a page instead.
    pub code: &'static str,
    /// What it says.
    pub message: String,
    /// More of it for programs.
    pub details: Vec<Value>,
}

impl Refused {
    /// A refusal without details. The pairs of codes are those of `google/rpc/code.proto`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let status = match code {
            "INVALID_ARGUMENT" | "FAILED_PRECONDITION" => 400,
            "UNAUTHENTICATED" => 401,
            "PERMISSION_DENIED" => 403,
            "NOT_FOUND" => 404,
            "ALREADY_EXISTS" => 409,
            "RESOURCE_EXHAUSTED" => 429,
            "UNIMPLEMENTED" => 501,
            "UNAVAILABLE" => 503,
            _ => 500,
        };
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    /// What was asked for is wrong in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("INVALID_ARGUMENT", message)
    }

    /// What was asked for cannot be done as things are.
    pub fn precondition(message: impl Into<String>) -> Self {
        Self::new("FAILED_PRECONDITION", message)
    }

    /// It is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new("NOT_FOUND", message)
    }

    /// A member that the message does not have: the front end's own words, with a `google.rpc.BadRequest`.
    pub fn unknown_member(name: &str, within: &str) -> Self {
        let place = if within.is_empty() { String::new() } else { format!(" at '{within}'") };
        let message = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
        let violation = json!({"field": within, "description": message});
        let detail = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]});
        Self { details: vec![detail], ..Self::invalid(message) }
    }

    /// A query parameter that the method does not have.
    pub fn unknown_parameter(name: &str) -> Self {
        let message = format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could \
             not be found in request message."
        );
        let violation = json!({"description": message});
        let detail = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]});
        Self { details: vec![detail], ..Self::invalid(message) }
    }

    /// A member whose value is of another type.
    pub fn mistyped(field: &str, kind: &str) -> Self {
        Self::invalid(format!("Invalid value at '{field}' ({kind})"))
    }

    /// Adds the `google.rpc.ErrorInfo`; reasons are those of `google/api/error_reason.proto`.
    pub fn because(mut self, reason: &str, domain: &str, metadata: Value) -> Self {
        let kind = "type.googleapis.com/google.rpc.ErrorInfo";
        self.details.push(json!({"@type": kind, "reason": reason, "domain": domain, "metadata": metadata}));
        self
    }

    /// Nobody is known to ask.
    pub fn unauthenticated(reason: &str) -> Self {
        let message = if reason == "CREDENTIALS_MISSING" {
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or \
             other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project."
        } else {
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
             valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project."
        };
        Self::new("UNAUTHENTICATED", message).because(reason, "googleapis.com", json!({"service": SERVICE}))
    }

    /// Whoever asks may not. Said whether the resource is there or not, as IAM's own page on denials has it:
    /// <https://cloud.google.com/iam/docs/permission-error-messages>.
    pub fn not_allowed(permission: &str, resource: &str) -> Self {
        let message = format!("Permission '{permission}' denied for resource '{resource}' (or it may not exist).");
        let metadata = json!({"permission": permission, "resource": resource});
        Self::new("PERMISSION_DENIED", message).because("IAM_PERMISSION_DENIED", "iam.googleapis.com", metadata)
    }

    /// Whoever asks may not charge that project.
    pub fn user_project_denied(project: &str) -> Self {
        let message = format!(
            "Caller does not have required permission to use project {project}. Grant the caller the \
             roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use \
             permission, by visiting https://console.developers.google.com/iam-admin/iam/project?project={project} and \
             then retry. Propagation of the new permission may take a few minutes."
        );
        let metadata = json!({"consumer": format!("projects/{project}"), "service": SERVICE});
        Self::new("PERMISSION_DENIED", message).because("USER_PROJECT_DENIED", "googleapis.com", metadata)
    }

    /// The project to charge is none.
    pub fn consumer_invalid(project: &str) -> Self {
        let metadata = json!({"consumer": format!("projects/{project}"), "service": SERVICE});
        Self::new("PERMISSION_DENIED", format!("Project '{project}' not found or deleted.")).because(
            "CONSUMER_INVALID",
            "googleapis.com",
            metadata,
        )
    }

    /// The API was never enabled.
    pub fn disabled() -> Self {
        let page = format!("https://console.developers.google.com/apis/api/{SERVICE}/overview?project={NUMBER}");
        let message = format!(
            "Secret Manager API has not been used in project {NUMBER} before or it is disabled. Enable it by visiting \
             {page} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our \
             systems and retry."
        );
        let metadata = json!({"consumer": format!("projects/{NUMBER}"), "service": SERVICE});
        Self::new("PERMISSION_DENIED", message).because("SERVICE_DISABLED", "googleapis.com", metadata)
    }

    /// Too many requests, as <https://cloud.google.com/secret-manager/quotas> and `error_reason.proto` have it.
    pub fn too_many(metric: &str) -> Self {
        let message = format!(
            "Quota exceeded for quota metric '{metric}' and limit '{metric} per minute' of service '{SERVICE}' for \
             consumer 'project_number:{NUMBER}'."
        );
        let consumer = format!("projects/{NUMBER}");
        let metadata = json!({"quota_metric": metric, "consumer": consumer, "service": SERVICE});
        Self::new("RESOURCE_EXHAUSTED", message).because("RATE_LIMIT_EXCEEDED", "googleapis.com", metadata)
    }

    /// The page that Google's front end answers with where no method is at an address, or a request is malformed:
    /// it is no JSON, and its 404 does not say that a secret is absent.
    pub fn page(status: u16) -> Self {
        Self { status, code: "", message: String::new(), details: Vec::new() }
    }

    /// The answer that says so.
    pub fn reply(&self) -> Reply {
        if self.code.is_empty() {
            let text = format!("<!DOCTYPE html>\n<html lang=en>\n<title>Error {}</title>\n", self.status);
            let headers = vec![("content-type", "text/html; charset=UTF-8".to_owned())];
            return Reply { status: self.status, headers, body: text.into_bytes() };
        }
        let mut error = json!({"code": self.status, "message": self.message, "status": self.code});
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        let mut reply = super::reply(self.status, &json!({"error": error}));
        if self.status == 401 {
            let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
            reply.headers.push(("www-authenticate", challenge.to_owned()));
        }
        reply
    }
}

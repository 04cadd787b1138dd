//! Where tokens come from: the OAuth endpoint, the exchange of federated tokens, IAM's endpoint for acting as another
//! account, and the metadata server of a machine. All behind the one address; in reality each has a host of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::http::{Reply, Request};
use super::asked::decoded;
use super::identity::{ACCOUNT, IMPERSONATED, Identity, SCOPE, is_timely};
use super::refused::Refused;
use super::{PROJECT, keys, reply};

/// What a person's own credentials file holds.
pub const CLIENT: [&str; 3] = ["764086051850-tests.apps.googleusercontent.com", "client-secret", "1//refresh"];
/// The token of another identity provider that can be exchanged.
pub const SUBJECT_TOKEN: &str = "subject-token-of-another-provider";
/// Whom that is for.
pub const AUDIENCE: &str =
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/provider";

const OAUTH: &str = "https://oauth2.googleapis.com/token";
const IMPERSONATION: &str = "/v1/projects/-/serviceAccounts/";
const METADATA: &str = "/computeMetadata/v1/";

/// Names what is asked of these endpoints; nothing where a request is for the API.
pub fn operation(request: &Request) -> Option<&'static str> {
    let path = request.path.split('?').next().unwrap_or_default();
    Some(match (request.method.as_str(), path) {
        ("POST", "/token") => "oauth2.Token",
        ("POST", "/v1/token") => "sts.Token",
        ("POST", path) if path.starts_with(IMPERSONATION) => "iamcredentials.GenerateAccessToken",
        ("GET", path) if path.starts_with(METADATA) || path == "/" => "metadata.Get",
        _ => return None,
    })
}

/// Answers for one of these endpoints.
pub fn answer(identity: &mut Identity, operation: &str, request: &Request) -> Reply {
    let given = match operation {
        "iamcredentials.GenerateAccessToken" => {
            return impersonated(identity, request).map_or_else(|refused| refused.reply(), |told| reply(200, &told));
        }
        "metadata.Get" => return metadata(identity, request),
        "oauth2.Token" => granted(identity, request),
        _ => exchanged(identity, request),
    };
    let (status, told) = match given {
        Ok(told) => (200, told),
        // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
        Err((code, description)) => {
            let status = if code == "invalid_client" { 401 } else { 400 };
            (status, json!({"error": code, "error_description": description}))
        }
    };
    reply(status, &told)
}

type Granted = Result<Value, (&'static str, &'static str)>;

/// <https://developers.google.com/identity/protocols/oauth2/service-account> and
/// <https://developers.google.com/identity/protocols/oauth2/web-server#offline>.
fn granted(identity: &mut Identity, request: &Request) -> Granted {
    if let Some(trouble) = identity.trouble {
        return Err((trouble, "Token has been expired or revoked."));
    }
    let form = form(request);
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    match field("grant_type") {
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            let (_, claims) = keys::verified(field("assertion")).map_err(|wrong| ("invalid_grant", wrong))?;
            // "This value is always https://oauth2.googleapis.com/token"; some clients put the key file's token_uri.
            let audiences = [OAUTH.to_owned(), format!("http://{}/token", request.header("host"))];
            if claims["iss"] != ACCOUNT {
                return Err(("invalid_grant", "Invalid grant: account not found"));
            }
            if !audiences.iter().any(|audience| claims["aud"] == *audience) || !is_timely(&claims) {
                return Err((
                    "invalid_grant",
                    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a \
                     reasonable timeframe. Check your iat, exp and aud values in the JWT claim.",
                ));
            }
            let scope = claims["scope"].as_str().unwrap_or_default();
            if scope.is_empty() {
                return Err(("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
            }
            Ok(bearer(identity, ACCOUNT, scope))
        }
        "refresh_token" if [field("client_id"), field("client_secret")] != CLIENT[..2] => {
            Err(("invalid_client", "The OAuth client was not found."))
        }
        "refresh_token" if field("refresh_token") == CLIENT[2] => Ok(bearer(identity, "person@example.com", SCOPE)),
        "refresh_token" => Err(("invalid_grant", "Bad Request")),
        _ => Err(("unsupported_grant_type", "Invalid grant_type")),
    }
}

/// <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>.
fn exchanged(identity: &mut Identity, request: &Request) -> Granted {
    let form = form(request);
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if field("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange"
        || field("requested_token_type") != "urn:ietf:params:oauth:token-type:access_token"
    {
        return Err(("invalid_request", "Invalid grant_type or requested_token_type"));
    }
    if field("audience") != AUDIENCE {
        return Err(("invalid_target", "The target service indicated by the \"audience\" parameters is invalid."));
    }
    if field("subject_token_type").is_empty() || field("subject_token") != SUBJECT_TOKEN {
        return Err(("invalid_grant", "The subject token is invalid or has expired."));
    }
    let mut told = bearer(identity, "principal://workload", field("scope"));
    told["issued_token_type"] = json!("urn:ietf:params:oauth:token-type:access_token");
    Ok(told)
}

/// <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>.
fn impersonated(identity: &mut Identity, request: &Request) -> Result<Value, Refused> {
    let token = request.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    identity.account(token)?;
    let path = decoded(request.path.split('?').next().unwrap_or_default());
    let name = path.strip_prefix(IMPERSONATION).and_then(|name| name.strip_suffix(":generateAccessToken"));
    let name = name.ok_or_else(|| Refused::page(404))?;
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| Refused::invalid("the body is no JSON"))?;
    let known = ["scope", "lifetime", "delegates"];
    if let Some(other) = body.as_object().and_then(|body| body.keys().find(|name| !known.contains(&name.as_str()))) {
        return Err(Refused::unknown_member(other, ""));
    }
    if name != IMPERSONATED {
        return Err(Refused::not_allowed("iam.serviceAccounts.getAccessToken", &format!("serviceAccounts/{name}")));
    }
    let scopes: Vec<&str> = body["scope"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if scopes.is_empty() {
        return Err(Refused::invalid("Request contains an invalid argument: scope is required."));
    }
    let (token, until) = identity.issue(name, &scopes.join(" "));
    Ok(json!({"accessToken": token, "expireTime": format!("{until:.0}")}))
}

/// <https://cloud.google.com/compute/docs/metadata/querying-metadata>: without its header nobody is answered.
fn metadata(identity: &mut Identity, request: &Request) -> Reply {
    if request.header("metadata-flavor") != "Google" {
        return Refused::page(403).reply();
    }
    let path = request.path.split('?').next().unwrap_or_default();
    let text = match path.strip_prefix(METADATA).unwrap_or_default() {
        "" => String::new(),
        "project/project-id" => PROJECT.to_owned(),
        "project/numeric-project-id" => super::NUMBER.to_owned(),
        "universe/universe-domain" => "googleapis.com".to_owned(),
        "instance/service-accounts/default/email" => ACCOUNT.to_owned(),
        "instance/service-accounts/default/" => {
            json!({"aliases": ["default"], "email": ACCOUNT, "scopes": [SCOPE]}).to_string()
        }
        "instance/service-accounts/default/token" => bearer(identity, ACCOUNT, SCOPE).to_string(),
        _ => return Refused::page(404).reply(),
    };
    let kind = if text.starts_with('{') { "application/json" } else { "application/text" };
    let headers = vec![("metadata-flavor", "Google".to_owned()), ("content-type", kind.to_owned())];
    Reply { status: 200, headers, body: text.into_bytes() }
}

fn bearer(identity: &mut Identity, account: &str, scope: &str) -> Value {
    let (token, _) = identity.issue(account, scope);
    json!({"access_token": token, "expires_in": identity.lifetime.as_secs(), "token_type": "Bearer"})
}

/// The fields of a form, or of an object: the endpoint reads both.
fn form(request: &Request) -> BTreeMap<String, String> {
    if let Ok(Value::Object(object)) = serde_json::from_slice(&request.body) {
        return object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    }
    let body = String::from_utf8_lossy(&request.body).replace('+', " ");
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

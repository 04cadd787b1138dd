//! Microsoft Entra: tokens for an application that shows a secret or an assertion, and for a managed identity.
//!
//! Client credentials: <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>. Codes:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>. Discovery:
//! <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>. Managed identity of App Service:
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>. Tokens of pipelines:
//! <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::http::{Reply, Request};
use super::asked::Query;
use super::refusal::{Refused, reply};
use super::{
    ASSERTION, AUDIENCE, CLIENT_ID, CLIENT_SECRET, EXPIRED_SECRET, IDENTITY_HEADER, OBJECT_ID, PIPELINE_TOKEN, TENANT,
};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whom it is for.
    pub audience: String,
    /// Where its holder is at home.
    pub tenant: String,
    /// When it ends, in seconds of the epoch.
    pub expires: u64,
}

/// The tokens that were given out.
#[derive(Debug)]
pub struct Login {
    issued: BTreeMap<String, Claims>,
    /// How many seconds a token lives.
    pub lifetime: u64,
    /// The audience of every token, where it is not the one that was asked for.
    pub audience: Option<String>,
}

impl Default for Login {
    fn default() -> Self {
        Self { issued: BTreeMap::new(), lifetime: 3599, audience: None }
    }
}

/// What Entra says no with.
struct Denied {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Login {
    /// Gives out a token that says what it is told to.
    pub fn mint(&mut self, claims: Claims) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let said = json!({
            "aud": claims.audience, "iss": format!("https://sts.windows.net/{}/", claims.tenant), "exp": claims.expires,
            "appid": CLIENT_ID, "oid": OBJECT_ID, "tid": claims.tenant, "ver": "1.0",
        });
        let head = part(&json!({"typ": "JWT", "alg": "RS256"}));
        let token = format!("{head}.{}.{}", part(&said), uuid::Uuid::new_v4().simple());
        self.issued.insert(token.clone(), claims);
        token
    }

    /// Whether a request may come in: with a token of ours, for this vault, of its tenant, not too old.
    ///
    /// <https://learn.microsoft.com/azure/key-vault/general/rest-error-codes#http-401-unauthenticated-request> says which of
    /// a token's claims are looked at; every refusal is a challenge,
    /// <https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses#authentication>.
    pub fn admit(&self, request: &Request, address: &str, now: u64) -> Result<(), Refused> {
        let challenge = format!("Bearer authorization=\"{address}/{TENANT}\", resource=\"{AUDIENCE}\"");
        let refused = |message: String| {
            Refused::new(401, "Unauthorized", None, message).with("www-authenticate", challenge.clone())
        };
        let token = request.header("authorization").strip_prefix("Bearer ").map(str::trim);
        let Some(token) = token else {
            return Err(refused("AKV10000: Request is missing a Bearer or PoP token.".to_owned()));
        };
        let Some(claims) = self.issued.get(token) else {
            return Err(refused("Error validating token: IDX10511: Signature validation failed.".to_owned()));
        };
        if claims.expires <= now {
            return Err(refused("[TokenExpired] Error validating token: 'S2S12086'.".to_owned()));
        }
        if claims.audience.trim_end_matches('/') != AUDIENCE {
            let found = &claims.audience;
            return Err(refused(format!("AKV10022: Invalid audience. Expected {AUDIENCE}, found: {found}.")));
        }
        if claims.tenant != TENANT {
            let (expected, found) = (TENANT, &claims.tenant);
            return Err(refused(format!(
                "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{expected}/, found \
                 https://sts.windows.net/{found}/."
            )));
        }
        Ok(())
    }

    /// Answers what is asked of Entra and its like; `None` for what is the vault's.
    pub fn answer(&mut self, request: &Request, address: &str, now: u64) -> Option<Reply> {
        let path = request.path.split('?').next().unwrap_or_default();
        let tenant = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        let answer = match operation(request)? {
            "Token" => self.token(&tenant, request, now),
            "Discovery" => discovery(&tenant, address),
            "ManagedIdentity" => return Some(self.managed(request, now)),
            _ => return Some(pipeline(request)),
        };
        Some(match answer {
            Ok(answer) => reply(200, &answer),
            Err(denied) => denied.reply(),
        })
    }

    fn token(&mut self, tenant: &str, request: &Request, now: u64) -> Result<Value, Denied> {
        known(tenant)?;
        let form = Query::form(&String::from_utf8_lossy(&request.body));
        let field = |name: &str| form.get(name);
        match field("grant_type") {
            Some("client_credentials") => {}
            Some(other) => {
                let text = format!("The app requested an unsupported grant type '{other}'.");
                return Err(Denied::new(400, "unsupported_grant_type", 70003, text));
            }
            None => return Err(must("grant_type")),
        }
        let client = field("client_id").ok_or_else(|| must("client_id"))?;
        if client != CLIENT_ID {
            let text = format!(
                "Application with identifier '{client}' was not found in the directory 'Contoso'. This can happen if the \
                 application has not been installed by the administrator of the tenant or consented to by any user in the \
                 tenant. You may have sent your authentication request to the wrong tenant."
            );
            return Err(Denied::new(400, "unauthorized_client", 700_016, text));
        }
        proven(field("client_secret"), field("client_assertion"), field("client_assertion_type"))?;
        let scope = field("scope").ok_or_else(|| must("scope"))?;
        let audience = self.audience.clone().map_or_else(|| resource(scope), Ok)?;
        let token = self.mint(Claims { audience, tenant: TENANT.to_owned(), expires: now + self.lifetime });
        Ok(json!({
            "token_type": "Bearer", "expires_in": self.lifetime, "ext_expires_in": self.lifetime, "access_token": token,
        }))
    }

    fn managed(&mut self, request: &Request, now: u64) -> Reply {
        let query = Query::of(request);
        let refused = |status: u16, message: &str| reply(status, &json!({"statusCode": status, "message": message}));
        if request.header("x-identity-header") != IDENTITY_HEADER {
            return refused(401, "The identity header is missing or wrong.");
        }
        if query.get("api-version") != Some("2019-08-01") {
            return refused(400, "The api-version is missing or unknown.");
        }
        let id = query.get("client_id");
        if id.is_some_and(|id| id != CLIENT_ID) {
            return refused(400, "No User Assigned or Delegated Managed Identity found for specified ClientId.");
        }
        let Some(resource) = query.get("resource") else { return refused(400, "The resource is missing.") };
        let expires = now + self.lifetime;
        let token = self.mint(Claims { audience: resource.to_owned(), tenant: TENANT.to_owned(), expires });
        reply(
            200,
            &json!({
                "access_token": token, "expires_on": expires.to_string(), "resource": resource, "token_type": "Bearer",
                "client_id": CLIENT_ID,
            }),
        )
    }
}

impl Denied {
    const fn new(status: u16, error: &'static str, code: u32, text: String) -> Self {
        Self { status, error, code, text }
    }

    fn reply(&self) -> Reply {
        let (trace, correlation) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        let description = format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: 2026-01-01 00:00:00Z",
            self.code, self.text
        );
        let body = json!({
            "error": self.error, "error_description": description, "error_codes": [self.code],
            "timestamp": "2026-01-01 00:00:00Z", "trace_id": trace.to_string(), "correlation_id": correlation.to_string(),
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        reply(self.status, &body)
    }
}

/// What is asked of Entra and its like.
pub fn operation(request: &Request) -> Option<&'static str> {
    let path = request.path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Some(match (request.method.as_str(), parts.as_slice()) {
        ("POST", [_, "oauth2", "v2.0", "token"]) => "Token",
        ("GET", [_, "v2.0", ".well-known", "openid-configuration"]) => "Discovery",
        ("GET", ["msi", "token"]) => "ManagedIdentity",
        ("POST", ["pipelines", "oidctoken"]) => "PipelineToken",
        _ => return None,
    })
}

fn known(tenant: &str) -> Result<(), Denied> {
    if tenant == TENANT {
        return Ok(());
    }
    let text = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
         cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the \
         tenant."
    );
    Err(Denied::new(400, "invalid_request", 90002, text))
}

fn must(member: &str) -> Denied {
    let text = format!("The request body must contain the following parameter: '{member}'.");
    Denied::new(400, "invalid_request", 900_144, text)
}

/// Whether the application has shown what it must.
fn proven(secret: Option<&str>, assertion: Option<&str>, kind: Option<&str>) -> Result<(), Denied> {
    const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    match (secret, assertion) {
        (Some(CLIENT_SECRET), None) | (None, Some(ASSERTION)) if assertion.is_none() || kind == Some(BEARER) => Ok(()),
        (Some(EXPIRED_SECRET), None) => {
            let text = format!(
                "The provided client secret keys for app '{CLIENT_ID}' are expired. Visit the Azure portal to create new \
                 keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added \
                 security: https://aka.ms/certCreds."
            );
            Err(Denied::new(401, "invalid_client", 7_000_222, text))
        }
        (Some(_), None) => {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
                 not the client secret ID, for a secret added to app '{CLIENT_ID}'."
            );
            Err(Denied::new(401, "invalid_client", 7_000_215, text))
        }
        (None, Some(_)) => {
            let text = "Assertion failed signature validation.".to_owned();
            Err(Denied::new(401, "invalid_client", 50013, text))
        }
        _ => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            Err(Denied::new(401, "invalid_client", 7_000_218, text.to_owned()))
        }
    }
}

/// The resource that a scope stands for: one, with all that the application has there.
fn resource(scope: &str) -> Result<String, Denied> {
    let scope = scope.split(' ').find(|part| part.contains("://")).unwrap_or(scope);
    match scope.strip_suffix("/.default") {
        Some(resource) => Ok(resource.to_owned()),
        None => {
            let text = format!(
                "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            );
            Err(Denied::new(400, "invalid_scope", 70011, text))
        }
    }
}

fn discovery(tenant: &str, address: &str) -> Result<Value, Denied> {
    known(tenant)?;
    let base = format!("{address}/{tenant}");
    Ok(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"), "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "issuer": format!("{base}/v2.0"), "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code", "id_token"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid"], "tenant_region_scope": "EU",
    }))
}

fn pipeline(request: &Request) -> Reply {
    let query = Query::of(request);
    let is_meant = query.get("serviceConnectionId").is_some() && query.get("api-version").is_some();
    if request.header("authorization") != format!("Bearer {PIPELINE_TOKEN}") {
        return reply(401, &json!({"message": "TF400813: The user is not authorized to access this resource."}));
    }
    if is_meant { reply(200, &json!({"oidcToken": ASSERTION})) } else { reply(400, &json!({"message": "VS800075"})) }
}

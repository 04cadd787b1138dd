//! What is asked: the method of the API that an address and a verb stand for, and its parameters.
//!
//! Addresses, verbs and parameters are those of <https://cloud.google.com/secret-manager/docs/reference/rest>, for global
//! secrets and for regional ones.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::super::http::Request;
use super::refused::Refused;

/// A method of the API with what it is asked about.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Such as `AccessSecretVersion`; empty where no method is at the address.
    pub method: &'static str,
    /// The project of the address, by its id or its number.
    pub project: String,
    /// The location of a regional resource.
    pub location: Option<String>,
    /// The id of a secret.
    pub secret: String,
    /// What a version is called by: its number, `latest`, or an alias.
    pub version: String,
    parameters: BTreeMap<String, String>,
}

/// Parameters that every method has: <https://cloud.google.com/apis/docs/system-parameters>.
const SYSTEM: [&str; 5] = ["$alt", "alt", "$prettyPrint", "prettyPrint", "quotaUser"];

impl Asked {
    /// Takes a request apart; the method is empty where there is none.
    pub fn of(request: &Request) -> Self {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let (path, verb) = match path.rsplit_once('/').and_then(|(_, last)| last.split_once(':')) {
            Some((_, verb)) => (&path[..path.len() - verb.len() - 1], verb),
            None => (path, ""),
        };
        let parts: Vec<String> = path.split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let Some((project, rest)) = in_project(&parts) else { return Self::default() };
        let (location, rest) = match rest {
            ["locations", location, rest @ ..] if !rest.is_empty() => (Some((*location).to_owned()), rest),
            other => (None, other),
        };
        let method = method(&request.method, rest, verb);
        let part = |index: usize| rest.get(index).map_or_else(String::new, |part| (*part).to_owned());
        let parameters = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
        Self { method, project: project.to_owned(), location, secret: part(1), version: part(3), parameters }
    }

    /// A parameter, empty where it is not given; `pageSize` is also called `page_size`.
    pub fn parameter(&self, name: &str) -> &str {
        let other = snake(name);
        self.parameters.get(name).or_else(|| self.parameters.get(&other)).map_or("", String::as_str)
    }

    /// Refuses parameters that the method does not have, and forms of answer that this stand-in does not give.
    pub fn checked(&self) -> Result<(), Refused> {
        let own: &[&str] = match self.method {
            "ListSecrets" | "ListSecretVersions" | "ListLocations" => &["pageSize", "pageToken", "filter"],
            "CreateSecret" => &["secretId"],
            "UpdateSecret" => &["updateMask"],
            "DeleteSecret" => &["etag"],
            "GetIamPolicy" => &["options.requestedPolicyVersion"],
            _ => &[],
        };
        let is_known = |name: &str| SYSTEM.contains(&name) || own.iter().any(|own| *own == name || snake(own) == name);
        if let Some(other) = self.parameters.keys().find(|name| !is_known(name)) {
            return Err(Refused::unknown_parameter(other));
        }
        match self.alt() {
            "" | "json" | "json;enum-encoding=int" => Ok(()),
            _ => Err(Refused::invalid("this stand-in answers in JSON alone")),
        }
    }

    /// Whether enums are to be numbers.
    pub fn wants_numbers(&self) -> bool {
        self.alt() == "json;enum-encoding=int"
    }

    fn alt(&self) -> &str {
        let given = self.parameters.get("$alt").or_else(|| self.parameters.get("alt"));
        given.map_or("", String::as_str)
    }

    /// Where secrets are kept: before their ids in their names, within the project.
    pub fn parent(&self) -> String {
        self.location.as_ref().map_or_else(String::new, |location| format!("locations/{location}/"))
    }

    /// The name of the secret within the project.
    pub fn key(&self) -> String {
        format!("{}secrets/{}", self.parent(), self.secret)
    }
}

fn in_project<'a>(parts: &'a [&'a str]) -> Option<(&'a str, &'a [&'a str])> {
    match parts {
        ["", "v1", "projects", project, rest @ ..] if !project.is_empty() => Some((project, rest)),
        _ => None,
    }
}

fn method(verb: &str, rest: &[&str], custom: &str) -> &'static str {
    if rest.iter().any(|part| part.is_empty()) {
        return "";
    }
    match (verb, rest, custom) {
        ("GET", ["locations"], "") => "ListLocations",
        ("GET", ["locations", _], "") => "GetLocation",
        ("GET", ["secrets"], "") => "ListSecrets",
        ("POST", ["secrets"], "") => "CreateSecret",
        ("GET", ["secrets", _], "") => "GetSecret",
        ("PATCH", ["secrets", _], "") => "UpdateSecret",
        ("DELETE", ["secrets", _], "") => "DeleteSecret",
        ("POST", ["secrets", _], "addVersion") => "AddSecretVersion",
        ("GET", ["secrets", _], "getIamPolicy") => "GetIamPolicy",
        ("POST", ["secrets", _], "testIamPermissions") => "TestIamPermissions",
        ("GET", ["secrets", _, "versions"], "") => "ListSecretVersions",
        ("GET", ["secrets", _, "versions", _], "") => "GetSecretVersion",
        ("GET", ["secrets", _, "versions", _], "access") => "AccessSecretVersion",
        ("POST", ["secrets", _, "versions", _], "disable") => "DisableSecretVersion",
        ("POST", ["secrets", _, "versions", _], "enable") => "EnableSecretVersion",
        ("POST", ["secrets", _, "versions", _], "destroy") => "DestroySecretVersion",
        _ => "",
    }
}

/// The permission that a method needs: <https://cloud.google.com/secret-manager/docs/access-control>.
pub fn permission(method: &str) -> Option<&'static str> {
    Some(match method {
        "ListLocations" => "secretmanager.locations.list",
        "GetLocation" => "secretmanager.locations.get",
        "ListSecrets" => "secretmanager.secrets.list",
        "CreateSecret" => "secretmanager.secrets.create",
        "GetSecret" => "secretmanager.secrets.get",
        "UpdateSecret" => "secretmanager.secrets.update",
        "DeleteSecret" => "secretmanager.secrets.delete",
        "GetIamPolicy" => "secretmanager.secrets.getIamPolicy",
        "AddSecretVersion" => "secretmanager.versions.add",
        "ListSecretVersions" => "secretmanager.versions.list",
        "GetSecretVersion" => "secretmanager.versions.get",
        "AccessSecretVersion" => "secretmanager.versions.access",
        "DisableSecretVersion" => "secretmanager.versions.disable",
        "EnableSecretVersion" => "secretmanager.versions.enable",
        "DestroySecretVersion" => "secretmanager.versions.destroy",
        _ => return None,
    })
}

fn pair(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
}

/// A part of an address as it was meant.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// `pageSize` as `page_size`: both names of a field are read, as the JSON form of protocol buffers has it.
pub fn snake(name: &str) -> String {
    let part = |letter: char| if letter.is_uppercase() { format!("_{}", letter.to_lowercase()) } else { letter.into() };
    name.chars().map(part).collect()
}

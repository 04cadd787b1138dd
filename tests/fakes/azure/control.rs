//! What only a vault can be told over the socket, beside what every stand-in can: `POST /_control/VERB`, in JSON.
//!
//! ```text
//! put       {"name", "value", "tags", "contentType", "enabled", "nbf", "exp", "managed"}   behind the service's back
//! bin       {"name"}                                                             into the bin, at once
//! access    {"model": "policies" | "roles", "wall": "none" | "firewall" | "private", "denied": ["get"], "sealed": ["name"]}
//! vault     {"deletion": 0.5, "recovery": 0.5, "settling": 0.5, "days": 90, "protected": true, "sparse": true}
//! clock     {"ahead": 86400}                                                     sets it forward, in seconds
//! listing   {"lags": true}
//! tokens    {"lifetime": 3599, "audience": "https://…"}                          of every login from now on
//! ```

use serde_json::{Value, json};

use super::Azure;
use super::access::{Model, Wall};

impl Azure {
    /// Does what is told; `None` where there is no such thing.
    pub(super) fn told(&mut self, verb: &str, how: &Value) -> Option<Value> {
        match verb {
            "put" => self.planted(how)?,
            "bin" => self.secrets.bin(how["name"].as_str()?)?,
            "access" => self.guarded(how)?,
            "vault" => self.furnished(how),
            "clock" => self.secrets.advance(how["ahead"].as_f64()?),
            "listing" if how["lags"].as_bool()? => self.secrets.lag(),
            "listing" => self.secrets.catch_up(),
            "tokens" => {
                self.login.lifetime = how["lifetime"].as_u64().unwrap_or(self.login.lifetime);
                self.login.audience = how["audience"].as_str().map(str::to_owned);
            }
            _ => return None,
        }
        Some(json!({}))
    }

    fn planted(&mut self, how: &Value) -> Option<()> {
        let name = how["name"].as_str()?;
        let version = self.secrets.add(name, how["value"].as_str().unwrap_or_default());
        version.content_type = how["contentType"].as_str().map(str::to_owned);
        version.enabled = how["enabled"].as_bool().unwrap_or(true);
        (version.not_before, version.expires) = (how["nbf"].as_u64(), how["exp"].as_u64());
        for (tag, value) in how["tags"].as_object().into_iter().flatten() {
            version.tags.insert(tag.clone(), value.as_str()?.to_owned());
        }
        self.secrets.secret(name)?.is_managed = how["managed"].as_bool().unwrap_or_default();
        Some(())
    }

    fn guarded(&mut self, how: &Value) -> Option<()> {
        let names = |member: &str| {
            let given = how[member].as_array().into_iter().flatten();
            given.filter_map(Value::as_str).map(str::to_ascii_lowercase).collect()
        };
        self.access.model = match how["model"].as_str() {
            None => self.access.model,
            Some("policies") => Model::Policies,
            Some("roles") => Model::Roles,
            Some(_) => return None,
        };
        self.access.wall = match how["wall"].as_str() {
            None | Some("none") => Wall::None,
            Some("firewall") => Wall::Firewall,
            Some("private") => Wall::Private,
            Some(_) => return None,
        };
        (self.access.denied, self.access.sealed) = (names("denied"), names("sealed"));
        Some(())
    }

    fn furnished(&mut self, how: &Value) {
        let secrets = &mut self.secrets;
        for (member, place) in [
            ("deletion", &mut secrets.deletion),
            ("recovery", &mut secrets.recovery),
            ("settling", &mut secrets.settling),
        ] {
            *place = how[member].as_f64().unwrap_or(*place);
        }
        secrets.place.days = how["days"].as_u64().unwrap_or(secrets.place.days);
        secrets.place.is_protected = how["protected"].as_bool().unwrap_or(secrets.place.is_protected);
        secrets.is_sparse = how["sparse"].as_bool().unwrap_or(secrets.is_sparse);
    }
}

//! What a test in this process does with a fake, over the socket for whoever is in another: `/_control/…`, in JSON.
//!
//! ```text
//! POST   faults     {"family": "write" | "operation": "…", "fault": "lost", "times": 1}   what shall go wrong
//! DELETE faults                                                                           nothing more shall
//! GET    faults                                                                           {"waiting": 0}
//! GET    counts                                                    {"counts": {…}, "rejected": 0}, and forgets them
//! POST   quotas     {"enforced": true}
//! POST   latency    {"milliseconds": 5}
//! GET    state                                                     what the service holds, but for the values
//! POST   VERB       {…}                                            what the service alone can do
//! ```

use std::time::Duration;

use secretferry::model::Family;
use serde_json::{Value, json};

use super::fault::{Aim, Fault, Faults};
use super::http::{Reply, Request};
use super::quota::Quotas;
use super::server::{Inner, Service};

/// Answers what is meant for the fake and not for the service.
pub(super) fn answer<S: Service>(inner: &mut Inner<S>, request: &Request) -> Option<Reply> {
    let path = request.path.strip_prefix("/_control/")?;
    let body = if request.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&request.body) };
    let answer = match &body {
        Ok(body) => done(inner, (&request.method, path), body).ok_or("no such thing, or not like that"),
        Err(_) => Err("the body is no JSON"),
    };
    let (status, body) = match answer {
        Ok(answer) => (200, answer),
        Err(reason) => (400, json!({"error": reason})),
    };
    let headers = vec![("content-type", "application/json".to_owned())];
    Some(Reply { status, headers, body: body.to_string().into_bytes() })
}

fn done<S: Service>(inner: &mut Inner<S>, what: (&str, &str), how: &Value) -> Option<Value> {
    match what {
        ("GET", "faults") => return Some(json!({"waiting": inner.faults.waiting()})),
        ("DELETE", "faults") => inner.faults = Faults::default(),
        ("POST", "faults") => {
            let times = how["times"].as_u64().unwrap_or(1) as usize;
            inner.faults.plan(aim(how)?, times, Fault::named(how["fault"].as_str()?)?);
        }
        ("GET", "counts") => {
            let (counts, rejected) = (std::mem::take(&mut inner.counts), std::mem::take(&mut inner.rejected));
            return Some(json!({"counts": counts, "rejected": rejected}));
        }
        ("POST", "quotas") => inner.quotas = how["enforced"].as_bool()?.then(Quotas::default),
        ("POST", "latency") => inner.latency = Duration::from_millis(how["milliseconds"].as_u64()?),
        ("GET", "state") => return Some(inner.service.state()),
        ("POST", verb) => return inner.service.control(verb, how),
        _ => return None,
    }
    Some(json!({}))
}

fn aim(how: &Value) -> Option<Aim> {
    if let Some(operation) = how["operation"].as_str() {
        return Some(Aim::Operation(operation.to_owned()));
    }
    let word = how["family"].as_str()?;
    Family::ALL.into_iter().find(|family| family.as_str() == word).map(Aim::Family)
}

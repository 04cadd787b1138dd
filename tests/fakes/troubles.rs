//! What can go wrong does so when it is told to, once, and is seen in the counts.

use std::time::{Duration, Instant};

use secretferry::model::Family;
use serde_json::{Value, json};

use crate::fakes::aws::{Aws, REGION, Trouble};
use crate::fakes::fault::{Aim, Fault};
use crate::fakes::quota::{Quota, Quotas};
use crate::fakes::server::Fake;
use crate::strict;

/// Asks over the wire; gives the status and the answer, or what became of the connection.
async fn ask(fake: &Fake<Aws>, operation: &str, body: Value) -> Result<(u16, Value), String> {
    let signature = format!("AWS4-HMAC-SHA256 Credential=AKIA/20260101/{REGION}/ssm/aws4_request, Signature=x");
    let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
    let request = client.post(&fake.address).header("x-amz-target", operation).header("authorization", signature);
    let sent = request.body(body.to_string()).timeout(Duration::from_millis(500)).send();
    let answer = sent.await.map_err(|error| if error.is_timeout() { "silence" } else { "cut" })?;
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.map_err(|_| "torn")?;
    Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
}

fn put(name: &str) -> Value {
    json!({"Name": name, "Value": "x", "Type": "SecureString"})
}

#[tokio::test]
async fn every_fault_comes_once_with_the_effect_it_is_said_to_have() {
    let fake = Aws::start();
    for (fault, said) in [
        (Fault::Throttled, Ok(400)),
        (Fault::Overloaded, Ok(503)),
        (Fault::Broken, Ok(500)),
        (Fault::Cut, Err("cut")),
        (Fault::Lost, Err("cut")),
        (Fault::Silent, Err("silence")),
        (Fault::Torn, Err("torn")),
    ] {
        let happened = Fault::OF_UNKNOWN_EFFECT.contains(&fault);
        fake.fail(Family::Write, fault);
        let name = format!("/{fault:?}");
        let answer = ask(&fake, "AmazonSSM.PutParameter", put(&name)).await.map(|(status, _)| status);
        assert_eq!(answer, said.map_err(str::to_owned), "{fault:?}");
        assert_eq!(fake.with(|aws| aws.parameters.text(&name).is_some()), happened, "{fault:?}");
        assert_eq!(ask(&fake, "AmazonSSM.PutParameter", put(&format!("{name}2"))).await.unwrap().0, 200);
        assert_eq!(fake.faults_waiting(), 0);
    }
    assert_eq!(fake.counts()["AmazonSSM.PutParameter"], 14);
    fake.fail(Family::Write, Fault::Broken);
    fake.calm();
    assert_eq!(ask(&fake, "AmazonSSM.PutParameter", put("/calm")).await.unwrap().0, 200);
    fake.counts();
    assert!(fake.counts().is_empty());
}

#[tokio::test]
async fn a_circular_page_names_itself_as_the_next() {
    let fake = Aws::start();
    fake.with(|aws| (0..150).for_each(|number| aws.parameters.put(&format!("/{number:03}"), "x")));
    fake.fail(Family::List, Fault::Circular);
    let first = ask(&fake, "AmazonSSM.DescribeParameters", json!({})).await.unwrap().1;
    let body = json!({"NextToken": first["NextToken"]});
    let second = ask(&fake, "AmazonSSM.DescribeParameters", body.clone()).await.unwrap().1;
    assert_eq!(second["NextToken"], first["NextToken"]);
    let again = ask(&fake, "AmazonSSM.DescribeParameters", body).await.unwrap().1;
    assert_ne!(again["NextToken"], first["NextToken"]);
}

#[test]
fn a_key_in_trouble_leaves_others_alone_where_aws_does() {
    let mut aws = Aws::default();
    for name in ["good", "denied", "sealed"] {
        aws.secrets.put(name, "x");
        aws.parameters.put(&format!("/{name}"), "x");
    }
    aws.secrets.trouble("denied", Trouble::Denied);
    aws.secrets.trouble("sealed", Trouble::Undecryptable);
    aws.parameters.trouble("/denied", Trouble::Denied);
    let ids = json!({"SecretIdList": ["good", "denied", "sealed"]});
    let batch = strict::ask(&mut aws, "secretsmanager.BatchGetSecretValue", &ids).unwrap();
    assert_eq!(batch["SecretValues"].as_array().unwrap().len(), 1);
    let codes: Vec<&str> =
        batch["Errors"].as_array().unwrap().iter().map(|error| error["ErrorCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["AccessDeniedException", "DecryptionFailure"]);
    let names = json!({"Names": ["/good", "/denied"]});
    let refused = strict::ask(&mut aws, "AmazonSSM.GetParameters", &names).unwrap_err();
    assert_eq!(refused, "AccessDeniedException", "one of them fails the whole call");
}

#[test]
fn a_listing_lags_until_it_catches_up() {
    let mut aws = Aws::default();
    aws.secrets.put("old", "x");
    aws.parameters.put("/old", "x");
    aws.secrets.lag();
    aws.parameters.lag();
    aws.secrets.put("new", "x");
    aws.parameters.put("/new", "x");
    let listed = |aws: &mut Aws| {
        let secrets = strict::ask(aws, "secretsmanager.ListSecrets", &json!({})).unwrap();
        let parameters = strict::ask(aws, "AmazonSSM.DescribeParameters", &json!({})).unwrap();
        [&secrets["SecretList"], &parameters["Parameters"]].map(|list| list.as_array().unwrap().len())
    };
    assert_eq!(listed(&mut aws), [1, 1]);
    strict::ask(&mut aws, "secretsmanager.GetSecretValue", &json!({"SecretId": "new"})).unwrap();
    strict::ask(&mut aws, "AmazonSSM.GetParameter", &json!({"Name": "/new"})).unwrap();
    aws.secrets.catch_up();
    aws.parameters.catch_up();
    assert_eq!(listed(&mut aws), [2, 2]);
    assert_eq!(
        (aws.secrets.names(), aws.parameters.names()),
        (vec!["new".into(), "old".into()], vec!["/new".into(), "/old".into()])
    );
}

#[tokio::test]
async fn what_comes_too_fast_is_rejected_and_answers_take_their_time() {
    let fake = Aws::start();
    fake.enforce_quotas();
    fake.set_latency(Duration::from_millis(5));
    let began = Instant::now();
    let mut rejected = 0;
    for number in 0..4 {
        rejected += u64::from(ask(&fake, "AmazonSSM.PutParameter", put(&format!("/{number}"))).await.unwrap().0 == 400);
    }
    assert_eq!((fake.rejected(), rejected, fake.rejected()), (1, 1, 0));
    assert!(began.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn a_fault_may_be_for_one_operation_alone() {
    let fake = Aws::start();
    fake.fail_often(Aim::Operation("AmazonSSM.GetParameter".to_owned()), 2, Fault::Broken);
    let name = json!({"Name": "/x"});
    for expected in [500, 500, 400] {
        assert_eq!(ask(&fake, "AmazonSSM.GetParameters", json!({"Names": ["/x"]})).await.unwrap().0, 200);
        assert_eq!(ask(&fake, "AmazonSSM.GetParameter", name.clone()).await.unwrap().0, expected);
    }
}

#[test]
fn a_quota_lets_so_many_through() {
    let (mut quotas, quota) = (Quotas::default(), [Quota::per_second("put", 3.0)]);
    let start = Instant::now();
    let mut admitted = |after: f64| quotas.admit(&quota, start + Duration::from_secs_f64(after));
    let at_once = [admitted(0.0), admitted(0.0), admitted(0.0), admitted(0.0)];
    assert_eq!(at_once, [true, true, true, false]);
    assert!(admitted(0.4));
    assert!(!admitted(0.5));
    assert!(admitted(0.8));
}

#[tokio::test]
async fn all_that_can_be_done_in_the_process_can_be_done_over_the_socket() {
    let fake = Aws::start();
    let client = reqwest::ClientBuilder::new().tls_certs_only(Vec::new()).no_proxy().build().unwrap();
    let tell = async |method: reqwest::Method, what: &str, how: Value| {
        let request = client.request(method, format!("{}/_control/{what}", fake.address)).body(how.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice::<Value>(&answer.bytes().await.unwrap()).unwrap())
    };
    let post = reqwest::Method::POST;
    let plan = json!({"family": "write", "fault": "broken", "times": 2});
    assert_eq!(tell(post.clone(), "faults", plan).await, (200, json!({})));
    assert_eq!(ask(&fake, "AmazonSSM.PutParameter", put("/a")).await.unwrap().0, 500);
    assert_eq!(tell(reqwest::Method::GET, "faults", json!({})).await.1, json!({"waiting": 1}));
    tell(reqwest::Method::DELETE, "faults", json!({})).await;
    assert_eq!(ask(&fake, "AmazonSSM.PutParameter", put("/a")).await.unwrap().0, 200);
    let counts = json!({"counts": {"AmazonSSM.PutParameter": 2}, "rejected": 0});
    assert_eq!(tell(reqwest::Method::GET, "counts", json!({})).await.1, counts);
    assert_eq!(tell(post.clone(), "quotas", json!({"enforced": true})).await.0, 200);
    assert_eq!(tell(post.clone(), "latency", json!({"milliseconds": 1})).await.0, 200);
    for (what, how) in
        [("faults", json!({"family": "write", "fault": "odd"})), ("verb", json!({})), ("quotas", json!(1))]
    {
        assert_eq!(tell(post.clone(), what, how).await.0, 400, "{what}");
    }
}

//! KV v1: values, and what it cannot do.

use secretferry::model::{Compare, Deletes, ErrorKind, Family, RemoteKey, Revision, Revisions};
use secretferry::provider::Expect;

use crate::server::shared;
use crate::shop::{Shop, mark, root};

async fn shop() -> Shop {
    let server = shared().await;
    let mount = server.mount(1).await;
    root(server, &format!("mount = {mount:?}")).await
}

#[tokio::test]
async fn a_map_is_written_read_listed_and_deleted() {
    let shop = shop().await;
    let text = r#"{"number":1.50,"value":"é"}"#;
    shop.write("variables/a b/c", text, &Expect::Anything).await.unwrap();
    assert_eq!(shop.text("variables/a b/c").await.unwrap(), text);
    assert_eq!(shop.list().await.unwrap(), ["variables/a b/c"]);
    let stat = shop.stat("variables/a b/c").await.unwrap().unwrap();
    assert_eq!((stat.revision, stat.mark), (None, None));
    assert_eq!(shop.stat("variables/none").await.unwrap(), None);
    let key = RemoteKey::new("variables/a b/c");
    assert_eq!(shop.store.delete(&key, &Expect::Anything).await.unwrap(), None);
    assert_eq!(shop.text("variables/a b/c").await, None);
    assert_eq!(shop.store.delete(&key, &Expect::Anything).await.unwrap(), None, "an absent key succeeds");
}

#[tokio::test]
async fn what_it_cannot_do_is_said() {
    let shop = shop().await;
    let can = shop.store.capabilities();
    assert_eq!((can.revisions, can.compare, can.deletes), (Revisions::None, Compare::None, Deletes::Final));
    assert_eq!((can.history, can.marks), (false, None));
    let key = RemoteKey::new("variables/k");
    let claim = shop.store.claim(&key, &mark("one"), &Expect::Anything).await.unwrap_err();
    let restore = shop.store.restore(&key, &Revision::new("1"), &Expect::Anything).await.unwrap_err();
    assert_eq!((claim.kind, restore.kind), (ErrorKind::Unsupported, ErrorKind::Unsupported));
    let empty = shop.write("variables/k", "{}", &Expect::Anything).await.unwrap_err();
    assert_eq!(empty.kind, ErrorKind::Invalid, "KV v1 takes no empty map");
}

#[tokio::test]
async fn each_operation_is_one_call() {
    let shop = shop().await;
    shop.diary.calls();
    shop.write("variables/k", "{\"value\":\"1\"}", &Expect::Anything).await.unwrap();
    assert_eq!(shop.diary.calls(), [Family::Write]);
    shop.read("variables/k").await.unwrap();
    assert_eq!(shop.diary.calls(), [Family::Read]);
    shop.stat("variables/k").await.unwrap();
    assert_eq!(shop.diary.calls(), [Family::Stat]);
}

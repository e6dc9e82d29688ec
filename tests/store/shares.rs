//! Shares, their visitors, and the codes for the first user.

use calliope::domain::ShareKind;
use calliope::store::{NewShare, Share, Store, Visitor};
use chrono::TimeDelta;

use crate::support::TestDatabase;
use crate::{at, on_both, story};

on_both! {
    a_share_is_found_by_its_hash_counted_and_revoked;
    shares_go_with_what_they_are_about;
    visitors_outlive_their_share_and_their_time_ends;
    codes_count_while_their_instance_runs;
}

const TOKEN: [u8; 32] = [7; 32];

fn wall(sha256: &[u8; 32]) -> NewShare<'_> {
    NewShare {
        sha256,
        kind: ShareKind::Wall,
        client_id: Some("s"),
        flock_id: None,
        story_id: None,
        list_id: None,
        is_private_ok: false,
        comment: "For Anna",
        created_by: "test",
        date_expires: at(60),
        now: at(0),
    }
}

async fn insert(store: &Store, new: NewShare<'_>) -> Share {
    let mut tx = store.begin().await.expect("begun");
    let share = tx.insert_share(new).await.expect("inserted");
    tx.save().await.expect("saved");
    share
}

async fn a_share_is_found_by_its_hash_counted_and_revoked(database: TestDatabase) {
    let store = database.store().await;
    let share = insert(&store, wall(&TOKEN)).await;
    assert_eq!((share.kind, share.opens, share.last_opened), (ShareKind::Wall, 0, None));
    assert_eq!(store.share_by_sha256(&TOKEN).await.expect("read"), Some(share.clone()));
    assert_eq!(store.share_by_sha256(&[8; 32]).await.expect("read"), None);
    assert!(share.is_open(at(59)) && !share.is_open(at(60)));
    let mut tx = store.begin().await.expect("begun");
    tx.count_share_open(share.id, at(1)).await.expect("counted");
    tx.count_share_open(share.id, at(2)).await.expect("counted");
    tx.revoke_share(share.id, at(3)).await.expect("revoked");
    tx.revoke_share(share.id, at(4)).await.expect("revoked");
    let now = tx.share(share.id).await.expect("read").expect("found");
    assert_eq!(tx.count_shares("s").await.expect("counted"), 1);
    tx.save().await.expect("saved");
    assert_eq!((now.opens, now.last_opened, now.date_revoked), (2, Some(at(2)), Some(at(3))));
    assert!(!now.is_open(at(4)));
    let second = insert(&store, wall(&[9; 32])).await;
    let ids = |shares: Vec<Share>| shares.iter().map(|share| share.id).collect::<Vec<_>>();
    let of_client = store.shares_of_client("s", i64::MAX, 9).await.expect("listed");
    assert_eq!(ids(of_client), [second.id, share.id]);
    assert_eq!(ids(store.shares(second.id, 9).await.expect("listed")), [share.id]);
    assert!(store.shares_of_client("t", i64::MAX, 9).await.expect("listed").is_empty());
    let mut tx = store.begin().await.expect("begun");
    tx.delete_old_shares(at(60)).await.expect("deleted");
    assert_eq!(tx.count_shares("s").await.expect("counted"), 2, "not older than that");
    tx.delete_old_shares(at(61)).await.expect("deleted");
    assert_eq!(tx.count_shares("s").await.expect("counted"), 0);
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn shares_go_with_what_they_are_about(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    let new = NewShare { kind: ShareKind::Story, story_id: Some(id), ..wall(&TOKEN) };
    let share = insert(&store, new).await;
    assert_eq!(store.shares_of_story(id, 9).await.expect("listed"), [share]);
    insert(&store, wall(&[8; 32])).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.lock_story(id).await.expect("locked"));
    tx.delete_story(id).await.expect("deleted");
    tx.save().await.expect("saved");
    assert_eq!(store.share_by_sha256(&TOKEN).await.expect("read"), None);
    let mut tx = store.begin().await.expect("begun");
    tx.delete_shares_of_client("s").await.expect("deleted");
    tx.save().await.expect("saved");
    assert!(store.shares(i64::MAX, 9).await.expect("listed").is_empty());
    store.close().await;
    database.remove().await;
}

async fn visitors_outlive_their_share_and_their_time_ends(database: TestDatabase) {
    let store = database.store().await;
    let share = insert(&store, NewShare { kind: ShareKind::Give, ..wall(&TOKEN) }).await;
    let visitor = Visitor {
        client_id: "visitor-1".to_owned(),
        share_id: Some(share.id),
        date_created: at(1),
        date_expires: at(90),
    };
    let mut tx = store.begin().await.expect("begun");
    tx.insert_visitor(&visitor, &[1; 32]).await.expect("inserted");
    assert_eq!(tx.count_visitors(share.id).await.expect("counted"), 1);
    tx.save().await.expect("saved");
    assert_eq!(store.visitor_by_sha256(&[1; 32]).await.expect("read"), Some(visitor.clone()));
    let mut tx = store.begin().await.expect("begun");
    tx.delete_old_shares(at(61)).await.expect("deleted");
    tx.save().await.expect("saved");
    let alone = store.visitor_by_sha256(&[1; 32]).await.expect("read").expect("found");
    assert_eq!(alone, Visitor { share_id: None, ..visitor });
    assert!(store.expired_visitors(at(90), 9).await.expect("listed").is_empty());
    assert_eq!(store.expired_visitors(at(91), 9).await.expect("listed"), ["visitor-1"]);
    let mut tx = store.begin().await.expect("begun");
    tx.delete_visitor("visitor-1").await.expect("deleted");
    tx.save().await.expect("saved");
    assert_eq!(store.visitor_by_sha256(&[1; 32]).await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn codes_count_while_their_instance_runs(database: TestDatabase) {
    let store = database.store().await;
    assert!(!store.has_user().await.expect("read"));
    let mut tx = store.begin().await.expect("begun");
    tx.save_setup_code(&[1; 32], at(0)).await.expect("saved");
    tx.save_setup_code(&[2; 32], at(1)).await.expect("a start makes a new one");
    tx.save().await.expect("saved");
    assert!(store.setup_codes(at(-60)).await.expect("read").is_empty(), "it is not seen yet");
    let mut tx = store.begin().await.expect("begun");
    tx.renew_instance(at(-60), at(1)).await.expect("renewed");
    tx.save().await.expect("saved");
    assert_eq!(store.setup_codes(at(0)).await.expect("read"), [vec![2; 32]]);
    assert!(store.setup_codes(at(1)).await.expect("read").is_empty(), "not seen since");
    let mut tx = store.begin().await.expect("begun");
    assert!(!tx.has_user().await.expect("read"));
    tx.delete_setup_codes(at(2) + TimeDelta::seconds(1)).await.expect("deleted");
    tx.save().await.expect("saved");
    assert!(store.setup_codes(at(0)).await.expect("read").is_empty());
    store.close().await;
    database.remove().await;
}

use super::*;
use crate::domain::MediaName;

fn folders() -> (tempfile::TempDir, LocalStore) {
    let root = tempfile::tempdir().expect("a temporary folder");
    let settings = StorageSettings {
        media_folder: root.path().join("media"),
        input_folder: root.path().join("input"),
        ..StorageSettings::default()
    };
    let store = LocalStore::open(&settings).expect("folders are created");
    (root, store)
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::Media(MediaName::new(name).expect("a plain name"))
}

#[tokio::test]
async fn what_was_put_is_read_and_can_be_put_again() {
    let (_root, store) = folders();
    for bytes in ["one", "two"] {
        let object = (key("a.png"), Bytes::from(bytes));
        store.put_all(vec![object]).await.expect("written");
        assert_eq!(store.read("media/a.png").await.expect("read"), bytes.as_bytes());
    }
    store.remove_best_effort(vec![key("a.png"), key("never.png")]).await;
    assert!(store.read("media/a.png").await.is_err());
}

#[tokio::test]
async fn one_that_fails_takes_the_others_with_it() {
    let (root, store) = folders();
    std::fs::create_dir(root.path().join("media/b.png")).expect("in the way");
    let objects = vec![(key("a.png"), Bytes::from("a")), (key("b.png"), Bytes::from("b"))];
    let error = store.put_all(objects).await.expect_err("a folder is in the way");
    assert_eq!(error.key, "media/b.png");
    let left: Vec<_> = std::fs::read_dir(root.path().join("media")).expect("listed").collect();
    assert_eq!(left.len(), 1, "only the folder in the way is left");
}

#[tokio::test]
async fn strays_are_files_and_unfinished_parts_older_than_asked() {
    let (root, store) = folders();
    let write = |path: &str| std::fs::write(root.path().join(path), "x").expect("written");
    write("media/a.png");
    write("media/.0197f2c4-5b1e-7c3a-9d1e-000000000000.part");
    write("media/.theirs.part");
    write("media/.gitignore");
    write("input/b.jpg");
    assert!(
        store
            .list_modified_within(SystemTime::UNIX_EPOCH..SystemTime::UNIX_EPOCH)
            .await
            .expect("listed")
            .is_empty()
    );
    let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 34);
    let mut keys: Vec<_> = store
        .list_modified_within(SystemTime::UNIX_EPOCH..later)
        .await
        .expect("listed")
        .into_iter()
        .map(|s| s.key)
        .collect();
    keys.sort();
    assert_eq!(keys, [None, Some("input/b.jpg".to_owned()), Some("media/a.png".to_owned())]);
}
